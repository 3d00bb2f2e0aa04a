"""What a run shows of itself in a notebook; text is escaped, whatever is in it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from coterie.plots.palette import colour
from coterie.segments.display import Tinted, table_html
from coterie.segments.types import Segment

if TYPE_CHECKING:
    from coterie.runs.result import Run

SCHEMA: Final[dict[str, Any]] = {
    "segment_id": pl.String, "name": pl.String, "size": pl.Int64, "share": pl.Float64, "stability": pl.Float64,
    "band": pl.String, "lift": pl.Float64, "lift_low": pl.Float64, "lift_high": pl.Float64,
    "marks": pl.List(pl.String), "change": pl.String, "score": pl.Float64,
}  # fmt: skip
_HEAD: Final = ("segment", "name", "people", "share", "stability", "lift", "what marks it")


class Segments(tuple[Segment, ...]):
    """The segments of a run, largest first: a tuple that displays itself and becomes a frame.

    Example:
        ``run.segments[0].name``, ``len(run.segments)``, ``run.segments.to_polars()``
    """

    __slots__ = ()

    def to_polars(self) -> pl.DataFrame:
        """Give one row a segment; ``lift`` and its ends are empty where it was not measured."""
        return pl.DataFrame([_row(segment) for segment in self], schema=SCHEMA)

    def _repr_html_(self) -> str:
        """Show them as a table, each with a line in its colour."""
        rows = [
            (
                Tinted(s.id, colour(s.id, s.colour)),
                s.name,
                f"{s.size:,}",
                f"{s.share:.0%}",
                f"{s.stability:.2f} {s.band}",
                _lift(s),
                ", ".join(s.marks),
            )
            for s in self
        ]
        return table_html(_HEAD, rows, f"{len(self)} segments, largest first")


def run_html(run: Run) -> str:
    """Show a run: its project, its verdict, the answers and its segments."""
    decision = run.decision
    head = f"<strong>{escape(run.manifest.project)}</strong>, run {escape(run.id)}: <strong>{decision.grade}</strong>"
    answers = "".join(f"<li>{escape(one.question)} {escape(one.short)}</li>" for one in decision.answers)
    warned = "".join(f"<li>{escape(warning)}</li>" for warning in decision.warnings)
    warnings = f"<p>Before you use this:</p><ul>{warned}</ul>" if warned else ""
    return (
        f"<div><p>{head}</p><ul>{answers}</ul>{warnings}{run.segments._repr_html_()}"
        f"<p>Report: <code>{escape(str(run.report))}</code></p></div>"
    )


def _row(segment: Segment) -> dict[str, Any]:
    lift = segment.lift
    ends = (lift.value, lift.low, lift.high) if lift is not None else (None, None, None)
    own = {name: getattr(segment, name) for name in SCHEMA if not name.startswith(("segment_id", "lift"))}
    own["marks"] = list(segment.marks)
    return {"segment_id": segment.id, **own, **dict(zip(("lift", "lift_low", "lift_high"), ends, strict=True))}


def _lift(segment: Segment) -> str:
    return f"{segment.lift.value:.2f}" if segment.lift is not None and segment.lift.is_known else ""
