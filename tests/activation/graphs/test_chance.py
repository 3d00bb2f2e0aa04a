"""Tails and nulls against what is worked out by hand or drawn."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from coterie.activation.graphs.chance import (
    activity_null,
    false_discovery,
    rounded_up,
    tail_of_both,
    tail_of_count,
)


def exact_tail(chances, count):
    """P(so many or more) of unlike draws, by adding them one by one."""
    held = np.array([1.0])
    for p in chances:
        held = np.convolve(held, [1 - p, p])
    return held[count:].sum()


@pytest.mark.parametrize("seed", range(4))
def test_the_tail_is_close_to_the_exact_one(seed):
    rng = np.random.default_rng(seed)
    chances = rng.beta(0.6, 3.0, 300)
    mean = chances.sum()
    for count in (int(mean), int(mean) + 10, int(mean) + 25):
        told = tail_of_both(np.array([float(count)]), np.array([mean]), np.array([(chances**2).sum()]))[0]
        assert np.log10(told) == pytest.approx(np.log10(exact_tail(chances, count)), abs=0.35)


def test_equal_chances_give_the_binomial_itself():
    told = tail_of_both(np.array([7.0]), np.array([2.0]), np.array([20 * 0.1**2]))
    assert told[0] == pytest.approx(stats.binom.sf(6, 20, 0.1))


def test_beyond_the_reach_of_the_binomial_the_tail_is_no_smaller_than_the_true_one():
    chances = np.array([0.9, 0.9, 0.05, 0.05, 0.05])
    told = tail_of_both(np.array([4.0]), np.array([chances.sum()]), np.array([(chances**2).sum()]))[0]
    assert exact_tail(chances, 4) <= told <= 1


def test_the_null_keeps_activity_and_popularity():
    rng = np.random.default_rng(3)
    odds = np.outer(rng.gamma(1.0, 1.0, 80), rng.gamma(1.0, 1.0, 40))
    taken = sp.csr_array((rng.random((80, 40)) < odds / (1 + odds)).astype(np.float32))
    null = activity_null(taken, np.arange(40))
    assert np.allclose((null.chances * null.sizes).sum(axis=1), taken.sum(axis=0), rtol=1e-3)
    means, _ = null.moments(np.array([0]))
    assert means[0, 1] == pytest.approx((null.sizes * null.chances[0] * null.chances[1]).sum())


def test_independent_items_are_called_linked_no_more_often_than_asked_for():
    rng = np.random.default_rng(5)
    active = rng.beta(1.0, 4.0, 400)  # users differ: a null of items alone would link everything
    taken = sp.csr_array((rng.random((400, 60)) < active[:, None]).astype(np.float32))
    null = activity_null(taken, np.arange(60))
    means, squares = null.moments(np.arange(60))
    both = (taken.T @ taken).toarray()
    p = tail_of_both(both, means, squares)[np.triu_indices(60, 1)]
    assert (p < 0.05).mean() < 0.08
    assert (false_discovery(p, len(p)) < 0.05).sum() == 0
    popularity = both.diagonal()
    alone = stats.hypergeom.sf(both - 1, 400, popularity[:, None], popularity[None, :])[np.triu_indices(60, 1)]
    assert (alone < 0.05).mean() > 0.5


def test_false_discovery_rates_by_hand():
    q = false_discovery(np.array([0.01, 0.04, 0.03]), 10)
    assert q.tolist() == pytest.approx([0.1, 0.4 / 3, 0.4 / 3])
    assert false_discovery(np.empty(0), 0).tolist() == []


@given(hnp.arrays(float, st.integers(1, 30), elements=st.floats(0, 1)))
def test_false_discovery_rates_rise_with_p_and_are_never_below_it(p):
    q = false_discovery(p, len(p))
    assert (q >= p - 1e-12).all()
    assert (np.diff(q[np.argsort(p)]) >= -1e-12).all()
    assert np.allclose(q, stats.false_discovery_control(p))


def test_rates_are_told_coarsely():
    assert rounded_up(np.array([0.0, 3e-4, 0.02, 0.05, 0.2])).tolist() == [1e-12, 1e-3, 0.05, 0.05, 1.0]


def test_the_tail_of_a_count():
    assert tail_of_count(np.array([3.0]), np.array([1.2]))[0] == pytest.approx(stats.poisson.sf(2, 1.2))
