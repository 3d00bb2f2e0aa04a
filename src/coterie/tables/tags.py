"""Items' tags, from one column to split or from one-hot columns, to one row a pair of item and tag.

Both ways end in one cell that is split: one-hot columns are first written as a text of their names. So a million items
by nineteen flags never become nineteen million rows of which most say no.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import narwhals.stable.v2 as nw
from narwhals.stable.v2.dtypes import DType

from coterie.config import Tags
from coterie.engines import local
from coterie.errors import ConfigError, shown
from coterie.tables.cells import BLANKS, Cell, flag, text
from coterie.terms import ITEM, TAG

_BETWEEN: Final = "\x1f"  # ASCII's unit separator; no column's name holds it


def tag_cell(tags: Tags, schema: Mapping[str, DType], flags: Mapping[str, Cell]) -> Cell:
    """Give all tags of a row in one cell: a text to split, or the source's own list.

    Args:
        tags: how they are written. schema: types of the source's columns.
        flags: the one-hot cells by column, as ``flag_cells`` gives them.

    Raises:
        ConfigError: the column holds neither text nor lists of text.
    """
    none = nw.lit(None).cast(nw.String)
    if tags.column is None:
        names = [nw.when(cell.value).then(nw.lit(name)).otherwise(nw.lit("")) for name, cell in flags.items()]
        return Cell("", nw.concat_str(names, separator=_BETWEEN), none)
    dtype = schema[tags.column]
    if isinstance(dtype, nw.List) and dtype.inner == nw.String:
        return Cell(tags.column, nw.col(tags.column), none)
    if dtype != nw.String:
        raise ConfigError(
            f"the tags column {shown(tags.column)} holds {str(dtype).lower()}; expected text or lists of it"
        )
    return Cell(tags.column, text(tags.column, dtype), none)


def flag_cells(tags: Tags | None, schema: Mapping[str, DType]) -> Mapping[str, Cell]:
    """Give the one-hot cells by column; none where tags are split from a column.

    Raises:
        ConfigError: a column's type cannot say yes or no.
    """
    columns = tags.columns if tags is not None and tags.columns is not None else ()
    return {column: flag(column, schema[column]) for column in columns}


def split_tags(items: nw.LazyFrame[Any], tags: Tags) -> nw.LazyFrame[Any]:
    """Give one row a pair of item and tag, at hand.

    Args:
        items: ``item_id`` and a cell ``tag`` with all tags of a row; an item may have several rows.
        tags: how they are written.
    """
    if not isinstance(items.collect_schema()[TAG], nw.List):
        between = _BETWEEN if tags.column is None else tags.split
        items = items.with_columns(nw.col(TAG).str.split(between))
    pairs = items.explode(TAG).with_columns(nw.col(TAG).str.strip_chars(BLANKS)).filter(nw.col(TAG) != nw.lit(""))
    return local.lazy(local.collect(pairs.select(ITEM, TAG).unique()))
