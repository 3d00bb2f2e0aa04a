"""Numbered events say what the rows said, in one order, however they came."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.engines import local
from coterie.errors import DataError
from coterie.tables.coded import Coded, Encoder, encoded
from coterie.terms import ITEM, TIME, USER, VALUE

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["10", "2", "b", "ä"]),
        st.sampled_from(["x", "1", "01"]),
        st.one_of(st.none(), st.floats(-5, 5)),
        st.sampled_from([0.0, 1e9, 3e9, 0.5]),
        st.sampled_from(["red", "blue", None]),
    ),
    max_size=30,
)
SCHEMA = {USER: pl.String, ITEM: pl.String, VALUE: pl.Float64, TIME: pl.Float64, "colour": pl.String}


def coded(rows) -> Coded:
    return encoded(nw.from_native(pl.DataFrame(rows, schema=SCHEMA, orient="row").lazy()))


def rows_of(events: Coded) -> list[tuple]:
    return local.collect(events.frame()).rows()


def by_cells(row: tuple) -> list[tuple]:
    return [(cell is not None, cell if cell is not None else 0) for cell in row]


@given(EVENTS)
def test_what_goes_in_comes_out_by_user_then_item(rows):
    out = rows_of(coded(rows))
    assert sorted(out, key=by_cells) == sorted(rows, key=by_cells)
    assert [row[:2] for row in out] == sorted(row[:2] for row in rows)


@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, rng):
    shuffled = list(rows)
    rng.shuffle(shuffled)
    assert rows_of(coded(rows)) == rows_of(coded(shuffled))


@given(EVENTS)
def test_turned_twice_is_the_same(rows):
    events = coded(rows)
    turned = events.turned()
    assert turned.users.tolist() == events.items.tolist()
    assert sorted((u, i) for i, u, *_ in rows_of(turned)) == sorted((u, i) for u, i, *_ in rows_of(events))
    assert rows_of(turned.turned()) == rows_of(events)


@given(EVENTS, st.data())
def test_some_events_keep_the_ids_that_they_have(rows, data):
    events = coded(rows)
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), np.bool_)
    some = events.take(kept)
    assert rows_of(some) == [row for row, stays in zip(rows_of(events), kept, strict=True) if stays]
    assert set(some.users.tolist()) == {row[0] for row in rows_of(some)}
    assert set(some.items.tolist()) == {row[1] for row in rows_of(some)}
    assert np.diff(some.indptr).tolist() == np.bincount(some.user, minlength=len(some.users)).tolist()


@given(EVENTS)
def test_pairs_begin_where_user_or_item_change(rows):
    events = coded(rows)
    pairs = list(zip(events.user.tolist(), events.item.tolist(), strict=True))
    assert events.is_first.tolist() == [i == 0 or pairs[i] != pairs[i - 1] for i in range(len(pairs))]
    assert events.is_shared.tolist() == [pairs.count(pair) > 1 for pair in pairs]


def test_events_between_users():
    events = coded([(user, item, 1.0, 0.0, None) for user in "abcd" for item in "xy"])
    between = events.between(1, 3)
    assert [row[:2] for row in rows_of(between)] == [("b", "x"), ("b", "y"), ("c", "x"), ("c", "y")]
    assert between.indptr.tolist() == [0, 0, 2, 4, 4]
    assert np.shares_memory(between.item, events.item)
    assert events.between(0, 9) is events
    assert events.between(2, 2).n_events == 0


def test_batches_of_numbers_and_of_text_go_together():
    encoder = Encoder()
    encoder.add(pl.DataFrame({USER: [10, 2], ITEM: [1, 1], VALUE: [0.5, 4.0]}))
    encoder.add(pl.DataFrame({USER: ["x", "10"], ITEM: ["1", "2"], VALUE: [0.1, 4.0]}))
    events = encoder.finish()
    assert rows_of(events) == [("10", "1", 0.5), ("10", "2", 4.0), ("2", "1", 4.0), ("x", "1", 0.1)]
    assert events.value.dtype == np.float64


def test_numbers_far_apart_are_numbered_too():
    encoder = Encoder()
    encoder.add(pl.DataFrame({USER: [10**17, 5, 10**17], ITEM: [3, 2, 1]}))
    assert rows_of(encoder.finish()) == [("100000000000000000", "1"), ("100000000000000000", "3"), ("5", "2")]


def test_numbers_are_kept_in_half_the_room_where_nothing_is_lost():
    rows = pl.DataFrame({USER: ["a", "b"], ITEM: ["x", "x"], VALUE: [3.5, 4.0], TIME: [1_574_327_703.0, 1.0]})
    events = encoded(nw.from_native(rows.lazy()))
    assert (events.value.dtype, events.time.dtype) == (np.float32, np.int32)
    assert rows_of(events) == rows.rows()
    odd = encoded(nw.from_native(rows.with_columns(value=pl.lit(0.1), time_s=pl.lit(2.0**33 + 1)).lazy()))
    assert (odd.value.dtype, odd.time.dtype) == (np.float64, np.float64)


def test_no_events():
    events = coded([])
    assert (events.n_events, len(events.users), events.indptr.tolist()) == (0, 0, [0])
    assert rows_of(events) == []
    assert Encoder().finish().n_events == 0


def test_an_event_of_nobody_is_refused():
    with pytest.raises(DataError, match="1 events have no 'user_id'"):
        coded([(None, "x", 1.0, 0.0, None)])
