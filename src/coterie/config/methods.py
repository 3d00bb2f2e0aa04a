"""Features, embedding and clustering by name, and which of them are tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from coterie.config.parts import Names, Part
from coterie.errors import nearest, shown
from coterie.terms import Use


class FeatureConfig(Part):
    """One feature block; ``options`` are the keys that its kind understands."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=False)

    kind: str
    from_: str = Field(alias="from")
    use: Use = "basis"
    embed: bool = True
    block_weight: float = Field(1.0, gt=0)

    @property
    def options(self) -> Mapping[str, Any]:
        """Keys that belong to the block's kind; its constructor refuses what it does not know."""
        return dict(self.model_extra or {})


class MethodConfig(Part):
    """A method by name; ``options`` are the keys that the method understands."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    method: str

    @property
    def options(self) -> Mapping[str, Any]:
        """Keys that belong to the method; its constructor refuses what it does not know."""
        return dict(self.model_extra or {})


def _range(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    if isinstance(value, list | tuple) and len(value) == 2:
        return tuple(value)
    raise ValueError("expected a number >= 2 or [lowest, highest]")


class Clustering(Part):
    """Which algorithms are tried for which numbers of clusters."""

    methods: Names = Field(("kmeans", "agglomerative"), min_length=1)
    k: Annotated[tuple[int, int], BeforeValidator(_range)] = (2, 15)
    starts: int = Field(10, ge=1)
    options: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ordered(self) -> Clustering:
        if not 2 <= self.k[0] <= self.k[1]:
            raise ValueError(f"'k' is a number >= 2 or [lowest, highest], got {list(self.k)}")
        return self

    @model_validator(mode="after")
    def _each_once(self) -> Clustering:
        twice = [method for method in self.methods if self.methods.count(method) > 1]
        if twice:
            raise ValueError(f"'methods' names {shown(twice[0])} twice")
        return self

    @model_validator(mode="after")
    def _options_have_a_method(self) -> Clustering:
        for method, options in self.options.items():
            if method not in self.methods:
                raise ValueError(
                    f"'options' names {shown(method)}, which is not among 'methods'{nearest(method, self.methods)}"
                )
            common = [name for name in ("k", "starts") if name in options]
            if common:
                raise ValueError(f"'options.{method}' has '{common[0]}', which all methods share: give it beside them")
        return self


def _lists(value: Any) -> Any:
    if not isinstance(value, Mapping) or not all(isinstance(one, list | tuple) and one for one in value.values()):
        raise ValueError('expected keys with a list of values each, such as "embedding.dims" = [8, 16]')
    return {key: tuple(one) for key, one in value.items()}


class Search(Part):
    """Which recipes, bases and embeddings with their settings, are tried beside what the config says once."""

    vary: Annotated[Mapping[str, tuple[Any, ...]], BeforeValidator(_lists)] = Field(default_factory=dict)
    recipes: Mapping[Annotated[str, Field(min_length=1)], Annotated[Mapping[str, Any], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    budget: int = Field(60, ge=1)
    sample: int = Field(5000, ge=100)
