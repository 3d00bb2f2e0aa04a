"""Segment ids across runs: the registry is read, the clusters get their ids, the run is recorded.

From the moment clusters get ids until the run is recorded, a run holds the project's lock, so that two runs at once
give no id twice; the second waits. A run is matched with the newest one that segmented the same things: users with
users, whatever was run between them. What links the two is a copy of that run's members and their clusters' ids, in
``.coterie/identity-users.npz`` (or ``-items``, or ``-TABLE.tags``): with it ids outlive the folders of old runs. The
order on disk is the run's folder, that copy, the registry. A process killed between any two leaves a run that is not
recorded yet; whoever comes next catches up from the run's own ``lineage.json``.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from coterie import records
from coterie.errors import CoterieError, ModelError, StoreError
from coterie.features.contract import Ids
from coterie.model import SegmentModel
from coterie.segments import lineage as lineages
from coterie.segments import registry as registries
from coterie.segments.lineage import Identified, Record, numbered
from coterie.segments.matching import Lineage, Partition, first, match, says_enough, unknown
from coterie.segments.registry import REGISTRY, Registry
from coterie.segments.types import Segment
from coterie.stores.directory import DirectoryStore
from coterie.stores.locking import locked
from coterie.tables import Tables
from coterie.tables.forgetting import Gone
from coterie.terms import OF_USERS

RUNS = "runs"
STATE_FOLDER = ".coterie"
IDENTITY = "identity.npz"
LINEAGE = "lineage.json"
LOCK = "segments.lock"
PATIENCE_S = 20.0  # how long a person's change of the registry waits for a run that is being finished


@dataclass(frozen=True, slots=True)
class Members:
    """Who was where in a run.

    Args:
        placed: its users and their clusters. entity: what was segmented.
        knows_users: whether one id is one user in every run; see ``Identity.identify``.
    """

    placed: Partition
    entity: str
    knows_users: bool


@dataclass(slots=True)
class Identity:
    """The ids of one run: first ``identify``, then ``write`` into its folder, then ``record`` (see ``identities``)."""

    folder: Path
    _held: ExitStack
    registry: Registry = field(default_factory=Registry)
    _run: str = ""
    _previous: str = ""
    _members: Members | None = None
    _found: Identified | None = None

    def identify(
        self, current: Partition, tables: Tables, *, entity: str = OF_USERS, knows_users: bool = True
    ) -> Identified:
        """Give clusters the ids of the segments that they are.

        Args:
            current: users of the run, their clusters and points, from large to small clusters; names say nothing.
            tables: checked, for the earlier run's model where few users are in both runs.
            entity: what is segmented. An item may go by the same id as a user and is not that user, so only the runs
                that segmented the same things are looked at.
            knows_users: whether one id is one user in every run; false where ids are the numbers of rows, which another
                order gives to others. The earlier run's model then says where the users of this one were.

        Raises:
            ModelError: the registry is damaged.
        """
        self._held.enter_context(locked(self.folder / STATE_FOLDER / LOCK))
        self.registry = caught_up(self.folder)
        self._previous = self.registry.newest(entity)
        self._members = Members(current, entity, knows_users)
        lineage = numbered(
            _lineage(self.folder, self._previous, self.registry, self._members, tables), self.registry.next_number
        )
        segments = tuple(self.registry.root(heir.id) for heir in lineage.heirs)
        self._found = Identified(lineage, segments, current.labels, self.registry.names, self.registry.colours)
        return self._found

    def write(self, staging: Path, *, run_id: str, created: datetime, segments: tuple[Segment, ...]) -> None:
        """Write the run's own account of its ids into its folder before it appears."""
        assert self._found is not None
        assert self._members is not None
        self._run = run_id
        record = Record(
            run=run_id,
            entity=self._members.entity,
            at=created.astimezone(UTC).isoformat(timespec="seconds"),
            previous=self._previous,
            lineage=self._found.lineage,
            segments=self._found.segment_ids,
            working_names={segment.id: segment.working_name for segment in segments},
            names={segment: name for segment, name in self._found.names.items() if segment in self._found.segment_ids},
        )
        records.write(staging / LINEAGE, lineages.SCHEMA, lineages.VERSION, record)
        parts = tuple(heir.id for heir in self._found.lineage.heirs)
        named = replace(self._members.placed, names=parts, points=None)
        records.write_whole(staging / IDENTITY, _to_bytes(replace(self._members, placed=named), run_id))

    def record(self) -> None:
        """Bring the registry up to the run, which is in its place now."""
        self.registry = caught_up(self.folder)
        assert self._members is not None
        members = (self.folder / RUNS / self._run / IDENTITY).read_bytes()
        records.write_whole(_copy_of_members(self.folder, self._members.entity), members)
        registries.save(self.registry, self.folder / REGISTRY)


@contextmanager
def identities(folder: Path) -> Iterator[Identity]:
    """Open what gives a project's run its segment ids; the lock is held from ``identify`` to the end of the block.

    Raises:
        ModelError: the registry is damaged; said before anything is computed.
    """
    registries.load(folder / REGISTRY)
    with ExitStack() as held:
        yield Identity(folder, held)


@contextmanager
def editing(folder: Path) -> Iterator[Identity]:
    """Open a project's registry for a person's change: what the block leaves in ``registry`` is written.

    Raises:
        StoreError: there is no run yet, or one is being finished. ModelError: the registry is damaged.
    """
    if not caught_up(folder).entries:
        raise StoreError(f"there are no segments in '{folder}' yet; make a run with `coterie run`")
    with ExitStack() as held:
        held.enter_context(locked(folder / STATE_FOLDER / LOCK, wait_s=PATIENCE_S))
        opened = Identity(folder, held, caught_up(folder))
        before = opened.registry
        yield opened
        if opened.registry != before:
            registries.save(opened.registry, folder / REGISTRY)


def caught_up(folder: Path) -> Registry:
    """Read a project's registry and add the runs that it does not know yet; nothing is written.

    Raises:
        ModelError: the registry, or the lineage of a run that it does not know, is damaged.
    """
    registry = registries.load(folder / REGISTRY)
    for run in DirectoryStore(folder / RUNS).versions():
        if run not in registry.runs and (folder / RUNS / run / LINEAGE).is_file():
            registry = registries.recorded(registry, read_lineage(folder / RUNS / run))
    return registry


def read_lineage(folder: Path) -> Record:
    """Read a run's own account of its segment ids.

    Raises:
        ModelError: it is missing or damaged.
    """
    try:
        body = records.read(folder / LINEAGE, lineages.SCHEMA, lineages.VERSION)
        record: Record = TypeAdapter(Record).validate_python(body)
    except ValidationError as error:
        raise ModelError(
            f"the record '{folder / LINEAGE}' is damaged ({error.error_count()} faults); move the run away"
        ) from error
    return record


def is_cut_off(folder: Path) -> bool:
    """Say whether there was a run of the same things before this one, and nothing links the two."""
    return (folder / LINEAGE).is_file() and read_lineage(folder).lineage.evidence == "nothing"


def _lineage(folder: Path, previous: str, registry: Registry, members: Members, tables: Tables) -> Lineage:
    """Match with an earlier run, if there is one, by what there is: its members, else its model, else nothing."""
    current, entity = members.placed, members.entity
    if not previous:
        return first(len(current.names))
    active = tuple(entry.id for entry in registry.entries if entry.status == "active" and entry.entity == entity)
    cut_off = unknown(len(current.names), active)
    before = _members(folder, previous, entity)
    if before is None or before.entity != entity:
        return cut_off
    if before.knows_users and members.knows_users and says_enough(before.placed, current):
        return match(before.placed, current)
    placed = _placed_by_model(folder / RUNS / previous, before.placed.names, current.ids, tables)
    if placed is not None and says_enough(placed, current):
        return match(placed, current, evidence="model")
    return cut_off


def _copy_of_members(folder: Path, entity: str) -> Path:
    return folder / STATE_FOLDER / f"{IDENTITY.removesuffix('.npz')}-{entity}.npz"


def _members(folder: Path, run: str, entity: str) -> Members | None:
    """Give a run's members by its clusters' ids, or None where neither copy is there."""
    for place in (_copy_of_members(folder, entity), folder / RUNS / run / IDENTITY):
        try:
            with place.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                if str(file["run"]) == run:
                    placed = Partition(file["ids"], file["labels"], tuple(file["names"].tolist()))
                    return Members(placed, str(file["entity"]), bool(file["knows_users"]))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            continue  # a copy that cannot be read; the other says the same
    return None


def _to_bytes(members: Members, run: str) -> bytes:
    file = io.BytesIO()
    placed = members.placed
    arrays = {"run": np.array(run), "names": np.array(placed.names, dtype=np.str_), "entity": np.array(members.entity)}
    known = np.array(members.knows_users)
    np.savez_compressed(file, allow_pickle=False, ids=placed.ids, labels=placed.labels, knows_users=known, **arrays)
    return file.getvalue()


def _placed_by_model(run: Path, names: tuple[str, ...], ids: Ids, tables: Tables) -> Partition | None:
    """Give users as the earlier run's frozen model would have placed them; None where it cannot read these tables."""
    try:
        found = SegmentModel.load(run / "model").apply(tables, ids)
    except CoterieError:
        return None
    return Partition(ids, found.labels, names)


def without_members(path: Path, gone: Gone) -> tuple[bytes | None, Ids]:
    """Give a file of members without some users as the bytes of a new one, and the users it had of them.

    A run that segments anything else has no users in it.

    Raises:
        ModelError: the file cannot be read.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"the members in '{path}' cannot be read: {error}; move the file away") from error
    is_gone = gone(held["ids"]) if str(held["entity"]) == OF_USERS else np.zeros(len(held["ids"]), np.bool_)
    users: Ids = held["ids"][is_gone]
    if not is_gone.any():
        return None, users
    placed = Partition(held["ids"][~is_gone], held["labels"][~is_gone], tuple(held["names"].tolist()))
    left = Members(placed, str(held["entity"]), bool(held["knows_users"]))
    return _to_bytes(left, str(held["run"])), users


def project_folder(project: Path) -> Path:
    """Give a project's folder, where its folder or its config is named.

    Raises:
        StoreError: there is no such folder.
    """
    folder = project.parent if project.is_file() else project
    if not folder.is_dir():
        raise StoreError(f"there is no project in '{project}'; name its folder or its coterie.toml with --project")
    return folder


def with_names(segments: tuple[Segment, ...], registry: Registry) -> tuple[Segment, ...]:
    """Give segments as people call and colour them now, rather than when their run was made."""
    return tuple(
        replace(
            segment,
            name=registry.names.get(segment.id, segment.working_name or segment.name),
            colour=registry.colours.get(segment.id),
        )
        for segment in segments
    )
