"""Each record on cases that can be told by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from coterie.clustering.dbscan import DBSCAN
from coterie.clustering.hierarchy import Dendrogram
from coterie.clustering.neighbours import kth_distances
from coterie.errors import DataError
from coterie.selection.evidence.agreement import agreement, best_of_each
from coterie.selection.evidence.flow import flow
from coterie.selection.evidence.gather import bend, elbow
from coterie.selection.evidence.kdistance import k_distance
from coterie.selection.evidence.parallel_lines import Columns, parallel
from coterie.selection.evidence.plane import gorge, separation
from coterie.selection.evidence.silhouettes import silhouette_profiles
from coterie.selection.evidence.solutions import solutions
from coterie.selection.evidence.som import SomUnits, som_grid
from coterie.selection.evidence.thinning import brief, even_steps
from coterie.selection.evidence.tree import Merged, dendrogram, own_tree, ward_tree
from coterie.selection.types import Interval
from tests.selection.candidates import explained
from tests.selection.evidence.cases import blobs, candidate, halved, sheet

RNG = np.random.default_rng


def found_of(labelings, **more):
    return solutions([candidate(one, **more) for one in labelings], labelings)


def test_numbers_have_four_digits():
    assert (brief(123456.0), brief(0.00123456), brief(-1.0)) == (123500.0, 0.001235, -1.0)


@given(st.integers(1, 5000), st.integers(2, 200))
def test_even_steps_rise_from_the_first_to_the_last(n, most):
    steps = even_steps(n, most)
    assert len(steps) == min(n, most)
    assert (steps[0], steps[-1]) == (0, n - 1)
    assert all(a < b for a, b in pairwise(steps))


def test_solutions_are_named_by_what_tells_them_apart():
    labels = np.array([0, 0, 1], np.int32)
    one = candidate(labels)
    assert [s.name for s in solutions([one], [labels])] == ["kmeans, k = 2"]
    two = [candidate(labels, method="dbscan", settings={"eps": eps}) for eps in (0.5, 0.75)]
    assert [s.name for s in solutions(two, [labels, None])] == ["dbscan, k = 2, eps = 0.5", "dbscan, k = 2, eps = 0.75"]
    recipes = solutions([candidate(labels, recipe="tf"), candidate(labels, recipe="")], [labels, labels], 1)
    assert [s.name for s in recipes] == ["kmeans, k = 2 (tf)", "kmeans, k = 2"]
    assert [s.line for s in recipes] == ["kmeans (tf)", "kmeans"]
    alike = solutions([one, one], [labels, labels])
    assert len({s.name for s in alike}) == 2


def test_silhouettes_of_two_pairs():
    """Points 0, 1 and 10, 11: the outer ones have (10.5 - 1) / 10.5, the inner ones (9.5 - 1) / 9.5."""
    points = np.array([[0.0], [1.0], [10.0], [11.0]], np.float32)
    labels = np.array([0, 0, 1, 1], np.int32)
    (profile,) = silhouette_profiles(points, found_of([labels]), ["s-4", "s-2"], 0, RNG(0), threads=1)
    assert profile.clusters[0].values == pytest.approx([9.5 / 10.5, 8.5 / 9.5], abs=1e-4)
    assert [c.cluster for c in profile.clusters] == ["s-4", "s-2"]
    assert profile.clusters[0].mean == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2, abs=1e-4)
    assert profile.clusters[0].misplaced == 0
    assert (profile.n_sampled, profile.n_total) == (4, 4)


def test_silhouettes_leave_out_noise_and_sample_where_there_is_much(monkeypatch):
    monkeypatch.setattr("coterie.selection.evidence.silhouettes.MOST_ROWS", 60)
    points, labels = blobs()
    noisy = labels.copy()
    noisy[:5] = -1
    whole, partly = silhouette_profiles(points, found_of([labels, noisy]), ["a-1"] * 3, 0, RNG(1), threads=1)
    assert (whole.n_sampled, whole.n_total) == (60, 90)
    assert sum(c.size for c in whole.clusters) == 60
    assert sum(c.size for c in partly.clusters) < 60
    assert [c.cluster for c in partly.clusters] == ["1", "2", "3"]
    assert all(math.isfinite(v) for c in partly.clusters for v in c.values)


@given(st.integers(0, 50))
def test_silhouettes_fall_and_are_few(seed):
    points, labels = blobs((70, 50), seed=seed)
    (profile,) = silhouette_profiles(points, found_of([labels]), ["s-1", "s-2"], 0, RNG(0), threads=1)
    for cluster in profile.clusters:
        assert len(cluster.values) <= min(150, cluster.size)
        assert list(cluster.values) == sorted(cluster.values, reverse=True)


def test_distances_to_the_second_neighbour():
    points = np.array([[0.0], [1.0], [3.0], [10.0]], np.float32)
    record = k_distance(points, 2, [2.5, 2.5], RNG(0))
    assert record.distances == (2.0, 3.0, 3.0, 9.0)
    assert record.shares == (0.25, 0.5, 0.75, 1.0)
    assert (record.knee, record.knee_share) == (3.0, 0.75)
    assert record.tried == (2.5,)
    assert k_distance(points, 3, [], RNG(0)) is None


def test_the_knee_is_the_one_that_dbscan_takes():
    points = np.concatenate([RNG(1).normal(size=(150, 2)), RNG(2).normal(0, 9, (30, 2))]).astype(np.float32)
    fitted = DBSCAN(min_samples=6).fit(points, RNG(0))
    record = k_distance(points, 5, [], RNG(0))
    assert record.knee == brief(fitted.curve.knee)
    assert np.mean(kth_distances(points.astype(float), points.astype(float), 6) <= fitted.curve.knee) == pytest.approx(
        record.knee_share, abs=1e-3
    )


def test_neighbours_of_a_sample_are_looked_for_among_all(monkeypatch):
    points = RNG(2).normal(size=(300, 2)).astype(np.float32)
    exact = k_distance(points, 3, [], RNG(0))
    monkeypatch.setattr("coterie.selection.evidence.kdistance.ALL_ROWS", 100)
    monkeypatch.setattr("coterie.selection.evidence.kdistance.MOST_ROWS", 150)
    some = k_distance(points, 3, [], RNG(0))
    assert (some.n_sampled, some.n_total) == (150, 300)
    assert np.median(some.distances) == pytest.approx(np.median(exact.distances), rel=0.15)


def test_a_tree_of_two_pairs_by_hand():
    points = np.array([[0.0], [1.0], [10.0], [11.0]], np.float32)
    labels = np.array([0, 0, 1, 1], np.int32)
    record = dendrogram(ward_tree(points, labels, RNG(0)), ["s-1", "s-2"], 4)
    assert (record.n_leaves, record.n_representatives, record.k) == (4, 4, 2)
    leaves, merges = record.nodes[:4], record.nodes[4:]
    assert [leaf.cluster for leaf in leaves] == ["s-1", "s-1", "s-2", "s-2"]
    assert [merge.height for merge in merges[:2]] == [1.0, 1.0]
    root = merges[-1]
    assert root.height == pytest.approx(np.sqrt(200), abs=0.01)  # Ward2: sqrt(2 * 2 * 2 / 4) * 10
    assert (root.users, root.cluster, {root.left, root.right}) == (4, "", {4, 5})
    assert 1.0 < record.cut < root.height


@pytest.mark.parametrize("n", [70, 2_000])
def test_a_condensed_tree_keeps_all_users_and_crosses_no_lines(n):
    points, labels = blobs((n // 2, n // 4, n // 4))
    record = dendrogram(ward_tree(points, labels, RNG(0)), ["s-1", "s-2", "s-3"], n)
    leaves = record.nodes[: record.n_leaves]
    assert record.n_leaves == 60
    assert [leaf.x for leaf in leaves] == list(range(60))
    assert sum(leaf.users for leaf in leaves) == record.nodes[-1].users == len(labels)
    assert len(record.nodes) == 119
    assert record.n_representatives == (len(labels) if n == 70 else 500)
    below = sum(node.height < record.cut for node in record.nodes[60:])
    assert below == 59 - 2, "two merges stand above the cut into three"
    for merge in record.nodes[60:]:
        assert record.nodes[merge.left].height <= merge.height >= record.nodes[merge.right].height
        assert record.nodes[merge.left].x < merge.x < record.nodes[merge.right].x


def test_the_tree_of_a_fitted_clusterer_counts_its_rows():
    own = Dendrogram(np.zeros((3, 1)), np.array([5, 1, 2]), np.array([0, 1, 1], np.int32),
                     np.array([[1.0, 2, 1, 2], [0, 3, 4, 3]]))  # fmt: skip
    record = dendrogram(own_tree(own, "average"), ["s-1", "s-2"], 8)
    assert sorted(node.users for node in record.nodes[:3]) == [1, 2, 5]
    assert record.linkage == "average"
    assert dendrogram(Merged(np.empty((0, 4)), np.zeros(1, int), np.zeros(1, np.int32), "ward"), ["s-1"], 1) is None


def test_flow_of_a_split():
    """Of two clusters the second is split in two: both come from one alone, so they are as stable as can be."""
    two = np.array([0, 0, 0, 0, 1, 1, 1, 1], np.int32)
    three = np.array([0, 0, 0, 0, 1, 1, 2, 2], np.int32)
    found = found_of([two, three])
    record = flow(found, found[1], ["s-1", "s-2", "s-3"])
    assert [(n.k, n.cluster, n.users) for n in record.nodes] == [
        (2, "1", 4), (2, "2", 4), (3, "s-1", 4), (3, "s-2", 2), (3, "s-3", 2)
    ]  # fmt: skip
    assert [n.slsa for n in record.nodes[2:]] == [1.0, 1.0, 1.0]
    assert all(math.isnan(n.slsa) for n in record.nodes[:2])
    assert {(link.source, link.target, link.users) for link in record.links} == {(0, 2, 4), (1, 3, 2), (1, 4, 2)}
    assert (record.least, record.n_total, record.chosen) == (1, 8, 3)
    assert flow(found[:1], found[0], ["s-1", "s-2"]) is None


def test_flow_orders_clusters_so_that_links_do_not_cross():
    before = np.array([0] * 6 + [1] * 6, np.int32)
    after = np.array([2, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0], np.int32)
    found = found_of([before, after])
    record = flow(found, found[0], ["s-1", "s-2"])
    assert [n.cluster for n in record.nodes if n.k == 3] == ["2", "3", "1"]


@given(st.lists(st.integers(0, 3), min_size=8, max_size=60), st.integers(0, 9))
def test_links_hold_every_user_once(raw, seed):
    labels = np.unique(raw, return_inverse=True)[1].astype(np.int32)
    other = np.append(RNG(seed).permutation(labels), labels.max() + 1).astype(np.int32)
    labels = np.append(labels, 0).astype(np.int32)
    found = found_of([labels, other])
    record = flow(found, found[0], [f"s-{c + 1}" for c in range(labels.max() + 1)])
    assert sum(link.users for link in record.links) == len(labels)
    assert all(0 <= node.slsa <= 1 for node in record.nodes if not math.isnan(node.slsa))


def test_agreement_is_symmetric_and_marks_the_chosen():
    one = np.array([0, 0, 1, 1], np.int32)
    other = np.array([0, 1, 0, 1], np.int32)
    found = found_of([one, other, 1 - one])
    record = agreement(found, found[1], RNG(0))
    assert record.values[0][2] == record.values[2][0] == 1.0
    assert record.values[0][1] == -0.5
    assert (record.chosen, record.left_out) == (1, 0)
    assert agreement(found[:1], found[0], RNG(0)) is None


def test_of_many_solutions_the_best_of_each_method_are_compared():
    labels = np.array([0, 0, 1, 1], np.int32)
    rows = [candidate(labels, method=f"m{i % 4}") for i in range(40)]
    found = solutions(rows, [labels] * 40)
    record = agreement(found, found[37], RNG(0))
    assert (len(record.solutions), record.left_out) == (4, 36)
    assert record.solutions[record.chosen] == found[37].name
    assert best_of_each(found, found[37])[0] is found[37]


def test_without_events_the_best_of_a_method_is_what_explains_most():
    labels = np.array([0, 0, 1, 1], np.int32)
    rows = [candidate(labels, method="kmeans", explained=explained(value)) for value in (0.1, 0.3, 0.2)]
    rows = [replace(row, silhouette=Interval(0.9, 0.9, 0.9)) if place == 0 else row for place, row in enumerate(rows)]
    rows.append(candidate(labels, method="gmm", explained=explained(0.2)))
    found = solutions(rows, [labels] * 4)
    assert [one.place for one in best_of_each(found, found[3])] == [3, 1]


def test_elbow_where_inertia_bends_most():
    assert bend({2: 100.0, 3: 40.0, 4: 35.0, 5: 31.0}) == 3
    assert bend({2: 100.0, 4: 40.0}) == 0
    labels = [np.array([0, 1], np.int32), np.array([0, 1, 2], np.int32)]
    found = solutions([candidate(one, inertia=9.0 - i) for i, one in enumerate(labels)], labels)
    record = elbow(found, found[1])
    assert record.chosen == 3
    assert (record.lines[0].k, record.lines[0].inertia, record.lines[0].elbow) == ((2, 3), (9.0, 8.0), 0)
    assert elbow(found[:1], found[0]) is None
    other = solutions([candidate(labels[0], recipe="tf"), candidate(labels[1])], labels)
    assert elbow(other, other[0]) is None, "inertia of another embedding has another unit"


def test_parallel_puts_the_column_that_tells_segments_apart_first():
    labels = np.array([0, 0, 0, 1, 1, 1], np.int32)
    noise, told = np.array([0.0, 1, 0, 0, 1, 0]), np.array([0.0, 0, 0, 1, 1, 1])
    values = np.c_[noise, told, np.ones(6)].astype(np.float32)
    record = parallel(Columns(["noise", "told", "constant"], values), labels, ["s-1", "s-2"], RNG(0))
    assert record.columns == ("told", "noise")
    assert record.explained == (1.0, 0.0)
    assert (record.lines[0].mean[0], record.lines[1].mean[0]) == (-1.0, 1.0)
    assert record.lines[0].low[0] == record.lines[0].high[0] == -1.0
    assert (len(record.users), record.left_out) == (6, 1)
    sparse = parallel(Columns(["noise", "told", "constant"], sp.csr_array(values)), labels, ["s-1", "s-2"], RNG(0))
    assert sparse == record
    assert parallel(Columns(["constant"], values[:, 2:]), labels, ["s-1", "s-2"], RNG(0)) is None
    with pytest.raises(DataError, match="got 1 names, values of 6 x 3 and 6 labels; expected a name a column"):
        parallel(Columns(["noise"], values), labels, ["s-1", "s-2"], RNG(0))


def test_parallel_keeps_at_most_twenty_columns_and_two_hundred_users():
    points, labels = blobs((200, 150), dims=30)
    record = parallel(Columns([str(c) for c in range(30)], points), labels, ["s-1", "s-2"], RNG(0))
    assert (len(record.columns), record.left_out, len(record.users)) == (20, 10, 200)
    assert list(record.explained) == sorted(record.explained, reverse=True)


def test_gorge_of_two_points_by_hand():
    """Centroids 0.5 and 10.5, all users half a unit away from their own: exp(-1) against exp(-19) and exp(-21)."""
    points = np.array([[0.0], [1.0], [10.0], [11.0]], np.float32)
    record = gorge(points, np.array([0, 0, 1, 1], np.int32), ["s-1", "s-2"], RNG(0))
    assert record.unit == 0.5
    assert record.rows[0].members[-1] == record.rows[0].others[0] == 1.0
    assert len(record.edges) == len(record.rows[0].members) + 1 == 26
    assert gorge(points, np.zeros(4, np.int32), ["s-1"], RNG(0)) is None


@given(st.floats(0.01, 100), st.integers(0, 20))
def test_similarities_do_not_depend_on_the_scale(factor, seed):
    points, labels = blobs((20, 15, 10), apart=2.0, seed=seed)
    exact = points.astype(np.float64)
    one = gorge(exact, labels, ["a", "b", "c"], RNG(0))
    other = gorge(exact * factor, labels, ["a", "b", "c"], RNG(0))
    for before, after in zip(one.rows, other.rows, strict=True):
        assert sum(before.members) == pytest.approx(1, abs=0.01)
        # a value on the edge of a bin may fall to either side
        assert np.abs(np.cumsum(before.members) - np.cumsum(after.members)).max() <= 1 / 10 + 1e-3


def test_separation_of_a_line_of_three():
    """Three clusters on a line: the outer ones are no neighbours, and the second axis is empty."""
    points = np.repeat([[0.0, 0], [10, 0], [21, 0]], 10, axis=0).astype(np.float32)
    labels = np.repeat([0, 1, 2], 10).astype(np.int32)
    record = separation(points, labels, ["s-1", "s-2", "s-3"], RNG(0))
    assert record.explained == (1.0, 0.0)
    pairs = {(edge.one, edge.other): edge.share for edge in record.edges}
    assert pairs == pytest.approx({("s-1", "s-2"): 2 / 3, ("s-2", "s-3"): 1 / 3}, abs=1e-3)
    assert [outline.x for outline in record.outlines] == pytest.approx([-31 / 3, -1 / 3, 32 / 3], abs=1e-2)
    assert record.outlines[0].outline_x == pytest.approx([-31 / 3] * 41, abs=1e-2)


def test_an_outline_holds_half_of_a_normal_cloud():
    points = RNG(0).normal(size=(4_000, 2)).astype(np.float32) * np.array([3.0, 1.0], np.float32)
    record = separation(points, np.zeros(4_000, np.int32), ["s-1"], RNG(0))
    (outline,) = record.outlines
    a, b = max(outline.outline_x) - outline.x, max(outline.outline_y) - outline.y
    flat = (points - points.mean(axis=0)) / [a, b]
    assert ((flat**2).sum(axis=1) < 1).mean() == pytest.approx(0.5, abs=0.03)
    assert (len(record.x), record.n_total, record.edges) == (600, 4_000, ())


@pytest.mark.parametrize("dims", [1, 2])
def test_few_dimensions_are_a_plane_too(dims):
    points, labels = blobs((20, 10), dims=dims)
    assert len(separation(points, labels, ["s-1", "s-2"], RNG(0)).outlines) == 2


def units(rows, columns, *, hexagonal=False, weights=None):
    n = rows * columns
    weights = np.arange(n, dtype=float)[:, None] if weights is None else weights
    return SomUnits(rows, columns, hexagonal, weights, np.arange(n), np.array([*range(n - 1), -1], np.int32) % 2)


def test_the_u_matrix_is_the_mean_distance_to_neighbours():
    record = som_grid(units(2, 2), ["s-1", "s-2"])
    assert record.u == (1.5, 1.5, 1.5, 1.5)  # every unit has one neighbour 1 and one 2 away
    assert record.hits == (0, 1, 2, 3)


def test_a_unit_without_users_has_no_segment():
    lone = SomUnits(1, 2, False, np.zeros((2, 1)), np.array([3, 0]), np.array([0, -1], np.int32))
    assert som_grid(lone, ["s-7"]).clusters == ("s-7", "")


def test_a_hexagonal_unit_inside_has_six_neighbours():
    weights = np.zeros((9, 1))
    weights[4] = 6.0
    u = som_grid(units(3, 3, hexagonal=True, weights=weights), ["s-1", "s-2"]).u
    assert u[4] == 6.0
    assert sum(value > 0 for value in u) == 7


def test_a_map_of_another_size_is_refused():
    wrong = SomUnits(2, 2, False, np.zeros((3, 1)), np.zeros(4, int), np.zeros(4, np.int32))
    with pytest.raises(DataError, match=r"a map of 2 x 2 units got arrays of \[3, 4\] units; expected 4 each"):
        som_grid(wrong, ["s-1"])


def test_the_sheet_of_the_cases_is_what_it_says():
    rows, labelings, chosen = sheet(blobs()[1])
    assert [row.k for row in rows] == [2, 3, 4]
    assert (halved(labelings[chosen]) == labelings[2]).all()
