"""Regressions of seeds against bags of the others, and what is told of the audience that comes of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from coterie import frozen
from coterie.activation import lookalike as module
from coterie.activation.audience import check_reach, curve_of, parts_of, size_of
from coterie.activation.lookalike import FittedLookalike, Ground, fit, folds
from coterie.activation.reaching import (
    CLASSIFIER,
    found_within,
    look_for_hidden,
    warnings_of,
    wilson,
)
from coterie.errors import ConfigError, DataError
from coterie.randomness import generator

N = 240


def planted(seed=1, n_like=60, apart=2.5):
    """A tenth of the plane's points lie elsewhere; the seeds are half of them."""
    rng = generator(seed, "planted")
    rows = rng.normal(size=(N, 4)).astype(np.float32)
    rows[:n_like, 0] += apart
    is_seed = np.zeros(N, bool)
    is_seed[: n_like // 2] = True
    ids = np.array([f"u{i:03}" for i in range(N)])
    return Ground(ids, ("a", "b", "c", "d"), rows, rows / np.linalg.norm(rows, axis=1, keepdims=True)), is_seed


def test_those_who_are_like_the_seeds_come_first():
    ground, is_seed = planted()
    model = fit(ground, is_seed, 7)
    others = np.flatnonzero(~is_seed)
    scores = model.scores(ground.ids[others], ground.rows[others])
    assert ((scores > 0) & (scores < 1)).all()
    assert (np.sort(others[np.argsort(-scores)[:15]]) < 60).mean() > 0.7
    cosines = model.similarity(ground.units[others])
    assert (others[np.argsort(-cosines)[:15]] < 60).mean() > 0.6


def test_nobody_is_scored_by_a_model_that_took_them_for_unlike():
    ground, is_seed = planted()
    model = fit(ground, is_seed, 7)
    assert not np.isin(model.bagged, ground.ids[is_seed]).any()
    (place,) = np.flatnonzero(ground.ids == model.bagged[0])
    row = (ground.rows[place].astype(np.float64) - model.centre) / model.spread
    each = 1 / (1 + np.exp(-(model.weights @ row + model.biases)))
    outside = ~model.in_bag[0]
    assert outside.any()
    assert not outside.all()
    own = model.scores(ground.ids[[place]], ground.rows[[place]])[0]
    assert own == pytest.approx(each[outside].mean())
    assert model.scores(np.array(["nobody"]), ground.rows[[place]])[0] == pytest.approx(each.mean())
    # Bags come in pairs that share nobody, so that one of each pair can tell of anybody.
    assert (model.in_bag.reshape(len(model.bagged), -1, 2).sum(axis=2) <= 1).all()


def test_a_regression_is_that_of_scikit_learn():
    ground, is_seed = planted()
    inside, outside = ground.rows[is_seed].astype(float), ground.rows[~is_seed].astype(float)
    found = module._regression(inside, outside)
    peer = LogisticRegression(C=1 / module.RIDGE, class_weight="balanced", tol=1e-10, max_iter=1000)
    peer.fit(np.vstack([inside, outside]), np.repeat([1, 0], [len(inside), len(outside)]))
    np.testing.assert_allclose(found, [*peer.coef_[0], peer.intercept_[0]], rtol=1e-4, atol=1e-5)


@given(st.integers(0, N - 1), st.permutations(range(12)))
def test_alone_in_a_batch_and_in_another_order_are_the_same_bits(one, order):
    ground, is_seed = planted()
    model = fit(ground, is_seed, 7)
    scores, cosines = model.scores(ground.ids, ground.rows), model.similarity(ground.units)
    assert model.scores(ground.ids[[one]], ground.rows[[one]])[0] == scores[one]
    assert model.similarity(ground.units[[one]])[0] == cosines[one]
    some = np.array(order)
    assert (model.scores(ground.ids[some], ground.rows[some]) == scores[some]).all()


def test_it_is_frozen_without_pickle(tmp_path):
    ground, is_seed = planted()
    model = fit(ground, is_seed, 7)
    frozen.save(model.to_arrays(), tmp_path, "lookalike")
    again = FittedLookalike.from_arrays(frozen.load(tmp_path, "lookalike"))
    assert again.columns == model.columns
    assert (again.scores(ground.ids, ground.rows) == model.scores(ground.ids, ground.rows)).all()
    assert (again.similarity(ground.units) == model.similarity(ground.units)).all()


def test_a_constant_column_and_many_seeds_do_no_harm(monkeypatch):
    ground, is_seed = planted()
    rows = ground.rows.copy()
    rows[:, 3] = 5
    monkeypatch.setattr(module, "MOST_IN_BAG", 12)
    model = fit(Ground(ground.ids, ground.columns, rows, ground.units), is_seed, 7)
    assert np.isfinite(model.scores(ground.ids, rows)).all()
    assert model.in_bag.sum(axis=0).tolist() == [12] * module.BAGS


@pytest.mark.parametrize(("n_seeds", "n"), [(0, 10), (9, 10)])
def test_without_seeds_or_others_there_is_nothing_to_fit(n_seeds, n):
    ground, _ = planted()
    some = Ground(ground.ids[:n], ground.columns, ground.rows[:n], ground.units[:n])
    with pytest.raises(DataError, match=rf"{n_seeds} seeds stand against {n - n_seeds} others; expected one seed"):
        fit(some, np.arange(n) < n_seeds, 7)


def test_folds_hide_everybody_once():
    parts = folds(23, 5, 7)
    assert sorted(np.concatenate(parts).tolist()) == list(range(23))
    assert {len(part) for part in parts} == {4, 5}


def test_level_ones_share_the_last_places():
    scores = np.array([3.0, 2.0, 2.0, 1.0])
    wanted = np.array([True, True, False, False])
    assert found_within(scores, wanted, [0.25, 0.5, 0.75, 1.0]).tolist() == [1, 1.5, 2, 2]
    assert found_within(np.zeros(10), np.arange(10) < 4, [0.1, 0.5]).tolist() == pytest.approx([0.4, 2])
    assert found_within(scores, np.zeros(4, bool), [0.5]).tolist() == [0]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.data())
def test_what_is_found_does_not_hang_on_the_order(scores, data):
    order = data.draw(st.permutations(range(len(scores))))
    values, wanted = np.array(scores, float), np.array(scores) % 2 == 0
    reaches = (0.1, 0.35, 1.0)
    found = found_within(values, wanted, reaches)
    assert found.tolist() == pytest.approx(found_within(values[order], wanted[order], reaches).tolist())
    assert found[-1] == pytest.approx(wanted.sum())


def test_an_interval_of_a_share_by_hand():
    found = wilson(8, 10)
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 4).low == 0
    assert wilson(4, 4).high == 1


def look(ground, is_seed, seed=7):
    segment = np.where(np.arange(N) < 60, 0, 1)
    return look_for_hidden(ground, is_seed, generator(3, "events").random(N), segment, seed)


def test_hidden_seeds_are_found_where_they_are_distinctive():
    ground, is_seed = planted(apart=4.0)
    found = look(ground, is_seed)
    assert found.n == 30
    best = found.at(CLASSIFIER, 0.10)
    assert best.times_random > 2.5
    assert best.recall.low > 0.10
    assert found.at("activity", 0.10).times_random < 2
    assert found.curve[CLASSIFIER][-1] == 1
    assert list(found.curve[CLASSIFIER]) == sorted(found.curve[CLASSIFIER])


def test_seeds_at_random_are_said_not_to_be_distinctive():
    ground, _ = planted(apart=0.0)
    is_seed = np.zeros(N, bool)
    is_seed[generator(5, "any").choice(N, 60, replace=False)] = True
    told = warnings_of(60, 4, look(ground, is_seed))
    assert any(one.startswith("the seeds are not distinctive: ") for one in told)


def test_few_seeds_are_said_to_be_few_and_why():
    ground, is_seed = planted(apart=4.0)
    is_seed[6:] = False
    told = warnings_of(6, 16, look(ground, is_seed))
    assert "6 seeds are few: the share of hidden ones that is found at 10% reach is known to" in told[0]
    assert "6 seeds are fewer than the 16 columns" in told[1]
    assert "3 seeds are too few to hide some" in warnings_of(3, 2, None)[0]


def test_a_segment_that_would_do_as_well_is_named():
    ground, _ = planted(apart=0.5)
    is_seed = np.arange(N) < 20
    segment = np.where(np.arange(N) < 24, 0, 1)
    found = look_for_hidden(ground, is_seed, None, segment, 7)
    assert "activity" not in found.curve
    assert found.at("segment", 0.10).recall.value == pytest.approx(1)
    assert any("the segment with most seeds would do as well" in one for one in warnings_of(20, 4, found))


@pytest.mark.parametrize(
    ("reach", "floor", "size"), [(None, None, 1), (3, None, 3), (0.5, None, 2), (None, 0.7, 2), (99, None, 4)]
)
def test_reach_is_a_count_a_share_or_a_floor(reach, floor, size):
    check_reach(reach, floor)
    assert size_of(np.array([0.9, 0.7, 0.3, 0.2]), reach, floor) == size


@pytest.mark.parametrize("reach", [0, -1, 0.0, 1.5, True])
def test_other_reaches_are_refused(reach):
    with pytest.raises(ConfigError, match="expected a whole number of users >= 1, or a share"):
        check_reach(reach, None)
    with pytest.raises(ConfigError, match="a reach and a floor are given"):
        check_reach(1, 0.5)


def test_the_curve_falls_from_the_most_alike():
    scores = np.linspace(1, 0, 200)
    curve = curve_of(scores, scores, None, 1)
    assert [point.users for point in curve][:3] == [1, 2, 4]
    assert curve[-1].users == 200
    assert curve[-1].similarity == pytest.approx(0.5)
    assert [point.floor for point in curve] == sorted((point.floor for point in curve), reverse=True)


def test_the_curve_has_no_audience_of_fewer_than_may_be_told_of():
    scores = np.linspace(1, 0, 200)
    curve = curve_of(scores, scores, None, 5)
    assert [point.users for point in curve][:2] == [6, 10]
    assert curve == curve_of(scores, scores, None, 1)[3:]
    assert curve_of(scores[:4], scores[:4], None, 5) == ()


def test_no_small_part_is_told_nor_can_be_had_by_subtraction():
    own = ["s-1"] * 30 + ["s-2"] * 3 + ["s-3"] * 12
    parts = parts_of(own, ["s-1"] * 40 + ["s-2"] * 40 + ["s-3"] * 20, ["s-1", "s-2", "s-3"], 5)
    assert [(part.segment, part.users) for part in parts] == [("s-1", 30), ("s-2", None), ("s-3", None)]
    assert parts[0].index == pytest.approx(100 * (30 / 45) / 0.4)
    wider = parts_of(own, own, ["s-1", "s-2", "s-3"], 13)
    assert [part.users for part in wider] == [30, None, None]
