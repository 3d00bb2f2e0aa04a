"""What every part of a config is made of: frozen, strict, and of no unknown key."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from coterie.moments import moment


class Part(BaseModel):
    """A table of the config.

    Strict: "3" is no number and true is no 1. Finite: JSON, in which a run keeps its config, has no infinity.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, strict=True, allow_inf_nan=False)


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _pair(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("expected [lowest, highest]")
    return tuple(value)


def _ascending(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError("expected [lowest, highest]")
    return value


def two_names(value: Any) -> Any:
    """Let a list of two stand for what the two ends of a scale are called."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("expected what the low end is called and what the high end is: [low, high]")
    return tuple(value)


def at_moment(value: str) -> str:
    """Refuse what is no moment (``coterie.moments``)."""
    moment(value)
    return value


Word = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Interval = Annotated[tuple[float, float], BeforeValidator(_pair), AfterValidator(_ascending)]
