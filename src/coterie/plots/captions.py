"""What a picture needs once it has left the report: a title, how to read it, and what its segments are called.

Here, too, figures that are drawn of users are told of whatever is segmented.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import altair as alt

from coterie.plots.theme import INK, MUTED, Chart, label
from coterie.segments.types import Segment
from coterie.terms import A_USER, Noun
from coterie.wording import told_of

_TITLE_SIZE, _TEXT_SIZE = 15, 12  # pixels
_TITLE_LETTER, _TEXT_LETTER = (
    8.0,
    6.2,
)  # mean width of a letter at these sizes, in pixels, rather too much than too little
_KEPT: Final = frozenset({"values", "datasets", "data"})  # rows: names and numbers, not our words


def captioned(chart: Chart, title: str, note: str, segments: Sequence[Segment], *, width: int) -> Chart:
    """Put a title over a chart, under it how to read it, and the names of segments that it shows by their ids alone.

    Args:
        width: of the picture in pixels; lines are broken at it.
    """
    lines = _broken(note, width / _TEXT_LETTER)
    if _shows_ids_alone(chart, segments):
        named = (label(segment).replace(" ", "\N{NO-BREAK SPACE}") for segment in segments)
        lines += _broken(" · ".join(named), width / _TEXT_LETTER)
    shown = alt.TitleParams(
        text=_broken(title, width / _TITLE_LETTER),
        subtitle=lines,
        anchor="start",
        frame="group",
        fontSize=_TITLE_SIZE,
        color=INK,
        subtitleFontSize=_TEXT_SIZE,
        subtitleColor=MUTED,
        subtitlePadding=6,
        offset=14,
    )
    dressed: Chart = chart.properties(title=shown)
    return dressed


def told(chart: Chart, entity: Noun, counterpart: Noun, names: Iterable[str] = ()) -> Chart:
    """Give a chart whose titles and description speak of what is segmented.

    Args:
        names: of segments and columns, which stay as they are wherever the description says them.
    """
    if entity == A_USER:
        return chart
    kept = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name) or r"(?!)")

    def said(text: str) -> str:
        own = kept.split(text)
        found = [*kept.findall(text), ""]
        return "".join(told_of(ours, entity, counterpart) + name for ours, name in zip(own, found, strict=True))

    changed: Chart = type(chart).from_dict(_retold(chart.to_dict(), said))
    return changed


def _retold(value: Any, said: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_retold(item, said) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: said(item)
        if key in {"title", "description"} and isinstance(item, str)
        else item
        if key in _KEPT
        else _retold(item, said)
        for key, item in value.items()
    }


def _shows_ids_alone(chart: Chart, segments: Sequence[Segment]) -> bool:
    texts = set(_texts(chart.to_dict()))
    if texts & {label(segment) for segment in segments}:
        return False
    ids = {segment.id for segment in segments}
    return any(word.strip("'\"") in ids for text in texts for word in text.split())


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(item)


def _broken(text: str, letters: float) -> list[str]:
    return textwrap.wrap(text, max(int(letters), 10), break_on_hyphens=False)
