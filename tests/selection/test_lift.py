from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.parallel import THREADS_VARIABLE
from coterie.selection import lift
from coterie.selection.lift import Pairs


def random_pairs(seed: int, n_users: int = 30, n_items: int = 25, share: float = 0.4) -> Pairs:
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((n_users, n_items)) < share)
    return Pairs(users, items, rng.random(len(users)) < 0.7, n_users, n_items)


def hold_out(pairs: Pairs, seed: int = 0) -> np.ndarray:
    return lift.hold_out(pairs.users, 0.3, np.random.default_rng(seed))


def plain_hold_out(users: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """All pairs sorted by user, then by a random number."""
    counts = np.bincount(users)
    quota = np.minimum(np.floor(share * counts + rng.random(len(counts))).astype(int), np.maximum(counts - 1, 0))
    order = np.lexsort((rng.random(len(users)), users))
    place = np.empty(len(order), int)
    place[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return place < quota[users]


def plain_rates(train: Pairs, labels: np.ndarray, pseudo_users: float) -> np.ndarray:
    """(k + 1, m) rates of items in each cluster, and of all users in the last row."""
    liked = train.take(train.positive)
    overall = np.bincount(liked.items, minlength=train.n_items) / train.n_users
    rates = []
    for cluster in range(int(labels.max()) + 1):
        own = np.bincount(liked.items[labels[liked.users] == cluster], minlength=train.n_items)
        rates.append((own + pseudo_users * overall) / ((labels == cluster).sum() + pseudo_users))
    return np.array([*rates, overall])


def direct_ndcg(train: Pairs, test: Pairs, scores: np.ndarray) -> np.ndarray:
    """Rank the whole catalogue user by user, the way a textbook would."""
    found = np.full(train.n_users, np.nan)
    for user in range(train.n_users):
        liked = set(test.items[(test.users == user) & test.positive])
        if not liked:
            continue
        seen = set(train.items[train.users == user])
        order = [item for item in np.argsort(-scores[user], kind="stable") if item not in seen][:10]
        gain = sum(1 / np.log2(place + 2) for place, item in enumerate(order) if item in liked)
        found[user] = gain / sum(1 / np.log2(place + 2) for place in range(min(10, len(liked))))
    return found


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([1, 4, 25]))
def test_walks_down_rankings_equal_a_ranking_of_the_whole_catalogue_for_each_user(seed, depth):
    pairs, rng = random_pairs(seed), np.random.default_rng(seed)
    held, labels = hold_out(pairs, seed), rng.integers(-1, 3, pairs.n_users).astype(np.int32)
    labels[:3] = [0, 1, 2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lift, "DEPTH", depth)
        found = lift.ndcg_by_user(pairs, held, [labels, np.abs(labels)], 20.0)
    train, test = pairs.take(~held), pairs.take(held)
    for row, own in zip(found, [labels, np.abs(labels), np.full(pairs.n_users, -1)], strict=True):
        rates = plain_rates(train, own if (own >= 0).any() else labels, 20.0)
        assert row == pytest.approx(direct_ndcg(train, test, rates[own]), nan_ok=True)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([1, 70, 10_000]))
def test_held_out_are_the_pairs_that_a_sort_by_random_numbers_puts_first(seed, at_once):
    pairs = random_pairs(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lift, "AT_ONCE", at_once)
        found = lift.hold_out(pairs.users, 0.4, np.random.default_rng(seed))
    assert np.array_equal(found, plain_hold_out(pairs.users, 0.4, np.random.default_rng(seed)))


def test_one_and_two_threads_give_the_same_bits(monkeypatch):
    pairs = random_pairs(3, 3_000, 60)
    labels = [np.random.default_rng(k).integers(0, k, pairs.n_users).astype(np.int32) for k in (2, 5)]
    found = []
    for threads in ("1", "2"):
        monkeypatch.setenv(THREADS_VARIABLE, threads)
        held = hold_out(pairs)
        found.append((held.tobytes(), lift.ndcg_by_user(pairs, held, labels, 20.0).tobytes()))
    assert found[0] == found[1]


def test_ndcg_by_hand():
    # Users 0 and 1 like items 0 and 2, user 2 item 1, user 3 items 0 and 1; the second of 0 and of 3 are held out.
    pairs = Pairs(np.array([0, 0, 1, 1, 2, 3, 3]), np.array([0, 2, 0, 2, 1, 0, 1]), np.ones(7, bool), 4, 3)
    held = np.array([False, True, False, False, False, False, True])
    segment, overall = lift.ndcg_by_user(pairs, held, [np.array([0, 0, 1, 1], np.int32)], 1.0)
    # Both have seen item 0. Each of the others is liked by one: a tie, which 1 wins among all.
    assert overall == pytest.approx([1 / np.log2(3), np.nan, np.nan, 1], nan_ok=True)
    assert segment == pytest.approx([1, np.nan, np.nan, 1], nan_ok=True)


def test_a_shrinkage_without_end_ranks_every_segment_like_all():
    pairs = random_pairs(4)
    labels = (np.arange(pairs.n_users) % 3).astype(np.int32)
    segment, overall = lift.ndcg_by_user(pairs, hold_out(pairs), [labels], 1e12)
    assert np.nanmean(segment) == pytest.approx(np.nanmean(overall), abs=0.02)


def test_each_user_loses_the_share_and_keeps_something():
    pairs = random_pairs(1, 400, 40)
    held = lift.hold_out(pairs.users, 0.2, np.random.default_rng(0))
    counts = np.bincount(pairs.users, minlength=400)
    lost = np.bincount(pairs.users[held], minlength=400)
    assert held.mean() == pytest.approx(0.2, abs=0.01)
    assert (abs(lost - 0.2 * counts) < 1).all()
    assert (counts - lost >= 1)[counts > 0].all()


def test_a_user_of_one_event_keeps_it():
    pairs = Pairs(np.arange(50), np.zeros(50, int), np.ones(50, bool), 50, 1)
    assert not lift.hold_out(pairs.users, 0.9, np.random.default_rng(0)).any()


def test_planted_taste_pays_and_random_segments_do_not():
    rng = np.random.default_rng(0)
    n_users, n_items = 600, 60
    taste = rng.integers(0, 2, n_users)
    chance = np.where(taste[:, None] == (np.arange(n_items) >= 30)[None, :], 0.35, 0.05)
    users, items = np.nonzero(rng.random((n_users, n_items)) < chance)
    pairs = Pairs(users, items, np.ones(len(users), bool), n_users, n_items)
    held = hold_out(pairs)

    def measured(labels):
        by_segment, by_all = lift.ndcg_by_user(pairs, held, [labels], 20.0)
        return lift.lift_of(by_segment[None], by_all[None], labels).lift

    planted, random = measured(taste.astype(np.int32)), measured(rng.integers(0, 2, n_users).astype(np.int32))
    assert planted.low > 1.3
    assert random.low < 1.05
    assert random.high < 1.1


def test_a_ratio_of_means_by_hand():
    interval, error = lift.ratio(np.array([2.0, 4.0]), np.array([1.0, 2.0]))
    assert (interval.value, error) == (2.0, 0.0)
    interval, error = lift.ratio(np.array([3.0, 3.0]), np.array([1.0, 2.0]))
    # Residuals of 3 - 2 d are 1 and -1: variance 2 over 2 users, over a mean of 1.5.
    assert interval.value == 2.0
    assert error == pytest.approx(1 / 1.5)


def test_the_interval_covers_the_true_ratio_about_nineteen_times_in_twenty():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        base = rng.gamma(2.0, 1.0, 200)
        interval, _ = lift.ratio(1.5 * base * rng.gamma(4.0, 0.25, 200), base)
        covered += interval.low <= 1.5 <= interval.high
    assert 0.91 <= covered / 400 <= 0.98


def test_nobody_to_evaluate_gives_no_number():
    nothing = np.full((2, 3), np.nan)
    result = lift.lift_of(nothing, nothing, np.array([0, 1, 1], np.int32))
    assert np.isnan(result.lift.value)
    assert result.n_users == 0
