"""A finished run without some users: written whole beside the old one, and put in its place at once.

Rows, vectors, ids and examples of the users go; what was counted or fitted with them stays, and the run says so.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from coterie import manifest as manifests
from coterie import records
from coterie.activation.forgetting import NotKnownError, without_columns, without_rows
from coterie.clustering.contract import Labels
from coterie.embedding.contract import Points
from coterie.engines import local
from coterie.features.aligning import users_of
from coterie.features.contract import Ids
from coterie.model import SegmentModel
from coterie.plots.records import sample_map
from coterie.randomness import generator
from coterie.report.contents import ReportContents
from coterie.report.page import write_report
from coterie.runs import tables_on_disk
from coterie.runs.forgotten import with_stale_note
from coterie.runs.identity import IDENTITY, without_members
from coterie.runs.result import EVIDENCE, MAP, Run, write_map, write_records
from coterie.segments.types import Segment, SegmentProfile
from coterie.selection import evidence as evidences
from coterie.selection.evidence import Evidence
from coterie.selection.evidence.parallel_lines import Columns, parallel
from coterie.selection.evidence.plane import separation
from coterie.stores.directory import UNFINISHED
from coterie.stores.swapping import put_in_place
from coterie.tables import RuleCount, Tables
from coterie.tables.forgetting import among, refused_users
from coterie.tables.viewpoint import seen_by
from coterie.terms import EVENTS, NOISE, NOISE_ID, OF_USERS, SEGMENT, USER, USERS

_WRITTEN_ANEW = {"tables", "rejects", "model", MAP}


def users_in(run: Run, users: Ids) -> Ids:
    """Give those of some users of whom a run holds anything: rows, refused rows, or a segment."""
    stored, gone = tables_on_disk.load(run.folder, OF_USERS), among(users.tolist())
    found = [users_of(table) for table in stored.tables if table.role in {EVENTS, USERS}]
    for name, rows in tables_on_disk.load_rejects(run.folder).items():
        found.append(refused_users(local.collect(rows), run.config.tables[name]))
    if run.config.project.entity == OF_USERS:
        found.append(np.array(run.assignments()[USER].to_list(), dtype=np.str_))
    if (run.folder / IDENTITY).is_file():
        found.append(without_members(run.folder / IDENTITY, gone)[1])
    held: Ids = np.intersect1d(users, np.concatenate([np.zeros(0, np.str_), *found]))
    return held


def forget_in_run(run: Run, users: Ids) -> tuple[str, ...]:
    """Take users out of a run.

    Args:
        users: (n,) sorted, all of them in the run.

    Returns:
        What had to be given up, in words: a model that nobody here knows how to take them out of.

    Raises:
        StoreError: the disk is full or not writable. ModelError: a part of the run is damaged.
    """
    place = run.folder.resolve()
    beside = place.with_name(f"{UNFINISHED}{os.getpid()}-forget-{place.name}")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        beside.mkdir()
        told = _write(run, users, beside)
        put_in_place(beside, place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return told


def _write(run: Run, users: Ids, beside: Path) -> tuple[str, ...]:
    config, gone = run.config, among(users.tolist())
    for path in run.folder.iterdir():
        if path.name not in _WRITTEN_ANEW and path.is_file():
            _link(path, beside / path.name)
    tables_on_disk.store_without(run.folder, config, gone, beside)
    left = _Left.of(run, users, seen_by(config.project.entity, tables_on_disk.load(beside, OF_USERS).tables))
    if left.model is not None:
        left.model.save(beside / "model")
    if config.project.entity == OF_USERS:
        _write_assignments(run, users, beside)
    quality = _quality(run, beside)
    segments, profiles = _told_of(run, users)
    write_records(beside, decision=run.decision, segments=segments, profiles=profiles, quality=quality)
    evidence = _evidence(run, left, users)
    if evidence is not None:
        records.write(beside / EVIDENCE, evidences.SCHEMA, evidences.VERSION, evidence)
    n = run.manifest.forgotten + len(users)
    notes = with_stale_note(run.manifest.notes, run.manifest.forgotten, n)
    account = replace(run.manifest, forgotten=n, notes=notes)
    contents = _contents(run, account, left, told=(segments, profiles), quality=quality, evidence=evidence)
    if contents.user_map is not None:
        write_map(beside / MAP, contents.user_map)
    write_report(beside / "report.html", contents)
    records.write(beside / "manifest.json", manifests.SCHEMA, manifests.VERSION, account)
    return left.told


def _link(source: Path, target: Path) -> None:
    """Share the bytes; what is written anew takes a name's place and leaves them as they are."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@dataclass(frozen=True, slots=True)
class _Left:
    """Model and places of those who stay.

    Args:
        model: None where it had to be given up. points: (n, d) of ids with a segment. segments: (n,) their ids.
        labels: (n,) their clusters.
    """

    model: SegmentModel | None
    points: Points
    labels: Labels
    segments: tuple[str, ...]
    told: tuple[str, ...]

    @classmethod
    def of(cls, run: Run, users: Ids, tables: Tables) -> _Left:
        is_users = run.config.project.entity == OF_USERS
        rows = run.assignments().sort(USER)
        ids = np.array(rows[USER].to_list(), dtype=np.str_)
        nobody = cls(None, np.zeros((0, 1), np.float32), np.zeros(0, np.int32), (), ())
        if not (run.folder / "model").is_dir():  # given up before
            return nobody
        model = run.model()
        try:
            model = without_rows(model, run.tables(), users) if is_users else without_columns(model, users)
        except NotKnownError as error:
            return replace(nobody, told=(f"the model of {run.id} was given up: {error}; run again for another",))
        kept = ~np.isin(ids, users) if is_users else np.ones(len(ids), np.bool_)
        segments = [name or NOISE_ID for name, stays in zip(rows[SEGMENT].to_list(), kept, strict=True) if stays]
        first = {name: at for at, name in reversed(list(enumerate(model.segment_ids)))}
        points, known = model.space.embed(tables, ids[kept])
        places = [at for at, is_known in enumerate(known.tolist()) if is_known]
        labels = np.array([first.get(segments[at], NOISE) for at in places], np.int32)
        return cls(model, points[places], labels, tuple(segments[at] for at in places), ())


def _write_assignments(run: Run, users: Ids, beside: Path) -> None:
    rows = run.assignments()
    left = rows.filter(~rows[USER].is_in(users.tolist()))
    for name in ("assignments.parquet", "assignments.csv", IDENTITY):
        (beside / name).unlink(missing_ok=True)
    local.write_parquet(left, beside / "assignments.parquet")
    records.write_whole(beside / "assignments.csv", left.write_csv().encode())
    if (run.folder / IDENTITY).is_file():
        members, _ = without_members(run.folder / IDENTITY, among(users.tolist()))
        records.write_whole(beside / IDENTITY, members or (run.folder / IDENTITY).read_bytes())


def _quality(run: Run, beside: Path) -> tuple[RuleCount, ...]:
    """Give the run's counts with the examples that its tables have now."""
    examples = {
        (count.table, count.rule, count.column): count.example for count in tables_on_disk.load(beside, OF_USERS).counts
    }
    return tuple(
        replace(count, example=examples.get((count.table, count.rule, count.column), "")) for count in run.quality
    )


def _told_of(run: Run, users: Ids) -> tuple[tuple[Segment, ...], tuple[SegmentProfile, ...]]:
    """Give segments and profiles that name none of the users."""
    names = frozenset(users.tolist())
    if run.config.project.entity == OF_USERS:
        profiles = tuple(
            replace(profile, exemplars=tuple(name for name in profile.exemplars if name not in names))
            for profile in run.profiles
        )
        return run.segments, profiles
    segments = tuple(
        replace(segment, marks=tuple(mark for mark in segment.marks if not _names_any(mark, names)))
        for segment in run.segments
    )
    return segments, tuple(_profile_without(profile, names) for profile in run.profiles)


def _profile_without(profile: SegmentProfile, names: frozenset[str]) -> SegmentProfile:
    near, scores = profile.neighbour, profile.scores
    if near is not None:
        told = tuple(one for one in near.differences if not (one.kind == "item" and one.label in names))
        near = replace(near, differences=told)
    return replace(
        profile,
        marks=tuple(mark for mark in profile.marks if not (mark.kind == "item" and mark.label in names)),
        top_items=tuple(
            replace(top, items=tuple(pair for pair in top.items if pair[0] not in names)) for top in profile.top_items
        ),
        sentences=tuple(told for told in profile.sentences if not _names_any(told, names)),
        distinctive=tuple(item for item in profile.distinctive if item.label not in names),
        scores=None if scores is not None and names & set(scores.items) else scores,
        markers=tuple(one for one in profile.markers if not (one.kind == "item" and one.column in names)),
        neighbour=near,
    )


def _names_any(text: str, names: frozenset[str]) -> bool:
    """Say whether a text has one of the names as a word of its own; a number that is an id goes with it."""
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in names)


def _evidence(run: Run, left: _Left, users: Ids) -> Evidence | None:
    """Give the evidence with its single users drawn anew from those who stay."""
    found = run.evidence
    if found is None:
        return None
    names = tuple(outline.cluster for outline in found.separation.outlines) if found.separation else ()
    if run.config.project.entity != OF_USERS:
        shown = found.parallel
        named = shown is not None and any(_column_of(column) in users.tolist() for column in shown.columns)
        return replace(found, parallel=None) if named else found
    if left.model is None or len(names) != len(left.model.segment_ids):
        return replace(found, parallel=None, separation=None)
    rng = generator(run.config.project.seed, "evidence")
    known = left.model.space.columns
    columns = [name if name is not None else f"dimension {place + 1}" for place, name in enumerate(known)]
    lines = parallel(Columns(columns, left.points), left.labels, names, rng) if found.parallel is not None else None
    return replace(found, parallel=lines, separation=separation(left.points, left.labels, names, rng))


def _column_of(column: str) -> str:
    return column.split(":", maxsplit=1)[-1]


def _contents(
    run: Run,
    account: manifests.Manifest,
    left: _Left,
    *,
    told: tuple[tuple[Segment, ...], tuple[SegmentProfile, ...]],
    quality: tuple[RuleCount, ...],
    evidence: Evidence | None,
) -> ReportContents:
    drawn = None
    if left.model is not None and len(left.points):
        rng = generator(run.config.project.seed, "map")
        drawn = sample_map(left.points, list(left.segments), rng, projection=run.config.report.map)
    return ReportContents(
        account,
        run.decision,
        *told,
        quality,
        drawn,
        evidence,
        personas=run.personas,
        evaluations=run.evaluations,
        exploration=run.exploration,
        classification=run.classification,
        graph=run.graph,
    )
