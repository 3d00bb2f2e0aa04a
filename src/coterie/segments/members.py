"""Who belongs where, and how a profile is to be made: the two inputs of profiling beside the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.clustering.contract import Labels
from coterie.errors import ConfigError, DataError, shown
from coterie.features.contract import Ids
from coterie.terms import A_USER, LABEL, NOISE, USER, Noun, Use


@dataclass(frozen=True, slots=True)
class Members:
    """The users of a segmentation.

    Args:
        ids: (n,) user ids, sorted, without repeats.
        labels: (n,) cluster numbers 0..k-1, or NOISE: such a user is in no segment, but counts among all users.
        segment_ids: (k,) ids of the segments by label; each has at least one user.
        distance: (n,) distance to the own centre, in units of the embedding.
        basis_tables: names of the tables that segments were formed on, with all their columns.
        basis_columns: (table, column) pairs that segments were formed on, where it was not the whole table.
        noun: what the members are called; users, unless something else is segmented.
        centres: (k, d) of the segments in the embedding; None where they are not known.

    Raises:
        DataError: the lengths differ, ids are not sorted, a label has no segment or a segment no user.
    """

    ids: Ids
    labels: Labels
    segment_ids: tuple[str, ...]
    distance: npt.NDArray[np.float64]
    basis_tables: frozenset[str] = frozenset()
    basis_columns: frozenset[tuple[str, str]] = frozenset()
    noun: Noun = A_USER
    centres: npt.NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if not len(self.ids) == len(self.labels) == len(self.distance):
            raise DataError(
                f"members need one label and one distance an id, got {len(self.ids)} ids, {len(self.labels)} labels "
                f"and {len(self.distance)} distances"
            )
        if (self.ids[1:] <= self.ids[:-1]).any():
            place = int(np.argmax(self.ids[1:] <= self.ids[:-1]))
            raise DataError(
                f"ids of members must be sorted and without repeats, got {shown(self.ids[place + 1])} after "
                f"{shown(self.ids[place])}; sort them together with their labels"
            )
        found = set(np.unique(self.labels).tolist()) - {NOISE}
        if found != set(range(len(self.segment_ids))):
            raise DataError(
                f"{len(self.segment_ids)} segments need the labels 0 to {len(self.segment_ids) - 1}, each at least "
                f"once, got {shown(sorted(found))}"
            )

    @property
    def n_segments(self) -> int:
        """Number of segments, noise not counted."""
        return len(self.segment_ids)

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """(k,) users by segment."""
        return np.bincount(self.labels[self.labels != NOISE], minlength=self.n_segments).astype(np.int64)

    def frame(self) -> pl.DataFrame:
        """Give the columns user_id and cluster, in order of the ids."""
        return pl.DataFrame({USER: pl.Series(self.ids.tolist(), dtype=pl.String), LABEL: self.labels.astype(np.int32)})

    def use_of(self, table: str, column: str = "") -> Use:
        """Say whether segments were formed on a table, or on one column of it."""
        is_basis = table in self.basis_tables or (table, column) in self.basis_columns
        return "basis" if is_basis else "descriptor"


@dataclass(frozen=True, slots=True)
class ProfileOptions:
    """How profiles are made.

    Args:
        fdr: share of false marks, in expectation, among the significant ones of the basis, and among those of
            descriptors, in (0, 1).
        min_cell: cells of fewer users are not shown, nor what would give them away, so that nobody is singled out; at
            least 2.
        min_users: an item or tag of fewer users, over all segments, is not tested. The floor does not look at segments,
            so it keeps the number of tests down without bending them (Bourgon, Gentleman & Huber 2010,
            "Independent filtering increases detection power for high-throughput experiments").
        min_items: a tag of fewer items is not tested. Where items are people, a tag of a few tells of these few.
        positive_from: events with a value from here on are positive; None: all are.
        top_items: length of the lists of most frequent items.
        max_over: items, and tags, kept a segment of those it over-indexes on. max_under: under-indexes on.
        max_values: values of a category shown by name, the others together; states are all shown.
        exemplars: users nearest to the centre that are named.
        sample: users that percentiles, markers and rules are made on where there are more.
        seed: which users those are, and which of them a rule is made on.
        poles: by (table, column), what the low and the high end of a number are called.

    Raises:
        ConfigError: an option is out of its range.
    """

    fdr: float = 0.05
    min_cell: int = 5
    min_users: int = 20
    min_items: int = 1
    positive_from: float | None = None
    top_items: int = 10
    max_over: int = 15
    max_under: int = 10
    max_values: int = 20
    exemplars: int = 5
    sample: int = 20_000
    seed: int = 7
    poles: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.fdr < 1:
            raise ConfigError(f"'fdr' is a share between 0 and 1, got {self.fdr}")
        floors = {"min_cell": 2, "min_users": 2, "min_items": 1, "top_items": 1, "max_values": 1}
        for option in fields(self):
            value = getattr(self, option.name)
            lowest = floors.get(option.name, 0)
            if option.name not in {"fdr", "positive_from", "poles"} and value < lowest:
                raise ConfigError(f"'{option.name}' must be at least {lowest}, got {value}")
