"""Marks of profiles: is what was planted found, and how much is said that is not there.

    python bench/quality/marks.py [--draws 20]

*Planted*: the built-in sample of 1,500 users, in the segments that were planted. A genre is a planted marker of a
segment where its share of the segment's liked ratings is at least 1.25 times that of all, counted in a sample of the
same titles and 20 times as many users. Recall is the share of these that are significant marks above average in a
profile; false ones are significant marks above average of a genre that is truly below it.
*Shuffled*: the same tables, with users dealt to segments at random: every significant mark is a false one. With a
false-discovery rate of 5 % at most one profile in twenty may have any, which is what is counted.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import polars as pl

from coterie.engines import local
from coterie.randomness import generator
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.profile import profile_segments
from coterie.segments.types import SegmentProfile
from coterie.sources.sample import make_sample
from coterie.tables import CheckedTable, Tables

N_USERS, TRUE_TIMES, POSITIVE = 1_500, 20, 4.0
CLEAR = 1.25


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


def shuffled(who: Audience, rng: np.random.Generator) -> tuple[int, int]:
    """Significant marks at random labels, and comparisons shown or not that were made of values and numbers."""
    found = profiles(who, rng.permutation(who.truth))
    marks = [mark for profile in found for mark in profile.marks]
    return sum(mark.significant for mark in marks), len(marks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--draws", type=int, default=20)
    draws = parser.parse_args().draws
    print("| labels | draws | planted | recall | least recall | false share | profiles with any false mark |")
    print("|---|---|---|---|---|---|---|")
    audiences = [audience(N_USERS, seed) for seed in range(1, draws + 1)]
    found = [planted(who, indices(audience(N_USERS * TRUE_TIMES, seed))) for seed, who in enumerate(audiences, start=1)]
    recall = sum(one.found for one in found) / sum(one.planted for one in found)
    wrong = sum(one.wrong for one in found) / sum(one.said for one in found)
    print(
        f"| planted | {draws} | {sum(one.planted for one in found):,} | {recall:.3f} | "
        f"{min(one.recall for one in found):.3f} | {wrong:.3f} | |",
        flush=True,
    )
    rng = generator(7, "marks")
    said = [shuffled(who, rng)[0] for who in audiences]
    print(f"| shuffled | {draws} | 0 | | | | {np.mean([n > 0 for n in said]):.1%} ({sum(said)} marks) |")


if __name__ == "__main__":
    main()
