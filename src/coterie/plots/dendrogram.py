"""The tree of merges, its branches in the colours of the chosen segments, and the cut."""

from __future__ import annotations

from typing import Any

import altair as alt

from coterie.plots.panels import MIXED, by_cluster, names_at, sampled
from coterie.plots.theme import MUTED, ON_PAGE, Chart, counted, finish, on
from coterie.selection.evidence.types import DendrogramRecord

HEIGHT = 320


def dendrogram(record: DendrogramRecord) -> Chart:
    """Draw the top of the tree; under each leaf stand its users, and a broken line cuts it into the chosen number."""
    merges = record.nodes[record.n_leaves :]
    rows: list[dict[str, Any]] = []
    for merge in merges:
        cluster = merge.cluster or MIXED
        sides = (record.nodes[merge.left], record.nodes[merge.right])
        rows.append({"x": sides[0].x, "x2": sides[1].x, "y": merge.height, "y2": merge.height, "segment": cluster})
        rows += [
            {"x": side.x, "x2": side.x, "y": side.height, "y2": merge.height, "segment": side.cluster or MIXED}
            for side in sides
        ]
    clusters = sorted({row["segment"] for row in rows} - {MIXED}, key=lambda name: (len(name), name))
    shown = [*clusters, *([MIXED] if any(row["segment"] == MIXED for row in rows) else [])]
    leaves = record.nodes[: record.n_leaves]
    crowded = record.n_leaves > 15
    axis = names_at(
        [f"{leaf.users:,}" for leaf in leaves],
        [int(leaf.x) for leaf in leaves],
        labelAngle=-90 if crowded else 0,
        labelFontSize=9 if crowded else 11,
        labelPadding=4,
    )
    lines = (
        alt.Chart(on(rows))
        .mark_rule(strokeWidth=1.6, strokeCap="square", aria=False)
        .encode(
            x=alt.X(
                "x:Q",
                axis=axis,
                title="users in each branch",
                scale=alt.Scale(domain=[-0.7, record.n_leaves - 0.3], nice=False),
            ),
            x2="x2:Q",
            y=alt.Y(
                "y:Q",
                title=f"height ({record.linkage})" if record.linkage else "height",
                axis=alt.Axis(tickCount=5),
                scale=alt.Scale(zero=True),
            ),
            y2="y2:Q",
            color=by_cluster(shown),
        )
    )
    cut = alt.Chart(on([{"at": record.cut, "text": f"{counted(record.k, 'segment')}"}]))
    rule = cut.mark_rule(color=MUTED, strokeDash=[4, 3]).encode(y="at:Q")
    said = cut.mark_text(align="right", baseline="bottom", dx=-2, dy=-3).encode(
        x=alt.value("width"), y="at:Q", text="text:N"
    )
    top = sorted((merge.height for merge in merges), reverse=True)[:4]
    return finish(
        rule + lines + said.properties(name=ON_PAGE),
        f"Tree of merges of {record.n_representatives:,} points: its top, down to {record.n_leaves} branches. "
        f"Highest merges: {', '.join(f'{height:.3g}' for height in top)}; cut at {record.cut:.3g} into "
        f"{counted(record.k, 'segment')}." + sampled(record.n_sampled, record.n_total),
        height=HEIGHT,
    )
