"""Records of a run that never happened, as real as they need be: five groups of film fans, shaped like MovieLens 100K.

``contents()`` gives the whole; its keywords take away what a run may lack. Everything is drawn from one seed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl

from coterie.config import Clean
from coterie.engines import local
from coterie.explore import Exploration, explore
from coterie.manifest import Agreement, InputRecord, Manifest, StepRecord
from coterie.plots.records import UserMap, sample_map
from coterie.plots.states import state_names
from coterie.report.page import ReportContents
from coterie.segments.types import Activity, Histogram, Mark, Segment, SegmentProfile, Shares, TopItems
from coterie.selection.evidence import Evidence, Given, gather
from coterie.selection.evidence.som import SomUnits
from coterie.selection.types import (
    Answer,
    Candidate,
    Decision,
    GapCurve,
    GapPoint,
    Interval,
    LiftResult,
    NullTest,
    stability_band,
)
from coterie.tables import CheckedTable, Tables
from coterie.tables.cleaning import clean
from coterie.tables.types import RuleCount
from coterie.terms import ITEM, TIME, TITLE, USER, VALUE
from tests.plots.classified import classification
from tests.plots.graphed import kept_graph

HOSTILE = (
    "</script><script>alert('x')</script><img src=http://evil.example/x onerror=alert(1)> & \u2028 \"q\" 'q' {{7*7}} "
    "\x00\ufffe"
)
LONG = "The extraordinarily long-winded admirers of four-hour black-and-white dramas with subtitles " * 3

NAMES = (
    "Action & Sci-Fi blockbusters",
    "Nineties comedies and romance",
    "Classics and Film-Noir",
    "Families with animation",
    "Independent drama",
)
SHARES = (0.31, 0.25, 0.19, 0.14, 0.11)
STABILITY = (0.91, 0.86, 0.88, 0.79, 0.77)
TAGS = (
    ("Action", "Sci-Fi", "Adventure", "War", "Thriller"),
    ("Comedy", "Romance", "Musical", "Crime"),
    ("Film-Noir", "Mystery", "Western", "Documentary"),
    ("Animation", "Children's", "Fantasy", "Musical"),
    ("Drama", "Foreign", "Documentary", "Horror"),
)
ALL_TAGS = tuple(dict.fromkeys(tag for group in TAGS for tag in group))
FILMS = (
    ("Star Wars (1977)", "Return of the Jedi (1983)", "Terminator, The (1984)", "Aliens (1986)", "Die Hard (1988)"),
    ("Jerry Maguire (1996)", "Sleepless in Seattle (1993)", "Liar Liar (1997)", "Birdcage, The (1996)", "Emma (1996)"),
    ("Casablanca (1942)", "Rear Window (1954)", "Citizen Kane (1941)", "Vertigo (1958)", "Third Man, The (1949)"),
    ("Lion King, The (1994)", "Toy Story (1995)", "Aladdin (1992)", "Babe (1995)", "Beauty and the Beast (1991)"),
    ("Fargo (1996)", "Secrets & Lies (1996)", "Lone Star (1996)", "Trainspotting (1996)", "Big Night (1996)"),
)
OCCUPATIONS = (
    *("student", "other", "educator", "administrator", "engineer", "programmer", "librarian", "writer"),
    *("executive", "scientist", "artist", "technician", "marketing", "entertainment", "healthcare", "retired"),
)
POPULOUS = ("CA", "MN", "NY", "TX", "IL", "OH", "PA", "MD", "WA", "MI", "MA", "VA")
STATES = (*POPULOUS, *sorted(set(state_names()) - set(POPULOUS)))
N_USERS = 943


def interval(value: float, width: float = 0.1) -> Interval:
    return Interval(value, value * (1 - width), value * (1 + width))


def mark(kind: str, column: str, label: str, index: float, *, n: int = 100, n_all: int = 400, p: float = 0.001) -> Mark:
    overall = n_all / N_USERS
    descriptor = kind in {"category", "number"}
    return Mark(
        kind=kind, table="people" if descriptor else "films", column=column, label=label,
        use="descriptor" if descriptor else "basis", n=n, n_all=n_all, inside=overall * index / 100, overall=overall,
        index=interval(index, 0.15), effect=float(np.log2(index / 100)), p=p, p_adjusted=p, significant=p < 0.05,
    )  # fmt: skip


def _sizes(k: int) -> tuple[int, ...]:
    shares = np.array(SHARES if k == 5 else np.geomspace(4, 1, k))
    sizes = np.floor(shares / shares.sum() * N_USERS).astype(int)
    sizes[0] += N_USERS - sizes.sum()
    return tuple(int(size) for size in sizes)


def segments(k: int = 5) -> tuple[Segment, ...]:
    answer = []
    for place, size in enumerate(_sizes(k)):
        stability = STABILITY[place % 5]
        marks = tuple(f"{tag} {220 - 25 * at}" for at, tag in enumerate(TAGS[place % 5][:3]))
        lift = interval(1.75 - 0.08 * (place % 5), 0.07)
        answer.append(
            Segment(
                f"s-{place + 1}",
                place,
                NAMES[place % 5],
                size,
                size / N_USERS,
                stability,
                stability_band(stability),
                lift,
                marks,
            )
        )
    return tuple(answer)


def _marks(place: int, rng: np.random.Generator) -> tuple[Mark, ...]:
    own = TAGS[place % 5]
    tags = [
        mark("tag", "tag", tag, 215 - 25 * own.index(tag) if tag in own else float(rng.uniform(60, 125)),
             p=0.001 if tag in own else float(rng.uniform(0, 0.2)))
        for tag in ALL_TAGS
    ]  # fmt: skip
    films = [mark("item", "item", title, 380 - 50 * at, n=60, n_all=140) for at, title in enumerate(FILMS[place % 5])]
    films += [
        mark("item", "item", title, 45 + 6 * at, n=8, n_all=160) for at, title in enumerate(FILMS[(place + 1) % 5][:3])
    ]
    categories = [
        mark("category", "occupation", OCCUPATIONS[place], 210, n=30, n_all=120),
        mark("category", "occupation", OCCUPATIONS[(place + 3) % 16], 160, n=20, n_all=90, p=0.03),
        mark("category", "gender", "F" if place % 2 else "M", 128, n=90, n_all=500, p=0.01),
        mark("category", "state", ("CA", "MN", "NY", "TX", "IL")[place % 5], 140, n=22, n_all=110, p=0.21),
    ]
    age = Mark(
        "number",
        "people",
        "age",
        "age",
        "descriptor",
        180,
        N_USERS,
        28.0 + 3 * place,
        34.05,
        None,
        -0.42,
        1e-4,
        6e-4,
        True,
    )
    return (*sorted([*tags, *films, *categories], key=lambda m: -abs(m.effect)), age)


def profile(segment: Segment, rng: np.random.Generator) -> SegmentProfile:
    place = segment.cluster
    edges = tuple(float(edge) for edge in range(5, 80, 5))
    middle = (edges[0] + 5 * np.arange(14)) + 2.5
    overall = np.exp(-0.5 * ((middle - 32) / 12) ** 2)
    inside = np.exp(-0.5 * ((middle - 26 - 4 * place) / 9) ** 2)
    ages = Histogram(
        "age", edges, tuple(int(v) for v in segment.size * inside / inside.sum()),
        tuple(int(v) for v in N_USERS * overall / overall.sum()), 26.0 + 4 * place, 27.1 + 4 * place,
    )  # fmt: skip
    top = tuple(
        TopItems(float(value), tuple((FILMS[(place + value + at) % 5][at % 5], 90 - 7 * at) for at in range(10)))
        for value in (5, 4, 3, 2, 1)
    )
    return SegmentProfile(
        segment_id=segment.id,
        marks=_marks(place, rng),
        top_items=top,
        numbers=(ages,),
        shares=(
            _shares("gender", ("M", "F"), segment.size, rng),
            _shares("occupation", OCCUPATIONS, segment.size, rng),
            _shares("state", STATES, segment.size, rng),
        ),
        exemplars=tuple(str(int(i)) for i in rng.choice(N_USERS, 5, replace=False)),
        activity=Activity(60.0 + 20 * place, 64.0, 3.4 + 0.1 * place, 3.59),
        sentences=(
            f"They take up {TAGS[place % 5][0]} and {TAGS[place % 5][1]} about twice as often as everyone does.",
            f"{FILMS[place % 5][0]} and {FILMS[place % 5][1]} stand out among their titles.",
            f"More of them are {OCCUPATIONS[place % 16]}s: 210 where 100 is average.",
        ),
    )


def _shares(column: str, values: tuple[str, ...], size: int, rng: np.random.Generator) -> Shares:
    overall = np.sort(rng.dirichlet(np.linspace(6, 0.7, len(values))))[::-1]
    counts = rng.multinomial(size, rng.dirichlet(overall * 120 + 0.05))
    return Shares(column, values, tuple(counts / size), tuple(overall), tuple(int(count) for count in counts))


def candidate(k: int, *, events: bool = True, method: str = "kmeans") -> Candidate:
    jaccard = tuple(round(0.93 - 0.012 * k - 0.022 * at, 3) for at in range(k)) if k != 5 else STABILITY
    value = 1 + 0.68 * (1 - np.exp(-k / 2.2))
    per_segment = tuple(s.lift for s in segments(k) if s.lift is not None)
    lift = LiftResult(Interval(value, value - 0.06, value + 0.06), 0.03, 0.211 * value / 1.6, 0.132, 921, per_segment)
    smallest = min(jaccard)
    misses = () if smallest >= 0.75 else (f"stability {smallest:.2f} of the least stable segment is under 0.75",)
    sizes = _sizes(k)
    return Candidate(
        method=method, k=k, inertia=52_000.0 / k**0.4, silhouette=interval(0.21 - 0.008 * k, 0.0),
        calinski_harabasz=210.0 - 11 * k, davies_bouldin=1.7 + 0.03 * k, jaccard=jaccard,
        seed_agreement=0.97 - 0.012 * k, smallest_share=sizes[-1] / N_USERS, sizes=sizes,
        activity_explained=0.04 + 0.003 * k if events else None, lift=lift if events else None, misses=misses,
    )  # fmt: skip


def _answers(k: int, *, events: bool) -> tuple[Answer, ...]:
    holds = Answer(
        "Is it reproducible?",
        True,
        f"yes: {k} of {k} segments hold",
        "Bootstrap Jaccard per segment runs from 0.77 to 0.91; refits with other seeds agree to 0.91.",
    )
    pays = Answer(
        "Does it pay?",
        True,
        "yes: lift 1.61",
        "Ranking by what is popular in a user's segment reaches NDCG@10 of 0.21, by what is popular at all 0.13.",
    )
    usable = Answer(
        "Can it be used?",
        True,
        f"yes: {k} segments, the smallest 10.9%",
        "The smallest segment has 103 users; at least 3% is asked for. Nobody is left out.",
    )
    return (holds, pays, usable) if events else (holds, usable)


def decision(k: int = 5, *, events: bool = True) -> Decision:
    candidates = tuple(candidate(number, events=events) for number in range(2, max(k, 12) + 1))
    return Decision(
        candidates=candidates,
        chosen=k - 2,
        reason=f"k = {k} is the smallest number of segments whose lift is within one standard error of the best "
        "(1.67 at k = 9), and it misses no floor.",
        grade="reproducible",
        answers=_answers(k, events=events),
        protocol=(
            "Lift: 5 times, 20% of events are held out at random; embedding and clustering are refitted on the rest.",
            "Popularity counts values of 4 and more, shrunk to the global rate with 20 pseudo-users.",
            "Stability: 30 bootstrap resamples of the users, refitted and matched by Jaccard (Hennig 2007).",
        ),
        warnings=("943 users are few: intervals of the small segments are wide.",),
    )


def quality() -> tuple[RuleCount, ...]:
    return (
        RuleCount("ratings", "out of range", "rating", 12, True, "7.0"),
        RuleCount("ratings", "duplicate", "", 31, False, "user 13, item 242"),
        RuleCount("ratings", "min_users_per_item", "", 620, False),
        RuleCount("people", "not a zip code", "zip", 18, False, "T8H1N"),
    )


def manifest(*, events: bool = True) -> Manifest:
    inputs = (
        InputRecord(
            "ratings",
            "events",
            "data/ml-100k/u.data",
            "sha256:06416e597f82b7342361e41163890c81",
            100_000,
            12,
            651,
            99_337,
        ),
        InputRecord(
            "people", "users", "data/ml-100k/u.user", "sha256:f120e114da2e8cf314fd28f99417c94a", 943, 0, 0, 943
        ),
        InputRecord(
            "films",
            "items",
            "mysql://reader:***@127.0.0.1/catalogue",
            "sha256:553841ebc7de3a0fd0d6b62a204ea30c",
            1_682,
            0,
            0,
            1_682,
        ),
    )
    return Manifest(
        run_id="2026-11-22T09-14-05-3f2a", project="Film audience", created="2026-11-22T09:14:05Z", seed=7,
        engine="local", threads=8, coterie="0.1.0", versions={"numpy": "2.4.0", "polars": "2.1.0", "python": "3.11.9"},
        config_digest="5c3e0b7f1f2d9a44",
        config={"project": {"name": "Film audience"}, "segments": {"min_share": 0.03, "min_stability": 0.75}},
        inputs=inputs if events else inputs[1:2], n_users=N_USERS, n_items=1_349 if events else 0,
        n_events=99_337 if events else 0, unsegmented_users=3, agreement=Agreement(N_USERS, N_USERS - 1),
        steps=(
            StepRecord("tables", 1.31, 212.0, False, 102_625, 101_962),
            StepRecord("features", 0.22, 218.0, False, 99_337, N_USERS),
            StepRecord("embedding", 0.41, 236.0, True),
            StepRecord("decide", 38.7, 301.0, False),
            StepRecord("profile", 2.05, 310.0, False),
        ),
    )  # fmt: skip


def user_map(k: int = 5, *, limit: int = 5_000) -> UserMap:
    rng = np.random.default_rng(5)
    owner = np.repeat(np.arange(k), _sizes(k))
    centres = rng.normal(scale=1.1, size=(k, 8))
    points = centres[owner] + rng.normal(scale=0.8, size=(N_USERS, 8))
    return sample_map(points, [f"s-{at + 1}" for at in owner], rng, limit=limit)


@cache
def evidence(k: int = 5) -> Evidence:
    """Evidence of points that fit the sample's sizes; the other solutions cut them at random."""
    rng = np.random.default_rng(8)
    owner = np.repeat(np.arange(k), _sizes(k)).astype(np.int32)
    points = (rng.normal(scale=1.1, size=(k, 8))[owner] + rng.normal(scale=0.8, size=(N_USERS, 8))).astype(np.float32)
    sheet, chosen = decision(k).candidates, decision(k).chosen
    labels = [owner if c.k == k else rng.integers(0, c.k, N_USERS).astype(np.int32) for c in sheet]
    given = Given(
        gap=GapCurve(tuple(GapPoint(at, 0.1 + 0.05 * min(at, k), 0.01) for at in range(1, 10)), k),
        null=NullTest("gaussian", 50, 0.21, 0.08, 0.13, 0.02, 0.15, True),
        som=SomUnits(3, 4, True, rng.normal(size=(12, 8)), rng.integers(0, 90, 12), np.arange(12) % k),
        slsw=[rng.beta(9, 2, 10) for _ in range(k)],
    )
    return gather(points, labels, sheet, chosen, rng=rng, given=given)


@cache
def exploration(*, text: str = "") -> Exploration:
    """What small tables hold; every name and value has ``text`` in it."""
    rng = np.random.default_rng(4)
    n = 400
    rows = {
        USER: [f"u{u}" for u in rng.integers(0, 60, n)],
        ITEM: [f"i{i}" for i in rng.integers(0, 30, n)],
        VALUE: rng.integers(1, 6, n).astype(float),
        TIME: rng.integers(8e8, 8.2e8, n).astype(float),
    }
    age = [None if u % 7 == 0 else 18.0 + u for u in range(60)]
    people = {USER: [f"u{u}" for u in range(60)], f"age{text}": age, f"born{text}": [a and 1998 - a for a in age]}
    people[f"job{text}"] = [f"job {u % 3}{text}" for u in range(60)]
    titles = {ITEM: [f"i{i}" for i in range(30)], TITLE: [f"Film {i}{text}" for i in range(30)]}
    kinds = {f"age{text}": "number", f"born{text}": "number", f"job{text}": "category"}
    tables = Tables(
        {
            f"ratings{text}": CheckedTable(f"ratings{text}", "events", local.lazy(pl.DataFrame(rows))),
            f"people{text}": CheckedTable(f"people{text}", "users", local.lazy(pl.DataFrame(people)), kinds),
            "films": CheckedTable("films", "items", local.lazy(pl.DataFrame(titles))),
        }
    )
    cleaned = clean(tables, Clean(min_events_per_user=5))
    return explore(cleaned.tables, cleaned.counts, {}, cleaned.account)


def contents(k: int = 5) -> ReportContents:
    rng = np.random.default_rng(11)
    found = segments(k)
    return ReportContents(
        manifest=manifest(), decision=decision(k), segments=found,
        profiles=tuple(profile(segment, rng) for segment in found), quality=quality(), user_map=user_map(k),
        evidence=evidence(k), exploration=exploration(), classification=classification(), graph=kept_graph(),
    )  # fmt: skip


def bare(k: int = 2) -> ReportContents:
    """A run that lacks all it may lack: no events, items, attributes, marks, rejects, steps or map."""
    found = tuple(replace(segment, lift=None, marks=(), name=f"Segment {segment.id}") for segment in segments(k))
    empty = tuple(SegmentProfile(segment.id, (), (), (), (), (), None, ()) for segment in found)
    return ReportContents(
        manifest=replace(manifest(events=False), steps=(), versions={}, config={}, unsegmented_users=0),
        decision=replace(decision(k, events=False), warnings=(), protocol=()),
        segments=found, profiles=empty, quality=(), user_map=None,
    )  # fmt: skip


def hostile() -> ReportContents:
    """Every text that comes from data or config tries to break out of the page."""
    whole = contents()
    bad = tuple(replace(s, name=HOSTILE, marks=(HOSTILE, LONG)) for s in whole.segments)
    profiles = tuple(
        replace(
            p,
            marks=tuple(replace(m, label=f"{HOSTILE} {at}") for at, m in enumerate(p.marks)),
            top_items=tuple(TopItems(t.value, ((HOSTILE, 9), (LONG, 8))) for t in p.top_items),
            numbers=tuple(replace(n, column=HOSTILE) for n in p.numbers),
            shares=(replace(p.shares[0], column=HOSTILE, values=(HOSTILE, HOSTILE + " ")), *p.shares[1:]),
            exemplars=(HOSTILE,),
            sentences=(HOSTILE,),
        )
        for p in whole.profiles
    )
    return replace(
        whole,
        graph=kept_graph((HOSTILE, LONG, *"cdef")),
        manifest=replace(whole.manifest, project=HOSTILE, versions={HOSTILE: HOSTILE}),
        decision=replace(whole.decision, reason=HOSTILE, warnings=(HOSTILE,), protocol=(HOSTILE,)),
        segments=bad,
        profiles=profiles,
        quality=(RuleCount(HOSTILE, HOSTILE, HOSTILE, 1, True, HOSTILE),),
        exploration=exploration(text=HOSTILE),
    )
