from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.selection import lift
from coterie.selection.lift import Pairs


def random_pairs(seed: int, n_users: int = 30, n_items: int = 25, share: float = 0.4) -> Pairs:
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((n_users, n_items)) < share)
    return Pairs(users, items, rng.random(len(users)) < 0.7, n_users, n_items)


def split(pairs: Pairs, seed: int = 0) -> tuple[Pairs, Pairs]:
    held = lift.hold_out(pairs.users, 0.3, np.random.default_rng(seed))
    return pairs.take(~held), pairs.take(held)


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
@given(st.integers(0, 10_000))
def test_places_among_unseen_items_equal_a_ranking_of_the_whole_catalogue(seed):
    train, test = split(random_pairs(seed), seed)
    labels = np.random.default_rng(seed).integers(0, 3, train.n_users).astype(np.int32)
    labels[:3] = [0, 1, 2]
    ranks = lift.popularity_ranks(train, labels, 20.0)
    found = lift.ndcg_by_user(train, test, ranks, labels)
    assert found == pytest.approx(direct_ndcg(train, test, -ranks[labels].astype(float)), nan_ok=True)


def test_popularity_by_hand():
    # Users 0 and 1 form cluster 0, user 2 cluster 1. Item 0 is liked by 0 and 1, item 1 by 2, item 2 by nobody.
    train = Pairs(np.array([0, 1, 2, 2]), np.array([0, 0, 1, 2]), np.array([True, True, True, False]), 3, 3)
    ranks = lift.popularity_ranks(train, np.array([0, 0, 1], np.int32), 1.0)
    # Cluster 1: item 0 (0 + 2/3) / 2 = 1/3, item 1 (1 + 1/3) / 2 = 2/3, item 2 zero.
    assert ranks.tolist() == [[0, 1, 2], [1, 0, 2], [0, 1, 2]]


def test_a_shrinkage_without_end_ranks_every_segment_like_all():
    train, _ = split(random_pairs(4))
    labels = (np.arange(train.n_users) % 3).astype(np.int32)
    ranks = lift.popularity_ranks(train, labels, 1e9)
    likes = np.bincount(train.items[train.positive], minlength=train.n_items)
    for row in ranks:
        assert (np.diff(likes[np.argsort(row)]) <= 0).all()


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
    train, test = split(Pairs(users, items, np.ones(len(users), bool), n_users, n_items))

    def measured(labels):
        ranks = lift.popularity_ranks(train, labels, 20.0)
        by_all = lift.ndcg_by_user(train, test, ranks, np.full(n_users, 2))
        return lift.lift_of(lift.ndcg_by_user(train, test, ranks, labels)[None], by_all[None], labels).lift

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
