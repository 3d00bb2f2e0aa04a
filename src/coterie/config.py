"""``coterie.toml`` as frozen models.

What comes in is a TOML file and the environment; what goes out is one immutable ``Config`` that nothing later changes.
Unknown keys are errors that offer the nearest known one. ``${NAME}`` is filled from the environment only where a source
is opened (``resolve_secrets``), so that a secret never stands in the config, its hash, a manifest or a log.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from coterie import records
from coterie.errors import ConfigError, SecretError, nearest, shown
from coterie.terms import AttributeKind, Role, Use

CONFIG_NAME = "coterie.toml"
_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PASSWORD = re.compile(r"(?<=:)[^:@/]+(?=@)")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Project(_Part):
    """What the project is called and which seed everything random comes from."""

    name: str = "coterie"
    seed: int = Field(7, ge=0)


class Format(_Part):
    """How a file is to be read; what is left out is looked up in the file itself."""

    kind: Literal["csv", "parquet", "jsonl"] | None = None
    separator: str | None = Field(None, min_length=1, max_length=1)
    header: bool = True
    columns: tuple[str, ...] | None = None
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
    split: str = "|"
    columns: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Tags:
        if (self.column is None) == (self.columns is None):
            raise ValueError("give either 'column' (with 'split') or one-hot 'columns'")
        return self


def _time(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Duplicates = Literal["last", "first", "max", "min", "mean", "sum", "keep", "reject"]


class Table(_Part):
    """One raw table: where it is, what its columns are, and what is expected of them."""

    role: Role
    source: str
    query: str | None = None
    format: Format = Format()
    user: str | None = None
    item: str | None = None
    value: str | None = None
    time: Annotated[Time | None, BeforeValidator(_time)] = None
    range: tuple[float, float] | None = None
    duplicates: Duplicates = "reject"
    unknown: Literal["reject", "keep"] = "reject"
    title: str | None = None
    tags: Tags | None = None
    attributes: Mapping[str, AttributeKind] = Field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = Field(default_factory=dict)

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
        if self.attributes and self.role == "events":
            raise ValueError("'attributes' belong to tables of role 'users' or 'items'")
        if self.duplicates in {"last", "first"} and self.role == "events" and self.time is None:
            raise ValueError(
                f"duplicates = '{self.duplicates}' needs 'time'; without it choose max, min, mean, sum, keep or reject"
            )
        if self.duplicates in {"max", "min", "mean", "sum"} and self.role == "events" and self.value is None:
            raise ValueError(f"duplicates = '{self.duplicates}' needs 'value'; without it choose keep or reject")
        if self.range is not None and self.value is None:
            raise ValueError("'range' is the range of 'value', which is not given")
        stray = sorted(set(self.ranges) - {name for name, kind in self.attributes.items() if kind == "number"})
        if stray:
            raise ValueError(f"'ranges' names {shown(stray[0])}, which is not an attribute of kind 'number'")
        return self


class Clean(_Part):
    """Which rows are taken out before anything is fitted, each with its count in the report."""

    min_events_per_user: int = Field(1, ge=1)
    max_events_per_user: int | None = Field(None, ge=1)
    min_users_per_item: int = Field(1, ge=1)
    drop_users: str | None = None
    max_reject_share: float = Field(0.05, ge=0, le=1)


class FeatureConfig(_Part):
    """One feature block; ``options`` are the keys that its kind understands."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    kind: str
    from_: str = Field(alias="from")
    use: Use = "basis"
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
    return (value, value) if isinstance(value, int) and not isinstance(value, bool) else value


class Clustering(_Part):
    """Which algorithms are tried for which numbers of clusters."""

    methods: tuple[str, ...] = Field(("kmeans",), min_length=1)
    k: Annotated[tuple[int, int], BeforeValidator(_range)] = (2, 15)
    starts: int = Field(10, ge=1)

    @model_validator(mode="after")
    def _ordered(self) -> Clustering:
        if not 2 <= self.k[0] <= self.k[1]:
            raise ValueError(f"'k' is a number >= 2 or [lowest, highest], got {list(self.k)}")
        return self


class Floors(_Part):
    """What a segmentation must reach to be chosen (``[segments]``)."""

    min_share: float = Field(0.03, ge=0, lt=1)
    min_stability: float = Field(0.75, ge=0, le=1)


class Evaluation(_Part):
    """How stability and lift are measured; see the design, "What makes a segmentation good"."""

    holdout: float = Field(0.2, gt=0, lt=1)
    splits: int = Field(5, ge=1)
    positive_from: float | None = None
    pseudo_users: float = Field(20.0, ge=0)
    bootstraps: int = Field(30, ge=2)
    seeds: int = Field(5, ge=2)


class Config(_Part):
    """The whole of ``coterie.toml``."""

    project: Project = Project()
    tables: Mapping[str, Table] = Field(min_length=1)
    clean: Clean = Clean()
    features: Mapping[str, FeatureConfig] = Field(min_length=1)
    embedding: MethodConfig = MethodConfig(method="svd")
    clustering: Clustering = Clustering()
    segments: Floors = Floors()
    evaluation: Evaluation = Evaluation()

    @model_validator(mode="after")
    def _names_meet(self) -> Config:
        for name, feature in self.features.items():
            if feature.from_ not in self.tables:
                raise ValueError(
                    f"features.{name}.from names the table {shown(feature.from_)}{nearest(feature.from_, self.tables)}"
                )
        if all(feature.use == "descriptor" for feature in self.features.values()):
            raise ValueError("every feature is a descriptor; segments need at least one with use = 'basis'")
        return self

    def digest(self) -> str:
        """Give a hash of everything in the config; secrets are not in it."""
        return hashlib.sha256(records.dumps(self.model_dump(by_alias=True)).encode()).hexdigest()[:16]


def load_config(path: str | Path) -> Config:
    """Read and check a ``coterie.toml``; relative sources stand relative to its folder.

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
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no config at {shown(path)}; write one with `coterie init DIR`") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the config {shown(path)} cannot be read: {error}") from error
    try:
        return parse_config(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name} is not valid TOML: {error}") from error


def parse_config(raw: Mapping[str, Any]) -> Config:
    """Check a config given as nested mappings.

    Raises:
        ConfigError: names the key, what was got and what was expected; for an unknown key the nearest known one.
    """
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(_first_fault(error)) from error


def refuse_unknown(options: Mapping[str, Any], known: Iterable[str], what: str) -> None:
    """Refuse options that a method does not have.

    Raises:
        ConfigError: names the first unknown option and the nearest known one.
    """
    known = tuple(known)
    for name in options:
        if name not in known:
            raise ConfigError(f"unknown key {shown(name)} in {what}{nearest(name, known)}")


def _first_fault(error: ValidationError) -> str:
    """Say one fault in one line, unknown keys first since they often cause the others."""
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    fault = faults[0]
    where = [str(part) for part in fault["loc"]]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    if fault["type"] == "extra_forbidden":
        parent = ".".join(where[:-1]) or "the top level"
        return f"unknown key {shown(where[-1])} in {parent}{nearest(where[-1], _known_keys(where[:-1]))}{more}"
    if fault["type"] == "missing":
        return f"'{'.'.join(where)}' is missing{more}"
    got = "" if isinstance(fault["input"], Mapping | BaseModel) else f", got {shown(fault['input'])}"
    message = fault["msg"].removeprefix("Value error, ")
    return f"'{'.'.join(where) or CONFIG_NAME}': {message[0].lower()}{message[1:]}{got}{more}"


def _known_keys(where: list[str]) -> list[str]:
    model: Any = Config
    skip = False
    for part in where:
        if skip:
            skip = False
            continue
        field = model.model_fields[part] if part in model.model_fields else None
        annotation = field.annotation if field else None
        if part in {"tables", "features"} and model is Config:
            model, skip = {"tables": Table, "features": FeatureConfig}[part], True
            continue
        found = _model_in(annotation)
        if found is None:
            return []
        model = found
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None


def resolve_secrets(text: str) -> str:
    """Fill ``${NAME}`` from the environment.

    Raises:
        SecretError: a name is not set.
    """

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            raise SecretError(
                f"the environment variable '{name}' is not set; {shown(masked(text))} needs it: export {name}=..."
            )
        return os.environ[name]

    return _SECRET.sub(fill, text)


def masked(text: str) -> str:
    """Give a source as it may be shown: a password written into a URL is hidden, ``${NAME}`` stays as it is."""
    return _PASSWORD.sub(lambda match: match.group() if _SECRET.fullmatch(match.group()) else "***", text)
