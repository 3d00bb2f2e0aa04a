"""Where raw rows come from: files, and the synthetic sample. No maths, no checks of content."""

from coterie.sources.columns import named_columns, require_columns
from coterie.sources.contract import RawTable, Source
from coterie.sources.opening import open_source

__all__ = ["RawTable", "Source", "named_columns", "open_source", "require_columns"]
