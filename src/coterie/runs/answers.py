"""The way from sources to profiles: each step's answer from the cache, or made now and kept there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from coterie.config import Config
from coterie.explore import Exploration
from coterie.runs import steps
from coterie.runs.budget import plan_of, sampled
from coterie.runs.cache import Cache, key_of
from coterie.runs.evidencing import load_evidence, write_evidence
from coterie.runs.exploring import STATE_FOLDER, explored, open_tables
from coterie.runs.identity import Identity
from coterie.runs.journal import Journal
from coterie.runs.keeping import Kept
from coterie.runs.placing import Placed
from coterie.runs.recipes import Ground, search_recipes
from coterie.runs.searching import Chosen, conclude, load_proof, pick, write_proof
from coterie.runs.tables_on_disk import StoredTables
from coterie.segments.lineage import Identified
from coterie.segments.types import SegmentProfile
from coterie.selection.evidence import Evidence
from coterie.selection.recipes import expand
from coterie.sources import RawTable


@dataclass(frozen=True, slots=True)
class Answers:
    """What the steps gave, and the folders of the cache that hold what a run shares with it.

    Args:
        raw: tables as their sources have them. stored: checked and cleaned ones. placed: users in the embedding.
        chosen: the decision and its model. found_again: its clusters as segments. evidence: behind it.
        exploration: what the tables hold. profiles: one a segment, largest first.
    """

    raw: Mapping[str, RawTable]
    stored: StoredTables
    placed: Placed
    chosen: Chosen
    found_again: Identified
    evidence: Evidence
    exploration: Exploration
    profiles: tuple[SegmentProfile, ...]
    tables_folder: Path
    profile_folder: Path


def answer(config: Config, folder: Path, journal: Journal, identity: Identity, *, threads: int) -> Answers:
    """Go the way of a project.

    Args:
        config: of the project. folder: of the project. journal: keeps what each step cost.
        identity: gives clusters the ids of the segments that they are. threads: tasks at once.

    Raises:
        RejectedError: more rows were rejected than the config allows; says where they are.
        CoterieError: its subclasses say what else was wrong.
    """
    recipes = expand(config)
    kept = Kept(Cache(folder / STATE_FOLDER / "cache", per_run=len(recipes)), journal)
    with journal.step("sources"):
        raw = steps.scan_sources(config, folder)
    opened = open_tables(config, folder, raw, kept)
    exploration = explored(config, opened, kept)
    stored, key, entity = opened.stored, opened.key, config.project.entity
    budget = plan_of(config, stored.tables)
    fitted_on = sampled(stored.tables, budget.share, config.project.seed)
    ground = Ground(fitted_on, key_of(key, entity, budget.share, config.project.seed), kept, threads)
    searched = search_recipes(config, recipes, ground)
    winner = pick(config, searched.tried)
    key = key_of("proof", winner.tried.key, winner.number)
    prove = partial(write_proof, winner, threads=threads, progress=kept.advanced)
    proof, _ = kept.answer("proof", key, prove, load_proof)
    everybody = steps.everybody(winner, stored.tables, is_sample=budget.share < 1)
    found_again = identity.identify(
        everybody.partition, stored.tables, entity=entity, knows_users=not config.has_numbered_entities
    )
    chosen = conclude(winner, proof, searched, found_again.segment_ids)
    chosen = steps.told_of_budget(replace(chosen, labels=everybody.labels), budget, winner.tried.placed, everybody)
    # Floors say which candidates might have been chosen, whom the chosen one is shown beside.
    whole = key_of(
        "evidence", key, [tried.key for tried in searched.tried], config.segments.floors, found_again.segment_ids
    )
    gathered = partial(write_evidence, winner, searched, proof, found_again.segment_ids, threads=threads)
    evidence, _ = kept.answer("evidence", whole, gathered, load_evidence)
    key = key_of("profile", key, found_again.segment_ids, [*config.features.items()], config.segments.min_cell)
    make = partial(
        steps.write_profiles,
        *(winner.tried.recipe.config, stored.tables, everybody.placed, chosen),
        found_again=found_again,
    )
    profiles, profile_folder = kept.answer("profile", key, make, steps.load_profiles)
    return Answers(
        raw,
        stored,
        everybody.placed,
        chosen,
        found_again,
        evidence,
        exploration,
        profiles,
        tables_folder=opened.folder,
        profile_folder=profile_folder,
    )
