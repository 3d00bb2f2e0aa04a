"""Each recommender keeps the contract, and gives what can be had by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.activation.recommending.choosing import choose, make, names
from coterie.activation.recommending.ease import EASE
from coterie.activation.recommending.factors import ExplicitALS, ImplicitALS
from coterie.activation.recommending.neighbours import ItemItem
from coterie.activation.recommending.popularity import Popularity, SegmentPopularity
from coterie.activation.recommending.tastes import Tastes, tastes_of
from coterie.errors import ConfigError, DataError, UnknownNameError
from coterie.parallel import THREADS_VARIABLE
from tests.contracts.recommender_contract import RecommenderContract, two_crowds

LIKES = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]])
RNG = np.random.default_rng(0)


def of(likes: np.ndarray, segments: list[int] | None = None) -> Tastes:
    users, items = np.nonzero(likes)
    own = None if segments is None else np.array(segments, np.int32)
    return tastes_of(users, items, None, np.ones(len(users), bool), shape=likes.shape, segments=own)


class TestPopularity(RecommenderContract):
    @pytest.fixture
    def recommender(self):
        return Popularity()


class TestSegmentPopularity(RecommenderContract):
    @pytest.fixture
    def recommender(self):
        return SegmentPopularity()


class TestEASE(RecommenderContract):
    @pytest.fixture
    def recommender(self):
        return EASE(penalty=5.0)


class TestItemItem(RecommenderContract):
    @pytest.fixture
    def recommender(self):
        return ItemItem(neighbours=5)


class TestImplicitALS(RecommenderContract):
    @pytest.fixture
    def recommender(self):
        return ImplicitALS(dims=4, iterations=4, regularisation=1.0)


class TestExplicitALS(RecommenderContract):
    @pytest.fixture
    def recommender(self):
        return ExplicitALS(dims=4, iterations=4, regularisation=0.1)


def test_popularity_by_hand():
    assert Popularity().fit(of(LIKES), RNG).scores(of(LIKES))[0].tolist() == [0.75, 0.5, 0.5, 0.5]


def test_a_segment_is_shrunk_to_all_and_whoever_is_in_none_gets_all():
    fitted = SegmentPopularity(pseudo_users=2).fit(of(LIKES, [0, 0, 1, -1]), RNG)
    scores = fitted.scores(of(LIKES, [0, 1, -1, 9]))
    assert scores[0].tolist() == [3.5 / 4, 3 / 4, 2 / 4, 1 / 4]  # (2 + 2 * 0.75) / (2 + 2) ...
    assert scores[2].tolist() == scores[3].tolist() == [0.75, 0.5, 0.5, 0.5]


def test_ease_is_the_ridge_of_each_item_on_all_others():
    weights = EASE(penalty=2.0).fit(of(LIKES), RNG).weights
    for item in range(4):
        others = [other for other in range(4) if other != item]
        X, y = LIKES[:, others].astype(float), LIKES[:, item]
        ridge = np.linalg.solve(X.T @ X + 2 * np.eye(3), X.T @ y)
        np.testing.assert_allclose(weights[others, item], ridge, rtol=1e-5)
        assert weights[item, item] == 0


def test_ease_says_how_large_a_catalogue_may_be():
    with pytest.raises(DataError, match=r"the catalogue has 4; expected at most 3: take 'als' or 'itemitem', or raise"):
        EASE(most_items=3).fit(of(LIKES), RNG)


def test_likeness_of_items_by_hand():
    likeness = ItemItem(shrinkage=1.0).fit(of(LIKES), RNG).likeness.toarray()
    assert likeness[0, 1] == pytest.approx(2 / (6**0.5 + 1))
    assert likeness[0, 3] == pytest.approx(1 / (6**0.5 + 1))
    assert (likeness == likeness.T).all()
    nearest = ItemItem(neighbours=1, shrinkage=1.0).fit(of(LIKES), RNG).likeness.toarray()
    assert (nearest > 0).sum(axis=0).tolist() == [1, 1, 1, 1]
    assert nearest[1, 0] > 0


def test_ratings_foretell_what_is_known_and_stay_on_the_scale():
    tastes = two_crowds()
    fitted = ExplicitALS(dims=8, regularisation=0.01).fit(tastes, RNG)
    said = fitted.ratings(tastes, tastes)
    assert ((said >= 1) & (said <= 5)).all()
    assert np.sqrt(np.square(said - tastes.cells.data).mean()) < 0.6 * tastes.cells.data.std()


def test_ratings_do_not_depend_on_where_the_scale_begins():
    tastes = two_crowds()
    moved = tastes_of(tastes.users, tastes.cells.indices, tastes.cells.data - 1, tastes.liked, shape=tastes.cells.shape)
    said = [
        ExplicitALS(dims=4, regularisation=0.1).fit(one, np.random.default_rng(1)).ratings(one, one)
        for one in (tastes, moved)
    ]
    np.testing.assert_allclose(said[0], said[1] + 1, atol=1e-4)


def test_ratings_need_values():
    with pytest.raises(DataError, match="'ratings' needs events with values"):
        ExplicitALS().fit(of(LIKES), RNG)


@pytest.mark.parametrize("name", ["popularity", "segment", "als", "ease", "itemitem"])
def test_without_a_like_there_is_nothing_to_learn(name):
    tastes = of(LIKES)
    nobody = Tastes(tastes.cells, np.zeros(tastes.cells.nnz, bool), tastes.segments, tastes.has_values)
    with pytest.raises(DataError, match="none of the 4 users likes any of the 4 items"):
        make(name, {}).fit(nobody, RNG)


@pytest.mark.parametrize("name", ["popularity", "segment", "als", "ease", "itemitem"])
def test_one_user_is_enough_to_fit(name):
    assert np.isfinite(make(name, {}).fit(of(LIKES[1:2]), RNG).scores(of(LIKES))).all()


def test_an_unknown_name_and_a_wrong_option_are_refused():
    assert set(names()) >= {"popularity", "segment", "als", "ratings", "ease", "itemitem"}
    with pytest.raises(UnknownNameError, match="unknown recommender 'eaze'; did you mean 'ease'"):
        make("eaze", {})
    with pytest.raises(ConfigError, match=r"'recommender.penalty' is '0'; expected a number > 0"):
        make("ease", {"penalty": 0})


def test_settings_are_chosen_by_validation_and_given_ones_stay():
    tastes = two_crowds(n_users=400)
    found = choose("ease", {}, tastes, 7)
    assert found.options == max(found.tried, key=lambda trial: trial.score).options
    assert len(found.tried) == len(EASE.tried)
    assert choose("ease", {"penalty": 9.0}, tastes, 7).options == {"penalty": 9.0}
    assert choose("ease", {}, of(LIKES), 7).tried == ()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["popularity", "segment", "als", "ratings", "ease", "itemitem"]))
def test_no_score_depends_on_company_order_or_threads(seed, name):
    options = {"als": {"dims": 4, "regularisation": 1.0}, "ratings": {"dims": 4, "regularisation": 0.1}}.get(name, {})
    tastes = two_crowds(seed, n_users=30, n_items=25)
    rng = np.random.default_rng(seed)
    order = rng.permutation(30)[: rng.integers(1, 30)]
    found = []
    with pytest.MonkeyPatch.context() as patch:
        for threads in ("1", "2"):
            patch.setenv(THREADS_VARIABLE, threads)
            fitted = make(name, options).fit(tastes, np.random.default_rng(seed))
            together = fitted.scores(tastes)
            assert together[order].tobytes() == fitted.scores(tastes.take(order)).tobytes()
            found.append(together.tobytes())
    assert found[0] == found[1]
