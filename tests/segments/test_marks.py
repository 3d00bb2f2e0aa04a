from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from coterie.segments.attributes import count_categories, read_numbers
from coterie.segments.events import count_events
from coterie.segments.marks import families, is_activity, is_over, marks_of, strength
from coterie.segments.members import ProfileOptions
from tests.segments.samples import K, mark, members_of, planted, planted_items, tables_of

OPTIONS = ProfileOptions()


@pytest.fixture(scope="module")
def sample():
    rows, labels = planted()
    return tables_of(rows), labels


def found_in(sample, labels, options=OPTIONS):
    tables, _ = sample
    members = members_of(labels)
    events = [count_events(tables, table, members, options) for table in tables.events]
    return families(events, read_numbers(tables, members), count_categories(tables, members), members)


def marks_in(sample, options=OPTIONS):
    found = found_in(sample, sample[1], options)
    return [marks_of(found, label, options) for label in range(K)]


def test_planted_marks_are_found(sample):
    """Tags, items, students, age and activity: of 3 + 15 + 3 planted at least 95 % are found."""
    planted_labels = {(label, "tag", f"tag{label}") for label in range(K)}
    planted_labels |= {(label, "item", f"Film {item}") for label in range(K) for item in planted_items(label)}
    planted_labels |= {(0, "category", "student"), (1, "number", "age"), (2, "number", "events per user")}
    got = {
        (label, each.kind, each.label)
        for label, marks in enumerate(marks_in(sample, ProfileOptions(max_over=50)))
        for each in marks
        if each.significant and is_over(each)
    }
    assert len(planted_labels & got) / len(planted_labels) >= 0.95


def test_nothing_else_is_said_to_be_over_average(sample):
    """Items that are neither planted nor of a planted tag are less than average, if anything."""
    for label, marks in enumerate(marks_in(sample, ProfileOptions(max_over=50))):
        own = {f"Film {item}" for item in [*planted_items(label), *range(label * 20, label * 20 + 20)]}
        false = [each for each in marks if each.kind == "item" and is_over(each) and each.label not in own]
        assert len(false) <= 1


def test_twice_the_activity_alone_marks_no_item(sample):
    """The heavy half of the users, cut by number of events, over-indexes on few items or tags: shares are of events."""
    tables, _ = sample
    counts = count_events(tables, tables["ratings"], members_of(np.zeros(450, dtype=int)), OPTIONS)
    heavy = (counts.events > np.median(counts.events)).astype(int)
    rng = np.random.default_rng(0)
    taste = rng.permutation(450)  # breaks the tie between taste and activity of the sample
    labels = heavy[taste][np.argsort(taste)]
    found = found_in(sample, labels)
    share = np.mean([(family.p_adjusted < 0.05).mean() for family in found if family.kind == "item"])
    assert share < 0.2
    (activity,) = [family for family in found if family.column == "events"]
    assert (activity.p_adjusted < 1e-6).all()


def test_shuffled_labels_have_no_marks(sample):
    """All is null, so that a run with any significant mark at all has the probability fdr, or less."""
    rng = np.random.default_rng(1)
    runs, any_mark, p = 20, 0, []
    for _ in range(runs):
        found = found_in(sample, rng.permutation(sample[1]))
        any_mark += any((family.p_adjusted < 0.05).any() for family in found)
        p.append(np.concatenate([family.compared.p.ravel() for family in found]))
    assert any_mark <= 3
    assert 0.02 < (np.concatenate(p) < 0.05).mean() < 0.055


def test_adjustment_is_over_all_segments_and_kinds(sample):
    found = found_in(sample, sample[1])
    p = np.concatenate([family.compared.p.ravel() for family in found])
    adjusted = np.concatenate([family.p_adjusted.ravel() for family in found])
    assert {family.kind for family in found} == {"item", "tag", "category", "number"}
    smallest = np.argmin(p)
    assert adjusted[smallest] <= p[smallest] * p.size
    assert (adjusted >= p).all()
    assert np.array_equal(np.argsort(p, kind="stable")[:5], np.argsort(adjusted, kind="stable")[:5])


def test_order_and_caps(sample):
    for marks in marks_in(sample, ProfileOptions(max_over=4, max_under=2)):
        kinds = [each.kind for each in marks]
        assert kinds == sorted(kinds, key=["tag", "item", "category", "number"].index)
        items = [each for each in marks if each.kind == "item"]
        over = [each for each in items if is_over(each)]
        assert items[: len(over)] == over
        assert len(over) <= 4
        assert len(items) - len(over) <= 2
        assert [strength(each) for each in over] == sorted((strength(each) for each in over), reverse=True)


def test_significance_follows_the_level(sample):
    strict, lax = (marks_in(sample, ProfileOptions(fdr=fdr, max_over=99)) for fdr in (1e-9, 0.2))
    assert sum(map(len, strict)) < sum(map(len, lax))
    assert all(each.significant == (each.p_adjusted < 1e-9) for marks in strict for each in marks)


def test_small_cells_are_hidden():
    rows, labels = planted()
    sample = tables_of(rows), labels
    small = np.where(np.arange(len(labels)) < 4, 0, 1)
    found = found_in(sample, small)
    assert marks_of(found, 0, OPTIONS) == ()
    assert marks_of(found, 1, OPTIONS) == ()  # of two segments the other is everybody less this one
    three = found_in(sample, np.where(np.arange(len(labels)) < 4, 0, 1 + np.arange(len(labels)) % 2))
    assert marks_of(three, 0, OPTIONS) == ()
    assert min(each.n for each in marks_of(three, 2, OPTIONS)) >= OPTIONS.min_cell


def test_basis_and_descriptors_are_told_apart(sample):
    for each in marks_in(sample)[0]:
        assert each.use == ("basis" if each.table == "ratings" else "descriptor")


def test_strength_is_the_near_end_of_the_interval():
    assert strength(mark("a", index=200)) == pytest.approx(np.log(1.8))
    assert strength(mark("a", index=50)) == pytest.approx(np.log(100 / 55))
    assert strength(mark("a", index=0)) > 0
    assert strength(mark("a", "number", index=None, effect=-0.7)) == 0.7


def test_activity_is_an_own_mark():
    activity = mark("events per user", "number", column="events", index=None)
    assert is_activity(activity)
    assert not is_activity(replace(activity, label="events"))


def test_no_tables_no_families():
    assert families([], [], [], members_of(np.zeros(3, dtype=int))) == ()


def test_activity_is_called_by_its_table_where_there_are_several(sample):
    tables, labels = sample
    members = members_of(labels)
    counts = count_events(tables, tables["ratings"], members, OPTIONS)
    found = families([counts, replace(counts, table="views")], [], [], members)
    marks = [each for each in marks_of(found, 2, OPTIONS) if each.kind == "number"]
    assert {(each.table, each.label) for each in marks} == {
        ("ratings", "events per user in ratings"),
        ("views", "events per user in views"),
    }
    assert all(is_activity(each) for each in marks)
