"""Recommenders against each other: planted crowds, statistics by hand, nothing learnt from what is held out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from coterie.activation.recommending.evaluating import RANDOM, compare, holm, judge, paying, signed_rank
from coterie.activation.recommending.tastes import Tastes
from coterie.errors import DataError, UnknownNameError
from coterie.selection.lift import hold_out
from tests.contracts.recommender_contract import two_crowds

NAMES = ("popularity", "segment", "itemitem", "ratings")
OPTIONS = {"itemitem": {"neighbours": 20, "shrinkage": 1.0}, "ratings": {"dims": 4, "regularisation": 0.1}}


def quiet(what: str, done: int, total: int) -> None:
    pass


def parts(seed: int = 0) -> tuple[Tastes, Tastes]:
    tastes = two_crowds(seed, n_users=120)
    held = hold_out(tastes.users, 0.3, np.random.default_rng(1))
    return tastes.only(~held), tastes.only(held)


@pytest.fixture(scope="module")
def judging():
    train, held = parts()
    return judge(NAMES, OPTIONS, train, held, seed=7, told=quiet)


def test_where_crowds_differ_knowing_the_crowd_pays(judging):
    ndcg = {one.name: one.ndcg for one in judging.judged}
    assert [one.name for one in judging.judged] == [RANDOM, *NAMES]
    assert ndcg["segment"].low > ndcg["popularity"].high
    assert ndcg["itemitem"].value > ndcg["popularity"].value > ndcg[RANDOM].low
    all_users, first, second = paying(judging, (np.arange(120) >= 60).astype(np.int64), [("s-1", "a"), ("s-2", "b")], 5)
    assert all_users.lift.low > 1
    assert all_users.users == first.users + second.users
    assert all_users.best == "itemitem"


def test_a_segment_of_few_measured_users_has_no_numbers(judging):
    own = np.where(np.arange(120) < 3, 0, 1)
    few = paying(judging, own, [("s-1", "a"), ("s-2", "b")], 5)[1]
    assert (few.segment, few.users, few.popularity, few.by_segment, few.lift, few.personal) == ("s-1", *[None] * 5)


def test_no_small_segment_can_be_had_from_all_by_subtraction(judging):
    names = [("s-1", "a"), ("s-2", "b"), ("s-3", "c")]
    own = np.repeat([0, 1, 2], [3, 40, 77])
    found = paying(judging, own, names, 5)
    assert found[0].users == len(judging.by_user["popularity"].users)
    assert [one.users is None for one in found] == [False, True, True, False]
    outside = np.repeat([-1, 0, 1, 2], [3, 30, 40, 47])  # those in no segment are few, and have no row
    assert [one.users is None for one in paying(judging, outside, names, 5)] == [False, True, False, False]
    assert all(one.by_segment is None for one in paying(judging, outside, names, 5) if one.users is None)
    all_in = np.repeat([0, 1, 2], 40)
    assert all(one.users is not None for one in paying(judging, all_in, names, 5))


def test_ratings_stand_beside_the_means(judging):
    assert [one.name for one in judging.rated] == ["mean of all", "means", "ratings"]
    assert all(one.rmse.low < one.rmse.value < one.rmse.high for one in judging.rated)


def test_each_two_are_compared_over_the_same_users(judging):
    compared = compare(judging, parts()[1])
    assert [one.measure for one in compared].count("NDCG@10") == 6
    assert [one.measure for one in compared].count("squared error") == 3
    one = next(one for one in compared if (one.first, one.second) == ("popularity", "segment"))
    assert one.difference.high < 0
    assert one.p <= one.p_adjusted < 0.001


def test_nothing_that_is_held_out_is_learnt_from():
    train, held = parts()
    shuffled = Tastes(held.cells, ~held.liked, held.segments, held.has_values)
    kept = [judge(("itemitem",), {}, train, other, seed=7, told=quiet).judged[1] for other in (held, shuffled)]
    assert kept[0].options == kept[1].options
    assert kept[0].tried == kept[1].tried
    assert kept[0].ndcg != kept[1].ndcg


def test_what_cannot_be_fitted_is_left_out_with_its_reason():
    train, held = parts()
    found = judge(("popularity", "ease"), {"ease": {"most_items": 3}}, train, held, seed=7, told=quiet)
    assert [one.name for one in found.judged] == [RANDOM, "popularity"]
    assert found.left_out[0].startswith("ease: ease needs a square matrix of all items, and the catalogue has 40")


def test_nobody_with_a_held_out_like_is_an_error():
    train, held = parts()
    with pytest.raises(DataError, match="0 users have a held-out item that they like; expected 2 or more"):
        judge(("popularity",), {}, train, held.only(np.zeros(held.cells.nnz, bool)), seed=7, told=quiet)
    with pytest.raises(UnknownNameError, match="unknown recommender 'popular'"):
        judge(("popular",), {}, train, held, seed=7, told=quiet)


def test_holm_by_hand():
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.9, 0.9])).tolist() == [1.0, 1.0]
    assert len(holm(np.empty(0))) == 0


@given(arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1)))
def test_holm_never_lowers_and_keeps_the_order(p):
    adjusted = holm(p)
    assert (adjusted >= np.minimum(p, 1)).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()


def test_no_difference_is_no_finding():
    assert signed_rank(np.zeros(50)) == 1.0
    assert signed_rank(np.array([0.1, 0.2])) == 1.0
    assert signed_rank(np.linspace(0.01, 1, 30)) < 0.001
