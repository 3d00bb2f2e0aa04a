"""The steps of a run: each takes what earlier ones left on disk and writes its own answer into a folder.

A step reads only what its key is made of, so an answer from the cache is the answer it would give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from coterie import records
from coterie.clustering.contract import Labels
from coterie.config import Config
from coterie.engines import local
from coterie.features.contract import Ids
from coterie.model import SegmentModel, as_frame
from coterie.plots.records import require_projection
from coterie.runs import tables_on_disk
from coterie.runs.budget import Plan
from coterie.runs.graphing import require_graph
from coterie.runs.placing import Placed, place_all
from coterie.runs.renaming import with_merged_tags
from coterie.runs.result import read_profiles
from coterie.runs.searching import Chosen, Winner
from coterie.segments.lineage import Identified, Origin
from coterie.segments.matching import Partition
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.naming import name_segments, short_marks
from coterie.segments.persona import hand_of
from coterie.segments.profile import profile_segments
from coterie.segments.types import PROFILES_SCHEMA, PROFILES_VERSION, Segment, SegmentProfile
from coterie.selection.heldout import event_table, positive_floor
from coterie.selection.recipes import check, expand
from coterie.selection.types import stability_band
from coterie.sources import RawTable
from coterie.sources.columns import require_columns
from coterie.sources.opening import open_source
from coterie.spreadsheet import csv_of_frame
from coterie.tables import Tables
from coterie.tables.build import build_tables
from coterie.tables.forgetting import KeptOut
from coterie.tables.types import events_of
from coterie.terms import A_USER, EVENTS, NOISE

MIN_PEOPLE = 20  # who share a category before it describes what they take up; as many as a tested item must have


def scan_sources(config: Config, folder: Path) -> Mapping[str, RawTable]:
    """Open every table of the config and check that its columns are there; rows are not read yet.

    Features and methods and their options are checked too, descriptors among them, and whether the map can be drawn,
    the graph be made and the personas be written: no later step may need them anew.

    Args:
        folder: what relative paths stand relative to.
    """
    check(expand(config))
    require_projection(config.report.map)
    require_graph(config)
    hand_of(config.persona)
    return open_sources(config, folder)


def open_sources(config: Config, folder: Path) -> Mapping[str, RawTable]:
    """Open every table of the config and check that its columns are there, and nothing else."""
    scanned = {}
    for name, table in config.tables.items():
        raw = open_source(table, folder).scan()
        require_columns(raw, table, name)
        scanned[name] = raw
    return scanned


def write_tables(config: Config, raw: Mapping[str, RawTable], kept_out: KeptOut | None, folder: Path) -> None:
    """Check and clean the raw tables."""
    tables_on_disk.store(build_tables(config, raw, kept_out=kept_out), folder)


@dataclass(frozen=True, slots=True)
class Everybody:
    """The users of a run with their clusters.

    Args:
        placed: where they are. labels: (n,) of the fit; of those who were not in it, what its clusters say.
        n_clusters: clusters of the fit.
    """

    placed: Placed
    labels: Labels
    n_clusters: int

    @property
    def partition(self) -> Partition:
        """The users, for the registry to find the segments that their clusters are."""
        names = tuple(str(label) for label in range(self.n_clusters))
        return Partition(self.placed.ids, self.labels, names, self.placed.points)


def everybody(winner: Winner, tables: Tables, *, is_sample: bool) -> Everybody:
    """Give everybody a cluster of the winner.

    Args:
        tables: of everybody. is_sample: whether the winner was fitted on some of them.
    """
    fitted, labels = winner.tried.placed, winner.tried.labels(winner.number)
    if not is_sample:
        return Everybody(fitted, labels, winner.choice.candidate.k)
    placed = place_all(winner.tried.recipe.config, tables, fitted)
    all_labels = winner.tried.clusterer(winner.number).assign(placed.points).labels.copy()
    all_labels[np.searchsorted(placed.ids, fitted.ids)] = labels
    return Everybody(placed, all_labels, winner.choice.candidate.k)


def told_of_budget(chosen: Chosen, budget: Plan, fitted: Placed, users: Everybody) -> Chosen:
    """Say in the decision's protocol whom it was fitted on, where these are not all, and warn of a budget too small."""
    if not budget.is_kept:
        over = f"memory: {budget.told()}"
        chosen = replace(chosen, decision=replace(chosen.decision, warnings=(*chosen.decision.warnings, over)))
    if budget.share == 1:
        return chosen
    told = (
        f"fitted and measured on {len(fitted.ids):,} users, a random sample of {len(users.placed.ids):,}, to keep to "
        f"memory_gb = {budget.memory_gb:g}; everybody was then given a segment and profiled"
    )
    decision = replace(chosen.decision, protocol=(*chosen.decision.protocol, told))
    return replace(chosen, decision=decision)


def write_profiles(
    config: Config, tables: Tables, placed: Placed, chosen: Chosen, folder: Path, *, found_again: Identified
) -> None:
    """Profile the chosen segments, and write who is where."""
    found = chosen.model.clusterer.assign(placed.points)
    whole, columns = basis_of(config)
    noun = config.nouns[0]
    segment_ids = tuple(origin.id for origin in found_again.origins)
    labels = found_again.labels
    centres = [placed.points[labels == label].mean(axis=0, dtype=np.float64) for label in range(len(segment_ids))]
    members = with_unplaced(
        Members(placed.ids, labels, segment_ids, found.distance, whole, columns, noun, np.array(centres)), tables
    )
    profiles = profile_segments(with_merged_tags(tables, config), members, profile_options(config, tables))
    records.write(folder / "profiles.json", PROFILES_SCHEMA, PROFILES_VERSION, profiles)
    rows = as_frame(placed.ids, found, chosen.model.segment_ids)
    local.write_parquet(rows, folder / "assignments.parquet")
    records.write_whole(folder / "assignments.csv", csv_of_frame(rows).encode())


def with_unplaced(members: Members, tables: Tables) -> Members:
    """Add those who have events but nothing that segments are formed on: they are part of everybody, in no segment.

    Were they left out, what the tables hold less what profiles tell would be theirs alone.
    """
    active = [events_of(table) for table in tables.events]
    ids = [of.users[np.diff(of.indptr) > 0] for of in active]
    more = np.setdiff1d(np.concatenate(ids), members.ids) if ids else members.ids[:0]
    if not len(more):
        return members
    everybody = np.concatenate([members.ids, more])
    order = np.argsort(everybody, kind="stable")
    labels = np.concatenate([members.labels, np.full(len(more), NOISE, members.labels.dtype)])
    distance = np.concatenate([members.distance, np.full(len(more), np.inf, members.distance.dtype)])
    return replace(members, ids=everybody[order], labels=labels[order], distance=distance[order])


def profile_options(config: Config, tables: Tables) -> ProfileOptions:
    """Give how the profiles of a project are made."""
    events = event_table(config, tables)
    return ProfileOptions(
        min_cell=config.segments.min_cell,
        positive_from=positive_floor(config, events) if events is not None else None,
        min_items=1 if config.nouns[0] == A_USER else MIN_PEOPLE,
        poles={(name, column): ends for name, table in config.tables.items() for column, ends in table.poles.items()},
        seed=config.project.seed,
    )


def basis_of(config: Config) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """Give the tables that segments are formed on whole, and the columns where it is only some."""
    features = [feature for feature in config.features.values() if feature.use == "basis"]
    # Columns of events are chosen among their people's: the events themselves are read whole.
    events = {name for name, table in config.tables.items() if table.role == EVENTS}
    whole = frozenset(f.from_ for f in features if not {"columns", "column"} & set(f.options) or f.from_ in events)
    some = [(feature.from_, column) for feature in features for column in feature.options.get("columns", ())]
    some += [(feature.from_, feature.options["column"]) for feature in features if "column" in feature.options]
    return whole, frozenset(some)


def load_profiles(folder: Path) -> tuple[SegmentProfile, ...]:
    """Read the profiles that ``write_profiles`` wrote."""
    return read_profiles(folder / "profiles.json")


def summarise(
    config: Config, chosen: Chosen, found_again: Identified, profiles: tuple[SegmentProfile, ...]
) -> tuple[Segment, ...]:
    """Give each segment in short, with its working name, and by the name that a person gave."""
    noun = config.nouns[0]
    given = [name for segment_id, name in found_again.names.items() if segment_id in found_again.segment_ids]
    working_names = name_segments(profiles, noun, given)
    return tuple(
        replace(
            _summary(chosen, origin),
            name=found_again.names.get(origin.id, working_names[origin.id]),
            marks=short_marks(profile, noun=noun),
            working_name=working_names[origin.id],
            colour=found_again.colours.get(origin.id),
        )
        for origin, profile in zip(found_again.origins, profiles, strict=True)
    )


def _summary(chosen: Chosen, origin: Origin) -> Segment:
    cluster, *others = origin.clusters
    candidate, total = chosen.candidate, len(chosen.labels)
    size = int(np.isin(chosen.labels, origin.clusters).sum())
    stability = min(candidate.jaccard[label] for label in origin.clusters)
    return Segment(
        id=origin.id,
        cluster=cluster,
        name="",
        size=size,
        share=size / total,
        stability=stability,
        band=stability_band(stability),
        lift=candidate.lift.per_segment[cluster] if candidate.lift is not None and not others else None,
        marks=(),
        change=origin.change,
        score=origin.score,
        parents=origin.parents,
        resembles=origin.resembles,
        merged=tuple(others),
    )


def agreement(folder: Path, entity: str, ids: Ids, labels: Labels) -> tuple[int, int]:
    """Score the training users with the model read back from disk, from their raw events on.

    Args:
        folder: of the run. entity: what is segmented. ids, labels: (n,) users and labels of the fit.

    Returns:
        Users asked, and users that got the label of the fit.
    """
    again = SegmentModel.load(folder / "model").apply(tables_on_disk.load(folder, entity).tables, ids)
    return len(ids), int(np.count_nonzero(again.labels == labels))
