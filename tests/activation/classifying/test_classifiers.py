"""The three built-in classifiers keep the contract; what each is beyond it."""

from __future__ import annotations

import numpy as np
import pytest

from coterie import plugins
from coterie.activation.classifying.boosting import Boosting
from coterie.activation.classifying.logistic import FittedLogistic, Logistic
from coterie.activation.classifying.network import Network
from coterie.activation.classifying.rows import Scaling
from coterie.errors import ConfigError
from tests.contracts.classifier_contract import ClassifierContract, three_kinds


class TestLogistic(ClassifierContract):
    @pytest.fixture
    def classifier(self):
        return Logistic()

    def test_two_classes_by_hand(self):
        scaling = Scaling(np.array([1.0]), np.array([2.0]), np.array([0]))
        fitted = FittedLogistic(np.array([0, 1]), scaling, np.array([[0.0, 1.0], [0.0, 0.5]]), np.array([0.0, -1.0]))
        found = fitted.probabilities(np.array([[3.0], [np.nan]]))[:, 1]
        assert found == pytest.approx([1 / (1 + np.exp(-0.0)), 1 / (1 + np.exp(0.5))])


class TestBoosting(ClassifierContract):
    @pytest.fixture
    def classifier(self):
        return Boosting(rounds=20)

    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_the_frozen_trees_agree_with_those_that_were_grown(self, n_classes):
        X, y = three_kinds(600)
        X, y = X[y <= 2 * n_classes - 1], y[y <= 2 * n_classes - 1]
        boosting = Boosting(rounds=30)
        grown = boosting.grown(X, y, np.random.default_rng(4))
        fitted = boosting.fit(X, y, np.random.default_rng(4))
        new = three_kinds(500, seed=9)[0] * 2
        new[np.isnan(new) & (np.arange(5) == 4)] = np.inf
        assert np.abs(fitted.probabilities(new) - grown.predict_proba(new)).max() < 1e-12

    def test_a_number_at_the_threshold_goes_left(self):
        X = np.repeat([[0.0], [1.0]], 50, axis=0)
        fitted = Boosting(rounds=1, least=1).fit(X, np.repeat([0, 1], 50), np.random.default_rng(0))
        split = fitted.trees.threshold[0]
        low, high = fitted.probabilities(np.array([[split], [np.nextafter(split, 2)]]))[:, 0]
        assert low > 0.5 > high


class TestNetwork(ClassifierContract):
    @pytest.fixture
    def classifier(self):
        return Network(epochs=25, batch=32, rate=0.01)

    def test_slopes_are_those_of_the_loss(self):
        rng = np.random.default_rng(0)
        network = Network(hidden=3, l1=0, l2=0)
        X, y = rng.normal(size=(7, 2)), rng.integers(0, 3, 7)
        from coterie.activation.classifying.network import _first, _judged

        layers = _first(2, 3, 3, rng)
        slopes = network._slopes(layers, X, y)
        for at in range(len(layers)):
            for cell in np.ndindex(layers[at].shape):
                moved = [[*layers[:at], layers[at].copy(), *layers[at + 1 :]] for _ in range(2)]
                moved[0][at][cell] += 1e-6
                moved[1][at][cell] -= 1e-6
                numeric = (_judged(moved[0], X, y)[0] - _judged(moved[1], X, y)[0]) / 2e-6
                assert slopes[at][cell] == pytest.approx(numeric, abs=1e-6)

    def test_training_ends_early_at_a_lower_rate_and_keeps_the_best_epoch(self):
        X, y = three_kinds()
        fitted = Network(epochs=200, patience=6, plateau=2, batch=16, rate=0.02).fit(X, y, np.random.default_rng(1))
        curves = fitted.curves
        assert len(curves.rate) < 200
        assert curves.rate[-1] < curves.rate[0]
        assert curves.best == len(curves.rate) - 7
        assert curves.validation_loss[curves.best] <= min(curves.validation_loss) + 1e-4
        assert all(0 <= share <= 1 for share in curves.train_accuracy)

    def test_penalties_make_weights_smaller(self):
        X, y = three_kinds()
        sizes = [
            sum(np.abs(w).sum() for w in Network(epochs=10, l1=l1, l2=l2).fit(X, y, np.random.default_rng(1)).layers)
            for l1, l2 in ((0, 0), (0, 0.1), (0.01, 0))
        ]
        assert sizes[1] < sizes[0]
        assert sizes[2] < sizes[0]

    def test_options_are_checked(self):
        with pytest.raises(ConfigError, match=r"'network\.held_out' is '2'"):
            Network(held_out=2)


def test_they_come_through_the_door_for_plug_ins():
    assert plugins.names("classifiers") == ("boosting", "logistic", "network")
    assert plugins.find("classifiers", "network") is Network


def test_what_is_not_known_together_is_told_of_once():
    X = np.array([[1.0, np.nan, np.nan, 2.0], [2.0, 1.0, 1.0, np.nan], [3.0, 2.0, 4.0, 1.0]])
    scaling = Scaling.of(X)
    assert scaling.told.tolist() == [1, 3]
    assert scaling.apply(X)[:, 4:].tolist() == [[1, 0], [0, 1], [0, 0]]
