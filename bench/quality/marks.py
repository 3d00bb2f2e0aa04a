"""Marks of profiles: is what was planted found, and how much is said that is not there.

    python bench/quality/marks.py [--draws 20] [--deals 200]

*Planted*: tables of 1,500 users in five segments, made here. In each segment some items, the items of some tags, some
values of categories and some numbers are more frequent or higher than elsewhere; every share and mean is known from
how the tables are made. Planted markers are those of which the segment has truly most: items with an index of at least
200 that at least 30 of its users are expected to have taken up, tags and values from 125 on, numbers from .3 standard
deviations on. Recall is the share of these that are significant marks above average; false ones are significant marks
above average of what truly is at or below it.
*Sample*: genres of the built-in sample, in the segments that were planted there; an index is true where it was counted
in a sample of the same titles and 20 times as many users.
*Dealt*: the planted tables with users dealt to segments at random. Every significant mark is a false one, so the share
of profiles that have any is the false-discovery rate, which is held at 5 % among what segments are made of and at 5 %
among what they are described by.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import binomtest

from coterie.engines import local
from coterie.randomness import generator
from coterie.segments.attributes import count_categories, read_numbers
from coterie.segments.events import count_events
from coterie.segments.marks import families
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.profile import profile_segments
from coterie.segments.types import SegmentProfile
from coterie.sources.sample import make_sample
from coterie.tables import CheckedTable, Tables

N_USERS, TRUE_TIMES, POSITIVE = 1_500, 20, 4.0
CLEAR = 1.25
N_SEGMENTS, N_ITEMS, N_TAGS, N_VALUES = 5, 300, 12, 8
KINDS = ("item", "tag", "category", "number")
ITEM_TIMES, TAG_TIMES, VALUE_TIMES, SHIFT = 5.0, 2.0, 3.0, 0.5  # how much more often, and standard deviations
ITEM_CLEAR, ITEM_USERS, SHIFT_CLEAR = 2.0, 30, 0.3
Key = tuple[str, int, str]  # kind, segment, label


@dataclass(frozen=True)
class Audience:
    tables: Tables
    ids: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True)
class Found:
    """Planted markers and those found among them; significant marks above average, and those that are not so."""

    planted: int
    found: int
    said: int
    wrong: int

    @property
    def recall(self) -> float:
        return self.found / max(self.planted, 1)


@dataclass(frozen=True)
class Planted:
    """Tables of known making.

    Args:
        true: of every kind, segment and label how far it is truly above average: 0 where it is not, negative below.
        clear: those that are planted markers.
    """

    audience: Audience
    true: dict[Key, float]
    clear: frozenset[Key]


def plant(seed: int, n_users: int = N_USERS) -> Planted:
    rng = generator(seed, "planted marks")
    share = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
    labels = rng.choice(N_SEGMENTS, n_users, p=share).astype(np.int32)
    labels[:N_SEGMENTS] = np.arange(N_SEGMENTS)
    share = np.bincount(labels) / n_users
    n_events = np.maximum(rng.lognormal(3.2, 0.7, n_users), 3).astype(int)
    tags = rng.integers(0, N_TAGS, N_ITEMS)
    weights = np.tile(1 / (5 + np.arange(N_ITEMS)) ** 0.7, (N_SEGMENTS, 1))[:, rng.permutation(N_ITEMS)]
    for segment in range(N_SEGMENTS):
        weights[segment, rng.choice(N_ITEMS, 15, replace=False)] *= ITEM_TIMES
        weights[segment, np.isin(tags, [2 * segment, 2 * segment + 1])] *= TAG_TIMES
    p = weights / weights.sum(axis=1, keepdims=True)
    values = np.full((N_SEGMENTS, N_VALUES), 1 / N_VALUES)
    values[np.arange(N_SEGMENTS), np.arange(N_SEGMENTS)] *= VALUE_TIMES
    values /= values.sum(axis=1, keepdims=True)
    shift = SHIFT * np.eye(N_SEGMENTS, 3)
    events = [
        (user, item, n)
        for user, (label, times) in enumerate(zip(labels, n_events, strict=True))
        for item, n in zip(*np.unique(rng.choice(N_ITEMS, times, p=p[label]), return_counts=True), strict=True)
    ]
    jobs = [f"job {rng.choice(N_VALUES, p=values[label])}" for label in labels]
    scores = 50 + 10 * (shift[labels] + rng.standard_normal((n_users, 3)))
    who = _tables(events, tags, jobs, scores, labels)
    weight = np.bincount(labels, n_events, N_SEGMENTS)  # of events: everybody's share of an item is a mean by these
    found = _compared("item", [f"film {item}" for item in range(N_ITEMS)], p, weight)
    by_tag = np.stack([p[:, tags == tag].sum(axis=1) for tag in range(N_TAGS)], axis=1)
    found |= _compared("tag", [f"tag {tag}" for tag in range(N_TAGS)], by_tag, weight)
    found |= _compared("category", [f"job {value}" for value in range(N_VALUES)], values, share)
    far = shift - share @ shift
    found |= {("number", s, f"score {c}"): float(far[s, c]) for s in range(N_SEGMENTS) for c in range(3)}
    clear = frozenset(_clear(found, p, n_events, labels))
    return Planted(who, found, clear)


def _compared(kind: str, names: list[str], p: np.ndarray, weight: np.ndarray) -> dict[Key, float]:
    """Index of each segment's share, less 1; by the making of the table, not by counting it."""
    overall = weight @ p / weight.sum()
    return {(kind, s, name): float(p[s, at] / overall[at] - 1) for s in range(len(p)) for at, name in enumerate(names)}


def _clear(true: dict[Key, float], p: np.ndarray, n_events: np.ndarray, labels: np.ndarray) -> Iterator[Key]:
    for (kind, segment, label), far in true.items():
        least = {"item": ITEM_CLEAR - 1, "number": SHIFT_CLEAR}.get(kind, CLEAR - 1)
        if far < least:
            continue
        if kind == "item":
            takes = 1 - (1 - p[segment, int(label.split()[1])]) ** n_events[labels == segment]
            if takes.sum() < ITEM_USERS:
                continue
        yield kind, segment, label


def _tables(
    events: list[tuple[int, int, int]], tags: np.ndarray, jobs: list[str], scores: np.ndarray, labels: np.ndarray
) -> Audience:
    ids = [f"u{user:05}" for user in range(len(labels))]
    rows = pl.DataFrame(
        {"user_id": [ids[user] for user, _, n in events for _ in range(n)],
         "item_id": [f"film {item}" for _, item, n in events for _ in range(n)]}
    )  # fmt: skip
    people = pl.DataFrame({"user_id": ids, "job": jobs, **{f"score {c}": scores[:, c] for c in range(3)}})
    titles = pl.DataFrame({"item_id": [f"film {item}" for item in range(len(tags))]})
    tagged = titles.with_columns(tag=pl.Series([f"tag {tag}" for tag in tags]))
    kinds = {"job": "category", **{f"score {c}": "number" for c in range(3)}}
    made = [
        CheckedTable("ratings", "events", local.lazy(rows)),
        CheckedTable("people", "users", local.lazy(people), kinds),
        CheckedTable("titles", "items", local.lazy(titles), {}, local.lazy(tagged)),
    ]
    return Audience(Tables({table.name: table for table in made}), np.array(ids, np.str_), labels)


def found_of(made: Planted) -> dict[str, Found]:
    """What of each kind is planted, found, said and wrong."""
    said = {
        (mark.kind, label, mark.label)
        for label, profile in enumerate(profiles(made.audience, made.audience.truth))
        for mark in profile.marks
        if mark.significant and mark.effect > 0 and (mark.kind, label, mark.label) in made.true
    }
    return {kind: _found(made, {key for key in said if key[0] == kind}, kind) for kind in KINDS}


def _found(made: Planted, said: set[Key], kind: str) -> Found:
    clear = {key for key in made.clear if key[0] == kind}
    return Found(len(clear), len(clear & said), len(said), sum(made.true[key] <= 0 for key in said))


def audience(n_users: int, seed: int) -> Audience:
    sample = make_sample(n_users=n_users, seed=seed)
    known = sample.truth["user_id"].cast(pl.String)
    ratings = sample.ratings.select(
        pl.col("user_id", "item_id").cast(pl.String), value=pl.col("rating").cast(pl.Float64, strict=False)
    ).filter(
        pl.col("item_id").is_not_null() & pl.col("value").is_between(1, 5) & pl.col("user_id").is_in(known.implode())
    )
    titles = sample.titles.select(pl.col("item_id").cast(pl.String), "title", "genres")
    tags = titles.select("item_id", tag=pl.col("genres").str.split("|")).explode("tag")
    people = sample.people.select(pl.col("user_id").cast(pl.String), "gender", "occupation").unique("user_id")
    made = [
        CheckedTable(
            "ratings", "events", local.lazy(ratings.unique(["user_id", "item_id"], keep="first", maintain_order=True))
        ),
        CheckedTable("people", "users", local.lazy(people), {"gender": "category", "occupation": "category"}),
        CheckedTable("titles", "items", local.lazy(titles.drop("genres")), {}, local.lazy(tags)),
    ]
    truth = sample.truth.with_columns(known).sort("user_id")
    return Audience(
        Tables({table.name: table for table in made}),
        np.array(truth["user_id"].to_list(), np.str_),
        truth["segment"].to_numpy().astype(np.int32),
    )


def profiles(who: Audience, labels: np.ndarray, *, min_cell: int = 5) -> tuple[SegmentProfile, ...]:
    k = int(labels.max()) + 1
    members = Members(
        who.ids, labels, tuple(f"s-{at + 1}" for at in range(k)), np.zeros(len(labels)), frozenset({"ratings"})
    )
    options = ProfileOptions(positive_from=POSITIVE, min_cell=min_cell, max_over=999, max_under=999)
    return profile_segments(who.tables, members, options)


def indices(who: Audience) -> dict[tuple[int, str], float]:
    """True index of each segment and genre, by counting."""
    ratings, tags = (local.collect(frame) for frame in (who.tables["ratings"].frame, who.tables["titles"].tags))
    liked = ratings.filter(pl.col("value") >= POSITIVE).with_columns(
        label=pl.col("user_id").replace_strict(dict(zip(who.ids.tolist(), who.truth.tolist(), strict=True)))
    )
    tagged = liked.join(tags, on="item_id")
    n = dict(liked.group_by("label").len().iter_rows())
    inside = {(label, tag): m / n[label] for label, tag, m in tagged.group_by("label", "tag").len().iter_rows()}
    overall = {tag: m / liked.height for tag, m in tagged.group_by("tag").len().iter_rows()}
    return {(label, tag): inside.get((label, tag), 0.0) / share for tag, share in overall.items() for label in n}


def planted(who: Audience, true: dict[tuple[int, str], float]) -> Found:
    said = {
        (label, mark.label)
        for label, profile in enumerate(profiles(who, who.truth))
        for mark in profile.marks
        if mark.kind == "tag" and mark.significant and mark.effect > 0
    }
    clear = {key for key, index in true.items() if index >= CLEAR}
    return Found(len(clear), len(clear & said), len(said), sum(true[key] < 1 for key in said))


def dealt(who: Audience, rng: np.random.Generator) -> dict[str, int]:
    """Significant comparisons at labels dealt at random, by use; all are looked at, shown or not."""
    labels = rng.permutation(who.truth)
    names = tuple(f"s-{at + 1}" for at in range(int(labels.max()) + 1))
    members = Members(who.ids, labels, names, np.zeros(len(labels)), frozenset({"ratings"}))
    options = ProfileOptions(positive_from=POSITIVE)
    events = [count_events(who.tables, table, members, options) for table in who.tables.events]
    compared = families(
        events, read_numbers(who.tables, members), count_categories(who.tables, members), members, options
    )
    return {
        use: sum(int((one.p_adjusted < options.fdr).sum()) for one in compared if one.use == use)
        for use in ("basis", "descriptor")
    }


def told(name: str, kind: str, found: Iterable[Found]) -> str:
    every = list(found)
    recall = sum(one.found for one in every) / sum(one.planted for one in every)
    wrong = sum(one.wrong for one in every) / max(sum(one.said for one in every), 1)
    planted_ = sum(one.planted for one in every)
    return f"| {name} | {kind} | {planted_:,} | {recall:.3f} | {min(one.recall for one in every):.3f} | {wrong:.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--deals", type=int, default=200)
    asked = parser.parse_args()
    seeds = range(1, asked.draws + 1)
    print("| tables | kind | planted | recall | least recall of a draw | false share |\n|---|---|---|---|---|---|")
    made = [plant(seed) for seed in seeds]
    found = [found_of(one) for one in made]
    for kind in KINDS:
        print(told("planted", kind, (one[kind] for one in found)), flush=True)
    samples = (planted(audience(N_USERS, seed), indices(audience(N_USERS * TRUE_TIMES, seed))) for seed in seeds)
    print(told("sample", "tag", samples), flush=True)
    rng = generator(7, "marks")
    deals = [dealt(made[deal % len(made)].audience, rng) for deal in range(asked.deals)]
    print("\n| dealt labels | deals | with any false mark | 95 % interval | marks |\n|---|---|---|---|---|")
    for use in ("basis", "descriptor"):
        n = sum(one[use] > 0 for one in deals)
        ends = binomtest(n, len(deals)).proportion_ci(method="wilson")
        marks_ = sum(one[use] for one in deals)
        print(f"| {use} | {len(deals)} | {n / len(deals):.1%} | {ends.low:.1%} to {ends.high:.1%} | {marks_} |")


if __name__ == "__main__":
    main()
