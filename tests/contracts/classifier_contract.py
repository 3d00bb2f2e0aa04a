"""What every classifier must do. Inherit, and give the ``classifier`` fixture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from coterie import frozen
from coterie.errors import ConfigError, DataError, ModelError


def three_kinds(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(n, 5) rows of three kinds that the first two columns tell apart, a tenth of the cells not known."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 3, n)
    X = rng.normal(0, 1, (n, 5))
    X[:, :2] += np.array([[0, 0], [5, 0], [0, 5]])[kinds]
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, 2 * kinds + 1  # codes with gaps


class ClassifierContract:
    """Inherited by the tests of each classifier."""

    @pytest.fixture
    def classifier(self) -> Any:
        raise NotImplementedError

    @pytest.fixture
    def rows(self):
        return three_kinds()

    @pytest.fixture
    def fitted(self, classifier, rows):
        return classifier.fit(*rows, np.random.default_rng(2))

    def test_kinds_that_differ_are_told_apart_on_rows_never_seen(self, fitted):
        X, y = three_kinds(seed=1)
        assert fitted.classes.tolist() == [1, 3, 5]
        assert (fitted.classes[fitted.probabilities(X).argmax(axis=1)] == y).mean() > 0.85

    def test_probabilities_are_of_each_class_and_sum_to_one(self, fitted, rows):
        found = fitted.probabilities(rows[0])
        assert found.shape == (300, 3)
        assert (found >= 0).all()
        assert found.sum(axis=1) == pytest.approx(1)

    def test_a_row_alone_gives_the_same_bits_as_in_a_batch_and_in_another_order(self, fitted, rows):
        X = rows[0][:50]
        together = fitted.probabilities(X)
        assert np.concatenate([fitted.probabilities(X[[row]]) for row in range(50)]).tobytes() == together.tobytes()
        assert fitted.probabilities(X[::-1].copy())[::-1].tobytes() == together.tobytes()

    def test_of_whom_nothing_is_known_there_are_probabilities_too(self, fitted):
        found = fitted.probabilities(np.full((1, 5), np.nan))
        assert np.isfinite(found).all()

    def test_no_rows_give_no_probabilities(self, fitted):
        assert fitted.probabilities(np.empty((0, 5))).shape == (0, 3)

    def test_two_classes_have_a_probability_each(self, classifier, rows):
        X, y = rows
        some = y < 5
        fitted = classifier.fit(X[some], y[some], np.random.default_rng(0))
        found = fitted.probabilities(X[some])
        assert found.shape[1] == 2
        assert (fitted.classes[found.argmax(axis=1)] == y[some]).mean() > 0.85

    def test_saved_and_loaded_it_gives_the_same_bits(self, classifier, fitted, rows, tmp_path):
        frozen.save(fitted.to_arrays(), tmp_path, "classifier")
        loaded = type(classifier).Fitted.from_arrays(frozen.load(tmp_path, "classifier"))
        assert loaded.probabilities(rows[0]).tobytes() == fitted.probabilities(rows[0]).tobytes()
        assert loaded.classes.tolist() == fitted.classes.tolist()
        assert (loaded.curves is None) == (fitted.curves is None)

    def test_the_same_seed_gives_the_same_fit(self, classifier, fitted, rows):
        again = classifier.fit(*rows, np.random.default_rng(2))
        assert again.probabilities(rows[0]).tobytes() == fitted.probabilities(rows[0]).tobytes()

    def test_groups_may_be_given(self, classifier, rows):
        fitted = classifier.fit(*rows, np.random.default_rng(0), groups=np.arange(300) // 3)
        assert len(fitted.classes) == 3

    def test_rows_of_another_width_are_refused(self, fitted, rows):
        with pytest.raises(ModelError, match="fitted on 5 columns"):
            fitted.probabilities(rows[0][:, :4])

    def test_one_class_alone_is_refused(self, classifier, rows):
        with pytest.raises(DataError, match="there are 1 classes to tell apart"):
            classifier.fit(rows[0], np.zeros(300, int), np.random.default_rng(0))

    def test_rows_without_a_class_each_are_refused(self, classifier, rows):
        with pytest.raises(DataError, match="expected one for each row"):
            classifier.fit(rows[0], rows[1][:-1], np.random.default_rng(0))

    def test_numbers_without_end_are_refused(self, classifier, rows):
        broken = rows[0].copy()
        broken[3, 1] = np.inf
        with pytest.raises(DataError, match="infinite"):
            classifier.fit(broken, rows[1], np.random.default_rng(0))

    def test_an_unknown_option_is_refused_with_its_name(self, classifier):
        with pytest.raises(ConfigError, match="unknown key 'kk'"):
            type(classifier)(kk=3)
