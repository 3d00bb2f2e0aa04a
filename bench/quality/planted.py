"""Planted audiences: are the segments that were put in found again, and in the right number.

    python bench/quality/planted.py [--draws 30] [--json FILE] [--kinds traits events mixed]

Audiences of 1,000 users fall into 3, 5 or 8 segments, of even sizes or with 20:1 between the largest and the smallest.
Traits are 15 numbers around the segment's means, whose nearest ones lie 6 standard deviations apart; events are draws
of 30 to 80 of 240 items by popularity and the segment's taste; mixed audiences have both, weaker, and
Coterie embeds the events and joins the traits at one of two weights. Noise of 0, 15 or
30 % is the share of answers and events that are drawn without regard to the segment. Beside what Coterie finds stands
the adjusted Rand index of the Bayes classifier, which knows how the audience was made: nobody can do better.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from pipeline import checked, config_of, segment
from sklearn.metrics import adjusted_rand_score

from coterie.parallel import single_threaded
from coterie.randomness import generator
from coterie.tables import Tables
from coterie.terms import EVENTS, ITEM, USER, USERS

N_USERS, N_TRAITS, N_ITEMS = 1_000, 15, 240
KS, SIZES, NOISE, KINDS = (3, 5, 8), ("even", "20:1"), (0.0, 0.15, 0.3), ("traits", "events", "mixed")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Draw:
    kind: str
    k: int
    sizes: str
    noise: float
    number: int


@dataclass(frozen=True)
class Found:
    draw: Draw
    k: int
    ari: float
    bayes: float
    grade: str


def _segments(draw: Draw, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    weights = np.ones(draw.k) if draw.sizes == "even" else 20.0 ** -(np.arange(draw.k) / (draw.k - 1))
    return rng.permutation(np.repeat(np.arange(draw.k), _whole(weights / weights.sum() * N_USERS)))


def _whole(shares: Floats) -> npt.NDArray[np.int64]:
    counts = np.floor(shares).astype(int)
    counts[np.argsort(counts - shares)[: N_USERS - counts.sum()]] += 1
    return counts


def _traits(truth: npt.NDArray[np.int64], draw: Draw, apart: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(n, d) traits and (n, k) log likelihoods."""
    means = rng.normal(size=(draw.k, N_TRAITS))
    gaps = np.linalg.norm(means[:, None] - means[None], axis=2)
    means *= apart / gaps[~np.eye(draw.k, dtype=bool)].min()
    values = means[truth] + rng.normal(size=(N_USERS, N_TRAITS))
    centre, spread = values.mean(axis=0), values.std(axis=0)
    lost = rng.random(values.shape) < draw.noise
    values[lost] = (centre + spread * rng.normal(size=values.shape))[lost]

    def density(mean: Floats, sd: Floats | float) -> Floats:
        return np.exp(-0.5 * ((values - mean) / sd) ** 2) / sd

    own = [(1 - draw.noise) * density(mean, 1.0) + draw.noise * density(centre, spread) for mean in means]
    return values, np.stack([np.log(np.maximum(o, 1e-300)).sum(axis=1) for o in own], axis=1)


def _events(
    truth: npt.NDArray[np.int64], draw: Draw, pull: float, rng: np.random.Generator
) -> tuple[pl.DataFrame, Floats]:
    popularity = -0.8 * np.log(np.arange(1, N_ITEMS + 1))
    taste = pull * rng.normal(size=(draw.k, N_ITEMS))
    keys = np.exp(popularity + taste)
    keys /= keys.sum(axis=1, keepdims=True)
    anybody = np.exp(popularity) / np.exp(popularity).sum()
    weights = (1 - draw.noise) * keys + draw.noise * anybody
    counts = rng.integers(30, 81, N_USERS)
    order = np.argsort(-(np.log(weights[truth]) + rng.gumbel(size=(N_USERS, N_ITEMS))), axis=1)
    taken = np.arange(N_ITEMS) < counts[:, None]
    users, items = np.nonzero(taken)[0], order[taken]
    chosen = np.zeros((N_USERS, N_ITEMS), bool)
    chosen[users, items] = True
    frame = pl.DataFrame({USER: [f"u{u:05}" for u in users], ITEM: [f"i{i:04}" for i in items]})
    return frame, chosen @ np.log(weights).T


def make(draw: Draw) -> tuple[Tables, npt.NDArray[np.int64], npt.NDArray[np.int64], dict]:
    """Give tables, the planted segments, those of the Bayes classifier, and what the config says of the basis."""
    rng = generator(7, "planted", *asdict(draw).values())
    truth = _segments(draw, rng)
    log_prior = np.log(np.bincount(truth) / N_USERS)
    ids, tables, features, log = [f"u{u:05}" for u in range(N_USERS)], {}, {}, log_prior[None] * 1.0
    if draw.kind != "events":
        values, found = _traits(truth, draw, 6.0 if draw.kind == "traits" else 4.0, rng)
        names = [f"t{j:02}" for j in range(N_TRAITS)]
        tables["people"] = checked(
            "people",
            USERS,
            pl.DataFrame({USER: ids, **dict(zip(names, values.T, strict=True))}),
            dict.fromkeys(names, "number"),
        )
        features["traits"] = {"kind": "attributes", "from": "people", "embed": draw.kind == "traits"}
        log = log + found
    if draw.kind != "traits":
        frame, found = _events(truth, draw, 1.0 if draw.kind == "events" else 0.7, rng)
        tables["likes"] = checked("likes", EVENTS, frame)
        features["taste"] = {"kind": "interactions", "from": "likes", "weight": "binary"}
        log = log + found
    return Tables(tables), truth, log.argmax(axis=1), features


def one(draw: Draw) -> Found:
    with single_threaded():
        tables, truth, best, features = make(draw)
        config = config_of(
            {table.name: table for table in tables},
            features,
            embedding={"method": "none"} if draw.kind == "traits" else {"method": "svd", "dims": 16},
            search={"vary": {"features.traits.block_weight": [0.1, 0.25]}} if draw.kind == "mixed" else {},
            clustering={"k": [2, 10], "starts": 10},
            segments={"min_share": 0.005},
        )
        found = segment(config, tables)
    return Found(
        draw,
        found.k,
        float(adjusted_rand_score(truth, found.labels)),
        float(adjusted_rand_score(truth, best)),
        found.decision.grade,
    )


def _measured(path: Path | None) -> dict[Draw, Found]:
    if path is None or not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {Draw(**row["draw"]): Found(**{**row, "draw": Draw(**row["draw"])}) for row in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--draws", type=int, default=30)
    parser.add_argument("--kinds", nargs="+", default=KINDS)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    cells = list(product(asked.kinds, KS, SIZES, NOISE))
    draws = [Draw(*cell, number) for number in range(asked.draws) for cell in cells]
    found = _measured(asked.json)
    with ProcessPoolExecutor(2) as pool:
        for row in pool.map(one, [draw for draw in draws if draw not in found]):
            found[row.draw] = row
            if asked.json:  # a row at a time: a bench that was stopped goes on where it was
                with asked.json.open("a") as lines:
                    lines.write(json.dumps(asdict(row)) + "\n")
    print("| audience | k | sizes | noise | median ARI | Bayes ARI | right k | natural |")
    print("|---|---|---|---|---|---|---|---|")
    for cell in cells:
        rows = [f for f in found.values() if (f.draw.kind, f.draw.k, f.draw.sizes, f.draw.noise) == cell]
        print(
            f"| {cell[0]} | {cell[1]} | {cell[2]} | {cell[3]:.0%} | {np.median([r.ari for r in rows]):.3f} | "
            f"{np.median([r.bayes for r in rows]):.3f} | {np.mean([r.k == cell[1] for r in rows]):.0%} | "
            f"{np.mean([r.grade == 'natural' for r in rows]):.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
