"""Where raw rows come from: files, and the synthetic sample. No maths, no checks of content."""

from coterie.sources.contract import RawTable, Source

__all__ = ["RawTable", "Source"]
