"""How a user's events are spread over tags, and how many there are: an events table in, shares and a total out.

Two floors keep what rests on few events from passing for taste. Tags and the scale of the total are those of the fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.config import refuse_unknown
from coterie.errors import DataError
from coterie.features import options
from coterie.features.contract import FeatureBlock, Ids
from coterie.features.scaling import usable_spread
from coterie.features.tagging import TagCounts, Tagging, TagSource
from coterie.features.weighting import Floats, to_csr
from coterie.frozen import Frozen
from coterie.tables import Tables

KIND: Final = "shares"
OPTIONS: Final = ("through", "min_share", "min_events", "positive_from", "vocabulary", "block_weight")
TOTAL: Final = "log total"


@dataclass(frozen=True, slots=True, eq=False)
class FittedShares:
    """Frozen tags, floors and the scale of the total.

    Args:
        name: the block's name.
        tags: (m,) sorted tags.
        min_share: least share that counts, in [0, 1]. min_events: least events that a share may rest on, >= 1.
        centre, spread: mean of ln(1 + events) over the fit's users, and what the rest is divided by, > 0.
        tagging: how events lead to tags.
    """

    name: str
    tags: npt.NDArray[np.str_]
    min_share: float
    min_events: int
    centre: float
    spread: float
    tagging: Tagging

    @property
    def columns(self) -> npt.NDArray[np.str_]:
        """(m + 1,) names: "share TAG" of each tag, then "log total"."""
        return np.array([f"share {tag}" for tag in self.tags.tolist()] + [TOTAL], dtype=np.str_)

    def apply(self, tables: Tables, ids: Ids) -> FeatureBlock:
        """Give the CSR rows of ``ids``; a user without tagged events gets an empty row.

        Raises:
            ModelError: only events of some value count, and the table has no values any more.
        """
        counts = self.tagging.counts(tables, ids)
        shares = floored_shares(counts, self.tags, self.min_share, self.min_events)
        total = np.where(counts.totals > 0, (np.log1p(counts.totals) - self.centre) / self.spread, 0.0)
        column = sp.csr_array(total.astype(np.float32).reshape(-1, 1))
        values = sp.csr_array(sp.hstack([shares, column], format="csr"), dtype=np.float32)
        return FeatureBlock(self.name, ids, self.columns, values)

    def to_arrays(self) -> Frozen:
        """Give tags, floors, scale and tagging as data."""
        meta = {"name": self.name, "min_share": self.min_share, "min_events": self.min_events}
        scale = np.array([self.centre, self.spread])
        return self.tagging.to_arrays(KIND, meta, {"tags": self.tags, "scale": scale})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted block."""
        meta, arrays = frozen.meta, frozen.arrays
        centre, spread = arrays["scale"].tolist()
        floors = (meta["min_share"], meta["min_events"])
        return cls(meta["name"], arrays["tags"], *floors, centre, spread, Tagging.from_arrays(frozen))


class Shares:
    """Settings of a block of shares.

    Its columns: "share TAG", the part of the user's tagged events that carry the tag, in [0, 1]; and "log total",
    ln(1 + tagged events), centred and brought to the mean spread of the shares, so that how much a user does weighs as
    much as one tag.

    Args:
        name: the block's name. table: a table of role "events".
        through: a table of role "items" whose tags count; None: the events' items are tags themselves.
        min_share: shares below become 0, in [0, 1]. A tag that is 0 for everybody in the fit is no column.
        min_events: a share that rests on fewer events becomes 0, and a user with fewer tagged events in all is no
            entity of the block, >= 1.
        positive_from: only events of at least this value count. None: all do.
        vocabulary: what some tags are called instead; in coterie.toml a file of reviewed merges.
        block_weight: weight beside other basis blocks, > 0.

    Floors change no other cell: shares are of all the user's tagged events, also of those that the floors take out.

    Raises:
        ConfigError: an option is unknown or out of range.
    """

    Fitted: ClassVar[type[FittedShares]] = FittedShares

    def __init__(
        self,
        name: str,
        table: str,
        *,
        through: str | None = None,
        min_share: float = 0.0,
        min_events: int = 1,
        positive_from: float | None = None,
        vocabulary: Mapping[str, str] | None = None,
        block_weight: float = 1.0,
        **unknown: Any,
    ) -> None:
        where = f"features.{name}"
        refuse_unknown(unknown, OPTIONS, where)
        self.name, self.table = name, table
        self._tagged = TagSource.checked(
            table, where, through=through, positive_from=positive_from, vocabulary=vocabulary
        )
        self.min_share = options.number(min_share, f"{where}.min_share", low=0, high=1)
        self.min_events = options.whole(min_events, f"{where}.min_events", low=1)
        self.block_weight = options.above_zero(block_weight, f"{where}.block_weight")

    def entities(self, tables: Tables) -> Ids:
        """Give the sorted ids of users with at least ``min_events`` tagged events."""
        return self._tagged.fit(tables).users(tables, min_events=self.min_events)

    def fit(self, tables: Tables, ids: Ids) -> FittedShares:
        """Learn tags and the scale of the total from the events of ``ids``.

        Raises:
            ConfigError: a table does not fit its option.
            DataError: no share reaches the floors.
        """
        tagging = self._tagged.fit(tables)
        counts = tagging.counts(tables, ids)
        tags = np.array(list(counts.users_per_tag()), dtype=np.str_)
        shares = floored_shares(counts, tags, self.min_share, self.min_events)
        kept = np.unique(shares.indices)
        if not len(kept):
            raise DataError(
                f"no share in '{self.table}' reaches min_share = {self.min_share:g} on at least {self.min_events} "
                f"events; lower the floors of 'features.{self.name}'"
            )
        centre, spread = _scale(counts.totals, shares[:, kept])
        return FittedShares(self.name, tags[kept], self.min_share, self.min_events, centre, spread, tagging)


def floored_shares(counts: TagCounts, tags: Ids, min_share: float, min_events: int) -> sp.csr_array:
    """(n, m) float32 shares of tags in each user's tagged events, 0 below the floors."""
    pairs = counts.pairs(tags)
    shares = pairs.counts / counts.totals[pairs.rows]
    good = (shares >= min_share) & (pairs.counts >= min_events)
    return to_csr(pairs, np.where(good, shares, 0.0), "none")


def _scale(totals: Floats, shares: sp.csr_array) -> tuple[float, float]:
    """Give the mean of ln(1 + total) over users with events, and its spread in units of a share's mean spread."""
    known = totals > 0
    logs = np.sort(np.log1p(totals[known]))  # sorted, so that sums do not depend on the order of users
    cells = shares[known].astype(np.float64)
    means = np.asarray(cells.mean(axis=0)).ravel()
    variances = np.asarray(cells.multiply(cells).mean(axis=0)).ravel() - means**2
    typical = float(np.sqrt(max(variances.mean(), 0.0)))
    return float(logs.mean()), usable_spread(float(logs.std()), logs) / usable_spread(typical, np.ones(1))
