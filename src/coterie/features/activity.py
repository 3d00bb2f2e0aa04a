"""How much, how lately and how broadly users act: an events table in, a few standardised numbers out.

Means, spreads, the reference time and the items' tags are those of the fit, frozen: a user scored next month is
measured with the same rod. An unknown user gets zeros, the mean of the fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.config import refuse_unknown
from coterie.engines import local
from coterie.errors import DataError
from coterie.features import options
from coterie.features.aligning import ENTITY, EVENTS_SEEN, columns_of, on_index, require_columns, table_of, users_of
from coterie.features.contract import FeatureBlock, Ids
from coterie.features.item_tags import ItemTags, item_tags
from coterie.features.scaling import usable_spread
from coterie.frozen import Frozen
from coterie.tables import CheckedTable, Tables
from coterie.terms import EVENTS, ITEM, TAG, TIME, USER, VALUE

KIND: Final = "activity"
OPTIONS: Final = ("block_weight",)
DAY_S: Final = 86_400.0

RECENCY: Final = "recency_days"
FREQUENCY: Final = "frequency"
TENURE: Final = "tenure_days"
MEAN_VALUE: Final = "mean_value"
SPREAD_VALUE: Final = "spread_value"
DIVERSITY: Final = "diversity"
OF_TIME: Final = (RECENCY, TENURE)
OF_VALUE: Final = (MEAN_VALUE, SPREAD_VALUE)

_FIRST, _LAST, _ITEMS = "_first_s", "_last_s", "_items"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FittedActivity:
    """Frozen reference and scales.

    Args:
        name: the block's name. table: its events table.
        columns: (m,) names of the numbers.
        centre, spread: (m,) mean and standard deviation of the fit's known numbers; a spread of 0 is 1 here.
        reference_s: latest time of the fit's events, seconds since 1970; NaN without times.
        tags: tags that diversity is counted in.
    """

    name: str
    table: str
    columns: npt.NDArray[np.str_]
    centre: Floats
    spread: Floats
    reference_s: float
    tags: ItemTags

    def apply(self, tables: Tables, ids: Ids) -> FeatureBlock:
        """Give the standardised dense rows of ``ids``; what is not known of a user is 0.

        Raises:
            ModelError: the table lacks times or values that the fit had.
        """
        where = f"features.{self.name}"
        table = table_of(tables, self.table, EVENTS, where)
        names = self.columns.tolist()
        needed = {TIME: OF_TIME, VALUE: OF_VALUE}
        require_columns(table, [column for column, made in needed.items() if set(made) & set(names)], where)
        raw = np.column_stack(list(_measured(table, ids, names, self.reference_s, self.tags).values()))
        scaled = (raw - self.centre) / self.spread
        values = np.where(np.isnan(scaled), 0.0, scaled).astype(np.float32)
        return FeatureBlock(self.name, ids, self.columns, values, np.asarray(~np.isnan(raw).all(axis=1)))

    def to_arrays(self) -> Frozen:
        """Give reference, scales and tags as data."""
        has_times = not np.isnan(self.reference_s)
        meta = {"name": self.name, "table": self.table, "reference_s": self.reference_s if has_times else None}
        arrays = {
            "columns": self.columns,
            "centre": self.centre,
            "spread": self.spread,
            "tagged_items": self.tags.items,
            "tags": self.tags.tags,
        }
        return Frozen(KIND, meta, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted block."""
        meta, arrays = frozen.meta, frozen.arrays
        return cls(
            name=meta["name"],
            table=meta["table"],
            columns=arrays["columns"],
            centre=arrays["centre"],
            spread=arrays["spread"],
            reference_s=np.nan if meta["reference_s"] is None else meta["reference_s"],
            tags=ItemTags(arrays["tagged_items"], arrays["tags"]),
        )


class Activity:
    """Settings of a block of activity.

    Its columns, each standardised with the mean and standard deviation of the fit's users:

    - recency_days: days from the user's latest event to the latest event of the fit, 0 for later ones. With times only.
    - frequency: ln(1 + events).
    - tenure_days: days from the user's first event to the latest event of the fit, or to their own where that is later.
      With times only.
    - mean_value, spread_value: mean and standard deviation (population) of the user's values. With values only.
    - diversity: Shannon entropy in nats of the tags of the items taken up, each event counting once for each tag of its
      item; unknown for a user of untagged items. Where no items have tags: different items over events, in (0, 1].

    Args:
        name: the block's name. table: a table of role "events".
        block_weight: weight beside other basis blocks, > 0.

    Raises:
        ConfigError: an option is unknown or out of range.
    """

    Fitted: ClassVar[type[FittedActivity]] = FittedActivity

    def __init__(self, name: str, table: str, *, block_weight: float = 1.0, **unknown: Any) -> None:
        refuse_unknown(unknown, OPTIONS, f"features.{name}")
        self.name, self.table = name, table
        self.block_weight = options.above_zero(block_weight, f"features.{name}.block_weight")

    def entities(self, tables: Tables) -> Ids:
        """Give the sorted ids of users with at least one event."""
        return users_of(table_of(tables, self.table, EVENTS, f"features.{self.name}"))

    def fit(self, tables: Tables, ids: Ids) -> FittedActivity:
        """Learn reference time, tags and scales from the events of ``ids``.

        Raises:
            DataError: none of the users has an event.
        """
        table = table_of(tables, self.table, EVENTS, f"features.{self.name}")
        present = columns_of(table)
        names = [FREQUENCY, DIVERSITY]
        names += [name for column, made in ((TIME, OF_TIME), (VALUE, OF_VALUE)) if column in present for name in made]
        reference_s = _latest(table, ids) if TIME in present else np.nan
        tags = item_tags(tables.items)
        measured = _measured(table, ids, names, reference_s, tags)
        if np.isnan(measured[FREQUENCY]).all():
            raise DataError(
                f"the table '{self.table}' holds no events of these users; check 'features.{self.name}.from'"
            )
        known = {name: column[~np.isnan(column)] for name, column in measured.items()}
        kept = [name for name in known if len(known[name])]
        return FittedActivity(
            name=self.name,
            table=self.table,
            columns=np.array(kept, dtype=np.str_),
            centre=np.array([known[name].mean() for name in kept]),
            spread=np.array([usable_spread(float(known[name].std()), known[name]) for name in kept]),
            reference_s=reference_s,
            tags=tags,
        )


def _latest(table: CheckedTable, ids: Ids) -> float:
    per_user = table.frame.group_by(USER).agg(nw.col(TIME).max().alias(_LAST))
    latest = local.collect(on_index(per_user, ids).select(nw.col(_LAST).max()))[_LAST][0]
    return np.nan if latest is None else float(latest)


def _measured(table: CheckedTable, ids: Ids, names: list[str], reference_s: float, tags: ItemTags) -> dict[str, Floats]:
    """Give the raw (n,) numbers of ``names``, in the block's order; NaN where not known."""
    columns = _counted(table, ids, reference_s, with_times=RECENCY in names)
    if MEAN_VALUE in names:
        columns |= _of_values(table, ids)
    if len(tags.items):
        columns[DIVERSITY] = _entropy(table, ids, tags)
    order = (RECENCY, FREQUENCY, TENURE, MEAN_VALUE, SPREAD_VALUE, DIVERSITY)
    return {name: columns[name] for name in order if name in names}


def _counted(table: CheckedTable, ids: Ids, reference_s: float, *, with_times: bool) -> dict[str, Floats]:
    times = [nw.col(TIME).min().alias(_FIRST), nw.col(TIME).max().alias(_LAST)] if with_times else []
    per_user = table.frame.group_by(USER).agg(
        nw.len().alias(EVENTS_SEEN), nw.col(ITEM).n_unique().alias(_ITEMS), *times
    )
    rows = local.collect(on_index(per_user, ids))
    at, events = rows[ENTITY].to_numpy(), _floats(rows[EVENTS_SEEN])
    columns = {FREQUENCY: np.log1p(events), DIVERSITY: _floats(rows[_ITEMS]) / events}
    if with_times:
        first, last = _floats(rows[_FIRST]), _floats(rows[_LAST])
        now = np.maximum(last, reference_s)
        columns |= {RECENCY: (now - last) / DAY_S, TENURE: (now - first) / DAY_S}
    return {name: _spread_out(at, column, len(ids)) for name, column in columns.items()}


def _of_values(table: CheckedTable, ids: Ids) -> dict[str, Floats]:
    """Mean and standard deviation of values, summed over each user's different values in order: exact to the bit."""
    known = table.frame.select(USER, VALUE).filter(nw.col(VALUE).is_finite())
    grouped = known.group_by(USER, VALUE).agg(nw.len().alias(EVENTS_SEEN))
    rows = local.collect(on_index(grouped, ids)).sort(ENTITY, VALUE)
    at, values, events = rows[ENTITY].to_numpy(), _floats(rows[VALUE]), _floats(rows[EVENTS_SEEN])
    n = len(ids)
    total = np.bincount(at, weights=events, minlength=n)
    safe = np.where(total > 0, total, np.nan)
    mean = np.bincount(at, weights=values * events, minlength=n) / safe
    variance = np.bincount(at, weights=events * (values - mean[at]) ** 2, minlength=n) / safe
    return {MEAN_VALUE: mean, SPREAD_VALUE: np.sqrt(variance)}


def _entropy(table: CheckedTable, ids: Ids, tags: ItemTags) -> Floats:
    """(n,) Shannon entropy in nats: -sum over tags of share * ln(share); NaN for a user without a tagged item."""
    grouped = table.frame.select(USER, ITEM).group_by(USER, ITEM).agg(nw.len().alias(EVENTS_SEEN))
    tagged = on_index(grouped, ids).join(tags.frame, on=ITEM, how="inner")
    rows = local.collect(tagged.group_by(ENTITY, TAG).agg(nw.col(EVENTS_SEEN).sum())).sort(ENTITY, TAG)
    at, events = rows[ENTITY].to_numpy(), _floats(rows[EVENTS_SEEN])
    total = np.bincount(at, weights=events, minlength=len(ids))
    shares = events / total[at]
    entropy = -np.bincount(at, weights=shares * np.log(shares), minlength=len(ids))
    return np.where(total > 0, np.abs(entropy), np.nan)


def _floats(values: pl.Series) -> Floats:
    floats: Floats = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return floats


def _spread_out(at: npt.NDArray[np.int32], values: Floats, n: int) -> Floats:
    placed = np.full(n, np.nan)
    placed[at] = values
    return placed
