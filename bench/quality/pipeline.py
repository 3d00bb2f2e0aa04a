"""Tables in memory to a decision, through the same functions as ``coterie run``, without a disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.config import Config, parse_config
from coterie.embedding.contract import Points
from coterie.features.assembling import entity_ids, make_features
from coterie.features.contract import Ids
from coterie.model import fit_space
from coterie.selection.choice import choose
from coterie.selection.gains import error_of_difference
from coterie.selection.proof import asked_of, nature
from coterie.selection.recipes import Recipe, expand
from coterie.selection.search import Outcome, measure
from coterie.selection.trials import Search, quiet
from coterie.selection.types import Decision
from coterie.selection.verdict import judge
from coterie.tables import CheckedTable, Tables

# Enough repetitions for a choice, few enough for hundreds of draws; p <= 0.05 needs 19 replicates.
QUICK: Mapping[str, Any] = {"bootstraps": 12, "seeds": 2, "splits": 2, "replicates": 19}


@dataclass(frozen=True, slots=True)
class Segmented:
    """What came out: (n,) sorted ids and labels, the points' width and the decision."""

    ids: Ids
    labels: npt.NDArray[np.int32]
    decision: Decision

    @property
    def k(self) -> int:
        return self.decision.candidates[self.decision.chosen].k


def checked(name: str, role: Any, frame: pl.DataFrame, attributes: Mapping[str, Any] | None = None) -> CheckedTable:
    return CheckedTable(name, role, nw.from_native(frame.lazy()), attributes or {})


def config_of(tables: Mapping[str, CheckedTable], features: Mapping[str, Any], **sections: Any) -> Config:
    columns = {"events": {"user": "user_id", "item": "item_id"}, "users": {"user": "user_id"}}
    raw = {
        "tables": {
            name: {"role": table.role, "source": "memory.csv", "attributes": dict(table.attributes)}
            | columns[table.role]
            for name, table in tables.items()
        },
        "features": features,
        "evaluation": dict(QUICK),
        **sections,
    }
    return parse_config(raw)


def segment(config: Config, tables: Tables, *, with_nature: bool = True) -> Segmented:
    """Go from tables to a decision in one thread, every recipe in full."""
    tried = [_try(recipe, tables) for recipe in expand(config)]
    owners = [(one, number) for one in tried for number in range(len(one.outcome.candidates))]

    def paired_error(first: int, second: int) -> float:
        (one, mine), (other, theirs) = owners[first], owners[second]
        gains, others = one.outcome.gains[mine], other.outcome.gains[theirs]
        if gains is None or others is None:
            return 0.0
        return error_of_difference(gains, others, ids=(one.ids, other.ids))

    choice = choose([one.outcome.candidates[number] for one, number in owners], config, paired_error)
    winner, number = owners[choice.chosen]
    labels, asked = winner.outcome.trials[number].labels, asked_of(choice.candidate)
    null = nature(winner.config, winner.points, labels, asked, threads=1) if with_nature else None
    return Segmented(winner.ids, labels, judge(choice, winner.config, null=null))


@dataclass(frozen=True, slots=True)
class _Tried:
    config: Config
    ids: Ids
    points: Points
    outcome: Outcome


def _try(recipe: Recipe, tables: Tables) -> _Tried:
    ids = entity_ids(make_features(recipe.config), tables)
    space, points, known = fit_space(recipe.config, tables, ids, "space")
    ids, points = ids[known], points[known]
    found = measure(Search(recipe.config, tables, ids, points, 1, quiet, space, recipe=recipe.name))
    return _Tried(recipe.config, ids, points, found)
