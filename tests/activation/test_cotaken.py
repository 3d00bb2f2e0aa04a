"""Items taken up by the same users."""

from __future__ import annotations

import polars as pl
import pytest

from coterie.activation.cotaken import co_taken
from coterie.engines.local import lazy
from coterie.tables.coded import encoded


def events(**taken):
    rows = [(user, item) for user, items in taken.items() for item in items]
    return encoded(lazy(pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")))


def test_a_case_by_hand():
    found = co_taken(events(a="xyz", b="xy", c="xxz", d="yw"), 1, 10, shrinkage=2)  # items are w, x, y, z
    assert found.items.tolist() == [3, 2]
    assert found.both.tolist() == [2, 2]
    assert found.users.tolist() == [2, 3]
    assert (found.n_own, found.n_users) == (3, 4)
    assert found.similarity.tolist() == pytest.approx([2 / 6**0.5 * 2 / 4, 2 / 3 * 2 / 4])
    assert found.times_chance.tolist() == pytest.approx([2 * 4 / (3 * 2), 2 * 4 / 9])


def test_level_ones_go_by_id_and_few_are_left_out():
    found = co_taken(events(a="xyz", b="xyz", c="xw"), 1, 1, shrinkage=0)
    assert found.items.tolist() == [2]
    assert co_taken(events(a="xyz", b="xyz", c="xw"), 1, 9, min_cell=2).items.tolist() == [2, 3]
    assert co_taken(events(a="x"), 0, 5).items.tolist() == []
