"""The steps of a run: each takes what earlier ones left on disk and writes its own answer into a folder.

A step reads only what its key is made of, so an answer from the cache is the answer it would give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coterie import frozen, plugins, records
from coterie.clustering.contract import Labels
from coterie.config import Config
from coterie.embedding.contract import FittedEmbedder, Points
from coterie.engines import local
from coterie.errors import DataError
from coterie.features.assembling import FittedBasis, entity_ids, make_features
from coterie.features.contract import Ids
from coterie.frozen import Frozen
from coterie.model import SegmentModel, Space, as_frame, fit_space
from coterie.runs import tables_on_disk
from coterie.runs.result import read_record
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.naming import name_segments, short_marks
from coterie.segments.profile import profile_segments
from coterie.segments.types import PROFILES_SCHEMA, PROFILES_VERSION, Segment, SegmentProfile
from coterie.selection.choice import decide
from coterie.selection.heldout import event_table, positive_floor
from coterie.selection.search import Progress, Search, measure
from coterie.selection.types import Candidate, Decision, stability_band
from coterie.sources import RawTable
from coterie.sources.columns import require_columns
from coterie.sources.opening import open_source
from coterie.tables import Tables
from coterie.tables.build import build_tables

MIN_USERS = 10  # below this no bootstrap, no holdout and no test says anything


def scan_sources(config: Config, folder: Path) -> Mapping[str, RawTable]:
    """Open every table of the config and check that its columns are there; rows are not read yet.

    Features and their options are checked too, descriptors among them: no later step may need them anew.

    Args:
        folder: what relative paths stand relative to.
    """
    make_features(config)
    scanned = {}
    for name, table in config.tables.items():
        raw = open_source(table, folder).scan()
        require_columns(raw, table, name)
        scanned[name] = raw
    return scanned


def write_tables(config: Config, raw: Mapping[str, RawTable], folder: Path) -> None:
    """Check and clean the raw tables."""
    tables_on_disk.store(build_tables(config, raw), folder)


def write_space(config: Config, tables: Tables, folder: Path) -> None:
    """Fit features and embedding on all users, and keep the users' points."""
    features = make_features(config)
    ids = entity_ids(features, tables)
    _refuse_few(len(ids), "bring more, or lower the floors in [clean]")
    space, points, known = fit_space(config, tables, ids, "space")
    _refuse_few(int(known.sum()), "the others have only weights of zero; bring more, or choose another weight")
    space.basis.save(folder)
    frozen.save(space.embedder.to_arrays(), folder, "embedder")
    # A user whose every weight is zero has no place; such users are left out and counted.
    frozen.save(Frozen("points", {}, {"ids": ids[known], "points": points[known]}), folder, "points")


def _refuse_few(n_users: int, remedy: str) -> None:
    if n_users < MIN_USERS:
        raise DataError(f"{n_users} users are left to segment; at least {MIN_USERS} are needed: {remedy}")


@dataclass(frozen=True, slots=True)
class Placed:
    """The users of a run and where they are.

    Args:
        ids: (n,) sorted. points: (n, d). space: that placed them.
    """

    ids: Ids
    points: Points
    space: Space


def load_space(folder: Path) -> Placed:
    """Read what ``write_space`` wrote."""
    part = frozen.load(folder, "embedder")
    embedder: FittedEmbedder = plugins.find("embedders", part.kind).Fitted.from_arrays(part)
    placed = frozen.load(folder, "points").arrays
    return Placed(placed["ids"], placed["points"], Space(FittedBasis.load(folder), embedder))


def write_search(
    config: Config, tables: Tables, placed: Placed, folder: Path, *, threads: int, progress: Progress
) -> None:
    """Measure every candidate; keep the sheet and each candidate's clusters."""
    trials, candidates = measure(Search(config, tables, placed.ids, placed.points, threads, progress))
    records.write(folder / "candidates.json", "coterie.candidates", 1, candidates)
    for i, trial in enumerate(trials):
        frozen.save(trial.fitted.to_arrays(), folder, f"clusterer-{i}")
        frozen.save(Frozen("labels", {}, {"labels": trial.labels}), folder, f"labels-{i}")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The decision, and the model and labels it leads to."""

    decision: Decision
    model: SegmentModel
    labels: Labels

    @property
    def candidate(self) -> Candidate:
        """The row of the sheet that was taken."""
        return self.decision.candidates[self.decision.chosen]


def choose(config: Config, placed: Placed, folder: Path) -> Chosen:
    """Decide among the candidates that ``write_search`` left."""
    candidates = read_record(folder / "candidates.json", tuple[Candidate, ...], "coterie.candidates", 1)
    decision = decide(candidates, config)
    part = frozen.load(folder, f"clusterer-{decision.chosen}")
    clusterer = plugins.find("clusterers", part.kind).Fitted.from_arrays(part)
    labels = frozen.load(folder, f"labels-{decision.chosen}").arrays["labels"]
    segment_ids = tuple(f"s-{number + 1}" for number in range(clusterer.n_clusters))
    return Chosen(decision, SegmentModel(placed.space, clusterer, segment_ids), labels)


def write_profiles(config: Config, tables: Tables, placed: Placed, chosen: Chosen, folder: Path) -> None:
    """Profile the chosen segments, and write who is where."""
    found = chosen.model.clusterer.assign(placed.points)
    whole, columns = _basis(config)
    members = Members(placed.ids, chosen.labels, chosen.model.segment_ids, found.distance, whole, columns)
    events = event_table(config, tables)
    options = ProfileOptions(positive_from=positive_floor(config, events) if events is not None else None)
    profiles = profile_segments(tables, members, options)
    records.write(folder / "profiles.json", PROFILES_SCHEMA, PROFILES_VERSION, profiles)
    rows = as_frame(placed.ids, found, chosen.model.segment_ids)
    local.write_parquet(rows, folder / "assignments.parquet")
    rows.write_csv(folder / "assignments.csv")


def _basis(config: Config) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """Give the tables that segments are formed on whole, and the columns where it is only some."""
    features = [feature for feature in config.features.values() if feature.use == "basis"]
    whole = frozenset(feature.from_ for feature in features if "columns" not in feature.options)
    some = ((feature.from_, column) for feature in features for column in feature.options.get("columns", ()))
    return whole, frozenset(some)


def load_profiles(folder: Path) -> tuple[SegmentProfile, ...]:
    """Read the profiles that ``write_profiles`` wrote."""
    profiles: tuple[SegmentProfile, ...] = read_record(
        folder / "profiles.json", tuple[SegmentProfile, ...], PROFILES_SCHEMA, PROFILES_VERSION
    )
    return profiles


def summarise(chosen: Chosen, profiles: tuple[SegmentProfile, ...]) -> tuple[Segment, ...]:
    """Give each segment in short, with its working name."""
    names = name_segments(profiles)
    candidate, total = chosen.candidate, len(chosen.labels)
    return tuple(
        Segment(
            id=profile.segment_id,
            cluster=label,
            name=names[profile.segment_id],
            size=candidate.sizes[label],
            share=candidate.sizes[label] / total,
            stability=candidate.jaccard[label],
            band=stability_band(candidate.jaccard[label]),
            lift=candidate.lift.per_segment[label] if candidate.lift is not None else None,
            marks=short_marks(profile),
        )
        for label, profile in enumerate(profiles)
    )


def agreement(folder: Path, ids: Ids, labels: Labels) -> tuple[int, int]:
    """Score the training users with the model read back from disk, from their raw events on.

    Args:
        folder: of the run. ids, labels: (n,) users and labels of the fit.

    Returns:
        Users asked, and users that got the label of the fit.
    """
    again = SegmentModel.load(folder / "model").apply(tables_on_disk.load(folder).tables, ids)
    return len(ids), int(np.count_nonzero(again.labels == labels))
