from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from coterie import records
from coterie.segments.events import count_events
from coterie.segments.naming import name_segments, short_marks
from coterie.segments.profile import Members, ProfileOptions, profile_segments
from coterie.tables import CheckedTable, Tables
from tests.segments.samples import HAND_LABELS, Rows, hand_made, members_of, planted, tables_of

OPTIONS = ProfileOptions(positive_from=4.0)


@pytest.fixture(scope="module")
def planted_rows():
    return planted()


def test_both_backends_say_what_was_planted(make_tables, planted_rows):
    rows, labels = planted_rows
    profiles = profile_segments(make_tables(rows), members_of(labels), OPTIONS)
    assert [profile.segment_id for profile in profiles] == ["s-1", "s-2", "s-3"]
    for label, profile in enumerate(profiles):
        assert f"Over-indexes on tag{label} " in profile.sentences[0]
        assert short_marks(profile)[0].startswith(f"tag{label} ")
    assert profiles == profile_segments(tables_of(rows), members_of(labels), OPTIONS)
    names = name_segments(profiles)
    assert [names[profile.segment_id].split(" ")[0] for profile in profiles] == ["tag0", "tag1", "tag2"]


def test_shuffled_labels_have_nothing_to_say(planted_rows):
    rows, labels = planted_rows
    rng = np.random.default_rng(2)
    tables, talkative = tables_of(rows), 0
    for _ in range(10):
        profiles = profile_segments(tables, members_of(rng.permutation(labels)), OPTIONS)
        for profile in profiles:
            assert bool(profile.sentences) <= any(mark.significant for mark in profile.marks)
        talkative += any(profile.sentences for profile in profiles)
    assert talkative <= 2


def test_a_profile_by_hand(make_tables):
    first, second = profile_segments(make_tables(hand_made()), members_of(HAND_LABELS), ProfileOptions(min_cell=2))
    assert first.activity.events_inside == 2.5
    assert first.activity.events_overall == 2
    assert first.activity.mean_value_inside is None  # u5, the only one in none, could be had from it and the others
    everybody = profile_segments(
        make_tables(hand_made()), members_of(HAND_LABELS | {"u5": 1}), ProfileOptions(min_cell=2)
    )
    assert everybody[0].activity.mean_value_inside == 4
    assert first.activity.mean_value_overall == pytest.approx(38 / 9)
    assert first.exemplars == ("u1", "u2")
    assert second.exemplars == ("u3", "u4")
    # The age of u5, who is in no segment, could be had by subtraction.
    assert second.numbers == ()


def test_profiles_are_plain_json(planted_rows):
    rows, labels = planted_rows
    text = records.dumps(profile_segments(tables_of(rows), members_of(labels), OPTIONS))
    assert "Infinity" not in text
    assert '"p_adjusted": null' not in text
    assert '"high": null' not in text


def test_order_of_rows_and_other_users_do_not_matter(planted_rows):
    rows, labels = planted_rows
    strangers = pl.DataFrame({"user_id": ["zz"] * 3, "item_id": ["i000", "i001", "i002"], "value": [5.0] * 3})
    more = pl.concat([rows.events, strangers]).sample(fraction=1, shuffle=True, seed=1)
    one = profile_segments(tables_of(rows), members_of(labels), OPTIONS)
    other = profile_segments(tables_of(replace(rows, events=more)), members_of(labels), OPTIONS)
    assert one == other


def test_renumbered_segments_say_the_same(planted_rows):
    rows, labels = planted_rows
    one = profile_segments(tables_of(rows), members_of(labels), OPTIONS)
    other = profile_segments(tables_of(rows), members_of((labels + 1) % 3), OPTIONS)
    assert [profile.sentences for profile in one] == [other[number].sentences for number in (1, 2, 0)]


@pytest.mark.parametrize(
    "change",
    [
        {"items": None, "tags": None},
        {"tags": None},
        {"users": None, "attributes": {}},
        {"attributes": {}},
        {"events": None, "items": None, "tags": None},
        {"events": None, "items": None, "tags": None, "users": None, "attributes": {}},
    ],
    ids=["no items", "no tags", "no users", "no attributes", "no events", "no tables"],
)
def test_tables_may_be_missing(make_tables, planted_rows, change):
    rows, labels = planted_rows
    rows = replace(rows, **change)
    profiles = profile_segments(make_tables(rows), members_of(labels), OPTIONS)
    kinds = {mark.kind for profile in profiles for mark in profile.marks}
    expected = {
        "tag": rows.tags is not None and rows.events is not None,
        "item": rows.events is not None,
        "category": bool(rows.attributes),
        "number": bool(rows.attributes) or rows.events is not None,
    }
    assert kinds == {kind for kind, there in expected.items() if there}
    assert all((profile.activity is None) == (rows.events is None) for profile in profiles)
    assert all(bool(profile.top_items) == (rows.events is not None) for profile in profiles)
    assert len(set(name_segments(profiles).values())) == 3


def test_no_values(make_tables, planted_rows):
    rows, labels = planted_rows
    profiles = profile_segments(
        make_tables(replace(rows, events=rows.events.drop("value"))), members_of(labels), OPTIONS
    )
    assert profiles[0].activity.mean_value_inside is None
    assert [top.value for top in profiles[0].top_items] == [None]


def test_a_segment_of_one_user(make_tables):
    rows, _ = planted()
    labels = np.ones(450, dtype=int)
    labels[0] = 0
    lone, others = profile_segments(make_tables(rows), members_of(labels), OPTIONS)
    assert (lone.marks, lone.sentences, lone.numbers, lone.shares) == ((), (), (), ())
    assert lone.exemplars == ()
    assert not any(mark.significant for mark in others.marks)
    assert name_segments([lone, others]) == {"s-1": "Segment 1", "s-2": "Segment 2"}


def test_one_segment_of_all(make_tables, planted_rows):
    rows, labels = planted_rows
    (everybody,) = profile_segments(make_tables(rows), members_of(np.zeros(len(labels), dtype=int)), OPTIONS)
    assert everybody.sentences == ()
    assert all(mark.p == 1 for mark in everybody.marks)
    assert all(mark.index.value == pytest.approx(100) for mark in everybody.marks if mark.index is not None)


def test_noise_is_nobodys_segment_but_counts_among_all(make_tables, planted_rows):
    rows, labels = planted_rows
    noisy = np.where(labels == 2, -1, labels)
    profiles = profile_segments(make_tables(rows), members_of(noisy), OPTIONS)
    clean = profile_segments(tables_of(rows), members_of(labels), OPTIONS)
    assert len(profiles) == 2
    for one, other in zip(profiles, clean, strict=False):
        assert one.shares == other.shares
        assert [(mark.label, mark.p) for mark in one.marks if mark.kind == "number"] == [
            (mark.label, mark.p) for mark in other.marks if mark.kind == "number"
        ]


def test_nobody_at_all():
    rows, _ = planted()
    nobody = Members(np.array([], dtype=np.str_), np.array([], dtype=np.int32), (), np.array([]))
    assert profile_segments(tables_of(rows), nobody) == ()


def test_top_items_come_from_the_basis_where_events_are_of_two_kinds():
    rows = hand_made()
    tables = tables_of(rows)
    searches = CheckedTable("searches", "events", tables["ratings"].frame.select("user_id", "item_id"))
    both = Tables({"searches": searches, **tables.by_name})
    labels = {**HAND_LABELS}
    options = ProfileOptions(min_cell=2, min_users=2)
    with_values = profile_segments(both, members_of(labels), options)
    assert with_values[0].top_items[0].value == 5.0
    without = profile_segments(both, members_of(labels, basis=()), options)
    assert without[0].top_items[0].value is None
    tested = {
        mark.table
        for profile in with_values
        for mark in profile.marks
        if mark.kind == "number" and mark.column == "events"
    }
    assert tested == {"searches", "ratings"}


def test_two_catalogues_are_pooled():
    rows = hand_made()
    tables = tables_of(rows)
    more = tables_of(
        Rows(
            items=pl.DataFrame({"item_id": ["c"], "title": ["Gamma"]}),
            tags=pl.DataFrame({"item_id": ["c"], "tag": ["sea"]}),
        )
    )
    both = Tables({**tables.by_name, "more": more["films"]})
    assert len(profile_segments(both, members_of(HAND_LABELS), OPTIONS)) == 2
    assert "Gamma" in count_events(both, both["ratings"], members_of(HAND_LABELS), OPTIONS).scored.named
