"""The search over recipes: each measured and kept on disk, one candidate chosen among all, and its proof.

Every recipe is an answer of its own in the cache, so that a search that was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce
from pathlib import Path

import numpy as np

from coterie import frozen, plugins, records
from coterie.clustering.contract import FittedClusterer, Labels
from coterie.config import Config
from coterie.features.assembling import entity_ids, make_features
from coterie.frozen import Frozen
from coterie.model import SegmentModel, fit_space
from coterie.runs.placing import Placed, refuse_few
from coterie.runs.result import read_record
from coterie.selection import screening
from coterie.selection.choice import Choice, choose
from coterie.selection.gains import Gains, error_of_difference
from coterie.selection.proof import Proof, asked_of, prove
from coterie.selection.recipes import Recipe
from coterie.selection.search import measure
from coterie.selection.trials import Progress, Search
from coterie.selection.types import Candidate, Decision, LeftOut, RecipeTried
from coterie.selection.verdict import judge
from coterie.tables import Tables
from coterie.wording import all_told_of

SHEET_SCHEMA, SHEET_VERSION = "coterie.candidates", 2
PROOF_SCHEMA, PROOF_VERSION = "coterie.proof", 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """One recipe's candidates, and what gave nothing to choose from."""

    candidates: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]


def load_sheet(folder: Path) -> Sheet:
    """Read the candidates that ``write_search`` or ``write_screen`` left."""
    sheet: Sheet = read_record(folder / "candidates.json", Sheet, SHEET_SCHEMA, SHEET_VERSION)
    return sheet


def write_screen(recipe: Recipe, tables: Tables, most: int, folder: Path, *, threads: int, progress: Progress) -> None:
    """Measure a recipe cheaply: at most ``most`` users, a few k, few repetitions.

    Raises:
        DataError: the recipe cannot be made of these tables.
    """
    config = screening.coarse(recipe.config)
    ids = screening.sample(entity_ids(make_features(config), tables), config, most)
    space, points, known = fit_space(config, tables, ids, "coarse-space")
    refuse_few(int(known.sum()), config.nouns[0], "the others have only weights of zero")
    few = screening.coarse_ks(config)
    search = Search(
        config, tables, ids[known], points[known], threads, progress, space, recipe=recipe.name, only_ks=few
    )
    found = measure(search)
    sheet = Sheet(found.candidates, found.left_out)
    records.write(folder / "candidates.json", SHEET_SCHEMA, SHEET_VERSION, sheet)


def write_search(
    recipe: Recipe, tables: Tables, placed: Placed, folder: Path, *, threads: int, progress: Progress
) -> None:
    """Measure every candidate of a recipe; keep the sheet and each candidate's clusters."""
    search = Search(
        recipe.config, tables, placed.ids, placed.points, threads, progress, placed.space, recipe=recipe.name
    )
    found = measure(search)
    sheet = Sheet(found.candidates, found.left_out)
    records.write(folder / "candidates.json", SHEET_SCHEMA, SHEET_VERSION, sheet)
    for i, (trial, gains) in enumerate(zip(found.trials, found.gains, strict=True)):
        frozen.save(trial.fitted.to_arrays(), folder, f"clusterer-{i}")
        arrays = {} if gains is None else {"by_user": gains.by_user, "by_refit": gains.by_refit}
        frozen.save(Frozen("labels", {}, {"labels": trial.labels, **arrays}), folder, f"labels-{i}")


@dataclass(frozen=True, slots=True)
class Tried:
    """One recipe that was measured.

    Args:
        recipe: which it is. placed: its users and where they are. sheet: its candidates. folder: of their clusters.
        key: of the answer in the cache.
    """

    recipe: Recipe
    placed: Placed
    sheet: Sheet
    folder: Path
    key: str

    def check(self) -> None:
        """Read everything once, so that what is damaged is made again.

        Raises:
            ModelError: a file is missing or damaged.
        """
        for number in range(len(self.sheet.candidates)):
            for part in ("clusterer", "labels"):
                frozen.load(self.folder, f"{part}-{number}")

    def clusterer(self, number: int) -> FittedClusterer:
        """Give the clusters of a candidate, by its place in the recipe's sheet."""
        part = frozen.load(self.folder, f"clusterer-{number}")
        found: FittedClusterer = plugins.find("clusterers", part.kind).Fitted.from_arrays(part)
        return found

    def labels(self, number: int) -> Labels:
        """Give the (n,) labels of a candidate's fit, by its place in the recipe's sheet."""
        labels: Labels = frozen.load(self.folder, f"labels-{number}").arrays["labels"]
        return labels

    def gains(self, number: int) -> Gains | None:
        """Give what each user gains by a candidate, by its place in the recipe's sheet."""
        arrays = frozen.load(self.folder, f"labels-{number}").arrays
        return Gains(arrays["by_user"], arrays["by_refit"]) if "by_user" in arrays else None


@dataclass(frozen=True, slots=True)
class Winner:
    """The candidate that was taken, where it comes from, and what all candidates said.

    Args:
        choice: among the candidates of all recipes. tried: the recipe it comes from. number: its place there.
    """

    choice: Choice
    tried: Tried
    number: int


def pick(config: Config, tried: Sequence[Tried]) -> Winner:
    """Choose among the candidates of all recipes."""
    owners = [(one, number) for one in tried for number in range(len(one.sheet.candidates))]

    @cache  # every candidate is compared with the best, whose file need not be read each time
    def gains_of(place: int) -> Gains | None:
        one, number = owners[place]
        return one.gains(number)

    def paired_error(first: int, second: int) -> float:
        gains, others = gains_of(first), gains_of(second)
        if gains is None or others is None:
            return 0.0
        return error_of_difference(gains, others, ids=(owners[first][0].placed.ids, owners[second][0].placed.ids))

    n_all = len(reduce(np.union1d, [one.placed.ids for one in tried]))
    dropped = [1 - len(one.placed.ids) / n_all for one, _ in owners]
    candidates = [
        replace(one.sheet.candidates[number], dropped_share=share)
        for (one, number), share in zip(owners, dropped, strict=True)
    ]
    choice = choose(candidates, config, paired_error)
    return Winner(choice, *owners[choice.chosen])


@dataclass(frozen=True, slots=True)
class Searched:
    """What the search did.

    Args:
        tried: recipes that were measured, at least one. recipes: all that were asked for, for the record.
    """

    tried: tuple[Tried, ...]
    recipes: tuple[RecipeTried, ...]


def write_proof(winner: Winner, folder: Path, *, threads: int, progress: Progress) -> None:
    """Test the winner against structureless replicates of its points."""
    tried = winner.tried
    found = prove(
        tried.recipe.config,
        tried.placed.points,
        tried.labels(winner.number),
        asked_of(winner.choice.candidate),
        tried.placed.space.columns,
        threads=threads,
        progress=progress,
    )
    records.write(folder / "proof.json", PROOF_SCHEMA, PROOF_VERSION, found)


def load_proof(folder: Path) -> Proof:
    """Read what ``write_proof`` wrote."""
    proof: Proof = read_record(folder / "proof.json", Proof, PROOF_SCHEMA, PROOF_VERSION)
    return proof


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


WRITTEN_OF_USERS = ("reason", "answers", "protocol", "warnings", "left_out", "comparisons")  # a decision's sentences


def conclude(winner: Winner, proof: Proof, searched: Searched, segment_ids: Sequence[str]) -> Chosen:
    """Judge the winner, and give its model.

    Args:
        segment_ids: of its clusters, in label order.
    """
    tried, number = winner.tried, winner.number
    choice = winner.choice
    slsw = tuple(sum(values) / len(values) for values in proof.slsw)
    candidates = [replace(c, slsw=slsw) if c is choice.candidate else c for c in choice.candidates]
    decision = judge(
        replace(choice, candidates=tuple(candidates)),
        tried.recipe.config,
        null=proof.null,
        gap=proof.gap,
        recipes=searched.recipes,
        left_out=tuple(one for other in searched.tried for one in other.sheet.left_out),
        segment_ids=segment_ids,
    )
    decision = all_told_of(decision, *tried.recipe.config.nouns, *WRITTEN_OF_USERS)
    model = SegmentModel(tried.placed.space, tried.clusterer(number), tuple(segment_ids))
    return Chosen(decision, model, tried.labels(number))
