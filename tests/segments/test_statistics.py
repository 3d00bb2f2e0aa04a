from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coterie.segments.statistics import (
    EXACT_BELOW,
    MeanSums,
    RatioSums,
    benjamini_hochberg,
    compare_means,
    compare_ratios,
    compare_shares,
    hypergeometric_mid_p,
    welch,
)

INSIDE = [(1, 2), (2, 4), (3, 4)]
REST = [(0, 5), (1, 5)]


def cell(value: float) -> np.ndarray:
    return np.array([[float(value)]])


def ratio_sums(users) -> RatioSums:
    y, n = np.array(users, dtype=float).T
    return RatioSums(
        *(cell(s) for s in ((y).sum(), (y * y).sum(), (y * n).sum(), n.sum(), (n * n).sum(), (n > 0).sum()))
    )


def mean_sums(values) -> MeanSums:
    x = np.array(values, dtype=float)
    if x.size == 0:
        return MeanSums(cell(0), cell(0), cell(0), cell(0))
    return MeanSums(cell(x.size), cell(x.mean()), cell(((x - x.mean()) ** 2).sum()), cell(x.min()))


def test_ratio_and_its_variance_by_hand():
    sums = ratio_sums(INSIDE)
    assert sums.ratio == pytest.approx(0.6)
    # residuals -0.2, -0.4 and 0.6: 3/2 * 0.56 / 10^2
    assert sums.variance == pytest.approx(0.0084)


def test_compare_ratios_by_hand():
    compared = compare_ratios(ratio_sums(INSIDE), ratio_sums(INSIDE + REST))
    assert compared.inside.item() == pytest.approx(0.6)
    assert compared.overall.item() == pytest.approx(0.35)
    assert compared.index.item() == pytest.approx(100 * 0.6 / 0.35)
    assert compared.effect.item() == pytest.approx(np.log2(0.6 / 0.1))
    # t = 0.5 / sqrt(0.0084 + 0.01), 2.5026 degrees of freedom; exact: P(7) + P(6)/2 with 6 of 7 among 10 of 20
    clustered = 2 * stats.t.sf(0.5 / np.sqrt(0.0184), 0.0184**2 / (0.0084**2 / 2 + 0.01**2 / 1))
    exact = 2 * (286 + 5005 / 2) / 184756
    assert clustered > exact
    assert compared.p.item() == pytest.approx(clustered)
    # influence: (y - 0.6 n)/6 - (y - 0.35 n)/7 inside, -(y - 0.35 n)/7 in the rest
    influence = [(y - 0.6 * n) / 6 - (y - 0.35 * n) / 7 for y, n in INSIDE] + [-(y - 0.35 * n) / 7 for y, n in REST]
    error = np.sqrt(np.sum(np.square(influence)))
    assert compared.low.item() == pytest.approx(100 * 0.6 / 0.35 * np.exp(-1.959964 * error))
    assert compared.high.item() == pytest.approx(100 * 0.6 / 0.35 * np.exp(1.959964 * error))


def test_small_counts_are_judged_by_the_exact_test():
    """Three events of three users against none of many: the linearised test alone would be far too sure."""
    compared = compare_ratios(ratio_sums([(1, 10)] * 3 + [(0, 10)] * 7), ratio_sums([(1, 10)] * 3 + [(0, 10)] * 47))
    assert compared.p.item() >= hypergeometric_mid_p(*(np.array(float(x)) for x in (3, 100, 3, 500))).item()


def test_alike_events_of_one_user_count_once():
    """All 40 events of two users are on it: two opinions, not forty."""
    few = compare_ratios(ratio_sums([(20, 20)] * 2 + [(2, 20)] * 8), ratio_sums([(20, 20)] * 2 + [(2, 20)] * 28))
    assert few.p.item() > 0.1
    assert hypergeometric_mid_p(*(np.array(float(x)) for x in (56, 200, 96, 600))).item() < 1e-6


def test_a_count_of_zero_has_an_interval_from_zero():
    compared = compare_ratios(ratio_sums([(0, 5), (0, 5)]), ratio_sums([(0, 5), (0, 5), (4, 5), (2, 5)]))
    assert compared.index.item() == 0
    assert compared.low.item() == 0
    # half an event: 100 * (0.5/10) / (6/20) * exp(1.96 * sqrt 2)
    assert compared.high.item() == pytest.approx(100 * 0.05 / 0.3 * np.exp(1.959964 * np.sqrt(2)))
    assert compared.effect.item() == pytest.approx(np.log2(0.5 / 6.5))


@pytest.mark.parametrize(
    ("inside", "everybody"),
    [
        (INSIDE, INSIDE),
        ([(1, 2)], [(1, 2), *REST]),
        ([(0, 0), (0, 0)], [(0, 0), (0, 0), *REST]),
        (INSIDE, [*INSIDE, (0, 0)]),
        ([(2, 2), (3, 3)], [(2, 2), (3, 3), (4, 4), (1, 1)]),
    ],
    ids=["no rest", "one user", "no events inside", "no events in the rest", "everything"],
)
def test_nothing_to_compare_gives_p_of_one(inside, everybody):
    compared = compare_ratios(ratio_sums(inside), ratio_sums(everybody))
    assert compared.p.item() == 1
    assert np.isfinite([compared.index, compared.low, compared.high, compared.effect]).all()


users = st.lists(st.integers(0, 6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=12)


@given(users, users)
def test_ratios_hold_their_order_and_bounds(inside, rest):
    one = compare_ratios(ratio_sums(inside), ratio_sums(inside + rest))
    other = compare_ratios(ratio_sums(rest), ratio_sums(rest + inside))
    assert one.p.item() == pytest.approx(other.p.item())
    assert one.effect.item() == pytest.approx(-other.effect.item())
    assert 0 <= one.p.item() <= 1
    assert one.low.item() <= one.index.item() + 1e-9
    assert one.index.item() <= one.high.item() + 1e-9


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_shares_are_ratios_of_one_event_a_user(m, r, data):
    a, b = data.draw(st.integers(0, m)), data.draw(st.integers(0, r))
    inside, rest = [(1, 1)] * a + [(0, 1)] * (m - a), [(1, 1)] * b + [(0, 1)] * (r - b)
    ratios = compare_ratios(ratio_sums(inside), ratio_sums(inside + rest))
    shares = compare_shares(cell(a), cell(m), cell(a + b), cell(m + r))
    for name in ("inside", "overall", "index", "low", "high", "effect"):
        assert getattr(shares, name).item() == pytest.approx(getattr(ratios, name).item(), abs=1e-9)


def test_compare_shares_by_hand():
    """30 of 100 inside, 20 of 300 in the rest."""
    compared = compare_shares(cell(30), cell(100), cell(50), cell(400))
    assert compared.index.item() == pytest.approx(240)
    variance = (1 / 30 - 1 / 100) + (1 / 50 - 1 / 400) - 2 * 0.7 / 50
    assert compared.low.item() == pytest.approx(240 * np.exp(-1.959964 * np.sqrt(variance)))
    assert compared.effect.item() == pytest.approx(np.log2(0.3 / (20 / 300)))
    null = stats.hypergeom(400, 50, 100)
    assert compared.p.item() == pytest.approx(2 * (null.sf(30) + null.pmf(30) / 2))


def test_interval_of_a_share_covers_the_truth():
    rng = np.random.default_rng(3)
    inside, rest = rng.binomial(200, 0.3, 4000), rng.binomial(800, 0.1, 4000)
    compared = compare_shares(inside[None, :] * 1.0, cell(200), (inside + rest)[None, :] * 1.0, cell(1000))
    truth = 100 * 0.3 / (0.2 * 0.3 + 0.8 * 0.1)
    covered = ((compared.low <= truth) & (truth <= compared.high)).mean()
    assert 0.935 < covered < 0.965


def test_interval_of_a_ratio_covers_the_truth_where_users_differ():
    """Users' tastes vary (a beta of mean 0.3, or 0.1), and so does who is drawn: a third of them in the segment."""
    rng = np.random.default_rng(4)
    covered, covered_by_events, runs = 0, 0, 600
    truth = 100 * 0.3 / (0.3 / 3 + 0.1 * 2 / 3)
    for _ in range(runs):
        n, own = rng.integers(5, 60, 150), rng.random(150) < 1 / 3
        y = rng.binomial(n, np.where(own, rng.beta(1.5, 3.5, 150), rng.beta(0.5, 4.5, 150)))
        pairs = np.column_stack([y, n])
        compared = compare_ratios(ratio_sums(pairs[own]), ratio_sums(pairs))
        covered += compared.low.item() <= truth <= compared.high.item()
        as_events = compare_shares(*(cell(part) for part in (y[own].sum(), n[own].sum(), y.sum(), n.sum())))
        covered_by_events += as_events.low.item() <= truth <= as_events.high.item()
    assert 0.92 < covered / runs < 0.97
    assert covered_by_events / runs < 0.8


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_mid_p_equals_scipys_tails(drawn, others, data):
    total = drawn + others
    good = data.draw(st.integers(0, total))
    hits = data.draw(st.integers(max(0, good - others), min(good, drawn)))
    got = hypergeometric_mid_p(*(np.array(float(x)) for x in (hits, drawn, good, total))).item()
    null = stats.hypergeom(total, good, drawn)
    half = null.pmf(hits) / 2
    assert got == pytest.approx(min(1, 2 * min(null.cdf(hits - 1) + half, null.sf(hits) + half)), rel=1e-9)


def test_mid_p_of_large_cells_meets_the_exact_one():
    for hits in (1010.0, 1100.0, 1150.0, 900.0):
        arguments = [np.array(x) for x in (hits, 100_000.0, EXACT_BELOW * 1.001 * 10, 1_000_000.0)]
        normal = hypergeometric_mid_p(*arguments).item()
        arguments[2] = np.array(EXACT_BELOW * 0.999 * 10)
        exact = hypergeometric_mid_p(*arguments).item()
        assert np.log10(exact + 1e-300) == pytest.approx(np.log10(normal + 1e-300), rel=0.1, abs=0.05)


def test_mid_p_holds_its_level():
    rng = np.random.default_rng(5)
    hits = rng.hypergeometric(40, 960, 200, 20_000).astype(float)
    p = hypergeometric_mid_p(hits, np.array(200.0), np.array(40.0), np.array(1000.0))
    assert (p < 0.05).mean() < 0.055


@given(
    st.lists(st.integers(0, 50), min_size=2, max_size=15),
    st.lists(st.integers(0, 50), min_size=2, max_size=15),
)
def test_means_equal_scipys_welch(inside, rest):
    compared = compare_means(mean_sums(inside), mean_sums(inside + rest))
    if len(set(inside)) > 1 and len(set(rest)) > 1:  # SciPy warns of constants, which have their own test
        assert compared.p.item() == pytest.approx(stats.ttest_ind(inside, rest, equal_var=False).pvalue, abs=1e-8)
        pooled = np.sqrt((np.var(inside) * len(inside) + np.var(rest) * len(rest)) / (len(inside) + len(rest) - 2))
        assert compared.effect.item() == pytest.approx((np.mean(inside) - np.mean(rest)) / pooled, abs=1e-8)


def test_index_of_a_mean_by_hand():
    """1, 3 against 1, 3, 6, 10: means 2 and 5."""
    compared = compare_means(mean_sums([1, 3]), mean_sums([1, 3, 6, 10]))
    assert compared.index.item() == pytest.approx(40)
    influence = [((x - 2) / 2 * (x < 4) - 0.4 * (x - 5) / 4) / 5 for x in (1, 3, 6, 10)]
    error = np.sqrt(np.sum(np.square(influence)))
    assert compared.high.item() == pytest.approx(40 + 195.9964 * error)
    assert compared.low.item() == pytest.approx(max(0, 40 - 195.9964 * error))


@pytest.mark.parametrize("values", [[-1, 3, 6], [0, 0, 0]], ids=["negative", "all zero"])
def test_no_index_of_a_mean_that_can_be_negative_or_is_zero(values):
    compared = compare_means(mean_sums(values[:2]), mean_sums(values))
    assert np.isnan([compared.index, compared.low, compared.high]).all()


def test_means_without_a_rest_and_constants():
    assert compare_means(mean_sums([1, 2]), mean_sums([1, 2])).p.item() == 1
    assert compare_means(mean_sums([]), mean_sums([1, 2])).p.item() == 1
    assert compare_means(mean_sums([1, 1]), mean_sums([1, 1, 1, 1])).p.item() == 1
    assert compare_means(mean_sums([1, 1]), mean_sums([1, 1, 2, 2])).p.item() == 0


def test_welch_of_unknown_variance_is_one():
    assert welch(cell(3), (cell(np.nan), cell(1)), (cell(1), cell(9))).item() == 1


def test_benjamini_hochberg_by_hand():
    """Sorted 0.01, 0.02, 0.03, 0.9 times 4/1, 4/2, 4/3, 4/4; each at most the next."""
    adjusted = benjamini_hochberg(np.array([0.9, 0.01, 0.03, 0.02]))
    assert adjusted == pytest.approx([0.9, 0.04, 0.04, 0.04])
    assert benjamini_hochberg(np.array([])).size == 0


@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_benjamini_hochberg_equals_that_of_scipy(n):
    p = np.round(np.random.default_rng(n).random(n), 2)  # with ties
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p, method="bh"))
