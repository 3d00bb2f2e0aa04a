"""The registry of segments: which ids there are, what people call them, and what became of each in every run.

``segments.json`` in a project's folder, for people and programs to read; it is only written whole. Entries are never
taken out and ids never given twice. Every change gives a new registry; nothing here knows of runs' folders or locks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from coterie import records
from coterie.errors import ConfigError, ModelError, UnknownNameError, shown
from coterie.segments.lineage import Origin, Record
from coterie.segments.matching import Gone
from coterie.terms import OF_USERS

SCHEMA = "coterie.registry"
VERSION = 1
REGISTRY = "segments.json"
LONGEST_NAME = 80

Status = Literal["active", "retired", "merged"]
Kind = Literal["born", "kept", "split", "merged", "retired", "renamed"]

_ID = re.compile(r"s-([1-9]\d{0,8})")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a segment.

    Args:
        at: when, ISO 8601 in UTC. run: its id, or "" where a person did it.
        kind: what. score: Jaccard in [0, 1] with the segment before, None where nothing was compared.
        detail: in words, or "".
    """

    at: str
    run: str
    kind: Kind
    score: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One segment through all runs.

    Args:
        id: "s-1", "s-2" ...
        name: given by a person, or None. working_name: the newest that Coterie made up.
        colour: "#RRGGBB" chosen by a person; None: that of the number in its id.
        notes: of people, oldest first.
        status: active (in the newest run of its entity), retired (not found in it), merged (part of another).
        merged_into: that other's id, or "". by_hand: whether a person merged it. pending: and no run since has done so.
        parents: segments it came from when it was born.
        first_run, last_run: the runs it was first and last found in.
        resembles: an older segment that this may be, which a person is asked, or "".
        entity: what it is a segment of: "users", "items" or "TABLE.tags".
    """

    id: str
    name: str | None = None
    working_name: str = ""
    colour: str | None = None
    notes: tuple[str, ...] = ()
    status: Status = "active"
    merged_into: str = ""
    by_hand: bool = False
    pending: bool = False
    parents: tuple[str, ...] = ()
    first_run: str = ""
    last_run: str = ""
    resembles: str = ""
    history: tuple[Event, ...] = ()
    entity: str = OF_USERS

    @property
    def called(self) -> str:
        """The name that people see."""
        return self.name if self.name is not None else self.working_name


@dataclass(frozen=True, slots=True)
class Registry:
    """All segments of a project.

    Args:
        entries: in order of their numbers. runs: that are recorded, oldest first.
    """

    entries: tuple[Entry, ...] = ()
    runs: tuple[str, ...] = ()

    def entry(self, segment_id: str) -> Entry:
        """Give one entry.

        Raises:
            UnknownNameError: there is none; offers the nearest.
        """
        for entry in self.entries:
            if entry.id == segment_id:
                return entry
        raise UnknownNameError("segment", segment_id, [entry.id for entry in self.entries])

    def newest(self, entity: str) -> str:
        """Give the newest run that found segments of an entity, or ""."""
        found = {entry.last_run for entry in self.entries if entry.entity == entity}
        return next((run for run in reversed(self.runs) if run in found), "")

    @property
    def next_number(self) -> int:
        """The lowest number that no segment ever had, from 1 on."""
        return max((number_of(entry.id) for entry in self.entries), default=0) + 1

    @property
    def names(self) -> Mapping[str, str]:
        """Names that people gave, by id."""
        return {entry.id: entry.name for entry in self.entries if entry.name is not None}

    @property
    def colours(self) -> Mapping[str, str]:
        """Colours that people gave, by id."""
        return {entry.id: entry.colour for entry in self.entries if entry.colour is not None}

    @property
    def joined(self) -> Mapping[str, str]:
        """Which segment a person put another into, by the other's id; chains followed to their end."""
        return {entry.id: self.root(entry.id) for entry in self.entries if entry.by_hand}

    def root(self, segment_id: str) -> str:
        """Follow what people merged to the segment that it is part of now; itself where it is part of none."""
        into = {entry.id: entry.merged_into for entry in self.entries if entry.by_hand}
        while segment_id in into:
            segment_id = into[segment_id]
        return segment_id

    def _with(self, *changed: Entry) -> Registry:
        by_id = {entry.id: entry for entry in (*self.entries, *changed)}
        return replace(self, entries=tuple(sorted(by_id.values(), key=lambda entry: number_of(entry.id))))


def number_of(segment_id: str) -> int:
    """Give the number in an id: 3 for "s-3".

    Raises:
        ModelError: it is no id of a segment.
    """
    found = _ID.fullmatch(segment_id)
    if found is None:
        raise ModelError(f"{shown(segment_id)} is no id of a segment; expected 's-' and a number from 1 on")
    return int(found.group(1))


def renamed(
    registry: Registry, segment_id: str, *, at: str, name: str | None = None, colour: str | None = None, note: str = ""
) -> Registry:
    """Give a segment a name, a colour or a note; what is None stays, and a question about it is answered by a name.

    Args:
        name: "" takes the name back. colour: "" takes the colour back. at: time, ISO 8601 in UTC.

    Raises:
        UnknownNameError: there is no such segment.
        ConfigError: it is part of another, or the name or colour will not do.
    """
    entry = registry.entry(segment_id)
    if entry.status == "merged":
        raise ConfigError(f"{segment_id} is part of {entry.merged_into} now; rename {entry.merged_into}")
    said = []
    if name is not None:
        name = " ".join(name.split())
        _refuse_name(registry, segment_id, name)
        said.append(f"name {shown(name)}" if name else "name taken back")
        entry = replace(entry, name=name or None, resembles="")
    if colour is not None:
        if colour and not _COLOUR.fullmatch(colour):
            raise ConfigError(f"{shown(colour)} is no colour; expected '#' and six hexadecimal digits, as in '#0072B2'")
        said.append(f"colour {colour.upper()}" if colour else "colour taken back")
        entry = replace(entry, colour=colour.upper() or None)
    if note.strip():
        entry = replace(entry, notes=(*entry.notes, " ".join(note.split())))
        said.append("note added")
    if not said:
        raise ConfigError("nothing to change: give a name, a colour or a note")
    event = Event(at, "", "renamed", detail=", ".join(said))
    return registry._with(replace(entry, history=(*entry.history, event)))


def _refuse_name(registry: Registry, segment_id: str, name: str) -> None:
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ConfigError(f"a name has at most {LONGEST_NAME} characters, all of them printable, got {shown(name)}")
    for other in registry.entries:
        taken = other.name is not None and other.name.casefold() == name.casefold()
        if taken and other.id != segment_id and other.status != "merged":
            raise ConfigError(f"{other.id} is called {shown(name)} already; choose another name")


def merged(registry: Registry, one: str, other: str, *, at: str, into: str | None = None, note: str = "") -> Registry:
    """Make two segments one from the next run on: the clusters of both get one id.

    Args:
        into: which of the two ids stays, by default ``one``. at: time, ISO 8601 in UTC. note: kept with both.

    Raises:
        UnknownNameError: there is no such segment.
        ConfigError: they are one already, segments of different things, or neither was in the newest run.
    """
    kept = registry.entry(one if into is None else into)
    gone = registry.entry(other if kept.id == one else one)
    if kept.id not in {one, other}:
        raise ConfigError(f"'into' is one of the two, {one} or {other}, got {kept.id}")
    if kept.id == gone.id:
        raise ConfigError(f"{one} cannot be merged with itself; name two segments")
    for entry in (kept, gone):
        if entry.status == "merged":
            raise ConfigError(f"{entry.id} is part of {entry.merged_into} now; merge {entry.merged_into}")
    if kept.entity != gone.entity:
        raise ConfigError(
            f"{kept.id} is a segment of {kept.entity} and {gone.id} one of {gone.entity}; name two of one kind"
        )
    if "active" not in {kept.status, gone.status}:
        raise ConfigError(f"{kept.id} and {gone.id} are both retired; only what is in the newest run can be merged")
    notes = (" ".join(note.split()),) if note.strip() else ()
    pending = gone.status == "active"
    event = Event(at, "", "merged", detail=f"{gone.id} into {kept.id}, by hand")
    gone = replace(gone, status="merged", merged_into=kept.id, by_hand=True, pending=pending, resembles="")
    asked = "" if kept.resembles == gone.id else kept.resembles
    kept = replace(kept, resembles=asked)
    both = (replace(e, history=(*e.history, event), notes=(*e.notes, *notes)) for e in (kept, gone))
    return registry._with(*both)


def unmerged(registry: Registry, segment_id: str, *, at: str, note: str = "") -> Registry:
    """Take back what a person merged: the segment has its own id again, at once or, where a run has merged it, from the
    next run on.

    Args:
        segment_id: what became part of another. at: time, ISO 8601 in UTC. note: kept with it.

    Raises:
        UnknownNameError: there is no such segment.
        ConfigError: nobody merged it, or its name has been given to another since.
    """
    entry = registry.entry(segment_id)
    if not entry.by_hand:
        parts = [other.id for other in registry.entries if other.by_hand and other.merged_into == segment_id]
        said = f"in it are {', '.join(parts)}; name one of these" if parts else "nobody merged it with another"
        raise ConfigError(f"{segment_id} cannot be taken out of another segment: {said}")
    if entry.name is not None:
        _refuse_name(registry, segment_id, entry.name)
    event = Event(at, "", "split", detail=f"{segment_id} out of {entry.merged_into} again, by hand")
    notes = (" ".join(note.split()),) if note.strip() else ()
    own = replace(
        entry,
        status="active" if entry.pending else "retired",
        merged_into="",
        by_hand=False,
        pending=False,
        notes=(*entry.notes, *notes),
        history=(*entry.history, event),
    )
    kept = registry.entry(entry.merged_into)
    return registry._with(own, replace(kept, history=(*kept.history, event)))


def recorded(registry: Registry, record: Record) -> Registry:
    """Take note of a finished run. A run that is recorded already changes nothing."""
    if record.run in registry.runs:
        return registry
    for origin in record.origins():
        registry = registry._with(*_found(registry, record, origin))
    active = {origin.id for origin in record.origins()}
    for gone in record.lineage.gone:
        lost = registry.root(gone.id)  # where the last cluster of a segment merged by hand goes, the segment goes
        if lost not in active:
            registry = registry._with(_lost(registry, record, replace(gone, id=lost)))
    # Who was put into a segment by hand, and whose own cluster is there no more, is not pending any longer either.
    pending = (entry for entry in registry.entries if entry.pending and entry.entity == record.entity)
    settled = (replace(entry, pending=False) for entry in pending)
    return replace(registry._with(*settled), runs=(*registry.runs, record.run))


def _found(registry: Registry, record: Record, origin: Origin) -> Iterable[Entry]:
    entries = {entry.id: entry for entry in registry.entries}
    own = entries.get(origin.id)
    parents = tuple(parent for parent in origin.parents if parent != origin.id)
    joins = [part for part in origin.parts if part in entries and entries[part].pending]
    event = Event(record.at, record.run, origin.change, origin.score, _detail(origin, parents))
    base = own if own is not None else Entry(origin.id, first_run=record.run, parents=parents, entity=record.entity)
    asked = registry.root(origin.resembles)
    asked = "" if asked == origin.id != origin.resembles else asked
    yield replace(
        base,
        status="active",
        merged_into="",
        by_hand=False,
        name=record.names.get(origin.id) if own is None else base.name,
        working_name=record.working_names.get(origin.id, base.working_name),
        last_run=record.run,
        resembles=asked or base.resembles,
        history=(*base.history, event),
    )
    for part in origin.parts:
        if part == origin.id:
            continue
        unknown = Entry(part, first_run=record.run, merged_into=origin.id, status="merged", entity=record.entity)
        entry = entries.get(part, unknown)
        if not entry.by_hand:
            entry = replace(entry, status="merged", merged_into=origin.id, by_hand=True)
        told = (Event(record.at, record.run, "merged", detail=f"in {origin.id} from this run on"),)
        yield replace(entry, last_run=record.run, history=(*entry.history, *(told if part in joins else ())))


def _detail(origin: Origin, parents: tuple[str, ...]) -> str:
    match origin.change:
        case "split":
            return f"part of {', '.join(parents)}" if parents else "what is left of it after a split"
        case "merged":
            return f"with {', '.join(parents)}" if parents else ""
        case "born" if origin.resembles:
            return f"may be {origin.resembles}"
    return ""


def _lost(registry: Registry, record: Record, gone: Gone) -> Entry:
    entry = next((entry for entry in registry.entries if entry.id == gone.id), Entry(gone.id, entity=record.entity))
    into = record.segment_of(gone.into)
    if gone.change == "merged" and into != gone.id:
        event = Event(record.at, record.run, "merged", gone.score, f"most of it is in {into}")
        return replace(entry, status="merged", merged_into=into, history=(*entry.history, event))
    detail = "no user links it to this run" if record.lineage.evidence == "nothing" else ""
    event = Event(record.at, record.run, "retired", gone.score, detail)
    return replace(entry, status="retired", history=(*entry.history, event))


def load(path: Path) -> Registry:
    """Read a registry; an empty one where there is no file.

    Raises:
        ModelError: the file is damaged or of another schema or version; it is left as it is.
    """
    if not path.exists():
        return Registry()
    try:
        registry = TypeAdapter(Registry).validate_python(records.read(path, SCHEMA, VERSION))
        _refuse_contradictions(registry)
    except (ModelError, ValidationError) as error:
        reason = f"{error.error_count()} faults" if isinstance(error, ValidationError) else str(error).split("; run")[0]
        raise ModelError(
            f"the registry of segments '{path}' cannot be read ({reason}), and is left as it is; put back a copy of "
            "it, or move it away to have it made again from the runs that are there"
        ) from error
    return registry


def _refuse_contradictions(registry: Registry) -> None:
    ids = [entry.id for entry in registry.entries]
    if len(set(ids)) < len(ids):
        raise ModelError("an id is there twice")
    for entry in registry.entries:
        number_of(entry.id)
        if (entry.status == "merged") != (entry.merged_into != "") or entry.merged_into not in {"", *ids}:
            raise ModelError(f"{entry.id} is merged into {shown(entry.merged_into)}, which does not fit its status")
    for entry in registry.entries:
        seen, into = {entry.id}, entry.merged_into
        while into:
            if into in seen:
                raise ModelError(f"{into} is merged into itself")
            seen.add(into)
            into = registry.entry(into).merged_into


def save(registry: Registry, path: Path) -> None:
    """Write a registry, whole or not at all.

    Raises:
        StoreError: the disk is full or not writable.
    """
    records.write(path, SCHEMA, VERSION, registry)
