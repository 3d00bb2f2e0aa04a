"""What all figures share: type, lines, width, the text that stands in for the picture, and how labels are cut.

Backgrounds are transparent and lines are grey, so that a figure reads on a light page and on a dark one. Text
that stands on the page rather than on a mark belongs to a layer named ``ON_PAGE``, which a page may recolour.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from typing import Any, Final, Self

import altair as alt
from altair.utils import schemapi

from coterie.plots.palette import AVERAGE, HIGH, LOW, colour
from coterie.segments.types import Segment
from coterie.selection.types import Interval

Chart = alt.Chart | alt.LayerChart

FONT: Final = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'
INK: Final = "#374151"
MUTED: Final = "#6B7280"
LINE: Final = "#D1D5DB"
ON_PAGE: Final = "onpage"
ROW_HEIGHT: Final = 24  # pixels a bar or dot takes, so that a chart grows with its rows and labels never overlap
LABEL_CHARACTERS: Final = 28

# Source: W3C, "Extensible Markup Language (XML) 1.0", production 2, Char.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONFIG: Final[dict[str, Any]] = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": MUTED,
        "titleFontWeight": "normal",
        "titleFontSize": 12,
        "labelFontSize": 12,
        "gridColor": LINE,
        "gridOpacity": 0.6,
        "domainColor": LINE,
        "tickColor": LINE,
        "labelLimit": 190,
        "titlePadding": 8,
    },
    "axisX": {"titleAnchor": "end"},
    "legend": {
        "labelColor": INK,
        "titleColor": MUTED,
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "rowPadding": 5,
        "columnPadding": 24,
    },
    "text": {"color": INK, "fontSize": 12, "font": FONT},
}


CHECKS_PARTS = False  # whether charts are checked against Vega-Lite's schema part by part, as tests do


def drawing() -> AbstractContextManager[None]:
    """Draw in this context: checking every part of a chart against the schema takes longer than drawing it."""
    return schemapi.debug_mode(CHECKS_PARTS)


def finish(chart: Chart, description: str, *, height: int) -> Chart:
    """Give a chart its width (that of its box), its look, and the text that is read out in its place."""
    sized = chart.properties(width="container", height=max(height, ROW_HEIGHT), description=description)
    dressed: Chart = sized.configure(**_CONFIG)
    return dressed


def count_axis(ticks: int = 5, **style: Any) -> alt.Axis:
    """Give an axis of counts: 0, 5k, 10k, 2M."""
    return alt.Axis(format="~s", tickCount=ticks, labelExpr="datum.value == 0 ? '0' : datum.label", **style)


class _SharedRows(alt.InlineData):
    """Rows that all copies of a chart share: nothing changes them, and layers are copied again and again."""

    def __deepcopy__(self, memo: object) -> Self:
        return self


def on(rows: list[dict[str, Any]]) -> alt.InlineData:
    """Give rows as the data of a chart, inside the chart itself."""
    return _SharedRows(values=rows)


def printable(text: str) -> str:
    """Put the replacement character where XML, hence SVG, allows none: control characters, halves of surrogate pairs.

    The renderer does not refuse such a character, it ends the whole process.
    """
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def short(text: str, limit: int = LABEL_CHARACTERS) -> str:
    """Cut a label to one line of ``limit`` characters."""
    line = " ".join(printable(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def label(segment: Segment, limit: int = LABEL_CHARACTERS) -> str:
    """Name a segment in a figure: "s-1 Film-Noir"; the id keeps two segments of one name apart."""
    return f"{segment.id} {short(segment.name, limit)}"


def by_segment(segments: tuple[Segment, ...]) -> alt.Color:
    """Give the colour encoding of the field ``segment``, which holds ``label`` of each segment; it needs no legend."""
    scale = alt.Scale(domain=[label(s) for s in segments], range=[colour(s.id, s.colour) for s in segments])
    return alt.Color("segment:N", scale=scale, title=None, legend=None)


def index_scale() -> alt.Scale:
    """Give the colours of log2(index / 100), from half the average to twice."""
    return alt.Scale(domain=[-1, 0, 1], range=[LOW, AVERAGE, HIGH], interpolate="rgb", clamp=True)


def index_legend() -> alt.Legend:
    """Give the legend that goes with ``index_scale``, in index points."""
    return alt.Legend(
        title="index",
        values=[-1, 0, 1],
        labelExpr="format(100 * pow(2, datum.value), '.0f')",
        orient="bottom",
        gradientLength=160,
        gradientThickness=10,
    )


def unique(labels: list[str]) -> list[str]:
    """Keep rows apart that would share one label, as two long titles may once they are cut: "Title", "Title (2)"."""
    seen: dict[str, int] = {}
    answer = []
    for text in labels:
        seen[text] = seen.get(text, 0) + 1
        answer.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return answer


def known(interval: Interval | None) -> bool:
    """Say whether an interval is there and is made of numbers."""
    return interval is not None and interval.is_known


def counted(number: int, noun: str) -> str:
    """Write "1 segment", "5 segments", "1,234 users"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
