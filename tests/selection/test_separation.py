from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.selection.separation import EMBEDDING, separated_by

LABELS = np.array([0, 0, 1, 1], np.int32)
POINTS = np.array([[0, 1, 5], [2, 1, 5], [4, 3, 5], [6, 3, 5]], np.float32)


def test_the_distance_between_clusters_is_shared_out_among_columns():
    # Centres are 4 apart along the first column and 2 along the second: 16 and 4 of 20.
    found = separated_by(POINTS, LABELS, ("people:age", "people:income", "people:town"))
    assert found == (("people:age", pytest.approx(0.8)), ("people:income", pytest.approx(0.2)), ("people:town", 0.0))
    assert separated_by(POINTS, LABELS, ("people:age", "people:income", "people:town"), most=1) == found[:1]


def test_categories_of_one_attribute_count_together_and_so_does_an_embedding():
    assert separated_by(POINTS, LABELS, ("who:town=a", "who:town=b", "who:age")) == (
        ("who:town", pytest.approx(1.0)), ("who:age", 0.0),
    )  # fmt: skip
    assert separated_by(POINTS, LABELS, (None, None, "who:age"))[0] == (EMBEDDING, pytest.approx(1.0))


def test_nothing_is_said_of_an_embedding_alone_or_of_unknown_columns():
    assert separated_by(POINTS, LABELS, (None, None, None)) == ()
    assert separated_by(POINTS, LABELS, ()) == ()


def test_clusters_with_one_centre_are_separated_by_nothing():
    same = np.array([[1.0], [3.0], [1.0], [3.0]], np.float32)
    assert separated_by(same, LABELS, ("who:age",)) == (("who:age", 0.0),)


@given(st.permutations(range(12)), st.floats(0.01, 100))
def test_order_and_unit_make_no_difference_and_shares_sum_to_one(order, scale):
    rng = np.random.default_rng(3)
    points, labels = rng.normal(size=(12, 3)).astype(np.float32), np.arange(12, dtype=np.int32) % 3
    names = ("a:x", "a:y", "a:z")
    found = dict(separated_by(points, labels, names))
    again = dict(separated_by((points[list(order)] * np.float32(scale)), labels[list(order)], names))
    assert sum(found.values()) == pytest.approx(1)
    assert again == pytest.approx(found, rel=1e-4)
