"""Tables: where they are, what their columns are, which rows count, and which are taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from coterie.config.parts import Interval, Names, Part, Word, at_moment, two_names
from coterie.errors import shown
from coterie.terms import AttributeKind, Role


class Format(Part):
    """How a file is to be read; what is left out is looked up in the file itself."""

    kind: Literal["csv", "parquet", "jsonl"] | None = None
    separator: str | None = Field(None, min_length=1, max_length=1)
    header: bool = True
    columns: Names | None = None
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    quote: str | None = Field('"', max_length=1)


class Time(Part):
    """Where an event's time stands and how it is written: a number in ``unit``, or text in ``format``."""

    column: str
    unit: Literal["s", "ms", "us"] | None = None
    format: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Time:
        if self.unit is not None and self.format is not None:
            raise ValueError("give 'unit' for numbers or 'format' for text, not both")
        return self


class Tags(Part):
    """Items' tags: one text column to split, or one-hot columns."""

    column: str | None = None
    split: str = Field("|", min_length=1)
    columns: Annotated[Names, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Tags:
        if (self.column is None) == (self.columns is None):
            raise ValueError("give either 'column' (with 'split') or one-hot 'columns'")
        if self.columns is not None and self.split != Tags.model_fields["split"].default:
            raise ValueError("'split' cuts the text of one 'column'; one-hot 'columns' have none: take it out")
        return self


def _time(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Duplicates = Literal["last", "first", "max", "min", "mean", "sum", "keep", "reject"]


class Table(Part):
    """One raw table: where it is, what its columns are, and what is expected of them."""

    role: Role
    source: str = Field(min_length=1)
    table: str | None = Field(None, min_length=1)
    query: str | None = Field(None, min_length=1)
    format: Format = Format()
    user: str | None = None
    item: str | None = None
    value: str | None = None
    time: Annotated[Time | None, BeforeValidator(_time)] = None
    range: Interval | None = None
    duplicates: Duplicates = "reject"
    unknown: Literal["reject", "keep"] = "reject"
    title: str | None = None
    tags: Tags | None = None
    attributes: Mapping[str, AttributeKind] = Field(default_factory=dict)
    ranges: Mapping[str, Interval] = Field(default_factory=dict)
    poles: Mapping[str, Annotated[tuple[Word, Word], BeforeValidator(two_names)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _columns_fit_the_role(self) -> Table:
        needed = {"events": ("user", "item"), "users": ("user",), "items": ("item",)}[self.role]
        allowed = {"events": {"user", "item", "value", "time"}, "users": {"user"}, "items": {"item", "title", "tags"}}
        for key in needed:
            if getattr(self, key) is None:
                raise ValueError(f"a table of role '{self.role}' needs '{key} = <its column>'")
        for key in ("user", "item", "value", "time", "title", "tags"):
            if getattr(self, key) is not None and key not in allowed[self.role]:
                raise ValueError(f"'{key}' does not belong to a table of role '{self.role}'")
        for column, kind in self.attributes.items():
            if self.role == "events" and kind not in {"number", "category"}:
                raise ValueError(f"attribute {shown(column)} of events is a '{kind}'; expected 'number' or 'category'")
        if self.duplicates in {"last", "first"} and self.role == "events" and self.time is None:
            raise ValueError(
                f"duplicates = '{self.duplicates}' needs 'time'; without it choose max, min, mean, sum, keep or reject"
            )
        if self.duplicates in {"max", "min", "mean", "sum"} and self.role == "events" and self.value is None:
            raise ValueError(f"duplicates = '{self.duplicates}' needs 'value'; without it choose keep or reject")
        if self.range is not None and self.value is None:
            raise ValueError("'range' is the range of 'value', which is not given")
        numbers = {name for name, kind in self.attributes.items() if kind == "number"}
        for key, named in (("ranges", self.ranges), ("poles", self.poles)):
            stray = sorted(set(named) - numbers)
            if stray:
                raise ValueError(f"'{key}' names {shown(stray[0])}, which is not an attribute of kind 'number'")
        return self


class Clean(Part):
    """Which rows are taken out before anything is fitted, each with its count in the report."""

    min_events_per_user: int = Field(1, ge=1)
    max_events_per_user: int | None = Field(None, ge=1)
    min_users_per_item: int = Field(1, ge=1)
    drop_users: str | None = None
    max_reject_share: float = Field(0.05, ge=0, le=1)

    @model_validator(mode="after")
    def _somebody_can_stay(self) -> Clean:
        if self.max_events_per_user is not None and self.max_events_per_user < self.min_events_per_user:
            raise ValueError(
                f"'max_events_per_user' is {self.max_events_per_user}, below 'min_events_per_user', which is "
                f"{self.min_events_per_user}: nobody would stay"
            )
        return self


class Window(Part):
    """The span of time whose events are read: from ``since`` on and before ``until``.

    Each is a date, a date and time, or an age such as "90d", which counts back from the newest event (``since``: from
    ``until`` where it is given).
    """

    since: Annotated[str, AfterValidator(at_moment)] | None = None
    until: Annotated[str, AfterValidator(at_moment)] | None = None

    @property
    def is_open(self) -> bool:
        """Whether all events are read."""
        return self.since is None and self.until is None
