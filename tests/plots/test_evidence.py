"""The figures of the evidence: what they draw is what the record says, each as a picture, each read out."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from coterie import plots
from coterie.errors import UnknownNameError
from coterie.plots.agreement import agreement
from coterie.plots.catalogue import DECISION, NEWCOMERS, SEGMENTS, TOGETHER, Shown, find_plot
from coterie.plots.dendrogram import dendrogram
from coterie.plots.elbow import elbow
from coterie.plots.explored import DATA
from coterie.plots.gap import gap
from coterie.plots.gorge import gorge
from coterie.plots.kdistance import k_distance
from coterie.plots.null import null_test
from coterie.plots.palette import colour
from coterie.plots.panels import names_at, recoloured
from coterie.plots.parallel import parallel
from coterie.plots.separation import separation
from coterie.plots.silhouettes import silhouette, silhouettes
from coterie.plots.sls import slsa, slsw, stability_bars
from coterie.plots.som import som
from coterie.selection.types import GapCurve, GapPoint
from tests.plots.charts import find, layers, mark_of, rows_of
from tests.plots.classified import classification
from tests.plots.graphed import kept_graph
from tests.plots.test_evaluation import evaluations
from tests.report import samples

LARGEST = 200_000  # characters of a figure, of which the page holds fifteen


def shown() -> Shown:
    whole = samples.contents()
    judged = evaluations()
    shown = Shown(whole.decision, whole.segments, whole.profiles, whole.evidence, 0.75, evaluations=judged)
    told, graph = classification(), kept_graph()
    return replace(shown, exploration=whole.exploration, user_map=whole.user_map, classification=told, graph=graph)


def rows_with(chart, mark: str, field: str):
    """The rows of the first layer of a mark that has a field."""
    body = plots.spec(chart)
    for layer in layers(body):
        rows = rows_of(body, layer)
        if mark_of(layer) == mark and rows and field in rows[0]:
            return rows
    raise AssertionError(f"no {mark} has '{field}'")


@pytest.mark.parametrize("plot", plots.ALL, ids=lambda plot: plot.name)
def test_every_plot_is_a_picture_and_is_read_out(plot, tmp_path: Path):
    chart = plot.draw(shown())
    body = plots.spec(chart)
    assert len(body["description"]) > 20
    assert "nan" not in body["description"]
    assert body["width"] == "container"
    assert len(json.dumps(body)) < LARGEST
    plots.to_png(chart, tmp_path / "plot.png", width=320, scale=1)
    plots.to_svg(chart, tmp_path / "plot.svg", width=320)
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert "<path" in (tmp_path / "plot.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("plot", plots.EVIDENCE, ids=lambda plot: plot.name)
def test_without_evidence_there_is_no_figure(plot):
    assert plot.draw(Shown(samples.decision())) is None


def test_names_are_found_and_the_nearest_is_offered():
    names = [plot.name for plot in plots.ALL]
    assert len(names) == len(set(names)) == 35
    assert find_plot("gorge").name == "gorge"
    assert {plot.group for plot in plots.ALL} == {*plots.QUESTIONS, DECISION, SEGMENTS, NEWCOMERS, TOGETHER, DATA}
    with pytest.raises(UnknownNameError, match="unknown plot 'silhouete'; did you mean 'silhouette'"):
        find_plot("silhouete")


def test_an_axis_of_names_says_what_the_data_say():
    axis = names_at(["it's", "a\\b"], [0.5, 2.0]).to_dict()
    assert axis["labelExpr"] == "datum.value == 0.5 ? 'it\\'s' : datum.value == 2.0 ? 'a\\\\b' : ''"


def test_the_elbow_has_its_ring_and_the_chosen_its_line():
    record = samples.evidence().elbow
    chart = elbow(record)
    rows = rows_with(chart, "line", "inertia")
    assert {row["k"] for row in rows} == set(record.lines[0].k)
    assert [row["k"] for row in rows if row["elbow"]] == [record.lines[0].elbow]
    assert f"kmeans: elbow at {record.lines[0].elbow}" in plots.spec(chart)["description"]
    assert rows_with(chart, "text", "text") == [{"k": 5, "text": "chosen"}]


def test_silhouettes_stand_under_each_other_from_high_to_low():
    record = samples.evidence().silhouettes[3]
    rows = rows_with(silhouette(record), "rect", "value")
    assert rows[0]["top"] == 0
    assert rows[-1]["bottom"] == pytest.approx(1, abs=1e-3)
    first = [row["value"] for row in rows if row["segment"] == "s-1"]
    assert first == sorted(first, reverse=True)
    heights = [max(r["bottom"] for r in rows if r["segment"] == c.cluster)
               - min(r["top"] for r in rows if r["segment"] == c.cluster) for c in record.clusters]  # fmt: skip
    assert heights == sorted(heights, reverse=True), "larger clusters take more room"


def test_every_solution_has_a_panel_and_the_chosen_a_star():
    records = samples.evidence().silhouettes
    body = plots.spec(silhouettes(records, "kmeans, k = 5"))
    texts = [row["text"] for layer in layers(body) if mark_of(layer) == "text" for row in rows_of(body, layer)]
    assert {"kmeans", "k = 5*", "k = 4"} <= set(texts)
    assert len(texts) == len(records) + 1
    two = [*records, *(replace(r, line="gmm", solution=r.solution.replace("kmeans", "gmm")) for r in records)]
    assert plots.spec(silhouettes(two, "gmm, k = 5"))["height"] > body["height"]


def test_the_knee_is_marked_and_so_is_what_was_tried():
    record = replace(samples.evidence().k_distance, tried=(1.2, 900.0))
    body = plots.spec(k_distance(record))
    _, rows = find(k_distance(record), "rule")
    assert rows == [{"at": 1.2, "text": "eps 1.2"}], "what lies far outside the curve has no line"
    assert "900" in body["description"]
    assert find(k_distance(record), "point")[1][0]["distance"] == record.knee


def test_a_tree_has_three_lines_a_merge():
    record = samples.evidence().dendrogram
    rows = rows_with(dendrogram(record), "rule", "segment")
    assert len(rows) == 3 * (record.n_leaves - 1)
    assert rows_with(dendrogram(record), "rule", "at")[0]["at"] == record.cut
    assert {row["segment"] for row in rows} <= {"s-1", "s-2", "s-3", "s-4", "s-5", "several"}


def test_a_gap_that_asks_for_one_cluster_says_none():
    record = GapCurve((GapPoint(1, 0.3, 0.01), GapPoint(2, 0.2, 0.01), GapPoint(3, math.nan, math.nan)), 1)
    rows = rows_with(gap(record), "point", "gap")
    assert [(row["k"], row["asked"]) for row in rows] == [(1, True), (2, False)]
    assert plots.spec(gap(record))["description"].endswith("It asks for one cluster, which is none.")


@pytest.mark.parametrize(("k", "text", "spoken"), [
    (2, "k = 2", "It asks for 2 clusters."),
    (3, "k = 3 or more", "It still grows at 3 clusters, the most that were tried: it names no number."),
])  # fmt: skip
def test_a_gap_that_grows_to_the_end_of_the_range_names_no_number(k, text, spoken):
    chart = gap(GapCurve((GapPoint(1, 0.1, 0.01), GapPoint(2, 0.2, 0.01), GapPoint(3, 0.3, 0.01)), k))
    assert [row["text"] for row in rows_with(chart, "text", "text")] == [text]
    assert plots.spec(chart)["description"].endswith(spoken)


def test_the_null_test_in_colour_and_in_words():
    record = samples.evidence().null
    yes, no = null_test(record), null_test(replace(record, is_natural=False, statistic=0.1))
    assert find(yes, "point")[0]["mark"]["shape"] != find(no, "point")[0]["mark"]["shape"]
    assert "above what structureless" in plots.spec(yes)["description"]
    assert "not above what structureless" in plots.spec(no)["description"]
    assert find(yes, "rect")[1] == [{"at": 0.0, "to": 0.13}]


def test_a_flow_has_a_block_a_cluster_and_bands_that_fit_their_blocks():
    record = samples.evidence().flow
    body = plots.spec(slsa(record))
    blocks = [r for layer in layers(body) if mark_of(layer) == "rect" for r in rows_of(body, layer)]
    assert len(blocks) == len(record.nodes) + record.chosen  # the chosen ones are framed as well
    bands = rows_with(slsa(record), "area", "link")
    assert len(bands) == 4 * len(record.links)
    for row in bands[::4]:
        assert any(b["y"] - 1e-3 <= row["y"] and row["y2"] <= b["y2"] + 1e-3 for b in blocks if b["x2"] == row["x"])


def test_stability_within_has_dots_and_a_median():
    record = samples.evidence().within
    assert len(find(slsw(record), "point")[1]) == 50
    assert len(find(slsw(record), "tick")[1]) == 50
    alone = replace(record, values=tuple((0.8,) for _ in record.clusters))
    assert "tick" not in {mark_of(layer) for layer in layers(plots.spec(slsw(alone)))}


def test_bars_of_stability_say_their_band():
    record = samples.evidence().stability
    rows = find(stability_bars(record), "bar")[1]
    assert [row["jaccard"] for row in rows] == list(samples.STABILITY)
    assert "s-1 0.91 highly stable" in plots.spec(stability_bars(record))["description"]


def test_agreement_has_a_cell_a_pair_and_figures_only_where_they_fit():
    record = samples.evidence().agreement
    n = len(record.solutions)
    assert len(find(agreement(record), "rect")[1]) == n**2
    marks = {mark_of(layer) for layer in layers(plots.spec(agreement(record)))}
    assert ("text" in marks) == (n <= 14)
    many = replace(record, solutions=record.solutions * 2, values=tuple(row * 2 for row in record.values * 2))
    assert {mark_of(layer) for layer in layers(plots.spec(agreement(many)))} == {"rect"}


@pytest.mark.parametrize(("hexagonal", "corners"), [(True, 7), (False, 5)])
def test_units_of_a_map_are_closed_and_grow_with_users(hexagonal, corners):
    record = replace(samples.evidence().som, hexagonal=hexagonal)
    body = plots.spec(som(record))
    ground, filled = (rows_of(body, layer) for layer in layers(body))
    assert len(ground) == 12
    assert len(filled) == sum(hits > 0 for hits in record.hits)
    rings = [row["geometry"]["coordinates"][0] for row in filled]
    assert all(len(ring) == corners and ring[0] == ring[-1] for ring in rings)
    wide = {r["properties"]["users"]: max(x for x, _ in ring) - min(x for x, _ in ring)
            for r, ring in zip(filled, rings, strict=True)}  # fmt: skip
    assert wide[max(wide)] == max(wide.values())


def test_columns_of_parallel_coordinates_may_have_any_name():
    record = samples.evidence().parallel
    odd = replace(record, columns=("it's [a].b", *record.columns[1:]))
    body = plots.spec(parallel(odd))
    assert plots.svg(parallel(odd)).startswith("<svg")
    means = rows_with(parallel(odd), "point", "mean")
    assert len(means) == 5 * len(record.columns)
    assert {row["at"] for row in means} == {f"c{i}" for i in range(len(record.columns))}
    assert "On it's [a].b, which sets them apart most" in body["description"]


def test_dimensions_without_names_are_said_to_be_none_of_the_columns():
    record = samples.evidence().parallel
    nameless = replace(record, columns=tuple(f"dimension {i + 1}" for i in range(len(record.columns))))
    said = "dimensions of the embedding, each a mix of columns; profiles name what differs"
    assert said in plots.spec(parallel(nameless))["description"]
    assert "dimensions of the embedding, each a mix" in plots.svg(parallel(nameless))
    one_named = replace(nameless, columns=("age", *nameless.columns[1:]))
    assert "dimensions of the embedding" not in plots.svg(parallel(one_named))


def test_a_gorge_has_members_and_all_others():
    rows = find(gorge(samples.evidence().gorge), "rect")[1]
    assert {row["who"] for row in rows} == {"s-1", "s-2", "s-3", "s-4", "s-5", "all others"}
    for cluster in ("s-1", "s-5"):
        assert sum(r["share"] for r in rows if r["segment"] == cluster) == pytest.approx(2, abs=0.01)


def test_separation_draws_every_segment_in_its_colour():
    record = samples.evidence().separation
    rows = rows_with(separation(record), "point", "fill")
    assert {row["segment"]: row["fill"] for row in rows} == {f"s-{i}": colour(f"s-{i}") for i in range(1, 6)}
    edges = rows_with(separation(record), "rule", "pair")
    assert max(edges, key=lambda e: e["width"])["share"] == max(edge.share for edge in record.edges)


def test_clusters_of_one_segment_have_its_colour_and_people_may_choose_it():
    record = samples.evidence().stability
    merged = replace(record, bars=(replace(record.bars[0], cluster="s-1 a"), replace(record.bars[1], cluster="s-1 b")))
    scale = find(stability_bars(merged), "bar")[0]["encoding"]["color"]["scale"]
    assert scale["range"] == [colour("s-1")] * 2
    scale = find(recoloured(stability_bars(merged), {"s-1": "#123456"}), "bar")[0]["encoding"]["color"]["scale"]
    assert scale["range"] == ["#123456"] * 2
    whole = shown()
    chosen = replace(whole, segments=(replace(whole.segments[0], colour="#123456"), *whole.segments[1:]))
    assert "#123456" in json.dumps(plots.spec(find_plot("parallel").draw(chosen)))
