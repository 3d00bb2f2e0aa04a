"""Profiles as frames and as they display themselves in a notebook; text is escaped, whatever is in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

import polars as pl

if TYPE_CHECKING:
    from coterie.segments.types import Mark, SegmentProfile

MOST_ROWS: Final = 20
SCHEMA: Final[dict[str, Any]] = {
    "segment_id": pl.String, "kind": pl.String, "table": pl.String, "column": pl.String, "label": pl.String,
    "use": pl.String, "n": pl.Int64, "n_all": pl.Int64, "inside": pl.Float64, "overall": pl.Float64,
    "index": pl.Float64, "low": pl.Float64, "high": pl.Float64, "effect": pl.Float64, "p": pl.Float64,
    "p_adjusted": pl.Float64, "significant": pl.Boolean,
}  # fmt: skip


def marks_frame(profiles: Iterable[SegmentProfile]) -> pl.DataFrame:
    """Give one row a mark, in the order of the profiles: what ``Mark`` holds, its interval as ``low`` and ``high``."""
    rows = [_row(profile.segment_id, mark) for profile in profiles for mark in profile.marks]
    return pl.DataFrame(rows, schema=SCHEMA)


def _row(segment_id: str, mark: Mark) -> dict[str, Any]:
    index = mark.index
    ends = {"index": index.value, "low": index.low, "high": index.high} if index is not None else {}
    row = {name: getattr(mark, name) for name in SCHEMA if name not in {"segment_id", "index", "low", "high"}}
    return {"segment_id": segment_id, **row, "index": None, "low": None, "high": None, **ends}


def profile_html(profile: SegmentProfile) -> str:
    """Show a profile: its sentences, then its strongest significant marks."""
    told = "".join(f"<li>{escape(sentence)}</li>" for sentence in profile.sentences)
    marks = [mark for mark in profile.marks if mark.significant]
    more = f", the first {MOST_ROWS}" if len(marks) > MOST_ROWS else ""
    rows = [
        (mark.kind, mark.label, *_figures(mark), f"{mark.n:,}", _number(mark.p_adjusted, 2))
        for mark in marks[:MOST_ROWS]
    ]
    head = ("kind", "what", "here", "everybody", "index", "people", "adjusted p")
    caption = f"{len(marks):,} of {len(profile.marks):,} marks are significant{more}"
    return f"<div><strong>{escape(profile.segment_id)}</strong><ul>{told}</ul>{table_html(head, rows, caption)}</div>"


@dataclass(frozen=True, slots=True)
class Tinted:
    """The text of a cell with a line in a colour beside it."""

    text: str
    colour: str


def table_html(head: Sequence[str], rows: Iterable[Sequence[str | Tinted]], caption: str) -> str:
    """Make a table of text; every cell is escaped."""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _cell(cell: str | Tinted) -> str:
    if isinstance(cell, str):
        return f"<td>{escape(cell)}</td>"
    return f'<td style="border-left:4px solid {escape(cell.colour)}">{escape(cell.text)}</td>'


def _figures(mark: Mark) -> tuple[str, str, str]:
    write = (lambda value: _number(value, 4)) if mark.kind == "number" else "{:.1%}".format
    return write(mark.inside), write(mark.overall), "" if mark.index is None else f"{mark.index.value:,.0f}"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}g}" if math.isfinite(value) else ""
