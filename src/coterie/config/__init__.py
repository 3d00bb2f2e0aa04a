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
from typing import Any

from pydantic import Field, ValidationError, model_validator

from coterie import records
from coterie.config.judging import Evaluation, Floors, Graph, Persona, Report, Scoring, SegmentEvaluation, Weights
from coterie.config.methods import Clustering, FeatureConfig, MethodConfig, Search
from coterie.config.parts import Part
from coterie.config.tables import Clean, Duplicates, Format, Table, Tags, Time, Window
from coterie.errors import ConfigError, nearest, shown
from coterie.faults import first_fault
from coterie.poles import with_poles
from coterie.terms import A_TAG, A_USER, AN_ITEM, OF_ITEMS, OF_USERS, ROW, TAG_GROUP, Noun
from coterie.vocabulary import with_vocabularies

__all__ = [
    "CONFIG_NAME",
    "Clean",
    "Clustering",
    "Config",
    "Duplicates",
    "Evaluation",
    "FeatureConfig",
    "Floors",
    "Format",
    "Graph",
    "MethodConfig",
    "Persona",
    "Project",
    "Report",
    "Scoring",
    "Search",
    "SegmentEvaluation",
    "Table",
    "Tags",
    "Time",
    "Weights",
    "Window",
    "load_config",
    "parse_config",
    "refuse_unknown",
]

CONFIG_NAME = "coterie.toml"
# A table's name is part of the names of its files: nothing in it may lead elsewhere, end a name or begin a hidden one.
_TABLE_NAME = re.compile(r"[\w-]{1,64}")


class Project(Part):
    """What the project is called, which seed everything random comes from, what is segmented, and in which memory.

    ``memory_gb`` is kept by fitting on a sample of users where all of them need more; everybody gets a segment.
    """

    name: str = "coterie"
    seed: int = Field(7, ge=0)
    memory_gb: float = Field(4.0, ge=1)
    entity: str = Field(OF_USERS, min_length=1)


def _tag_groups(tables: Mapping[str, Table]) -> tuple[str, ...]:
    return tuple(f"{name}.{TAG_GROUP}" for name, table in tables.items() if table.tags is not None)


class Config(Part):
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
    scoring: Scoring = Scoring()
    graph: Graph | None = None
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

    @model_validator(mode="after")
    def _graph_has_events(self) -> Config:
        if self.graph is None:
            return self
        events, own = [name for name, table in self.tables.items() if table.role == "events"], self.graph.table
        if not events:
            raise ValueError("'graph' links items by events, and there is no table of events; take it out")
        if own is None and len(events) > 1:
            listed = ", ".join(shown(name) for name in events)
            raise ValueError(f"'graph' is made of one table of events, and there are {listed}; name one by graph.table")
        if own is not None and own not in events:
            raise ValueError(f"'graph.table' is {shown(own)}, which is no table of events{nearest(own, events)}")
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
