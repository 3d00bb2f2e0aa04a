"""Users to points: features and embedding fitted once, with the points they give kept beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coterie import frozen
from coterie.config import Config
from coterie.embedding.contract import Points
from coterie.errors import DataError
from coterie.features.assembling import entity_ids, make_features
from coterie.features.contract import Ids
from coterie.frozen import Frozen
from coterie.model import ENTITIES_AT_ONCE, Space, fit_space
from coterie.tables import Tables
from coterie.terms import Noun

MIN_USERS = 10  # below this no bootstrap, no holdout and no test says anything


def write_space(config: Config, tables: Tables, folder: Path) -> None:
    """Fit features and embedding on all users, and keep the users' points."""
    features = make_features(config)
    ids = entity_ids(features, tables)
    noun = config.nouns[0]
    refuse_few(len(ids), noun, "bring more, or lower the floors in [clean]")
    space, points, known = fit_space(config, tables, ids, "space")
    refuse_few(int(known.sum()), noun, "the others have only weights of zero; bring more, or choose another weight")
    space.save(folder)
    # A user whose every weight is zero has no place; such users are left out and counted.
    frozen.save(Frozen("points", {}, {"ids": ids[known], "points": points[known]}), folder, "points")


def place_all(config: Config, tables: Tables, fitted: Placed) -> Placed:
    """Place everybody in the space that some users were fitted in; those of whom it knows nothing have no place.

    Args:
        tables: of everybody. fitted: some of them.
    """
    ids, space = entity_ids(make_features(config), tables), fitted.space
    parts = [space.embed(tables, ids[i : i + ENTITIES_AT_ONCE]) for i in range(0, len(ids), ENTITIES_AT_ONCE)]
    points, known = np.concatenate([part for part, _ in parts]), np.concatenate([known for _, known in parts])
    return Placed(ids[known], points[known], space)


def refuse_few(n_users: int, noun: Noun, remedy: str) -> None:
    """Refuse to segment fewer than ``MIN_USERS``.

    Raises:
        DataError: there are fewer; says what to do.
    """
    if n_users < MIN_USERS:
        raise DataError(f"{n_users} {noun.many} are left to segment; at least {MIN_USERS} are needed: {remedy}")


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
    placed = frozen.load(folder, "points").arrays
    return Placed(placed["ids"], placed["points"], Space.load(folder))
