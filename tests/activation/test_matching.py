"""Judging a match: by hand, and against what lists drawn at random really give."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from coterie.activation.matching import Sides, evaluate, first_of
from coterie.errors import ConfigError, DataError
from coterie.randomness import generator


def unit(rows):
    rows = np.asarray(rows, np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1)


def matrix(pairs, shape):
    dense = np.zeros(shape, np.int64)
    for user, item in pairs:
        dense[user, item] = 1
    return sp.csr_array(dense)


ITEMS = unit([[1, 0], [1, 0.2], [0, 1], [-1, 0], [1, -1]])
USERS = unit([[1, 0], [0, 1]])


def test_a_case_by_hand():
    known = matrix([(0, 3), (1, 3), (1, 0)], (2, 5))
    found = evaluate(Sides(USERS, ITEMS), known, matrix([(0, 1), (0, 2), (1, 2)], (2, 5)), [1, 2])
    # The first user ranks 0, 1, 4, 2 (3 is known), the other 2, 1, 4.
    assert (found.n_users, found.n_items, found.n_held) == (2, 5, 3)
    first, second = found.score("match", 1), found.score("match", 2)
    assert first.f1.value == pytest.approx((0 + 1) / 2)
    assert second.f1.value == pytest.approx((2 * 1 / 4 + 2 * 1 / 3) / 2)
    assert second.f1_micro == pytest.approx(2 * 2 / (4 + 3))
    assert second.jaccard.value == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert second.hamming.value == pytest.approx((2 / 4 + 1 / 3) / 2)
    assert found.percentile("match").mean.value == pytest.approx(100 * ((2 / 3 + 0) / 2 + 1) / 2)
    assert found.percentile("random").mean.value == 50
    # Of popularity 3 has two and 0 one; the others are level, by number.
    assert found.score("popularity", 1).f1.value == pytest.approx(0)
    assert found.score("random", 1).f1.value == pytest.approx((2 * 0.5 / 3 + 2 * (1 / 3) / 2) / 2)


def test_random_is_what_lists_drawn_at_random_have():
    rng = generator(1, "random")
    known, held = matrix([(0, 0), (0, 1)], (1, 12)), matrix([(0, 3), (0, 5), (0, 7)], (1, 12))
    items = unit(rng.normal(size=(12, 3)))
    found = evaluate(Sides(unit([[1, 1, 1]]), items), known, held, [4])
    draws = [len({3, 5, 7} & set((2 + rng.permutation(10)[:4]).tolist())) for _ in range(20_000)]
    hits = np.array(draws)
    random = found.score("random", 4)
    assert random.f1.value == pytest.approx((2 * hits / 7).mean(), abs=0.01)
    assert random.jaccard.value == pytest.approx((hits / (7 - hits)).mean(), abs=0.01)
    assert random.hamming.value == pytest.approx(((7 - 2 * hits) / 10).mean(), abs=0.01)


def test_what_is_known_is_not_ranked_and_what_is_unknown_neither():
    items = ITEMS.copy()
    items[1] = 0
    known = matrix([(0, 0)], (2, 5))
    found = evaluate(Sides(USERS, items), known, matrix([(0, 4), (1, 1)], (2, 5)), [1])
    assert (found.n_users, found.n_items, found.n_held) == (1, 4, 1)
    assert found.score("match", 1).f1.value == 1
    assert np.isnan(found.percentile("match").mean.low)  # one user has no interval


def test_a_match_that_follows_likes_is_better_and_one_that_does_not_is_not():
    rng = generator(2, "match")
    users, items = unit(rng.normal(size=(80, 4))), unit(rng.normal(size=(50, 4)))
    near = np.argsort(-(users @ items.T), axis=1)
    held = matrix([(u, i) for u in range(80) for i in near[u, :6:2]], (80, 50))
    known = matrix([(u, i) for u in range(80) for i in near[u, 1:6:2]], (80, 50))
    good = evaluate(Sides(users, items), known, held, [5])
    assert good.gain("popularity", 5).is_better
    assert good.gain("random", None).is_better
    assert good.score("match", 5).f1.value == pytest.approx(6 / 8)
    bad = evaluate(Sides(users[rng.permutation(80)], items), known, held, [5])
    assert not bad.gain("popularity", 5).is_better


@given(st.integers(0, 79), st.permutations(range(10)))
def test_alone_in_a_batch_and_in_another_order_are_the_same_bits(one, order):
    rng = generator(3, "sides")
    sides = Sides(unit(rng.normal(size=(80, 7))), unit(rng.normal(size=(50, 7))))
    batch = sides.cosines(np.arange(80))
    assert (sides.cosines(np.array([one]))[0] == batch[one]).all()
    assert (sides.cosines(np.array(order)) == batch[order]).all()


def test_the_first_are_in_order_and_level_ones_by_number():
    scores = np.array([1.0, 3.0, -np.inf, 3.0, 1.0, 1.0])
    assert first_of(scores, 4).tolist() == [1, 3, 0, 4]
    assert first_of(scores, 99).tolist() == [1, 3, 0, 4, 5]
    assert first_of(np.full(3, -np.inf), 2).tolist() == []


def test_wrong_use():
    empty = matrix([], (2, 5))
    with pytest.raises(DataError, match="nobody who can be matched has a liked item that was held out"):
        evaluate(Sides(USERS, ITEMS), empty, empty, [1])
    with pytest.raises(ConfigError, match=r"is judged at '\[0\]' items; expected whole numbers >= 1"):
        evaluate(Sides(USERS, ITEMS), empty, empty, [0])
    with pytest.raises(ConfigError, match="expected whole numbers"):
        evaluate(Sides(USERS, ITEMS), empty, empty, [])
