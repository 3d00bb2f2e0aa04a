"""``coterie.toml`` as frozen models.

What comes in is a TOML file and the environment; what goes out is one immutable ``Config`` that nothing later changes.
Unknown keys are errors that offer the nearest known one. ``${NAME}`` is filled from the environment only where a source
is opened (``coterie.secrets``), so that a secret never stands in the config, its hash, a manifest or a log.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from coterie import records
from coterie.errors import ConfigError, nearest, shown
from coterie.faults import first_fault
from coterie.moments import moment
from coterie.poles import with_poles
from coterie.terms import A_TAG, A_USER, AN_ITEM, OF_ITEMS, OF_USERS, ROW, TAG_GROUP, AttributeKind, Noun, Role, Use
from coterie.vocabulary import with_vocabularies

CONFIG_NAME = "coterie.toml"
# A table's name is part of the names of its files: nothing in it may lead elsewhere, end a name or begin a hidden one.
_TABLE_NAME = re.compile(r"[\w-]{1,64}")


class _Part(BaseModel):
    # Strict: "3" is no number and true is no 1. Finite: JSON, in which a run keeps its config, has no infinity.
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


def _two(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("expected what the low end is called and what the high end is: [low, high]")
    return tuple(value)


def _moment(value: str) -> str:
    moment(value)
    return value


Word = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Interval = Annotated[tuple[float, float], BeforeValidator(_pair), AfterValidator(_ascending)]


class Project(_Part):
    """What the project is called, which seed everything random comes from, what is segmented, and in which memory.

    ``memory_gb`` is kept by fitting on a sample of users where all of them need more; everybody gets a segment.
    """

    name: str = "coterie"
    seed: int = Field(7, ge=0)
    memory_gb: float = Field(4.0, ge=1)
    entity: str = Field(OF_USERS, min_length=1)


class Format(_Part):
    """How a file is to be read; what is left out is looked up in the file itself."""

    kind: Literal["csv", "parquet", "jsonl"] | None = None
    separator: str | None = Field(None, min_length=1, max_length=1)
    header: bool = True
    columns: Names | None = None
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    quote: str | None = Field('"', max_length=1)


class Time(_Part):
    """Where an event's time stands and how it is written: a number in ``unit``, or text in ``format``."""

    column: str
    unit: Literal["s", "ms", "us"] | None = None
    format: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Time:
        if self.unit is not None and self.format is not None:
            raise ValueError("give 'unit' for numbers or 'format' for text, not both")
        return self


class Tags(_Part):
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


class Table(_Part):
    """One raw table: where it is, what its columns are, and what is expected of them."""

    role: Role
    source: str = Field(min_length=1)
    query: str | None = None
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
    poles: Mapping[str, Annotated[tuple[Word, Word], BeforeValidator(_two)]] = Field(default_factory=dict)

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


class Clean(_Part):
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


class Window(_Part):
    """The span of time whose events are read: from ``since`` on and before ``until``.

    Each is a date, a date and time, or an age such as "90d", which counts back from the newest event (``since``: from
    ``until`` where it is given).
    """

    since: Annotated[str, AfterValidator(_moment)] | None = None
    until: Annotated[str, AfterValidator(_moment)] | None = None

    @property
    def is_open(self) -> bool:
        """Whether all events are read."""
        return self.since is None and self.until is None


class FeatureConfig(_Part):
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


class MethodConfig(_Part):
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


class Clustering(_Part):
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


class Weights(_Part):
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


class SegmentEvaluation(_Part):
    """How segments are compared for which to begin with (``[segments.evaluation]``)."""

    weights: Weights = Weights()


class Floors(_Part):
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


class Evaluation(_Part):
    """How stability and lift are measured; see the design, "What makes a segmentation good"."""

    holdout: float = Field(0.2, gt=0, lt=1)
    splits: int = Field(5, ge=1)
    positive_from: float | None = None
    pseudo_users: float = Field(20.0, ge=0)
    bootstraps: int = Field(30, ge=2)
    seeds: int = Field(5, ge=2)
    null: Literal["gaussian", "copula", "permuted"] = "gaussian"
    replicates: int = Field(99, ge=19)


def _lists(value: Any) -> Any:
    if not isinstance(value, Mapping) or not all(isinstance(one, list | tuple) and one for one in value.values()):
        raise ValueError('expected keys with a list of values each, such as "embedding.dims" = [8, 16]')
    return {key: tuple(one) for key, one in value.items()}


class Search(_Part):
    """Which recipes, bases and embeddings with their settings, are tried beside what the config says once."""

    vary: Annotated[Mapping[str, tuple[Any, ...]], BeforeValidator(_lists)] = Field(default_factory=dict)
    recipes: Mapping[Annotated[str, Field(min_length=1)], Annotated[Mapping[str, Any], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    budget: int = Field(60, ge=1)
    sample: int = Field(5000, ge=100)


class Report(_Part):
    """How the report shows things; nothing that is measured depends on it."""

    map: Literal["pca", "umap"] = "pca"


class Persona(_Part):
    """Who writes the personas, and in which language; ``options`` are the keys that the writer understands."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    writer: str = Field("template", min_length=1)
    language: str = Field("en", min_length=1)
    words: Names = ()

    @property
    def options(self) -> Mapping[str, Any]:
        """Keys that belong to the writer; its constructor refuses what it does not know."""
        return dict(self.model_extra or {})


def _tag_groups(tables: Mapping[str, Table]) -> tuple[str, ...]:
    return tuple(f"{name}.{TAG_GROUP}" for name, table in tables.items() if table.tags is not None)


class Config(_Part):
    """The whole of ``coterie.toml``."""

    project: Project = Project()
    tables: Mapping[str, Table] = Field(min_length=1)
    window: Window = Window()
    clean: Clean = Clean()
    features: Mapping[str, FeatureConfig] = Field(min_length=1)
    embedding: MethodConfig = MethodConfig(method="svd")
    clustering: Clustering = Clustering()
    segments: Floors = Floors()
    evaluation: Evaluation = Evaluation()
    search: Search = Search()
    report: Report = Report()
    persona: Persona = Persona()

    @model_validator(mode="after")
    def _names_meet(self) -> Config:
        for name in self.tables:
            if not _TABLE_NAME.fullmatch(name):
                raise ValueError(f"a table is called {shown(name)}; expected at most 64 letters, digits, '_' and '-'")
        for name, feature in self.features.items():
            if feature.from_ not in self.tables:
                raise ValueError(
                    f"'features.{name}.from' names the table {shown(feature.from_)}"
                    f"{nearest(feature.from_, self.tables)}"
                )
        tagged = _tag_groups(self.tables)
        if self.project.entity not in {OF_USERS, OF_ITEMS, *tagged}:
            known = ", ".join(f"'{entity}'" for entity in (OF_USERS, OF_ITEMS, *tagged))
            raise ValueError(f"'project.entity' is {shown(self.project.entity)}; of these tables it can be {known}")
        for name, feature in self.features.items():
            if self.project.entity in tagged and self.tables[feature.from_].role == "items":
                raise ValueError(
                    f"'features.{name}.from' names '{feature.from_}', which describes items and not the tags that "
                    f"'project.entity' says; take features.{name} out"
                )
        if all(feature.use == "descriptor" for feature in self.features.values()):
            raise ValueError("every feature is a descriptor; segments need at least one with use = 'basis'")
        if not any(feature.use == "basis" and feature.embed for feature in self.features.values()):
            raise ValueError(
                "no basis has embed = true, so there is nothing to embed; leave 'embed' out, and set "
                "embedding.method = 'none' to cluster columns as they are"
            )
        return self

    @model_validator(mode="after")
    def _window_has_times(self) -> Config:
        if self.window.is_open:
            return self
        events = {name: table for name, table in self.tables.items() if table.role == "events"}
        if not events:
            raise ValueError("'window' is a span of events' times; there is no table of events: take it out")
        for name, table in events.items():
            if table.time is None:
                raise ValueError(
                    f"'window' goes by events' times, and 'tables.{name}' names none; give it 'time', or take the "
                    "window out"
                )
        return self

    def within(self, since: str | None, until: str | None) -> Config:
        """Give the config with another window; None leaves an end as it is.

        Raises:
            ConfigError: an end is no moment, or a table of events has no times.
        """
        given = {key: value for key, value in (("since", since), ("until", until)) if value is not None}
        if not given:
            return self
        raw = self.model_dump(by_alias=True)
        return parse_config({**raw, "window": {**raw["window"], **given}})

    @property
    def nouns(self) -> tuple[Noun, Noun]:
        """What is segmented, and what it is told apart by, in words."""
        if self.project.entity == OF_USERS:
            return A_USER, AN_ITEM
        tables = [name for name, table in self.tables.items() if table.role == "items"]
        formed_on = {feature.from_ for feature in self.features.values() if feature.use == "basis"}
        tables = [name for name in tables if name in formed_on] or tables
        many = tables[0] if len(tables) == 1 else AN_ITEM.many
        return (Noun(AN_ITEM.one, many) if self.project.entity == OF_ITEMS else A_TAG), A_USER

    @property
    def has_numbered_entities(self) -> bool:
        """Whether what is segmented goes by the number of its row, which is no name to know it by in another run."""
        role, key = ("items", "item") if self.project.entity == OF_ITEMS else ("users", "user")
        return any(table.role == role and getattr(table, key) == ROW for table in self.tables.values())

    def digest(self) -> str:
        """Give a hash of everything in the config; secrets are not in it."""
        return hashlib.sha256(records.dumps(self.model_dump(by_alias=True)).encode()).hexdigest()[:16]


def load_config(path: str | Path, *, read_vocabularies: bool = True) -> Config:
    """Read and check a ``coterie.toml``; relative sources stand relative to its folder.

    Args:
        path: the file, or its folder.
        read_vocabularies: whether files of merged tags are read; without, features that name one cannot be made.

    Raises:
        ConfigError: the file is missing, not TOML, or not what the models expect; names the key.

    Example:
        >>> load_config("missing.toml")
        Traceback (most recent call last):
        coterie.errors.ConfigError: there is no config at 'missing.toml'; write one with `coterie init DIR`
    """
    path = Path(path)
    if path.is_dir():
        path = path / CONFIG_NAME
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no config at {shown(path)}; write one with `coterie init DIR`") from error
    except OSError as error:
        raise ConfigError(f"the config {shown(path)} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the config {shown(path)} is not written in UTF-8 (at byte {error.start})") from error
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number too long or lists too deep for Python are not TOML's own
        raise ConfigError(f"{shown(path.name)} is not valid TOML: {error}") from error
    filled = with_poles(raw, path.parent)
    return parse_config(with_vocabularies(filled, path.parent) if read_vocabularies else filled)


def parse_config(raw: Mapping[str, Any]) -> Config:
    """Check a config given as nested mappings.

    Raises:
        ConfigError: names the key, what was got and what was expected; for an unknown key the nearest known one.
    """
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(first_fault(error, Config, CONFIG_NAME)) from error


def refuse_unknown(options: Mapping[str, Any], known: Iterable[str], what: str) -> None:
    """Refuse options that a method does not have.

    Raises:
        ConfigError: names the first unknown option and the nearest known one.
    """
    known = tuple(known)
    for name in options:
        if name not in known:
            raise ConfigError(f"unknown key {shown(name)} in {what}{nearest(name, known)}")
