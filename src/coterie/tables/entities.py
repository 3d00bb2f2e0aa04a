"""Users and items: one row each, with what is known of them.

A row without a key is refused. A cell that cannot be read, or lies outside its range, does not cost the row: the cell
becomes null, is counted under the rule's name with ", cell blanked", and stands in the rejects with its row. Of rows
that share a key one stays: rows that say the same collapse, items' tags are united, rows that contradict it are
refused. Which one stays depends on what the rows say (the last in the order of their canonical cells, where a blank
comes first), never on where they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any, Final

import narwhals.stable.v2 as nw
from narwhals.stable.v2.dtypes import DType

from coterie.config import Table
from coterie.engines import local
from coterie.sources.contract import RawTable
from coterie.tables import rules, us_zip
from coterie.tables.assessing import (
    Checked,
    assess,
    bad_rows,
    because,
    beside,
    canonical,
    contested,
    fault_of,
    good_rows,
    has_duplicates,
    refuse_empty,
    refuse_own_names,
    sortable,
    stacked,
)
from coterie.tables.attributes import attribute_cells, attribute_kinds, blanked_rows, text_cell
from coterie.tables.cells import Cell, check_columns, identifier
from coterie.tables.tags import flag_cells, split_tags, tag_cell
from coterie.tables.types import CheckedTable, RuleCount
from coterie.terms import ITEM, ITEMS, STATE, TAG, TITLE, USER

_WON: Final = beside("won")
_SAME: Final = beside("same")
_WINNER: Final = beside("winner_")


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a table of users or items is read.

    Args:
        key: canonical name of the key.
        cells: by canonical name, the key's first; ``tag`` holds all tags of a row.
        flags: one-hot cells by column; ``tag`` is made from them.
    """

    key: str
    cells: Mapping[str, Cell]
    flags: Mapping[str, Cell]

    def compared(self) -> list[str]:
        """Canonical columns in which rows of one key may contradict each other."""
        return [name for name in self.cells if name not in {self.key, TAG}]

    def blankable(self) -> list[tuple[str, str]]:
        """Give (source's column, column of its fault) of each cell whose fault does not cost the row."""
        attributes = [(self.cells[name].column, fault_of(name)) for name in self.compared()]
        return attributes + [(column, _flag_fault(column)) for column in self.flags]


def check_entities(name: str, table: Table, raw: RawTable) -> Checked:
    """Check a table of users or items.

    Args:
        name: its name in the config. table: its config. raw: its rows.

    Raises:
        ConfigError: a column is not there, its type does not fit its kind, or names collide.
        DataError: there are no rows.
    """
    refuse_own_names(name, raw)
    kinds = attribute_kinds(name, table)
    plan = _plan(name, table, raw.frame.collect_schema())
    originals = raw.frame.collect_schema().names()
    flag_faults = [cell.fault.alias(_flag_fault(column)) for column, cell in plan.flags.items()]
    assessed = assess(raw.frame, plan.cells, [plan.key], flag_faults)
    good, bad, *blanked = _parts(assessed, plan, originals)
    read = sum(local.collect(frame.select(n=nw.len())).item() for frame in (good, bad))
    refuse_empty(name, raw, read)
    settled, tagged, conflicts, n_repeated = _settle(plan, good, assessed, originals)
    rejects = stacked([bad, *blanked, *conflicts])
    counts = rules.tally(name, rejects, (plan.cells[plan.key].column,))
    if n_repeated:
        counts = (*counts, RuleCount(name, rules.REPEATED, "", n_repeated, counts_as_reject=False))
    tags = split_tags(tagged.select(ITEM, TAG), table.tags) if table.tags is not None else None
    checked = CheckedTable(name, table.role, _finished(settled, table, plan), attributes=kinds, tags=tags)
    return Checked(checked, rejects, counts, read)


def known_ids(checked: Checked, table: Table, raw: RawTable) -> nw.LazyFrame[Any]:
    """Give the ids of a checked table, without repeats, in a frame that joins with others of its source's backend."""
    key, column = _key(table)
    if raw.frame.implementation.is_polars():
        return checked.table.frame.select(key)
    cell = identifier(column, raw.frame.collect_schema()[column])
    return canonical(good_rows(assess(raw.frame, {key: cell}, [key])), [key]).unique()


def _key(table: Table) -> tuple[str, str]:
    """Give the canonical name of the key and the source's column."""
    column = table.item if table.role == ITEMS else table.user
    if column is None:  # the config's own check has seen to it
        raise AssertionError("a table of users or items names its key")
    return (ITEM if table.role == ITEMS else USER), column


def _plan(name: str, table: Table, schema: Mapping[str, DType]) -> _Plan:
    key, column = _key(table)
    check_columns(f"tables.{name}", list(schema), [(table.role.removesuffix("s"), column), *_wanted(table)])
    cells = {key: identifier(column, schema[column])}
    if table.title is not None:
        cells[TITLE] = text_cell(table.title, schema[table.title])
    cells |= attribute_cells(table, schema)
    flags = flag_cells(table.tags, schema)
    if table.tags is not None:
        cells[TAG] = tag_cell(table.tags, schema, flags)
    return _Plan(key, cells, flags)


def _wanted(table: Table) -> list[tuple[str, str]]:
    wanted = [("title", table.title)] if table.title is not None else []
    if table.tags is not None:
        wanted += [("tags.column", table.tags.column)] if table.tags.column is not None else []
        wanted += [("tags.columns", column) for column in table.tags.columns or ()]
    return wanted + [("attributes", column) for column in table.attributes]


def _flag_fault(column: str) -> str:
    return fault_of(f"{TAG}/{column}")


def _parts(assessed: nw.LazyFrame[Any], plan: _Plan, originals: Sequence[str]) -> list[nw.LazyFrame[Any]]:
    """Give the good rows, the refused ones, and for each column that has any the rows whose cell is blanked.

    Which columns have any is counted first: a plan a column would cost the square of hundreds of columns.
    """
    good = good_rows(assessed)
    counts = [nw.col(fault).count().alias(fault) for _, fault in plan.blankable()]
    found = local.collect(good.select(*counts)).row(0, named=True) if counts else {}
    blanked = blanked_rows(good, [(column, fault) for column, fault in plan.blankable() if found[fault]], originals)
    frames = [canonical(good, list(plan.cells)), bad_rows(assessed, originals), *blanked]
    return [local.lazy(frame) for frame in local.collect_all(frames)]


def _settle(
    plan: _Plan, good: nw.LazyFrame[Any], assessed: nw.LazyFrame[Any], originals: Sequence[str]
) -> tuple[nw.LazyFrame[Any], nw.LazyFrame[Any], list[nw.LazyFrame[Any]], int]:
    """Leave one row a key.

    Returns:
        the rows that stay; the rows whose tags count; the rows that contradict one that stays; the number of rows that
        collapsed into one that stays.
    """
    if not has_duplicates(good, [plan.key]):
        return good, good, [], 0
    order = [*map(beside, plan.compared()), *sortable(assessed.collect_schema(), originals)]
    rows = local.lazy(local.collect(contested(assessed, [beside(plan.key)], order, _WON)))
    rows = local.lazy(local.collect(_compared_with_winner(rows, plan)))
    losers = rows.filter(~nw.col(_WON))
    names = list(plan.cells)
    others = good.join(canonical(rows, [plan.key]).unique(), on=plan.key, how="anti").select(*names)
    settled = stacked([others, canonical(rows.filter(nw.col(_WON)), names)])
    tagged = stacked([others, canonical(rows.filter(nw.col(_SAME)), names)])
    n_repeated = local.collect(losers.filter(nw.col(_SAME)).select(n=nw.len())).item()
    return settled, tagged, [because(losers.filter(~nw.col(_SAME)), originals, rules.CONFLICT)], n_repeated


def _compared_with_winner(rows: nw.LazyFrame[Any], plan: _Plan) -> nw.LazyFrame[Any]:
    """Say of each row whether it tells of its key what the winner tells; two blanks are the same."""
    key, compared = beside(plan.key), plan.compared()
    winners = rows.filter(nw.col(_WON)).select(
        key, *(nw.col(beside(name)).alias(f"{_WINNER}{name}") for name in compared)
    )
    same = [_equal(nw.col(beside(name)), nw.col(f"{_WINNER}{name}")) for name in compared]
    return rows.join(winners, on=key, how="left").with_columns(reduce(and_, same, nw.lit(True)).alias(_SAME))


def _equal(left: nw.Expr, right: nw.Expr) -> nw.Expr:
    return nw.coalesce(left == right, left.is_null() & right.is_null())


def _finished(settled: nw.LazyFrame[Any], table: Table, plan: _Plan) -> nw.LazyFrame[Any]:
    """Fill in what is derived: a missing title from the id, the state from the zip code."""
    frame = settled.select(*(name for name in plan.cells if name != TAG))
    if TITLE in plan.cells:
        frame = frame.with_columns(nw.coalesce(nw.col(TITLE), nw.col(plan.key)).alias(TITLE))
    for column, kind in table.attributes.items():
        if kind == "us_zip":
            frame = frame.with_columns(us_zip.state(nw.col(column)).alias(STATE))
    return local.lazy(local.collect(frame))
