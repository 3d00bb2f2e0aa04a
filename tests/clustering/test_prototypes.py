from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from coterie import frozen
from coterie.clustering.answers import Layout
from coterie.clustering.centroid import KMeans
from coterie.clustering.prototypes import FittedKPrototypes, KPrototypes, Prototypes
from coterie.errors import ConfigError, DataError
from tests.clustering.mixed import one_hot, planted
from tests.contracts.clusterer_contract import ClustererContract, three_clouds

NAMES = ("u:age", "u:job=a", "u:job=b", "u:job=c", "u:pet=cat", "u:pet=dog")


class TestNumbers(ClustererContract):
    @pytest.fixture
    def clusterer(self):
        return KPrototypes(k=3, starts=3)


class TestMixed(ClustererContract):
    @pytest.fixture(params=["auto", 0, 2.5])
    def clusterer(self, request):
        return KPrototypes(k=3, starts=3, gamma=request.param, columns=("n:x", *planted(9, 0, 1)[1]))

    @pytest.fixture
    def points(self):
        points, _, truth = planted(120, 0, 0.8)
        return np.column_stack([truth + np.random.default_rng(1).normal(0, 0.3, 120), points]).astype(np.float32)


class TestAnswersAlone(ClustererContract):
    @pytest.fixture
    def clusterer(self):
        return KPrototypes(k=3, starts=1, columns=planted(9, 0, 1)[1])

    @pytest.fixture
    def points(self):
        return planted(90, 3, 0.3)[0]


def hand_made() -> FittedKPrototypes:
    """Prototypes at 0 (a, cat) and at 3 (b, dog); a disagreement weighs 2; a tie goes to the second."""
    prototypes = Prototypes(np.array([[0.0], [3.0]]), np.array([[0, 0], [1, 1]], np.int32), 2.0)
    return FittedKPrototypes(Layout.of(NAMES, 6), prototypes, np.array([1, 0], np.int32))


def test_the_rule_by_hand():
    points = np.array(
        [
            [1, 0, 5, 0, 0, 5],  # 1 + 2 + 2 to the first, 4 to the second
            [1, 0, 5, 0, 5, 0],  # 1 + 2 to the first, 4 + 2 to the second
            [1, 0, 0, 0, 0, 0],  # no answer: 1 and 4
            [0, 0, 0, 5, 5, 0],  # c is neither's: 2 and 9 + 2 + 2
            [1.5, 0, 0, 0, 0, 0],  # a tie
        ],
        np.float32,
    )
    assigned = hand_made().assign(points)
    assert assigned.labels.tolist() == [1, 0, 0, 0, 1]
    assert assigned.distance**2 == pytest.approx([4, 3, 1, 2, 2.25])
    assert assigned.strength == pytest.approx([1 - (4 / 5) ** 0.5, 1 - 0.5**0.5, 0.5, 1 - (2 / 13) ** 0.5, 0])


def test_prototypes_are_means_and_modes_by_hand():
    codes = np.array([[0, 0], [0, 1], [1, 1], [2, -1], [2, -1]])
    points = np.column_stack([[1, 2, 3, 50, 52], one_hot(codes, [3, 2])[0]]).astype(np.float32)
    found = KPrototypes(k=2, columns=NAMES).fit(points, np.random.default_rng(0))
    assert found.fit_labels.tolist() == [0, 0, 0, 1, 1]
    assert found.prototypes.numbers.tolist() == [[2], [51]]
    assert found.prototypes.modes.tolist() == [[0, 1], [2, 1]], "where nobody answered, as most of all users did"
    assert found.prototypes.gamma == pytest.approx(0.5 * np.std([1, 2, 3, 50, 52]))


def test_gamma_weighs_answers_against_numbers():
    codes = np.array([[0, 0], [1, 1], [0, 0], [1, 1]])
    points = np.column_stack([[0, 0.1, 5, 5.1], one_hot(codes, [3, 2])[0]]).astype(np.float32)

    def labels(gamma):
        return KPrototypes(k=2, gamma=gamma, columns=NAMES).fit(points, np.random.default_rng(0)).fit_labels.tolist()

    assert labels(0) == labels(1) == [0, 0, 1, 1]
    assert labels(100) == [0, 1, 0, 1]


def test_gamma_without_numbers_is_one():
    points, names = one_hot(np.array([[0, 0], [1, 1]]), [2, 2])
    assert KPrototypes(k=2, columns=names).fit(points, np.random.default_rng(0)).prototypes.gamma == 1


def test_planted_groups_are_found_where_categories_without_meaning_drown_them_for_kmeans():
    # Two questions of two answers tell the groups, each far scaled number is noise that one-hots cannot outweigh.
    rng = np.random.default_rng(0)
    truth = np.arange(400) % 2
    told = np.where(rng.random((400, 4)) < 0.9, truth[:, None], 1 - truth[:, None])
    hot, names = one_hot(told, [2] * 4, value=0.3)
    noise = rng.normal(0, 1, (400, 2))
    points = np.column_stack([noise, hot]).astype(np.float32)
    mixed = KPrototypes(k=2, gamma=4, columns=("n:x", "n:y", *names)).fit(points, np.random.default_rng(0))
    assert adjusted_rand_score(truth, mixed.fit_labels) > 0.75
    assert adjusted_rand_score(truth, KMeans(k=2).fit(points, np.random.default_rng(0)).fit_labels) < 0.1


def test_on_numbers_it_is_kmeans():
    points, _ = three_clouds()
    mixed = KPrototypes(k=3).fit(points, np.random.default_rng(0))
    means = KMeans(k=3).fit(points, np.random.default_rng(0))
    assert (mixed.fit_labels == means.fit_labels).all()
    assert mixed.prototypes.numbers == pytest.approx(means.centres)
    assert mixed.assign(points).strength == pytest.approx(means.assign(points).strength)


def test_more_starts_are_not_worse():
    points, names, _ = planted(300, 5, 0.5)

    def cost(starts):
        found = KPrototypes(k=5, starts=starts, columns=names).fit(points, np.random.default_rng(0))
        return (found.assign(points).distance ** 2).sum()

    assert cost(20) <= cost(1)


def test_rows_that_differ_only_in_missing_answers_make_fewer_clusters():
    codes = np.array([[0, 0], [0, -1], [-1, 0], [1, 1]])
    points, names = one_hot(codes, [2, 2])
    found = KPrototypes(k=4, columns=names).fit(points, np.random.default_rng(0))
    assert found.n_clusters == 2
    assert (found.assign(points).labels == found.fit_labels).all()


def test_names_stay_with_the_prototypes(tmp_path):
    frozen.save(hand_made().to_arrays(), tmp_path, "clusterer")
    loaded = FittedKPrototypes.from_arrays(frozen.load(tmp_path, "clusterer"))
    assert loaded.layout == Layout.of(NAMES, 6)
    assert loaded.prototypes.gamma == 2


def test_fewer_distinct_points_than_clusters_are_refused():
    with pytest.raises(DataError, match="3 clusters were asked of 2 distinct points"):
        KPrototypes(k=3).fit(np.eye(2, dtype=np.float32), np.random.default_rng(0))


def test_rows_that_are_all_equal_as_answers_are_refused():
    points, names = one_hot(np.array([[0], [-1]]), [1])
    with pytest.raises(DataError, match="all users are equal in what k-prototypes compares"):
        KPrototypes(k=2, columns=names).fit(points, np.random.default_rng(0))


def test_points_drawn_without_clusters_are_read_too():
    names = planted(9, 0, 1)[1]
    points = np.random.default_rng(0).normal(0, 1, (200, len(names))).astype(np.float32)
    found = KPrototypes(k=3, columns=names).fit(points, np.random.default_rng(0))
    assert (found.assign(points).labels == found.fit_labels).all()


@pytest.mark.parametrize("gamma", [-1, "much", float("inf")])
def test_a_gamma_that_is_no_weight_is_refused(gamma):
    with pytest.raises(ConfigError, match=r"'clustering.options.kprototypes.gamma' is .*; expected a number >= 0"):
        KPrototypes(gamma=gamma)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.floats(0.2, 0.9))
def test_each_row_is_at_its_nearest_prototype_and_each_prototype_among_its_rows(seed, k, agreement):
    points, names, _ = planted(40, seed, agreement)
    found = KPrototypes(k=k, starts=1, columns=names).fit(points, np.random.default_rng(seed))
    assigned = found.assign(points)
    assert (assigned.labels == found.fit_labels).all()
    codes = found.layout.codes(points)
    for label in range(found.n_clusters):
        others = (codes != found.prototypes.modes[label]) & (codes >= 0)
        assert (assigned.distance**2 <= others.sum(axis=1) * found.prototypes.gamma + 1e-9).all()
