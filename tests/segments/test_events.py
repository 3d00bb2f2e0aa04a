from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from coterie.segments.events import count_events
from coterie.segments.lists import item_lists
from coterie.segments.members import ProfileOptions
from tests.segments.samples import HAND_LABELS, Rows, hand_made, members_of, planted, tables_of

OPTIONS = ProfileOptions(min_users=2, positive_from=4.0)


def tops(counts, least=2):
    return item_lists(counts.scored, replace(OPTIONS, min_cell=least, positive_from=None)).top


def counted(tables, labels=HAND_LABELS, options=OPTIONS):
    return count_events(tables, tables["ratings"], members_of(labels), options)


def test_per_user_by_hand(make_tables):
    counts = counted(make_tables(hand_made()))
    assert counts.events.tolist() == [3, 2, 2, 1, 1]
    assert counts.positive.tolist() == [2, 2, 2, 1, 1]
    assert counts.values.tolist() == [11, 9, 9, 5, 4]


def test_items_by_hand(make_tables):
    """Positive: a by u1, u2; b by u1, u2, u3; c by u3, u4 and u5, who is noise."""
    items = counted(make_tables(hand_made())).items
    assert items.labels == ("Alpha", "Beta", "c")
    assert items.users.tolist() == [[2, 2, 0], [0, 1, 2]]
    assert items.users_all.tolist() == [2, 3, 3]
    assert items.inside.n.tolist() == [[4], [3]]
    assert items.overall.n.item() == 8
    assert items.overall.nn.item() == 4 + 4 + 4 + 1 + 1
    assert items.overall.users.item() == 5
    assert items.inside.yn.tolist() == [[4, 4, 0], [0, 2, 3]]


def test_tags_by_hand(make_tables):
    """War are a and b, love are b and c; a pair named twice counts once."""
    tags = counted(make_tables(hand_made())).tags
    assert tags.labels == ("love", "war")
    assert tags.inside.y.tolist() == [[2, 4], [3, 1]]
    assert tags.inside.yy.tolist() == [[1 + 1, 4 + 4], [4 + 1, 1]]
    assert tags.overall.y.tolist() == [[6, 5]]
    assert tags.users.tolist() == [[2, 2], [2, 1]]


def test_rare_items_are_left_out(make_tables):
    assert counted(make_tables(hand_made()), options=replace(OPTIONS, min_users=3)).items.labels == ("Beta", "c")


def test_events_by_value_by_hand(make_tables):
    scored = counted(make_tables(hand_made())).scored
    assert scored.values.tolist() == [1, 4, 5]
    assert scored.named == ("Alpha", "Beta", "c")
    assert scored.events[0].tolist() == [[0, 0, 1], [0, 1, 0], [2, 1, 0]]
    assert scored.events[2].tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert scored.users is None
    assert scored.takers.tolist() == [[2, 2, 0], [0, 1, 2], [0, 0, 1]]


def test_titles_of_few_are_passed_over(make_tables):
    first, second = tops(counted(make_tables(hand_made())))
    assert [(top.value, top.items) for top in first] == [(5.0, (("Alpha", 2),))]
    assert second == ()


def test_every_event_is_positive_without_a_floor_or_values(make_tables):
    rows = hand_made()
    assert counted(make_tables(rows), options=replace(OPTIONS, positive_from=None)).positive.tolist() == [3, 2, 2, 1, 1]
    bare = counted(make_tables(replace(rows, events=rows.events.drop("value"))))
    assert bare.positive.tolist() == [3, 2, 2, 1, 1]
    assert bare.values is None
    assert bare.scored.values is None
    assert bare.scored.events[0].tolist() == [[2, 2, 1]]


def test_many_values_have_one_list(make_tables):
    rows = hand_made()
    events = pl.DataFrame(
        {"user_id": ["u1"] * 12, "item_id": ["a"] * 7 + ["b"] * 5, "value": [float(each) for each in range(12)]}
    )
    scored = counted(make_tables(replace(rows, events=events))).scored
    assert scored.values is None
    assert scored.events[0].tolist() == [[7, 5]]
    assert scored.users[0].tolist() == [[1, 1]]


def test_an_item_taken_up_twice_counts_one_user_and_two_events(make_tables):
    rows = hand_made()
    items = counted(make_tables(replace(rows, events=pl.concat([rows.events, rows.events])))).items
    assert items.users_all.tolist() == [2, 3, 3]
    assert items.overall.y.tolist() == [[4, 6, 6]]
    assert items.overall.yy.tolist() == [[8, 12, 12]]


def test_no_items_table(make_tables):
    counts = counted(make_tables(Rows(events=hand_made().events)))
    assert counts.items.labels == ("a", "b", "c")
    assert counts.tags is None


def test_no_events(make_tables):
    counts = counted(make_tables(replace(hand_made(), events=hand_made().events.clear())))
    assert counts.events.tolist() == [0] * 5
    assert counts.items.labels == ()
    assert tops(counts) == ((), ())


def test_order_of_rows_does_not_matter():
    rows, labels = planted()
    names = {f"u{number:03}": int(label) for number, label in enumerate(labels)}
    one = counted(tables_of(rows), names)
    other = counted(tables_of(replace(rows, events=rows.events.sample(fraction=1, shuffle=True, seed=4))), names)
    assert np.array_equal(one.scored.events, other.scored.events)
    assert one.items.labels == other.items.labels
    for name in ("y", "yy", "yn"):
        assert np.array_equal(getattr(one.tags.inside, name), getattr(other.tags.inside, name))


def test_sums_equal_those_of_a_dense_matrix():
    rows, labels = planted(1)
    counts = counted(tables_of(rows), members_labels(labels), ProfileOptions(min_users=2))
    dense = np.zeros((len(labels), 120))
    who = rows.events["user_id"].str.slice(1).cast(pl.Int64).to_numpy()
    what = rows.events["item_id"].str.slice(1).cast(pl.Int64).to_numpy()
    np.add.at(dense, (who, what), 1)
    tags = dense.reshape(len(labels), 6, 20).sum(axis=2)
    n = dense.sum(axis=1, keepdims=True)
    for label in range(3):
        own = labels == label
        assert counts.tags.inside.yy[label] == pytest.approx((tags[own] ** 2).sum(axis=0))
        assert counts.tags.inside.yn[label] == pytest.approx((tags[own] * n[own]).sum(axis=0))
        assert counts.tags.inside.nn[label] == pytest.approx((n[own] ** 2).sum())


def members_labels(labels):
    return {f"u{number:03}": int(label) for number, label in enumerate(labels)}


def test_top_items_of_real_ratings_equal_a_plain_count(ml_100k):
    lines = (ml_100k / "u.data").read_text().split("\n")
    cells = [line.split("\t") for line in lines if line]
    titles = {}
    for line in (ml_100k / "u.item").read_text(encoding="latin-1").split("\n"):
        if line:
            item, title = line.split("|")[:2]
            titles[item] = title
    labels = {user: int(user) * 7 % 5 for user, *_ in cells}
    events = pl.DataFrame(
        [(u, i, float(v)) for u, i, v, _ in cells], schema=["user_id", "item_id", "value"], orient="row"
    )
    items = pl.DataFrame({"item_id": list(titles), "title": list(titles.values())})
    scored = counted(tables_of(Rows(events=events, items=items)), labels).scored
    found = item_lists(scored, ProfileOptions(positive_from=4.0)).top

    plain = Counter((labels[user], float(value), item) for user, item, value, _ in cells)
    passed_over = 0
    for label in range(5):
        assert [top.value for top in found[label]] == [5.0, 4.0, 3.0, 2.0, 1.0]
        for top in found[label]:
            own = [
                (-n, titles[item], item)
                for (its, value, item), n in plain.items()
                if (its, value) == (label, top.value) and n >= 5
            ]
            rows = [(title, -n) for n, title, _ in sorted(own)]
            shown = set(top.items)
            assert len(top.items) == 10 or len(top.items) < 10 <= 10 + len(rows)
            assert [row for row in rows if row in shown] == list(top.items)
            passed_over += rows.index(top.items[-1]) + 1 - len(top.items)
    assert passed_over <= 25  # of 250 rows
