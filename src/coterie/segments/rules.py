"""Surrogate rules: a shallow decision tree per segment, against everybody else, in words and as an SQL WHERE clause.

The tree is made on one half of the users and its precision and recall are measured on the other, which had no part in
it. What is told is the rule itself, evaluated here as a database would: an unknown value meets a condition only where
the rule says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from coterie.segments.columns import Column
from coterie.segments.markers import binned, information
from coterie.segments.members import ProfileOptions
from coterie.segments.trees import Node, grow
from coterie.segments.types import Condition, Rule
from coterie.tables.suppression import rounded
from coterie.terms import A_USER, Noun

DEPTH = 3
LEAST_LEAF = 0.01  # share of the users that a rule is made on
MOST_COLUMNS = 60  # those that tell most of the segment, on the half that the rule is made on
MOST_VALUES = 30  # of a category
_FAR = 1e300  # where what is unknown goes
RARE = 0.02  # share of a segment's users of whom a column is unknown, up to which a rule does without them
WORTH = 0.02  # what a deeper tree must gain in F1
Path = tuple[Condition, ...]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """A number that a tree may split on: a column, or one value of a category as 0 and 1.

    Args:
        is_low: whether what is unknown goes with the small numbers; it goes where it is told apart best.
    """

    column: Column
    value: str | None
    numbers: npt.NDArray[np.float64]
    has_missing: bool
    is_low: bool = False


def halves(n: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Give the places of two random halves, each ascending: for making rules and for measuring them."""
    order = rng.permutation(n)
    return np.sort(order[: (n + 1) // 2]), np.sort(order[(n + 1) // 2 :])


def find_rule(
    columns: Sequence[Column],
    own: Mask,
    halves: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]],
    options: ProfileOptions,
    noun: Noun = A_USER,
) -> Rule | None:
    """Find a rule for a segment, or None where no tree separates any of its users.

    Args:
        columns: of (s,) users. own: (s,) whether they are of the segment. halves: places to make it on and to measure
            it on. Before shares are made of counts these are rounded to multiples of
            ``min_cell``, so that no small one can be had; those of users that it gets wrong up.
    """
    fit, measure = halves
    if min(own[fit].sum(), own[measure].sum(), (~own[fit]).sum()) < options.min_cell or not columns:
        return None
    paths = _best_paths(list(_splits(columns, own, fit)), own, fit, options)
    if not paths:
        return None
    picked = matches(paths, columns)[measure]
    counts = (picked & own[measure], picked & ~own[measure], ~picked & own[measure])
    hits, *off = (int(its.sum()) for its in counts)
    hits = rounded(hits, options.min_cell)
    wrong, missed = (
        -(-its // options.min_cell) * options.min_cell for its in off
    )  # up: no rule is told as better than it is
    if not hits:
        return None
    return Rule(
        paths=paths,
        sentence=in_words(paths, columns, noun),
        sql=in_sql(paths),
        precision=round(hits / (hits + wrong), 2),
        recall=round(hits / (hits + missed), 2),
        base=round((hits + missed) / len(measure), 2),
        n_fitted=len(fit),
        n_measured=len(measure),
    )


def matches(paths: Sequence[Path], columns: Sequence[Column]) -> Mask:
    """Say of (s,) users whether a rule picks them."""
    by_name = {column.name: column for column in columns}
    picked = np.zeros(len(columns[0].values) if columns else 0, np.bool_)
    for path in paths:
        met = np.ones(len(picked), np.bool_)
        for condition in path:
            met &= _met(condition, by_name[condition.column].values)
        picked |= met
    return picked


def _met(condition: Condition, values: npt.NDArray[Any]) -> Mask:
    if isinstance(condition.value, str):
        missing = np.array([value is None for value in values], dtype=np.bool_)
        same = np.array([value == condition.value for value in values], dtype=np.bool_)
        met = same if condition.operator == "=" else ~same & ~missing
    else:
        missing = np.isnan(values)
        met = values <= condition.value if condition.operator == "<=" else values > condition.value
    return met | missing if condition.or_missing else met


def _splits(columns: Sequence[Column], own: Mask, fit: npt.NDArray[np.intp]) -> Iterator[_Split]:
    told = []
    for at, column in enumerate(columns):
        bins = binned(column.take(fit))
        inside = np.bincount(bins[own[fit]], minlength=int(bins.max()) + 1)
        table = np.vstack([inside, np.bincount(bins) - inside]).astype(np.float64)
        told.append((-information(table), at))
    for _, at in sorted(told)[:MOST_COLUMNS]:
        column = columns[at]
        if column.kind == "category":
            missing = np.array([value is None for value in column.values], dtype=np.bool_)
            values, counts = np.unique(column.values[~missing].astype(str), return_counts=True)
            for value in values[np.argsort(-counts, kind="stable")][:MOST_VALUES].tolist():
                numbers = np.array([value == its for its in column.values], dtype=np.float64)
                yield _Split(column, value, numbers, bool(missing.any()))
        else:
            yield _Split(column, None, column.values, bool(np.isnan(column.values).any()), _goes_low(column, own, fit))


def _goes_low(column: Column, own: Mask, fit: npt.NDArray[np.intp]) -> bool:
    """Say whether users of whom a number is unknown go with small ones: there, if they are of the segment as seldom as
    those are, or as often.
    """
    values, inside = column.values[fit], own[fit]
    missing = np.isnan(values)
    if not (inside & ~missing).any() or not (~inside & ~missing).any():
        return False
    has_more = values[inside & ~missing].mean() > values[~inside & ~missing].mean()
    missing_more = missing[inside].mean() > max(RARE, missing[~inside].mean())
    return bool(has_more != missing_more)


def _best_paths(
    splits: Sequence[_Split], own: Mask, fit: npt.NDArray[np.intp], options: ProfileOptions
) -> tuple[Path, ...]:
    """Grow a tree, and take of its depths and leaves what has the best F1 on the half that it was made on."""
    numbers = np.column_stack([split.numbers[fit] for split in splits])
    ends = np.array([-_FAR if split.is_low else _FAR for split in splits])
    finite = np.where(np.isnan(numbers), ends, np.clip(numbers, -_FAR / 2, _FAR / 2))
    leaf = max(options.min_cell, int(np.ceil(LEAST_LEAF * len(fit))))
    grown = grow(finite, own[fit], depth=DEPTH, leaf=leaf)
    best: tuple[float, tuple[Path, ...]] = (0.0, ())
    for depth in range(1, DEPTH + 1):
        score, chosen = _best_leaves(_leaves(grown, splits, numbers, depth), own[fit])
        if score > best[0] + (WORTH if best[1] else 0):
            best = (score, chosen)
    return best[1]


@dataclass(frozen=True, slots=True, eq=False)
class _Leaf:
    """A path, one condition a branch ("01" is left, then right), and which users of the half take it."""

    branches: str
    path: Path
    users: Mask


def _leaves(grown: Node | None, splits: Sequence[_Split], numbers: npt.NDArray[np.float64], depth: int) -> list[_Leaf]:
    """Cut a tree at a depth; thresholds become short numbers between the values that they separate."""
    found = []

    def walk(node: Node | None, leaf: _Leaf) -> None:
        if node is None or len(leaf.branches) == depth:
            found.append(leaf)
            return
        split, values = splits[node.feature], numbers[:, node.feature]
        for branch, child, condition in (("0", node.left, "<="), ("1", node.right, ">")):
            made = _condition(split, condition, node.threshold, values)
            cut = 0.5 if split.value is not None else _short(node.threshold, values)
            is_right = (values > cut) | (np.isnan(values) & (not split.is_low))
            walk(
                child, _Leaf(leaf.branches + branch, (*leaf.path, made), leaf.users & (is_right == (condition == ">")))
            )

    walk(grown, _Leaf("", (), np.ones(len(numbers), np.bool_)))
    return found


def _condition(split: _Split, side: str, threshold: float, values: npt.NDArray[np.float64]) -> Condition:
    column = split.column
    if split.value is not None:
        is_it = side == ">"
        return Condition(
            column.name, column.label, "=" if is_it else "<>", split.value, or_missing=split.has_missing and not is_it
        )
    operator: Literal["<=", ">"] = "<=" if side == "<=" else ">"
    return Condition(
        column.name,
        column.label,
        operator,
        _short(threshold, values),
        or_missing=split.has_missing and split.is_low == (side == "<="),
    )


def _short(threshold: float, values: npt.NDArray[np.float64]) -> float:
    """Give the shortest number that separates the same values as a threshold between two of them."""
    known = values[~np.isnan(values)]
    low = known[known <= threshold].max(initial=-np.inf)
    high = known[known > threshold].min(initial=np.inf)
    if not np.isfinite(high) or not np.isfinite(low):  # on one side is only what is unknown
        return float(low) if np.isfinite(low) else float(np.nextafter(high, -np.inf))
    for digits in range(1, 16):
        short = float(f"{threshold:.{digits}g}")
        if low <= short < high:
            return short
    return float(low)


def _simplified(path: Path) -> Path:
    """Give a path without what a later condition on the same column makes needless; it picks the same users."""
    kept: Path = ()
    for more in path:
        over = {"<=": {"<="}, ">": {">"}, "=": {"=", "<>"}, "<>": set()}[more.operator]
        kept = (*(one for one in kept if one.column != more.column or one.operator not in over), more)
    known = {one.column for one in kept if not one.or_missing}  # which only a known value meets
    return tuple(replace(one, or_missing=one.or_missing and one.column not in known) for one in kept)


def _best_leaves(leaves: Sequence[_Leaf], own: Mask) -> tuple[float, tuple[Path, ...]]:
    """Take leaves, purest first, up to the best F1; leaves that make up a whole branch become that branch."""
    purest = sorted(
        (leaf for leaf in leaves if (leaf.users & own).any()),
        key=lambda leaf: (-float((leaf.users & own).sum()) / float(leaf.users.sum()), leaf.branches),
    )
    best, chosen = 0.0, 0
    picked = np.zeros(len(own), np.bool_)
    for number, leaf in enumerate(purest, start=1):
        picked = picked | leaf.users
        f1 = 2 * float((picked & own).sum()) / float(picked.sum() + own.sum())
        if f1 > best:
            best, chosen = f1, number
    taken = purest[:chosen]
    if len(taken) == len(leaves):
        return 0.0, ()
    return best, tuple(_simplified(leaf.path) for leaf in _whole_branches(taken))


def _whole_branches(taken: Sequence[_Leaf]) -> list[_Leaf]:
    """Put two leaves of one parent together: the parent's path is theirs without the last condition."""
    by_branch = {leaf.branches: leaf for leaf in taken}
    for depth in range(DEPTH, 0, -1):
        for branches in sorted(by_branch):
            other = branches[:-1] + "1"
            if len(branches) == depth and branches.endswith("0") and other in by_branch:
                left, right = by_branch.pop(branches), by_branch.pop(other)
                users = left.users | right.users
                by_branch[branches[:-1]] = _Leaf(branches[:-1], left.path[:-1], users)
    return [by_branch[branches] for branches in sorted(by_branch)]


def in_sql(paths: Sequence[Path]) -> str:
    """Write a rule as what follows WHERE, in SQL that SQLite, DuckDB and PostgreSQL read alike.

    Example:
        >>> in_sql([(Condition("age", "age", ">", 30.0),), (Condition("job", "job", "=", "chef d'orchestre"),)])
        '("age" > 30) OR ("job" = \\'chef d\\'\\'orchestre\\')'
    """
    return " OR ".join(f"({' AND '.join(_clause(condition) for condition in path)})" for path in paths)


def _clause(condition: Condition) -> str:
    column = quoted(condition.column)
    value = condition.value
    literal = "'" + value.replace("'", "''") + "'" if isinstance(value, str) else _number(value)
    clause = f"{column} {condition.operator} {literal}"
    return f"({clause} OR {column} IS NULL)" if condition.or_missing else clause


def quoted(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def in_words(paths: Sequence[Path], columns: Sequence[Column], noun: Noun = A_USER) -> str:
    """Write a rule as a sentence."""
    parts = {column.name for column in columns if column.is_part}
    flags = {column.name for column in columns if column.kind == "flag"}
    said = ", or ".join(" and ".join(_said(condition, parts, flags) for condition in path) for path in paths)
    return f"{noun.many[:1].upper()}{noun.many[1:]} with {said}."


def _said(condition: Condition, parts: set[str], flags: set[str]) -> str:
    value, missing = condition.value, " (or unknown)" if condition.or_missing else ""
    if isinstance(value, str):
        return f"{condition.label} {'' if condition.operator == '=' else 'other than '}{value}{missing}"
    if condition.column in flags:
        return condition.label if condition.operator == ">" else f"no {condition.label}"
    written = f"{100 * value:.4g}%" if condition.column in parts else f"{value:.10g}"
    return f"{condition.label} {'above' if condition.operator == '>' else 'of at most'} {written}{missing}"
