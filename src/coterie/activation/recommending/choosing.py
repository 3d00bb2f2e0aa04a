"""Settings of a recommender by validation: a part of what users took up is held out of what it may see, never of more.

In come tastes, which are those of the training part where a recommender is evaluated; out go settings and what was
tried. The held-out part is chosen by the random stream alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from coterie import plugins
from coterie.activation.recommending.contract import Recommender
from coterie.activation.recommending.measuring import errors, measured
from coterie.activation.recommending.ranking import Codes
from coterie.activation.recommending.tastes import Tastes
from coterie.errors import DataError
from coterie.parallel import single_libraries
from coterie.randomness import generator
from coterie.selection.lift import hold_out

HELD, LEAST_USERS, MOST_USERS = 0.2, 50, 3_000  # share held out; users with something held out by whom it is judged
MOST_FITTED = 50_000  # users that settings are fitted on; of more a random sample


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings, and their mean NDCG@10, or less the root mean squared error, on the validation part."""

    options: Mapping[str, Any]
    score: float


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that were chosen, and what was tried; nothing where there was nothing to choose, or too few users."""

    options: Mapping[str, Any]
    tried: tuple[Trial, ...] = ()


def names() -> tuple[str, ...]:
    """List the recommenders that there are."""
    return plugins.names("recommenders")


def make(name: str, options: Mapping[str, Any]) -> Recommender:
    """Give a recommender with its options.

    Raises:
        UnknownNameError: there is none of that name. ConfigError: an option is unknown or out of its range.
    """
    found: Recommender = plugins.find("recommenders", name)(**options)
    return found


def choose(name: str, given: Mapping[str, Any], tastes: Tastes, seed: int) -> Settings:
    """Choose what is not given of a recommender's settings.

    Args:
        name: of the recommender. given: settings that are not up for choice. tastes: all that may be looked at.
        seed: the project's.

    Raises:
        UnknownNameError, ConfigError: as ``make``.
        DataError: it cannot learn from these tastes, whatever its settings.
    """
    make(name, given)
    kind = plugins.find("recommenders", name)
    asked: list[dict[str, Any]] = []
    for one in kind.tried:
        options = {**one, **given}
        if options not in asked:
            asked.append(options)
    if len(asked) == 1:
        return Settings(asked[0])
    if tastes.n_users > MOST_FITTED:
        rng = generator(seed, "recommender-validation", "sample")
        tastes = tastes.take(np.sort(rng.choice(tastes.n_users, MOST_FITTED, replace=False)))
    held = hold_out(tastes.users, HELD, generator(seed, "recommender-validation"))
    users = np.unique(tastes.users[held & tastes.liked])
    if len(users) < LEAST_USERS:
        return Settings(asked[0])
    drawn = np.sort(generator(seed, "recommender-validation", "users").permutation(users)[:MOST_USERS])
    part = _Part(tastes.only(~held), tastes.only(held), drawn)
    tried = tuple(Trial(options, _score(name, options, part, seed)) for options in asked)
    best = max(range(len(tried)), key=lambda at: (tried[at].score, -at))
    return Settings(tried[best].options, tried)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What settings are fitted on, what they are judged by, and of whom."""

    train: Tastes
    held: Tastes
    users: Codes


def _score(name: str, options: Mapping[str, Any], part: _Part, seed: int) -> float:
    recommender = make(name, options)
    with single_libraries():
        try:
            fitted = recommender.fit(part.train, generator(seed, "recommender", name))
        except DataError:
            return float("-inf")
        if recommender.measure == "rating":
            return -float(np.sqrt(np.square(errors(fitted, part.train, part.held)).mean()))  # type: ignore[arg-type]
        found = measured(fitted, part.train, part.held, part.users).ndcg
    return float(found.mean()) if len(found) else float("-inf")
