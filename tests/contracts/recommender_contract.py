"""What every recommender must do. Inherit, and give the ``recommender`` fixture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from coterie import frozen
from coterie.activation.recommending.ranking import NO_ITEM, standing, top
from coterie.activation.recommending.tastes import Tastes, tastes_of
from coterie.errors import ConfigError, ModelError
from coterie.parallel import THREADS_VARIABLE


def two_crowds(seed: int = 0, n_users: int = 60, n_items: int = 40) -> Tastes:
    """Users of two planted crowds, each with half of the catalogue; user 7 took up nothing."""
    rng = np.random.default_rng(seed)
    chance = np.full((n_users, n_items), 0.08)
    chance[: n_users // 2, : n_items // 2] = chance[n_users // 2 :, n_items // 2 :] = 0.5
    there = rng.random(chance.shape) < chance
    there[7] = False
    users, items = np.nonzero(there)
    values = rng.integers(1, 6, len(users)).astype(float)
    segments = (np.arange(n_users) >= n_users // 2).astype(np.int32)
    return tastes_of(users, items, values, values >= 3, shape=(n_users, n_items), segments=segments)


class RecommenderContract:
    """Inherited by the tests of each recommender."""

    @pytest.fixture
    def recommender(self) -> Any:
        raise NotImplementedError

    @pytest.fixture
    def tastes(self) -> Any:
        return two_crowds()

    @pytest.fixture
    def fitted(self, recommender, tastes):
        return recommender.fit(tastes, np.random.default_rng(1))

    def test_scores_are_finite_and_of_every_item(self, fitted, tastes):
        scores = fitted.scores(tastes)
        assert scores.shape == (tastes.n_users, fitted.n_items)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_users_alone_in_a_batch_and_in_another_order_get_the_same_bits(self, fitted, tastes):
        together = fitted.scores(tastes)
        alone = np.vstack([fitted.scores(tastes.take(np.array([user]))) for user in range(tastes.n_users)])
        order = np.random.default_rng(3).permutation(tastes.n_users)
        assert together.tobytes() == alone.tobytes()
        assert together[order].tobytes() == fitted.scores(tastes.take(order)).tobytes()

    def test_lists_do_not_depend_on_who_else_is_asked_about(self, fitted, tastes):
        items, scores = top(fitted, tastes, 4, standing(tastes))
        for user in np.random.default_rng(5).permutation(tastes.n_users):
            alone = top(fitted, tastes.take(np.array([user])), 4, standing(tastes))
            assert alone[0].tolist() == items[[user]].tolist()
            assert alone[1].tobytes() == scores[[user]].tobytes()

    def test_one_and_two_threads_give_the_same_bits(self, recommender, tastes, monkeypatch):
        found = []
        for threads in ("1", "2"):
            monkeypatch.setenv(THREADS_VARIABLE, threads)
            found.append(recommender.fit(tastes, np.random.default_rng(1)).scores(tastes).tobytes())
        assert found[0] == found[1]

    def test_saved_and_loaded_it_gives_the_same_bits(self, recommender, fitted, tastes, tmp_path):
        frozen.save(fitted.to_arrays(), tmp_path, "recommender")
        loaded = type(recommender).Fitted.from_arrays(frozen.load(tmp_path, "recommender"))
        assert loaded.scores(tastes).tobytes() == fitted.scores(tastes).tobytes()

    def test_nothing_seen_and_nothing_unavailable_is_recommended(self, fitted, tastes):
        available = np.arange(tastes.n_items) % 3 > 0
        items, scores = top(fitted, tastes, 5, standing(tastes), available=available)
        assert ((items == NO_ITEM) == np.isnan(scores)).all()
        assert available[items[items != NO_ITEM]].all()
        for user in range(tastes.n_users):
            assert not set(items[user]) & set(tastes.take(np.array([user])).cells.indices)

    def test_parts_add_up_to_the_score_where_there_are_any(self, fitted, tastes):
        one, items = tastes.take(np.array([3])), np.array([0, 5, 30])
        parts = fitted.parts(one, items)
        if parts is not None:
            assert parts.shape == (3, one.cells.nnz)
            np.testing.assert_allclose(parts.sum(axis=1), fitted.scores(one)[0, items], rtol=1e-4, atol=1e-6)

    def test_likeness_is_of_every_item_where_there_is_any(self, fitted, tastes):
        alike = fitted.alike(2)
        assert alike is None or (alike.shape == (tastes.n_items,) and np.isfinite(alike).all())

    def test_tastes_of_another_catalogue_are_refused(self, fitted):
        with pytest.raises(ModelError, match="fitted on 40 items, got tastes of 41"):
            fitted.scores(two_crowds(n_items=41))

    def test_an_unknown_option_is_refused_with_its_name(self, recommender):
        with pytest.raises(ConfigError, match="unknown key 'dimz'"):
            type(recommender)(dimz=3)

    def test_fitting_does_not_change_the_tastes(self, recommender, tastes):
        before = tastes.cells.copy(), tastes.liked.copy()
        recommender.fit(tastes, np.random.default_rng(0)).scores(tastes)
        assert (before[0] - tastes.cells).nnz == 0
        assert (before[1] == tastes.liked).all()
