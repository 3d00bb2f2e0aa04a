from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from coterie import frozen
from coterie.clustering.answers import Layout
from coterie.clustering.classes import Classes, Patterns, log_sum_exp
from coterie.clustering.latentclass import FittedLatentClasses, LatentClass, codes_of, offsets_of
from coterie.errors import ConfigError, DataError, ModelError
from tests.clustering.mixed import one_hot, planted
from tests.contracts.clusterer_contract import ClustererContract

WEIGHTS = np.array([0.6, 0.4])
YES = np.array([[0.9, 0.8, 0.7, 0.2, 0.1, 0.85], [0.2, 0.1, 0.3, 0.9, 0.7, 0.3]])


def two_classes(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Answers of ``n`` users to six yes-or-no questions by WEIGHTS and YES, and the class of each."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < WEIGHTS[1]).astype(int)
    return (rng.random((n, 6)) < YES[truth]).astype(np.float32), truth


class TestYesOrNo(ClustererContract):
    @pytest.fixture
    def clusterer(self):
        return LatentClass(k=2, starts=3)

    @pytest.fixture
    def points(self):
        return two_classes(150, 0)[0]


class TestCategories(ClustererContract):
    @pytest.fixture
    def clusterer(self):
        return LatentClass(k=3, starts=3, columns=planted(9, 0, 1)[1])

    @pytest.fixture
    def points(self):
        return planted(150, 0, 0.7)[0]


def hand_made() -> FittedLatentClasses:
    """Three quarters say a (of a, b) with .8 and yes with .5; a quarter says a with .2 and yes with .9."""
    probabilities = np.array([[0.8, 0.2], [0.2, 0.8], [0.5, 0.1], [0.5, 0.9]])
    classes = Classes(np.array([0.75, 0.25]), probabilities, np.array([0, 2, 4]))
    layout = Layout.of(("q:x=a", "q:x=b", "q:x=missing", "q:y"), 4)
    return FittedLatentClasses(layout, classes, np.array([0, 1], np.int32), bic=3.0, aic=2.0)


def test_posterior_by_hand():
    # Rows: b and yes; a and no; missing and yes, told in two ways.
    points = np.array([[0, 2, 0, 2], [2, 0, 0, 0], [0, 0, 2, 2], [0, 0, 0, 2]], np.float32)
    joint = np.array([[0.75 * 0.2 * 0.5, 0.25 * 0.8 * 0.9], [0.75 * 0.8 * 0.5, 0.25 * 0.2 * 0.1]])
    joint = np.vstack([joint, [[0.75 * 0.5, 0.25 * 0.9]] * 2])
    expected = joint / joint.sum(axis=1, keepdims=True)
    found = hand_made()
    assert found.memberships(points) == pytest.approx(expected)
    assigned = found.assign(points)
    assert assigned.labels.tolist() == [1, 0, 0, 0]
    assert assigned.strength == pytest.approx(expected.max(axis=1))
    assert assigned.distance**2 == pytest.approx([0.2 + 0.1, 0.2 + 0.5, 0.5, 0.5]), "answers expected to differ"
    assert [item.categories for item in found.items] == [("a", "b"), ("no", "yes")]


def test_a_row_without_answers_belongs_to_the_class_of_the_greatest_weight():
    points, names = one_hot(np.array([[-1, -1]]), [2, 2])
    classes = Classes(np.array([0.25, 0.75]), np.full((4, 2), 0.5), np.array([0, 2, 4]))
    found = FittedLatentClasses(Layout.of(names, 4), classes, np.array([0, 1], np.int32), bic=0, aic=0)
    assigned = found.assign(points)
    assert (assigned.labels[0], assigned.strength[0], assigned.distance[0]) == (1, pytest.approx(0.75), 0)


def test_known_probabilities_are_recovered():
    points, _ = two_classes(6000, 1)
    found = LatentClass(k=2).fit(points, np.random.default_rng(0))
    assert found.classes.weights == pytest.approx(WEIGHTS, abs=0.03)
    np.testing.assert_allclose(found.classes.probabilities[1::2].T, YES, atol=0.04)
    best = (np.log(WEIGHTS) + points @ np.log(YES.T) + (1 - points) @ np.log(1 - YES.T)).argmax(axis=1)
    assert (found.fit_labels == best).mean() > 0.98, "as the true probabilities would assign"


def test_missing_answers_bias_nothing():
    points, _ = two_classes(6000, 1)
    codes = points.astype(int)
    codes[np.random.default_rng(2).random(codes.shape) < 0.3] = -1
    hot, names = one_hot(codes, [2] * 6)
    found = LatentClass(k=2, columns=names).fit(hot, np.random.default_rng(0))
    assert found.classes.weights == pytest.approx(WEIGHTS, abs=0.04)
    np.testing.assert_allclose(found.classes.probabilities[1::2].T, YES, atol=0.05)


def test_the_criteria_choose_the_true_number_of_classes():
    points, names, truth = planted(600, 2, 0.75)
    by_k = {k: LatentClass(k=k, columns=names).fit(points, np.random.default_rng(0)) for k in (2, 3, 4)}
    assert min(by_k, key=lambda k: by_k[k].bic) == 3
    assert adjusted_rand_score(truth, by_k[3].fit_labels) > 0.9


def test_the_criteria_are_those_of_the_classes_that_somebody_is_in():
    points = (np.random.default_rng(2).random((60, 3)) < 0.5).astype(np.float32)
    found = LatentClass(k=8, starts=1).fit(points, np.random.default_rng(0))
    assert found.n_clusters < 8
    patterns = Patterns.of(points.astype(np.int32), np.array([0, 2, 4, 6]), 1.0)
    assert (found.bic, found.aic) == pytest.approx(patterns.criteria(found.classes))


def test_criteria_by_hand():
    # One item of three categories of which two occur, one of two; a user of five answered nothing.
    codes = np.array([[0, 0], [0, 1], [1, 1], [1, -1], [-1, -1]], np.int32)
    patterns = Patterns.of(codes, np.array([0, 3, 5]), 1.0)
    one = Classes(np.array([1.0]), np.array([0.4, 0.4, 0.2, 0.5, 0.5])[:, None], np.array([0, 3, 5]))
    log_likelihood = 4 * np.log(0.4) + 3 * np.log(0.5)
    assert patterns.log_likelihood(one) == pytest.approx(log_likelihood)
    assert patterns.criteria(one) == pytest.approx((-2 * log_likelihood + 2 * np.log(4), -2 * log_likelihood + 4))


def test_one_step_by_hand():
    # With one class everybody is in it: probabilities are shares, each with its imagined answers.
    codes = np.array([[0], [0], [1], [-1]], np.int32)
    patterns = Patterns.of(codes, np.array([0, 2]), 2.0)
    assert patterns.prior == pytest.approx([2 * 3 / 5, 2 * 2 / 5])
    start = Classes(np.array([1.0]), np.array([[0.5], [0.5]]), np.array([0, 2]))
    better, reached = patterns.step(start)
    assert better.probabilities.ravel() == pytest.approx([(2 + 1.2) / 5, (1 + 0.8) / 5])
    assert reached == pytest.approx(5 * np.log(0.5))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4), st.floats(0.01, 5))
def test_no_step_lowers_the_objective(seed, k, smoothing):
    points, names, _ = planted(40, seed, 0.5)
    layout = Layout.of(names, points.shape[1])
    patterns = Patterns.of(codes_of(points, layout), offsets_of(layout), smoothing)
    rng = np.random.default_rng(seed)
    drawn = rng.random((24, k)).reshape(6, 4, k)
    classes = Classes(np.full(k, 1 / k), (drawn / drawn.sum(axis=1, keepdims=True)).reshape(24, k), patterns.offsets)
    climbed = [patterns.objective(classes)]
    for _ in range(8):
        classes, _ = patterns.step(classes)
        climbed.append(patterns.objective(classes))
    assert all(after >= before - 1e-9 for before, after in itertools.pairwise(climbed))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_neither_the_order_of_rows_nor_their_scale_matters(seed, factor):
    points, _ = two_classes(200, 7)
    shuffled = np.random.default_rng(seed).permutation(200)
    straight = LatentClass(k=2, starts=2).fit(points, np.random.default_rng(0))
    other = LatentClass(k=2, starts=2).fit((points[shuffled] * factor).astype(np.float32), np.random.default_rng(0))
    assert other.classes.probabilities.tobytes() == straight.classes.probabilities.tobytes()
    assert (other.fit_labels == straight.fit_labels[shuffled]).all()


def test_posteriors_of_hopelessly_unlikely_rows_still_sum_to_one():
    logs = np.array([[-2000.0, -2000.0], [-800.0, -2000.0]])
    assert log_sum_exp(logs) == pytest.approx([-2000 + np.log(2), -800])
    far = np.tile(two_classes(150, 0)[0], 60)
    found = LatentClass(k=2, starts=1).fit(far, np.random.default_rng(0))
    assert found.memberships(far).sum(axis=1) == pytest.approx(1)
    assert found.memberships(far[:0]).shape == (0, 2)


def test_an_answer_that_nobody_gave_rules_no_class_out():
    points, _ = two_classes(150, 0)
    points[:, 5] = 0
    found = LatentClass(k=2).fit(points, np.random.default_rng(0))
    assert np.isfinite(found.assign(np.ones((1, 6), np.float32)).strength).all()


def test_a_class_of_nobody_is_left_out():
    points = np.repeat(np.array([[1, 1, 1, 0], [0, 0, 0, 1]], np.float32), [40, 20], axis=0)
    points = np.vstack([points, [[1, 1, 1, 1]]]).astype(np.float32)
    found = LatentClass(k=3, starts=1, smoothing=5).fit(points, np.random.default_rng(0))
    assert found.n_clusters == 2
    assert found.classes.weights.sum() == pytest.approx(1)
    assert (found.assign(points).labels == found.fit_labels).all()


def test_a_model_that_is_one_class_is_refused():
    points = (np.random.default_rng(0).random((30, 3)) < 0.05).astype(np.float32)
    with pytest.raises(DataError, match="everybody into one of 2 classes; lower 'smoothing' of latentclass below 1000"):
        LatentClass(k=2, smoothing=1000).fit(points, np.random.default_rng(0))


def test_points_drawn_without_clusters_are_read_too():
    names = planted(9, 0, 1)[1]
    points = np.random.default_rng(0).normal(0, 1, (200, len(names))).astype(np.float32)
    found = LatentClass(k=3, columns=names).fit(points, np.random.default_rng(0))
    assert (found.assign(points).labels == found.fit_labels).all()


def test_a_number_is_refused_with_its_name():
    points = np.column_stack([one_hot(np.array([[0], [1], [1]]), [2])[0], [0.3, 0.0, 0.6]]).astype(np.float32)
    names = ("u:job=a", "u:job=b", "u:age")
    with pytest.raises(DataError, match=r"needs categories, not the number 'u:age': .* or use gmm or kprototypes"):
        LatentClass(k=2, columns=names).fit(points, np.random.default_rng(0))
    points[2, 2] = 0
    assert LatentClass(k=2, columns=names).fit(points, np.random.default_rng(0)).items[1].name == "u:age"


def test_what_is_kept_comes_back(tmp_path):
    frozen.save(hand_made().to_arrays(), tmp_path, "clusterer")
    loaded = FittedLatentClasses.from_arrays(frozen.load(tmp_path, "clusterer"))
    assert (loaded.bic, loaded.aic, loaded.items) == (3.0, 2.0, hand_made().items)
    points = np.array([[0, 2, 0, 2], [2, 0, 0, 0]], np.float32)
    assert loaded.memberships(points).tobytes() == hand_made().memberships(points).tobytes()


def test_wrong_settings_and_widths_are_refused():
    with pytest.raises(ConfigError, match=r"'clustering.options.latentclass.smoothing' is '0'; expected a number > 0"):
        LatentClass(smoothing=0)
    with pytest.raises(ModelError, match="latent class model was fitted on 4 dims, got points of 3 dims"):
        hand_made().memberships(np.zeros((1, 3), np.float32))
    with pytest.raises(DataError, match="3 clusters were asked of 2 distinct points"):
        LatentClass(k=3).fit(np.eye(2, dtype=np.float32), np.random.default_rng(0))
