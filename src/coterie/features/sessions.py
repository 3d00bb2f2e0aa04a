"""How users behave over rows of sessions, such as visits: an events table in, standardised numbers of each user out.

Which categories and steps have columns, and the means and spreads, are those of the fit, frozen. What is not known of a
user is 0, the mean of the fit; an unknown user gets zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Self, cast, get_args

import numpy as np
import numpy.typing as npt

from coterie.config import refuse_unknown
from coterie.errors import ConfigError, DataError, nearest, shown
from coterie.features import options
from coterie.features.aligning import columns_of, require_columns, table_of, users_of
from coterie.features.contract import FeatureBlock, Ids
from coterie.features.scaling import usable_spread
from coterie.features.session_measures import Measures, count_categories, count_steps, measure
from coterie.features.session_plan import (
    ITEM_CATEGORY,
    Clock,
    Form,
    Plan,
    Transitions,
    Vocabulary,
    most_frequent_categories,
    most_frequent_steps,
)
from coterie.frozen import Frozen
from coterie.tables import CheckedTable, Tables
from coterie.terms import EVENTS, ITEM, TIME, VALUE

KIND: Final = "sessions"
OPTIONS: Final = (
    "numbers",
    "categories",
    "forms",
    "entropy",
    "transitions",
    "clock",
    "utc_offset_h",
    "top",
    "log",
    "block_weight",
)
FURTHEST_ZONE_H: Final = 14.0  # Kiribati is the furthest ahead of UTC
OF_NUMBERS: Final = frozenset({"sum", "mean"})


@dataclass(frozen=True, slots=True, eq=False)
class FittedSessions:
    """A frozen plan and its scales.

    Args:
        name: the block's name. table: its events table. plan: what is measured.
        columns: (m,) names of the measures that the fit knew of anybody.
        centre, spread: (m,) mean and standard deviation of the fit's known numbers; a spread of 0 is 1 here.
    """

    name: str
    table: str
    plan: Plan
    columns: npt.NDArray[np.str_]
    centre: npt.NDArray[np.float64]
    spread: npt.NDArray[np.float64]

    def apply(self, tables: Tables, ids: Ids) -> FeatureBlock:
        """Give the standardised dense rows of ``ids``; what is not known of a user is 0.

        Raises:
            ModelError: the table lacks a column that the fit had.
            DataError: the logarithm meets a number below zero.
        """
        where = f"features.{self.name}"
        table = table_of(tables, self.table, EVENTS, where)
        require_columns(table, [*self.plan.columns_read, *([TIME] if self.plan.needs_time else [])], where)
        found = measure(table, ids, self.plan)
        raw = np.column_stack([found[name] for name in self.columns.tolist()])
        scaled = (raw - self.centre) / self.spread
        values = np.where(np.isnan(scaled), 0.0, scaled).astype(np.float32)
        return FeatureBlock(self.name, ids, self.columns, values, np.asarray(~np.isnan(raw).all(axis=1)))

    def to_arrays(self) -> Frozen:
        """Give plan and scales as data."""
        meta = {"name": self.name, "table": self.table, "plan": self.plan.to_json()}
        return Frozen(KIND, meta, {"columns": self.columns, "centre": self.centre, "spread": self.spread})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted block."""
        meta, arrays = frozen.meta, frozen.arrays
        plan = Plan.from_json(meta["plan"])
        return cls(meta["name"], meta["table"], plan, arrays["columns"], arrays["centre"], arrays["spread"])


class Sessions:
    """Settings of a block of behaviour over sessions.

    Its columns, each standardised with the mean and standard deviation of the fit's users:

    - events, sum(NUMBER), mean(NUMBER): sessions of a user, and sums and means of a number over them.
    - events[CATEGORY=c], share[...], sum(NUMBER)[...], mean(NUMBER)[...]: the same of the sessions of one category;
      share is their share among the user's sessions. A mean over no sessions is unknown.
    - entropy[CATEGORY]: Shannon entropy in nats of the sessions over all categories, those of no column included.
    - step[CATEGORY=a > b]: share of a user's steps, from one session to the next in time, that lead from a to b; the
      steps of no column together are step[CATEGORY, other].
    - stays[CATEGORY], entropy_rate[CATEGORY]: share of steps that lead to the same category, and the entropy in nats of
      the next category given the present one.
    - hour=00 to hour=23, weekday=mon to weekday=sun: shares of sessions.

    Args:
        name: the block's name. table: a table of role "events", one row a session.
        numbers: number attributes, or "value"; None for all that the table has.
        categories: category attributes, or "item" (which an attribute of that name goes before); None for all
            attributes of categories.
        forms: some of "count", "share", "sum", "mean"; None for "count", and "sum" where there are numbers.
        entropy: whether entropies are columns.
        transitions: "none"; "steps" for the most frequent steps; "summary" for stays and entropy rate. Needs times.
        clock: some of "hour" and "weekday". Needs times.
        utc_offset_h: hours that local time is ahead of UTC, -14 to 14, for ``clock``.
        top: categories that get columns of their own, and steps, the most frequent of the fit; the rest is "other".
        log: take ln(1 + x) of counts, sums and means before they are standardised; none may be below zero.
        block_weight: weight beside other basis blocks, > 0.

    Raises:
        ConfigError: an option is unknown or out of range, or has no effect beside the others.
    """

    Fitted: ClassVar[type[FittedSessions]] = FittedSessions

    def __init__(
        self,
        name: str,
        table: str,
        *,
        numbers: Sequence[str] | None = None,
        categories: Sequence[str] | None = None,
        forms: Sequence[str] | None = None,
        entropy: bool = True,
        transitions: str = "none",
        clock: Sequence[str] = (),
        utc_offset_h: float = 0.0,
        top: int = 10,
        log: bool = False,
        block_weight: float = 1.0,
        **unknown: Any,
    ) -> None:
        where = f"features.{name}"
        refuse_unknown(unknown, OPTIONS, where)
        self.name, self.table = name, table
        self.numbers = None if numbers is None else options.names(numbers, f"{where}.numbers")
        self.categories = None if categories is None else options.names(categories, f"{where}.categories")
        self.forms = None if forms is None else cast(tuple[Form, ...], _some(forms, get_args(Form), f"{where}.forms"))
        self.entropy = options.flag(entropy, f"{where}.entropy")
        self.transitions = cast(Transitions, options.one_of(transitions, get_args(Transitions), f"{where}.transitions"))
        self.clock = cast(tuple[Clock, ...], _some(clock, get_args(Clock), f"{where}.clock"))
        self.utc_offset_h = options.number(
            utc_offset_h, f"{where}.utc_offset_h", low=-FURTHEST_ZONE_H, high=FURTHEST_ZONE_H
        )
        self.top = options.whole(top, f"{where}.top", low=1)
        self.log = options.flag(log, f"{where}.log")
        self.block_weight = options.above_zero(block_weight, f"{where}.block_weight")
        self._refuse_without_effect(where)

    def _refuse_without_effect(self, where: str) -> None:
        if self.utc_offset_h and not self.clock:
            raise ConfigError(f"'{where}.utc_offset_h' has no effect without 'clock'; take it out or give clock")
        if self.numbers is not None and self.forms is not None and not OF_NUMBERS & set(self.forms):
            raise ConfigError(f"'{where}.numbers' has no effect without 'sum' or 'mean' among 'forms'")

    def entities(self, tables: Tables) -> Ids:
        """Give the sorted ids of users with at least one session."""
        return users_of(table_of(tables, self.table, EVENTS, f"features.{self.name}"))

    def fit(self, tables: Tables, ids: Ids) -> FittedSessions:
        """Learn vocabulary and scales from the sessions of ``ids``.

        Raises:
            ConfigError: a column is not there or of another kind, or what is asked for needs one that is not.
            DataError: none of the users has a session, or the logarithm meets a number below zero.
        """
        table = table_of(tables, self.table, EVENTS, f"features.{self.name}")
        plan = self._plan(table, ids)
        measured = measure(table, ids, plan)
        if not measured:
            raise ConfigError(
                f"'features.{self.name}' measures nothing of '{self.table}'; give forms, clock or categories"
            )
        known = _known(measured)
        if not known:
            raise DataError(
                f"the table '{self.table}' holds no sessions of these users; check 'features.{self.name}.from'"
            )
        return FittedSessions(
            name=self.name,
            table=self.table,
            plan=plan,
            columns=np.array(list(known), dtype=np.str_),
            centre=np.array([numbers.mean() for numbers in known.values()]),
            spread=np.array([usable_spread(float(numbers.std()), numbers) for numbers in known.values()]),
        )

    def _plan(self, table: CheckedTable, ids: Ids) -> Plan:
        numbers, categories = self._numbers(table), self._categories(table)
        forms: tuple[Form, ...] = self.forms if self.forms is not None else ("count", "sum") if numbers else ("count",)
        self._refuse_unmeasurable(table, numbers, categories, forms)
        bare = [Vocabulary(name, column, ()) for name, column in categories.items()]
        return Plan(
            numbers=numbers,
            categories=tuple(self._learned(table, ids, category) for category in bare),
            forms=forms,
            entropy=self.entropy,
            transitions=self.transitions,
            clock=self.clock,
            utc_offset_h=self.utc_offset_h,
            log=self.log,
        )

    def _learned(self, table: CheckedTable, ids: Ids, category: Vocabulary) -> Vocabulary:
        kept = most_frequent_categories(count_categories(table, ids, category.column), self.top)
        counts = count_steps(table, ids, category) if self.transitions == "steps" else {}
        return replace(category, kept=kept, steps=most_frequent_steps(counts, self.top))

    def _numbers(self, table: CheckedTable) -> tuple[str, ...]:
        of_kind = [name for name, kind in table.attributes.items() if kind == "number"]
        known = [*of_kind, *([VALUE] if VALUE in columns_of(table) else [])]
        if self.numbers is None:
            return tuple(known)
        for name in self.numbers:
            self._refuse_stranger(table, "numbers", name, known)
        return tuple(dict.fromkeys(self.numbers))

    def _categories(self, table: CheckedTable) -> dict[str, str]:
        """Give the column of each category by the name that the options have for it."""
        columns = {name: name for name, kind in table.attributes.items() if kind == "category"}
        if self.categories is None:
            return columns
        columns = {ITEM_CATEGORY: ITEM} | columns
        for name in self.categories:
            self._refuse_stranger(table, "categories", name, columns)
        return {name: columns[name] for name in self.categories}

    def _refuse_stranger(
        self, table: CheckedTable, option: str, name: str, known: Sequence[str] | dict[str, str]
    ) -> None:
        if name not in known:
            kind = f" of kind '{table.attributes[name]}'" if name in table.attributes else ""
            raise ConfigError(
                f"'features.{self.name}.{option}' names {shown(name)}{kind}, which is none of the {option} of "
                f"'{table.name}'{nearest(name, known)}"
            )

    def _refuse_unmeasurable(
        self, table: CheckedTable, numbers: Sequence[str], categories: dict[str, str], forms: Sequence[Form]
    ) -> None:
        where = f"features.{self.name}"
        needs = {"transitions": self.transitions != "none", "clock": bool(self.clock)}
        for option, is_asked in needs.items():
            if is_asked and TIME not in columns_of(table):
                raise ConfigError(f"'{where}.{option}' needs times, and the table '{table.name}' has no 'time'")
        if OF_NUMBERS & set(forms) and not numbers:
            raise ConfigError(
                f"'{where}.forms' asks for a sum or mean, and the table '{table.name}' has no numbers; declare some in "
                f"tables.{table.name}.attributes"
            )
        for option, is_asked in {"transitions": self.transitions != "none", "forms": "share" in forms}.items():
            if is_asked and not categories:
                raise ConfigError(
                    f"'{where}.{option}' needs categories, and the table '{table.name}' has none; declare some in "
                    f"tables.{table.name}.attributes, or set categories = ['item']"
                )


def _known(measured: Measures) -> Measures:
    """Give the known numbers of each measure that is known of anybody."""
    known = {name: numbers[~np.isnan(numbers)] for name, numbers in measured.items()}
    return {name: numbers for name, numbers in known.items() if len(numbers)}


def _some(value: object, allowed: Sequence[str], where: str) -> tuple[str, ...]:
    """Give choices back, each once, in the order in which they are allowed.

    Raises:
        ConfigError: it is no list, or holds what is not allowed.
    """
    if not isinstance(value, list | tuple):
        raise ConfigError(f"'{where}' is {shown(value)}; expected a list of some of {', '.join(map(repr, allowed))}")
    chosen = {options.one_of(one, allowed, where) for one in value}
    return tuple(one for one in allowed if one in chosen)
