"""Scores of users on many traits, such as a quiz: answers in, one or two dense columns a trait out.

What the columns need (a trait's fill, centre and spread, or its sorted reference shares) is learned from the fit's
users and frozen. What stays unknown after imputation is the mean of the fit, 0 in units of its spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Self, cast, get_args

import numpy as np
import numpy.typing as npt

from coterie.config import refuse_unknown
from coterie.errors import ConfigError, DataError, shown
from coterie.features import options
from coterie.features.answers import Answers
from coterie.features.contract import FeatureBlock, Ids
from coterie.features.scaling import usable_spread
from coterie.features.weighting import totals
from coterie.frozen import Frozen
from coterie.tables import Tables

KIND: Final = "traits"
OPTIONS: Final = ("columns", "column", "form", "impute", "low", "high", "min_answers", "block_weight")
LOW_POLE: Final = 2.0  # of answers from 1 to 5: those that say no ...
HIGH_POLE: Final = 4.0  # ... and those that say yes

Form = Literal["zscore", "percentile", "poles", "raw"]
Impute = Literal["median", "mean", "user"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """How answers become columns, with all that was learned at the fit.

    Args:
        form: see ``Traits``. by_user: whether a user's own mean stands in for what they did not answer.
        low, high: for "poles".
        fill, centre, spread: (m,) what stands in for a missing answer otherwise, mean and standard deviation (1 where
            answers do not differ) of the known answers, in the trait's unit.
        reference: (r, m) sorted shares of the fit for "percentile", else (0, m).
    """

    form: Form
    by_user: bool
    low: float
    high: float
    fill: Floats
    centre: Floats
    spread: Floats
    reference: Floats

    def imputed(self, answers: Floats) -> Floats:
        """(n, m) answers without gaps."""
        if not self.by_user:
            return np.where(np.isnan(answers), self.fill, answers)
        return np.where(np.isnan(answers), _own_means(answers, self.centre), answers)

    def prepare(self, answers: Floats) -> Floats:
        """(n, m), or (n, 2 m) for "poles", numbers of (n, m) answers."""
        match self.form:
            case "zscore":
                return (self.imputed(answers) - self.centre) / self.spread
            case "percentile":
                return percentiles(shares_within(self.imputed(answers)), self.reference)
            case "poles":
                poles = np.stack([answers <= self.low, answers >= self.high], axis=2)  # NaN is at neither pole
                return poles.reshape(len(answers), 2 * answers.shape[1]).astype(np.float64)
            case "raw":
                return self.imputed(answers)


@dataclass(frozen=True, slots=True, eq=False)
class FittedTraits:
    """Frozen traits and rule.

    Args:
        name: the block's name. answers: where they stand. traits: (m,) names. rule: how they become columns.
    """

    name: str
    answers: Answers
    traits: tuple[str, ...]
    rule: Rule

    @property
    def columns(self) -> npt.NDArray[np.str_]:
        """Names: each trait's, for "poles" each trait's with "low" and "high"."""
        if self.rule.form == "poles":
            return np.array([f"{trait} {pole}" for trait in self.traits for pole in ("low", "high")], dtype=np.str_)
        return np.array(self.traits, dtype=np.str_)

    def apply(self, tables: Tables, ids: Ids) -> FeatureBlock:
        """Give the dense rows of ``ids``; a user who answered nothing gets what is imputed everywhere.

        Raises:
            ModelError: the table lacks a column that the fit had.
            DataError: a user has several rows, or "percentile" meets an answer below 0.
        """
        answers = self.answers.matrix(tables, ids, self.traits)
        if self.rule.form == "percentile":
            _refuse_negative(answers, self.traits, self.answers.table)
        known: npt.NDArray[np.bool_] = np.any(~np.isnan(answers), axis=1)
        return FeatureBlock(self.name, ids, self.columns, self.rule.prepare(answers).astype(np.float32), known)

    def blanks(self, tables: Tables, ids: Ids) -> npt.NDArray[np.bool_]:
        """(n, m) which cells of ``apply`` are filled in, since there is no answer."""
        unknown: npt.NDArray[np.bool_] = np.isnan(self.answers.matrix(tables, ids, self.traits))
        return np.repeat(unknown, 2, axis=1) if self.rule.form == "poles" else unknown

    def to_arrays(self) -> Frozen:
        """Give traits and rule as data."""
        rule, source = self.rule, self.answers
        meta = {
            "name": self.name,
            "table": source.table,
            "where": source.where,
            "column": source.column,
            "traits": list(self.traits),
            "form": rule.form,
            "by_user": rule.by_user,
            "low": rule.low,
            "high": rule.high,
        }
        arrays = {"fill": rule.fill, "centre": rule.centre, "spread": rule.spread, "reference": rule.reference}
        return Frozen(KIND, meta, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted block."""
        meta = frozen.meta
        rule = Rule(meta["form"], meta["by_user"], meta["low"], meta["high"], **dict(frozen.arrays))
        answers = Answers(meta["table"], meta["where"], meta["column"])
        return cls(meta["name"], answers, tuple(meta["traits"]), rule)


class Traits:
    """Settings of a block of traits.

    Args:
        name: the block's name.
        table: of role "users", with a number a trait or with one attribute of kind "traits"; or of role "events", with
            one answer an event: item = trait, value = score, several answers to one trait being averaged.
        columns: the traits; None for all: every number, every key of ``column``, every item.
        column: the attribute of kind "traits" that holds all answers of a user. None: answers stand on their own.
        form: what becomes of an answer:

            - "zscore" (default): (answer - mean) / standard deviation of the known answers of the fit.
            - "percentile": its part in the sum of the user's answers, then the rank of that part among those of the
              fit, over their number + 1, ties at their middle rank: in (0, 1). Takes how high somebody answers in
              general out. Answers are >= 0.
            - "poles": two columns, 1 where the answer is <= ``low``, and 1 where it is >= ``high``; a missing answer is
              at neither pole.
            - "raw": the answer.
        impute: what a missing answer becomes: the fit's "median" (None) or "mean", "user" for the mean of the user's
            own answers (of one who has none, the fit's mean), or a number in the trait's unit. Not for "poles".
        low, high: for "poles" alone, in the trait's unit, low < high; 2 and 4 if None.
        min_answers: users with fewer known answers are no entities of the block, >= 1.
        block_weight: weight beside other basis blocks, > 0.

    Raises:
        ConfigError: an option is unknown, out of range, or does not belong to the form.
    """

    Fitted: ClassVar[type[FittedTraits]] = FittedTraits

    def __init__(
        self,
        name: str,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        column: str | None = None,
        form: str = "zscore",
        impute: str | float | None = None,
        low: float | None = None,
        high: float | None = None,
        min_answers: int = 1,
        block_weight: float = 1.0,
        **unknown: Any,
    ) -> None:
        where = f"features.{name}"
        refuse_unknown(unknown, OPTIONS, where)
        self.name, self.table = name, table
        self.columns = None if columns is None else options.names(columns, f"{where}.columns")
        self.column = None if column is None else options.text(column, f"{where}.column")
        self.form = cast(Form, options.one_of(form, get_args(Form), f"{where}.form"))
        for option, value in (("low", low), ("high", high)):
            if value is not None and form != "poles":
                raise ConfigError(f"'{where}.{option}' belongs to form = 'poles', got form = '{form}'; take one out")
        if impute is not None and form == "poles":
            raise ConfigError(f"'{where}.impute' is not for form = 'poles', where a missing answer is 0; take one out")
        self.impute = _impute("median" if impute is None else impute, f"{where}.impute")
        self.low = LOW_POLE if low is None else options.number(low, f"{where}.low")
        self.high = HIGH_POLE if high is None else options.number(high, f"{where}.high")
        if self.low >= self.high:
            raise ConfigError(f"'{where}.low' is {self.low:g}, '{where}.high' {self.high:g}; expected low < high")
        self.min_answers = options.whole(min_answers, f"{where}.min_answers", low=1)
        self.block_weight = options.above_zero(block_weight, f"{where}.block_weight")

    @property
    def _answers(self) -> Answers:
        return Answers(self.table, f"features.{self.name}", self.column)

    def entities(self, tables: Tables) -> Ids:
        """Give the sorted ids of users with at least ``min_answers`` known answers."""
        ids = self._answers.users(tables)
        _, answers = self._answers.read(tables, ids, self.columns)
        known: Ids = ids[np.sum(~np.isnan(answers), axis=1) >= self.min_answers]
        return known

    def fit(self, tables: Tables, ids: Ids) -> FittedTraits:
        """Learn fills, scales and references from the answers of ``ids``.

        Raises:
            ConfigError: the table cannot hold traits, or not those asked for.
            DataError: nobody has an answer to a trait, a user has several rows, or "percentile" meets a negative one.
        """
        traits, answers = self._answers.read(tables, ids, self.columns)
        self._refuse_unknown(answers, traits)
        if self.form == "percentile":
            _refuse_negative(answers, traits, self.table)
        return FittedTraits(self.name, self._answers, traits, self._rule(answers))

    def _rule(self, answers: Floats) -> Rule:
        known = [np.sort(column[~np.isnan(column)]) for column in answers.T]  # sorted: no order of users in the sums
        centre = np.array([column.mean() for column in known])
        spread = np.array([usable_spread(float(column.std()), column) for column in known])
        rule = Rule(
            form=self.form,
            by_user=self.impute == "user",
            low=self.low,
            high=self.high,
            fill=np.array([_fill(column, self.impute) for column in known]),
            centre=centre,
            spread=spread,
            reference=np.zeros((0, len(known))),
        )
        if self.form != "percentile":
            return rule
        answered = ~np.isnan(answers).all(axis=1)
        shares = np.sort(shares_within(rule.imputed(answers[answered])), axis=0)
        return Rule(rule.form, rule.by_user, rule.low, rule.high, rule.fill, rule.centre, rule.spread, shares)

    def _refuse_unknown(self, answers: Floats, traits: Sequence[str]) -> None:
        if not traits:
            raise DataError(f"the table '{self.table}' holds no answer of these users; check 'features.{self.name}'")
        nobody = np.flatnonzero(np.isnan(answers).all(axis=0))
        if len(nobody):
            raise DataError(
                f"nobody in '{self.table}' has an answer to the trait {shown(traits[nobody[0]])}; "
                f"leave it out of 'features.{self.name}.columns'"
            )


def shares_within(answers: Floats) -> Floats:
    """(n, m) parts of each answer >= 0 in the sum of its row; a row of zeros stays one."""
    n, m = answers.shape
    sums = totals(np.repeat(np.arange(n), m), answers.ravel(), n)
    shares: Floats = answers / np.where(sums > 0, sums, 1.0)[:, np.newaxis]
    return shares


def percentiles(values: Floats, reference: Floats) -> Floats:
    """(n, m) ranks of (n, m) values among (r, m) sorted ones, column by column, over r + 1: in (0, 1).

    A value among the reference has the middle of its ties' ranks; one between two of them lies between their ranks.
    """
    columns = []
    for value, known in zip(values.T, reference.T, strict=True):
        below, up_to = np.searchsorted(known, value, "left"), np.searchsorted(known, value, "right")
        columns.append((below + up_to + 1.0) / 2.0 / (len(known) + 1.0))
    return np.column_stack(columns)


def _own_means(answers: Floats, otherwise: Floats) -> Floats:
    """(n, m) each user's mean known answer, ``otherwise`` for who has none; summed in the order of traits."""
    n, m = answers.shape
    known = ~np.isnan(answers)
    rows = np.repeat(np.arange(n), m)
    sums = totals(rows, np.where(known, answers, 0.0).ravel(), n)
    counts = known.sum(axis=1)
    means = (sums / np.maximum(counts, 1))[:, np.newaxis]
    return np.where((counts > 0)[:, np.newaxis], means, otherwise)


def _refuse_negative(answers: Floats, traits: Sequence[str], table: str) -> None:
    below = np.argwhere(answers < 0)
    if len(below):
        row, column = below[0]
        raise DataError(
            f"the trait {shown(traits[column])} of '{table}' has the answer {answers[row, column]:g}; form = "
            "'percentile' takes parts of a sum and needs answers >= 0; use form = 'zscore'"
        )


def _impute(value: str | float, where: str) -> Impute | float:
    if isinstance(value, str):
        return cast(Impute, options.one_of(value, get_args(Impute), where))
    return options.number(value, where)


def _fill(known: Floats, impute: Impute | float) -> float:
    match impute:
        case "median":
            return float(np.median(known))
        case "mean" | "user":
            return float(known.mean())
        case _:
            return float(impute)
