"""What profiles write, put together as somebody would who wants to know of a few: no small cell can be had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engines import local
from coterie.explore import explore
from coterie.segments.members import ProfileOptions
from coterie.segments.profile import profile_segments
from coterie.segments.types import SegmentProfile
from coterie.tables import CheckedTable, Tables
from tests.segments.samples import Rows, members_of, tables_of
from tests.segments.test_suppression import as_known, most

LEAST = 5
OPTIONS = ProfileOptions(positive_from=4.0, min_users=2, fdr=0.9999, max_over=99, max_under=99)
JOBS, ITEMS = ("clerk", "cook", "nurse", "smith", "tailor"), tuple(f"item {place}" for place in range(8))


@dataclass(frozen=True)
class Case:
    """Users, with segments of uneven sizes and some in none, their jobs, ages and ratings."""

    labels: np.ndarray
    jobs: np.ndarray
    ages: np.ndarray
    values: np.ndarray  # (n, items), 0 for none

    @property
    def profiles(self) -> tuple[SegmentProfile, ...]:
        ids = [f"u{place:03}" for place in range(len(self.labels))]
        who, what = np.nonzero(self.values)
        events = pl.DataFrame(
            {
                "user_id": [ids[place] for place in who],
                "item_id": [ITEMS[place] for place in what],
                "value": self.values[who, what].astype(float),
            }
        )
        users = pl.DataFrame({"user_id": ids, "job": [JOBS[at] for at in self.jobs], "age": self.ages})
        rows = Rows(events=events, users=users, attributes={"job": "category", "age": "number"})
        return profile_segments(tables_of(rows), members_of(self.labels), OPTIONS)

    def counted(self, cells: np.ndarray, n: int, who: np.ndarray | None = None) -> np.ndarray:
        """(k + 1, n) users by segment and cell, those in no segment last."""
        k = int(self.labels.max()) + 1
        counts = np.zeros((k + 1, n), dtype=int)
        kept = np.ones(len(cells), bool) if who is None else who
        np.add.at(counts, (np.where(self.labels < 0, k, self.labels)[kept], cells[kept]), 1)
        return counts


def case(seed: int) -> Case:
    rng = np.random.default_rng(seed)
    k, n = int(rng.integers(2, 5)), 90
    weights = rng.dirichlet(np.full(k, 2.0)) * rng.uniform(0.85, 1.0)
    labels = rng.choice(np.arange(-1, k), n, p=[1 - weights.sum(), *weights])
    labels[:k] = np.arange(k)
    jobs = np.array([rng.choice(5, p=p) for p in rng.dirichlet(np.full(5, 0.7), k + 1)[labels]])
    ages = rng.normal(35 + 8 * labels, 9).round()
    taken = rng.random((n, len(ITEMS))) < rng.uniform(0.05, 0.7, (k + 1, len(ITEMS)))[labels]
    return Case(labels, jobs, ages, np.where(taken, rng.integers(1, 6, taken.shape), 0))


def refuse_small(counts: np.ndarray, hidden: np.ndarray, *, with_rows: bool) -> None:
    """See to it that no cell of a few can be had: not read, and for all that is shown it may be of enough users."""
    few = (counts > 0) & (counts < LEAST)
    assert hidden[few].all()
    if hidden.all():
        return
    for at in np.argwhere(few):
        known = as_known(counts, hidden, tuple(at)) if with_rows else (counts, hidden, tuple(at))
        assert most(*known, with_rows=with_rows) >= LEAST - 1e-6


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_no_small_cell_can_be_had_of_what_is_written(seed: int) -> None:
    drawn = case(seed)
    profiles = drawn.profiles
    k = len(profiles)

    counts, hidden = drawn.counted(drawn.jobs, len(JOBS)), np.ones((k + 1, len(JOBS)), bool)
    for label, profile in enumerate(profiles):
        said = {mark.label: mark.n for mark in profile.marks if mark.kind == "category"}
        said |= {value: n for share in profile.shares for value, n in zip(share.values, share.counts, strict=True)}
        for value, n in said.items():
            if value in JOBS:
                assert n == counts[label, JOBS.index(value)]
                hidden[label, JOBS.index(value)] = False
            else:
                assert n == 0 or n >= LEAST
    refuse_small(counts, hidden, with_rows=True)

    shown = [(label, profile.numbers[0]) for label, profile in enumerate(profiles) if profile.numbers]
    if shown:
        edges = np.array(shown[0][1].edges)
        places = np.digitize(np.clip(drawn.ages, edges[0], edges[-1] - 1e-9), edges) - 1  # the outermost bins are open
        counts = drawn.counted(places, len(edges) - 1)
        hidden = np.ones(counts.shape, bool)
        for label, histogram in shown:
            hidden[label] = [n is None for n in histogram.inside]
            assert [n for n in histogram.inside if n is not None] == counts[label][~hidden[label]].tolist()
        refuse_small(counts, hidden, with_rows=True)

    for item, title in enumerate(ITEMS):
        liked = drawn.values[:, item] >= 4
        takers = drawn.counted(np.zeros(len(liked), int), 1, liked)
        unsaid = np.ones((k + 1, 1), bool)
        for label, profile in enumerate(profiles):
            unsaid[label] = not any(mark.label == title for mark in profile.marks if mark.kind == "item")
        refuse_small(takers, unsaid, with_rows=False)
        refuse_small_of_item(drawn, profiles, item, unsaid[:, 0])


def refuse_small_of_item(drawn: Case, profiles: tuple[SegmentProfile, ...], item: int, unsaid: np.ndarray) -> None:
    values = drawn.values[:, item]
    counts = drawn.counted(np.maximum(values - 1, 0), 5, values > 0)
    hidden = np.ones(counts.shape, bool)
    for label, profile in enumerate(profiles):
        for top in profile.top_items:
            hidden[label, int(top.value) - 1] &= ITEMS[item] not in dict(top.items)
        if profile.scores is not None and ITEMS[item] in profile.scores.items:
            row = profile.scores.events[profile.scores.items.index(ITEMS[item])]
            for value, n in zip(profile.scores.values, row, strict=True):
                hidden[label, int(value) - 1] &= n is None
    refuse_small(counts, hidden, with_rows=False)
    positive, its = counts[:, 3:], hidden[:, 3:].copy()
    if not unsaid.all():
        its[unsaid & its.any(axis=1)] = True  # no total stands beside these: what is shown of them counts for less
        refuse_small(positive, its, with_rows=True)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_no_sum_over_a_few_can_be_had_of_mean_values(seed: int) -> None:
    """Everybody's mean value less those of the segments: what is left must be of nobody or of enough users."""
    drawn = case(seed)
    profiles = drawn.profiles
    groups = np.where(drawn.labels < 0, len(profiles), drawn.labels)[(drawn.values > 0).any(axis=1)]
    users = np.bincount(groups, minlength=len(profiles) + 1)
    unsaid = [p.activity is None or p.activity.mean_value_inside is None for p in profiles]
    assert all(users[label] >= LEAST for label, its in enumerate(unsaid) if not its)
    if not all(unsaid):
        left = users[[*np.flatnonzero(unsaid), len(profiles)]].sum()
        assert left == 0 or left >= LEAST


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_no_few_can_be_had_of_a_rule(seed: int) -> None:
    """Of every count behind precision and recall there are numbers that agree with them and are none or enough."""
    for profile in case(seed).profiles:
        rule = profile.rule
        if rule is None:
            continue
        agreeing = [
            (hits, wrong, missed)
            for hits in range(LEAST, rule.n_measured + LEAST, LEAST)
            for wrong in range(0, rule.n_measured + LEAST, LEAST)
            for missed in range(0, rule.n_measured + LEAST, LEAST)
            if round(hits / (hits + wrong), 2) == rule.precision
            and round(hits / (hits + missed), 2) == rule.recall
            and round((hits + missed) / rule.n_measured, 2) == rule.base
        ]
        assert agreeing, rule


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_what_was_explored_less_what_is_profiled_tells_of_no_few(seed: int) -> None:
    """Some users of the tables have no segment at all: everybody's count of a value, less that of those profiled."""
    drawn = case(seed)
    rng = np.random.default_rng(seed)
    kept = rng.random(len(drawn.labels)) < rng.choice([0.9, 0.97])
    told = explored_jobs(drawn.jobs)
    exact = np.bincount(drawn.jobs[kept], minlength=len(JOBS))
    for job, n in told.items():
        left = [possible - exact[JOBS.index(job)] for possible in range(n - LEAST // 2, n + LEAST // 2 + 1)]
        assert any(one <= 0 or one >= LEAST for one in left)


def explored_jobs(jobs: np.ndarray) -> dict[str, int]:
    rows = pl.DataFrame({"user_id": [f"u{at:03}" for at in range(len(jobs))], "job": [JOBS[at] for at in jobs]})
    table = CheckedTable("people", "users", local.lazy(rows), {"job": "category"})
    column = next(one for one in explore(Tables({"people": table})).tables[0].columns if one.name == "job")
    counts = column.values
    return {value: n for value, n in zip(counts.values, counts.counts, strict=True) if value in JOBS}
