"""The items most often given each value."""

from __future__ import annotations

from typing import Any

import altair as alt

from coterie.explore.types import TopOfValue
from coterie.plots.palette import HUES
from coterie.plots.panels import names_at
from coterie.plots.theme import ON_PAGE, Chart, count_axis, finish, on, short

MOST_ROWS = 60
_ROW = 19  # pixels


def top_items(record: tuple[TopOfValue, ...]) -> Chart:
    """Draw the most frequent items of each value, highest value first, as bars of events under the value's heading."""
    each = max(3, MOST_ROWS // max(len(record), 1))
    rows: list[dict[str, Any]] = []
    heads: list[dict[str, Any]] = []
    labels: list[str] = []
    for top in record:
        heads.append({"row": len(labels), "text": "all events" if top.value is None else f"value {top.value:g}"})
        labels.append("")
        for item in top.items[:each]:
            rows.append({"row": len(labels), "item": short(item.title, 60), "events": item.events})
            labels.append(short(item.title, 36))
    places = list(range(len(labels)))
    y = alt.Y("row:O", scale=alt.Scale(domain=places), title=None, axis=names_at(labels, places, labelLimit=260))
    bars = (
        alt.Chart(on(rows))
        .mark_bar(color=HUES[0], opacity=0.75, height={"band": 0.8})
        .encode(
            x=alt.X("events:Q", title="events", axis=count_axis(4)),
            y=y,
            tooltip=[alt.Tooltip("item:N"), alt.Tooltip("events:Q", format=",")],
        )
    )
    counts = alt.Chart(on(rows)).mark_text(align="left", dx=4, aria=False)
    texts = counts.encode(x="events:Q", y=y, text=alt.Text("events:Q", format=",")).properties(name=ON_PAGE)
    headings = alt.Chart(on(heads)).mark_text(align="left", fontWeight="bold", dx=2)
    said = headings.encode(x=alt.value(0), y=y, text="text:N").properties(name=f"{ON_PAGE}_heads")
    spoken = "; ".join(
        f"{'all' if top.value is None else f'{top.value:g}'}: "
        + ", ".join(f"{short(item.title)} {item.events:,}" for item in top.items[:3])
        for top in record
    )
    layers = alt.LayerChart(layer=[bars, texts, said])
    return finish(layers, f"Items most often given each value. {spoken}.", height=_ROW * len(labels))
