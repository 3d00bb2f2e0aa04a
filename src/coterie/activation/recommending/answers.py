"""What recommending gives: lists of items with titles and why, as records."""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA, VERSION = "coterie.recommendations", 1


@dataclass(frozen=True, slots=True)
class Why:
    """An item that the user likes, behind a recommendation.

    Args:
        item, title: its id and name. share: of what the user's items add to the score, in (0, 1].
    """

    item: str
    title: str
    share: float


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list.

    Args:
        rank: from 1. item, title: its id and name. score: only comparable within the list.
        users: who took it up; None where they are too few to be told of. why: what speaks for it, the most first.
        share, times_all: of a segment's list, the share of the segment's users who like it, and that share over the one
            among all; None elsewhere.
    """

    rank: int
    item: str
    title: str
    score: float
    users: int | None
    why: tuple[Why, ...] = ()
    share: float | None = None
    times_all: float | None = None


@dataclass(frozen=True, slots=True)
class Recommendations:
    """A list for somebody.

    Args:
        run: its id. of, name: id and name of the user, segment or item that it is for. kind: which of these.
        by: the recommender; "popularity" where nothing is known of the user that another could use.
        known: of the user's items, how many the recommender knows; None for segments and items.
        segment: the user's; None where they are in none. items: the best first. note: "" where there is nothing to add.
    """

    run: str
    of: str
    name: str
    kind: str
    by: str
    known: int | None
    segment: str | None
    items: tuple[Item, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A table of recommendations for everybody.

    Args:
        run: its id. path: the table's. by: the recommender. n: users. rows: of the table.
        popular: users of whom nothing is known, who got what is popular.
    """

    run: str
    path: str
    by: str
    n: int
    rows: int
    popular: int
