"""A look-alike audience as a record: what was asked, how good it is, how far it reaches, and whom it is made of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from coterie.activation.reaching import CLASSIFIER, CURVE, RANDOM, Hidden, Recall
from coterie.activation.suppression import hidden_in_row
from coterie.errors import ConfigError, shown

SCHEMA, VERSION = "coterie.lookalike", 1
DEFAULT_REACH: Final = 0.1
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Refused:
    """An id of the list that is no seed.

    Args:
        id: as it stands there. reason: why. nearest: the id of the run that is most like it; "" where none was looked
            for, or none is.
    """

    id: str
    reason: str
    nearest: str = ""


@dataclass(frozen=True, slots=True)
class ReachPoint:
    """What an audience of one size would be.

    Args:
        reach: share of those who are ranked. users: so many. floor: of the last of them, what they are ranked by.
        similarity: mean cosine to the seeds' centre.
        recall: share of hidden seeds that are found, by ranking; empty where too few seeds were there to hide some.
    """

    reach: float
    users: int
    floor: float
    similarity: float
    recall: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Part:
    """The part of an audience that is in one segment; None where it is too small to be told of.

    Args:
        segment: its id; "" for those in none. users: of the audience. share: of the audience.
        of_all: share of all, as well. index: 100 times share over share of all.
    """

    segment: str
    users: int | None
    share: float | None
    of_all: float | None
    index: float | None


@dataclass(frozen=True, slots=True)
class Audience:
    """Those who are most like the seeds.

    Args:
        run: its id. by: blocks that are compared. ranked_by: "classifier" or "centroid".
        n_listed: ids in the list. n_seeds: of these, users of whom the run knows something.
        refused: some of the others. n_refused: how many.
        n_excluded: of those who could be ranked, left out since they are to be. unknown_excluded: ids that are nowhere.
        n_ranked: users who were ranked. from_files: whether they are newcomers.
        users, reach, floor: of the audience: how many, share of those ranked, what the last of them has.
        hidden: what looking for hidden seeds gave; None where they are too few.
        is_distinctive: whether hidden seeds are found more often than at random; None where nobody knows.
        warnings: what a reader must know first. curve: audiences of other sizes. parts: by segment.
    """

    run: str
    by: tuple[str, ...]
    ranked_by: str
    n_listed: int
    n_seeds: int
    refused: tuple[Refused, ...]
    n_refused: int
    n_excluded: int
    unknown_excluded: int
    n_ranked: int
    from_files: bool
    users: int
    reach: float
    floor: float
    hidden: Hidden | None
    is_distinctive: bool | None
    warnings: tuple[str, ...]
    curve: tuple[ReachPoint, ...]
    parts: tuple[Part, ...]

    def recall(self, by: str = CLASSIFIER, reach: float = DEFAULT_REACH) -> Recall | None:
        """Give the share of hidden seeds that one ranking finds at 1, 5 or 10 % reach; None where nobody knows."""
        return None if self.hidden is None else self.hidden.at(by, reach)


def check_reach(reach: float | None, floor: float | None) -> None:
    """Refuse a reach that is none.

    Raises:
        ConfigError: both are given, or the reach is neither a count nor a share.
    """
    if reach is not None and floor is not None:
        raise ConfigError("a reach and a floor are given; an audience has one of both: leave the other out")
    if reach is None:
        return
    is_fine = reach >= 1 if isinstance(reach, int) else 0 < reach <= 1
    if isinstance(reach, bool) or not is_fine:
        raise ConfigError(
            f"the reach is {shown(reach)}; expected a whole number of users >= 1, or a share above 0 and up to 1"
        )


def size_of(scores: Floats, reach: float | None, floor: float | None) -> int:
    """Give how many of (n,) falling scores are in the audience.

    Args:
        reach: a whole number of users, or a share; None for ``DEFAULT_REACH`` where there is no floor.
        floor: the least score.
    """
    n = len(scores)
    if floor is not None:
        return int((scores >= floor).sum())
    asked = DEFAULT_REACH if reach is None else reach
    if isinstance(asked, int):
        return min(asked, n)
    return min(max(math.ceil(asked * n - 1e-9), 1), n)


def curve_of(scores: Floats, similarity: Floats, hidden: Hidden | None, min_cell: int) -> tuple[ReachPoint, ...]:
    """Give what audiences of other sizes would be.

    Args:
        scores: (n,) falling. similarity: (n,) in the same order. min_cell: audiences of fewer are not told of.
    """
    found = []
    means = np.cumsum(similarity) / np.arange(1, len(similarity) + 1)
    for at, reach in enumerate(CURVE):
        users = size_of(scores, float(reach), None)
        if users < min_cell:
            continue
        recall = {} if hidden is None else {by: values[at] for by, values in hidden.curve.items()} | {RANDOM: reach}
        found.append(ReachPoint(reach, users, float(scores[users - 1]), float(means[users - 1]), recall))
    return tuple(found)


def parts_of(
    audience: Sequence[str], everybody: Sequence[str], segments: Sequence[str], min_cell: int
) -> tuple[Part, ...]:
    """Say which segments an audience is made of; no part of fewer than ``min_cell``, and none by subtraction.

    Args:
        audience, everybody: the segment of each, "" for none. segments: in the order that they are told in.
    """
    names = [*segments, ""]
    place = {name: at for at, name in enumerate(names)}
    counts, of_all = (
        np.bincount([place[name] for name in some], minlength=len(names)).astype(np.int64)
        for some in (audience, everybody)
    )
    parts = []
    for name, own, of in zip(names, _shares(counts, min_cell), _shares(of_all, min_cell), strict=True):
        if own == of == (0, 0.0):
            continue
        (users, share), (_, overall) = own, of
        index = None if share is None or not overall else 100 * share / overall
        parts.append(Part(name, users, share, overall, index))
    return tuple(parts)


def _shares(counts: npt.NDArray[np.int64], min_cell: int) -> Iterator[tuple[int | None, float | None]]:
    """Give each count and its share; None where it is not to be told of."""
    total = max(int(counts.sum()), 1)
    for count, gone in zip(counts.tolist(), hidden_in_row(counts, min_cell).tolist(), strict=True):
        yield (None, None) if gone else (count, count / total)
