"""How segments are measured, kept, told and shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from coterie.config.parts import Names, Part, Word
from coterie.errors import shown


class Weights(Part):
    """How much each criterion counts when segments are evaluated; together they count as one."""

    size: float = Field(1.0, ge=0)
    activity: float = Field(1.0, ge=0)
    value: float = Field(1.0, ge=0)
    lift: float = Field(1.0, ge=0)
    growth: float = Field(1.0, ge=0)

    @model_validator(mode="after")
    def _one_counts(self) -> Weights:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("every weight is 0, so nothing would count; leave one above")
        return self


class SegmentEvaluation(Part):
    """How segments are compared for which to begin with (``[segments.evaluation]``)."""

    weights: Weights = Weights()


class Floors(Part):
    """What a segmentation must reach to be chosen, the fewest users that a figure may be of, and how its segments are
    evaluated (``[segments]``).
    """

    min_share: float = Field(0.03, ge=0, lt=1)
    min_stability: float = Field(0.75, ge=0, le=1)
    max_noise: float = Field(0.5, ge=0, le=1)
    min_cell: int = Field(5, ge=2)
    evaluation: SegmentEvaluation = SegmentEvaluation()

    @property
    def floors(self) -> Mapping[str, float]:
        """The floors alone."""
        return {"min_share": self.min_share, "min_stability": self.min_stability, "max_noise": self.max_noise}


class Evaluation(Part):
    """How stability and lift are measured; see the design, "What makes a segmentation good"."""

    holdout: float = Field(0.2, gt=0, lt=1)
    splits: int = Field(5, ge=1)
    positive_from: float | None = None
    pseudo_users: float = Field(20.0, ge=0)
    bootstraps: int = Field(30, ge=2)
    seeds: int = Field(5, ge=2)
    null: Literal["gaussian", "copula", "permuted"] = "gaussian"
    replicates: int = Field(99, ge=19)


class Scoring(Part):
    """Whether a run measures how soon the segment of somebody new is known, and from which share on it is."""

    cold_start: bool = False
    known_from: float = Field(0.8, gt=0, le=1)


class Graph(Part):
    """Which graph a run makes for its report (``[graph]``), and of which table of events, where there are several."""

    kind: str = "items"
    table: Word | None = None

    @field_validator("kind")
    @classmethod
    def _names_nobody(cls, kind: str) -> str:
        if kind != "items":
            raise ValueError(
                f"a report shows the graph of 'items' alone, since nodes and steps of others tell of single users, got "
                f"{shown(kind)}; take 'items', or make the other with `coterie graph`"
            )
        return kind


class Report(Part):
    """How the report shows things; nothing that is measured depends on it."""

    map: Literal["pca", "umap"] = "pca"


class Persona(Part):
    """Who writes the personas, and in which language; ``options`` are the keys that the writer understands."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    writer: str = Field("template", min_length=1)
    language: str = Field("en", min_length=1)
    words: Names = ()

    @property
    def options(self) -> Mapping[str, Any]:
        """Keys that belong to the writer; its constructor refuses what it does not know."""
        return dict(self.model_extra or {})
