"""Rankings and their measures by hand."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.activation.recommending.measuring import absolute_of, mean_of, measured, root_of
from coterie.activation.recommending.popularity import FittedRates
from coterie.activation.recommending.ranking import NO_ITEM, first, left, standing
from coterie.activation.recommending.tastes import Tastes, tastes_of


def of(likes: list[list[int]]) -> Tastes:
    cells = np.array(likes)
    users, items = np.nonzero(cells)
    return tastes_of(users, items, None, np.ones(len(users), bool), shape=cells.shape)


def test_level_scores_go_by_how_many_took_items_up_then_by_place():
    place = standing(of([[0, 1, 0, 1], [0, 0, 0, 1]]))
    assert place.tolist() == [2, 1, 3, 0]
    assert first(np.zeros((1, 4), np.float32), 3, place).tolist() == [[3, 1, 0]]


def test_who_has_seen_all_gets_no_item():
    scores = left(np.ones((2, 3), np.float32), of([[1, 1, 1], [1, 0, 0]]), np.array([True, True, False]))
    assert first(scores, 2, np.arange(3)).tolist() == [[NO_ITEM, NO_ITEM], [1, NO_ITEM]]
    assert first(scores, 9, np.arange(3)).shape == (2, 9)


def test_measures_by_hand():
    train = of([[1, 0, 0, 0, 0], [0, 0, 0, 0, 1]])
    held = of([[0, 0, 1, 0, 1], [0, 0, 0, 0, 0]])
    fitted = FittedRates(np.array([[0.9, 0.8, 0.7, 0.6, 0.5]]), "popularity")
    found = measured(fitted, train, held, np.arange(2))  # the first ranks 1, 2, 3, 4; likes 2 and 4
    assert found.users.tolist() == [0]
    ideal = 1 + 1 / np.log2(3)
    assert found.ndcg[0] == pytest.approx((1 / np.log2(3) + 1 / np.log2(5)) / ideal)
    assert found.recall[0] == 1.0
    assert found.precision[0] == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert found.covered == pytest.approx(4 / 5)


def test_training_items_are_never_counted_as_found():
    train, held = of([[1, 1, 0, 0]]), of([[0, 0, 1, 0]])
    found = measured(FittedRates(np.array([[9.0, 8.0, 2.0, 1.0]]), "popularity"), train, held, np.array([0]))
    assert found.ndcg[0] == found.precision[0] == 1.0


def test_nobody_has_anything_held_out():
    found = measured(FittedRates(np.ones((1, 2)), "popularity"), of([[1, 0]]), of([[0, 0]]), np.array([0]))
    assert (len(found.ndcg), found.covered) == (0, 0.0)
    assert np.isnan(mean_of(found.ndcg).value)


def test_errors_by_hand():
    off, users = np.array([1.0, -1.0, 3.0]), np.array([0, 0, 1])
    assert root_of(off, users).value == pytest.approx((11 / 3) ** 0.5)
    assert absolute_of(off, users).value == pytest.approx(5 / 3)
    assert root_of(off, users).low < root_of(off, users).value < root_of(off, users).high
