"""Who took up what: an events table in, a sparse user x item matrix out.

Numbered events are brought onto the entity index and the item vocabulary of the fit, summed into pairs and weighed
(``coterie.features.weighting``). Items that the fit did not see are ignored, also in a user's mean.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Self, cast, get_args

import numpy as np
import numpy.typing as npt

from coterie.config import refuse_unknown
from coterie.errors import ConfigError, DataError, shown
from coterie.features import options
from coterie.features.aligning import (
    columns_of,
    events_among,
    items_of,
    placed,
    require_columns,
    table_of,
    users_of,
)
from coterie.features.contract import FeatureBlock, Ids
from coterie.features.weighting import (
    FIVE_STARS,
    FIVE_STARS_POSITIVE,
    NEEDS_VALUE,
    Floats,
    Normalise,
    Pairs,
    Rule,
    Weight,
    average_length,
    bm25_idf,
    smooth_idf,
    to_csr,
    totals,
    weigh,
)
from coterie.frozen import Frozen
from coterie.tables import CheckedTable, Tables
from coterie.tables.coded import Codes
from coterie.terms import EVENTS, VALUE

KIND: Final = "interactions"
OPTIONS: Final = ("weight", "normalise", "positive_from", "k1", "b", "block_weight")


@dataclass(frozen=True, slots=True, eq=False)
class FittedInteractions:
    """A frozen vocabulary and rule.

    Args:
        name: the block's name. table: its events table.
        items: (m,) sorted item ids of the fit.
        rule: how pairs are weighed.
        reads_values: whether values are read.
    """

    name: str
    table: str
    items: Ids
    rule: Rule
    reads_values: bool

    @property
    def columns(self) -> npt.NDArray[np.str_]:
        """(m,) item ids."""
        return self.items

    def apply(self, tables: Tables, ids: Ids) -> FeatureBlock:
        """Give the CSR rows of ``ids``; a user without events of known items gets an empty row.

        Raises:
            DataError: weight "log1p" meets a negative value.
            ModelError: the table has no values any more.
        """
        where = f"features.{self.name}"
        table = table_of(tables, self.table, EVENTS, where)
        if self.reads_values:
            require_columns(table, [VALUE], where)
        pairs = _pairs(table, ids, self.items, self.reads_values)
        if self.rule.weight == "log1p":
            _refuse_negative(pairs, self.table)
        matrix = to_csr(pairs, weigh(pairs, self.rule), self.rule.normalise)
        return FeatureBlock(self.name, ids, self.items, matrix)

    def to_arrays(self) -> Frozen:
        """Give vocabulary and rule as data."""
        rule = self.rule
        meta = {
            "name": self.name,
            "table": self.table,
            "weight": rule.weight,
            "normalise": rule.normalise,
            "positive_from": rule.positive_from,
            "k1": rule.k1,
            "b": rule.b,
            "average_length": rule.average_length,
            "reads_values": self.reads_values,
        }
        return Frozen(KIND, meta, {"items": self.items, "idf": rule.idf})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted block."""
        meta = frozen.meta
        rule = Rule(
            weight=meta["weight"],
            normalise=meta["normalise"],
            positive_from=meta["positive_from"],
            k1=meta["k1"],
            b=meta["b"],
            idf=frozen.arrays["idf"],
            average_length=meta["average_length"],
        )
        return cls(meta["name"], meta["table"], frozen.arrays["items"], rule, meta["reads_values"])


class Interactions:
    """Settings of a user x item block.

    Args:
        name: the block's name. table: a table of role "events".
        weight: what a pair weighs; an event whose value is missing counts as an event, but not for a weight that reads
            values:

            - "binary" (default): 1.
            - "positive": 1 where the mean of the pair's values reaches ``positive_from``.
            - "value": the value; those of repeated pairs are summed.
            - "centred": the value less the user's mean over their events, summed over the pair's events; a pair at
              the mean stays out.
            - "log1p": ln(1 + sum of the values), or of the number of events where the table has no values.
            - "tfidf": number of events x smooth inverse user frequency, learned at the fit.
            - "bm25": users as documents, items as terms; inverse user frequency and average length learned at the fit.
        normalise: divide each row by its sum of absolute weights ("l1") or its Euclidean norm ("l2"); or "none".
        positive_from: for "positive" alone. None: decided at the fit and frozen: 4 where the greatest value seen is 5,
            else each user's own mean.
        k1: for "bm25" alone, >= 0, 1.2 if None. b: for "bm25" alone, in [0, 1], 0.75 if None. Source: Robertson &
            Zaragoza 2009, section 3.5.
        block_weight: weight beside other basis blocks, > 0.

    Raises:
        ConfigError: an option is unknown, out of range, or does not belong to the weight.
    """

    Fitted: ClassVar[type[FittedInteractions]] = FittedInteractions

    def __init__(
        self,
        name: str,
        table: str,
        *,
        weight: str = "binary",
        normalise: str = "none",
        positive_from: float | None = None,
        k1: float | None = None,
        b: float | None = None,
        block_weight: float = 1.0,
        **unknown: Any,
    ) -> None:
        where = f"features.{name}"
        refuse_unknown(unknown, OPTIONS, where)
        self.name, self.table = name, table
        self.weight = cast(Weight, options.one_of(weight, get_args(Weight), f"{where}.weight"))
        self.normalise = cast(Normalise, options.one_of(normalise, get_args(Normalise), f"{where}.normalise"))
        for option, value, owner in (
            ("positive_from", positive_from, "positive"),
            ("k1", k1, "bm25"),
            ("b", b, "bm25"),
        ):
            if value is not None and weight != owner:
                raise ConfigError(
                    f"'{where}.{option}' belongs to weight = '{owner}', got weight = '{weight}'; take one of them out"
                )
        self.positive_from = None if positive_from is None else options.number(positive_from, f"{where}.positive_from")
        self.k1 = 1.2 if k1 is None else options.number(k1, f"{where}.k1", low=0)
        self.b = 0.75 if b is None else options.number(b, f"{where}.b", low=0, high=1)
        self.block_weight = options.above_zero(block_weight, f"{where}.block_weight")

    def entities(self, tables: Tables) -> Ids:
        """Give the sorted ids of users with at least one event."""
        return users_of(table_of(tables, self.table, EVENTS, f"features.{self.name}"))

    def fit(self, tables: Tables, ids: Ids) -> FittedInteractions:
        """Learn the vocabulary and what the weight needs from the events of ``ids``.

        Raises:
            ConfigError: the weight needs values and the table has none.
            DataError: fewer than two items, no or equal values for a weight that needs them, a negative value for
                "log1p", or no value that counts as positive.
        """
        table = table_of(tables, self.table, EVENTS, f"features.{self.name}")
        reads_values = self._reads_values(table)
        items = items_of(table, ids)
        if len(items) < 2:
            held = f"one item: {shown(items[0])}" if len(items) else "no events of these users"
            raise DataError(f"the table '{self.table}' holds {held}; expected two items or more to tell users apart")
        rule = Rule(self.weight, self.normalise, self.positive_from, self.k1, self.b, np.zeros(0), 1.0)
        if self.weight != "binary":
            rule = self._learned(rule, _pairs(table, ids, items, reads_values))
        return FittedInteractions(self.name, self.table, items, rule, reads_values)

    def _reads_values(self, table: CheckedTable) -> bool:
        has_values = VALUE in columns_of(table)
        if self.weight in NEEDS_VALUE and not has_values:
            raise ConfigError(
                f"'features.{self.name}.weight' is '{self.weight}', but the table '{table.name}' has no 'value'; "
                "use weight = 'binary', 'log1p', 'tfidf' or 'bm25'"
            )
        return self.weight in NEEDS_VALUE or (self.weight == "log1p" and has_values)

    def _learned(self, rule: Rule, pairs: Pairs) -> Rule:
        """Fill a rule with what the fit's pairs teach."""
        match self.weight:
            case "log1p":
                _refuse_negative(pairs, self.table)
            case "tfidf":
                return replace(rule, idf=smooth_idf(pairs))
            case "bm25":
                return replace(rule, idf=bm25_idf(pairs), average_length=average_length(pairs))
            case "positive" | "value" | "centred":
                self._refuse_equal(pairs)
                if self.weight == "positive" and self.positive_from is None and pairs.high == FIVE_STARS:
                    return replace(rule, positive_from=FIVE_STARS_POSITIVE)
        return rule

    def _refuse_equal(self, pairs: Pairs) -> None:
        if np.isnan(pairs.high):
            raise DataError(
                f"no event in '{self.table}' has a value; weight = '{self.weight}' needs values, use weight = 'binary'"
            )
        if pairs.low == pairs.high:
            raise DataError(
                f"every value in '{self.table}' is {pairs.high:g}; weight = '{self.weight}' needs values that differ; "
                "drop `value` or use weight = 'binary'"
            )
        if self.positive_from is not None and pairs.high < self.positive_from:
            raise DataError(
                f"no value in '{self.table}' reaches positive_from = {self.positive_from:g}; the greatest is "
                f"{pairs.high:g}; lower 'features.{self.name}.positive_from'"
            )


def _pairs(table: CheckedTable, ids: Ids, items: Ids, reads_values: bool) -> Pairs:
    """Give the pairs of known users and items.

    The values of a repeated pair are summed in their own order: a sum of floats over unordered events would depend on
    their order in its last bits.
    """
    events = events_among(table, ids)
    rows, cols = placed(events.user, events.users, ids), placed(events.item, events.items, items)
    values = events.value if reads_values else None
    checks = [codes >= 0 for codes, own in ((rows, events.user), (cols, events.item)) if codes is not own]
    checks += [np.isfinite(values)] if values is not None else []
    if checks and not (kept := np.logical_and.reduce(checks)).all():
        rows, cols, values = rows[kept], cols[kept], None if values is None else values[kept]
    return _summed(rows, cols, None if values is None else values.astype(np.float64), (len(ids), len(items)))


def _summed(rows: Codes, cols: Codes, values: Floats | None, shape: tuple[int, int]) -> Pairs:
    """Sum sorted events into (user, item) pairs."""
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]) | (cols[1:] != cols[:-1])
    pair = None if first.all() else np.cumsum(first) - 1
    counts: Floats = np.broadcast_to(1.0, len(rows)) if pair is None else np.bincount(pair).astype(np.float64)
    if pair is not None:
        rows, cols = rows[first], cols[first]
    if values is None:
        return Pairs(shape, rows, cols, counts, np.zeros(0), np.nan, np.nan)
    low, high = (float(values.min()), float(values.max())) if len(values) else (np.nan, np.nan)
    return Pairs(shape, rows, cols, counts, values if pair is None else totals(pair, values), low, high)


def _refuse_negative(pairs: Pairs, table: str) -> None:
    if pairs.low < 0:
        raise DataError(
            f"the table '{table}' holds the value {pairs.low:g}, and weight = 'log1p' expects values >= 0; "
            "set the table's range or use weight = 'value' or 'centred'"
        )
