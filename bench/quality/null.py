"""How often the null test calls one blob natural, and how often it finds planted islands.

    python bench/quality/null.py [--draws 200] [--power-draws 20] [--families NAME ...] [--json FILE]

Blobs have 300-2,000 rows and 5-16 columns, and are cut by k-means at a random k from 2 to 8 and at the k of the highest
silhouette: Gaussians of random covariance, uniform cubes, Student's t of 2 or 3 degrees of freedom, lognormal ones,
ratings that only popularity and activity make (through the SVD of unit rows), answers from 1 to 5 to 2-6 correlated
questions, yes/no columns beside numbers (standardised), logarithms of small counts, and columns most of which are zero.
Islands are 3, 5 or 8 Gaussians in 5-10 columns, even or 20:1 in size, their nearest centres 3 to 6 standard deviations
apart, cut at the planted k. A draw whose separation is under the floor is not natural whatever p is, so its replicates
are saved.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from coterie.clustering.centroid import KMeans
from coterie.embedding.svd import SVD
from coterie.parallel import single_threaded
from coterie.randomness import generator
from coterie.selection import quality
from coterie.selection.null import FLOOR, null_test, separation

KS = range(2, 9)
STARTS = 3
ISLAND_ROWS = 1000


def _shape(rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(300, 2001)), int(rng.integers(5, 17))


def gaussian(rng: np.random.Generator) -> Any:
    n, d = _shape(rng)
    axes = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return (rng.normal(size=(n, d)) * np.exp(rng.uniform(-1.5, 1, d))) @ axes


def cube(rng: np.random.Generator) -> Any:
    return rng.uniform(size=_shape(rng))


def student(rng: np.random.Generator) -> Any:
    (n, d), df = _shape(rng), int(rng.integers(2, 4))
    return rng.normal(size=(n, d)) / np.sqrt(rng.chisquare(df, (n, 1)) / df)


def lognormal(rng: np.random.Generator) -> Any:
    return np.exp(rng.normal(size=_shape(rng)))


def ratings(rng: np.random.Generator) -> Any:
    (n, d), m = _shape(rng), int(rng.integers(100, 401))
    popularity = np.arange(1, m + 1) ** -0.8
    activity = np.exp(rng.normal(0, 0.8, n))
    chance = np.minimum(activity[:, None] * popularity / popularity.mean() * 0.24, 0.95)
    seen = (rng.random((n, m)) < chance).astype(np.float32)
    matrix = sp.csr_array(seen[seen.sum(axis=1) >= 3])
    return SVD(dims=d).fit(matrix, rng).apply(matrix)


def answers(rng: np.random.Generator) -> Any:
    n, d = int(rng.integers(300, 2001)), int(rng.integers(2, 7))
    root = np.linalg.cholesky(np.eye(d) * 0.6 + 0.4)
    return np.clip(np.round(3 + rng.normal(size=(n, d)) @ root.T), 1, 5)


def yes_no(rng: np.random.Generator) -> Any:
    n, d = _shape(rng)
    scores = rng.normal(size=(n, 1)) * 0.5 + rng.normal(size=(n, d))
    n_asked = int(rng.integers(1, d))
    scores[:, :n_asked] = scores[:, :n_asked] > rng.uniform(-1, 1, n_asked)
    return (scores - scores.mean(axis=0)) / np.maximum(scores.std(axis=0), 1e-9)


def counts(rng: np.random.Generator) -> Any:
    return np.log1p(rng.poisson(np.exp(rng.normal(0, 0.5, (1, 1)) + rng.normal(0, 0.7, _shape(rng)))))


def zeros(rng: np.random.Generator) -> Any:
    n, d = _shape(rng)
    return np.where(rng.random((n, d)) < rng.uniform(0.5, 0.9, d), 0.0, np.exp(rng.normal(size=(n, d))))


BLOBS: dict[str, Callable[[np.random.Generator], Any]] = {
    "gaussian": gaussian,
    "cube": cube,
    "student": student,
    "lognormal": lognormal,
    "ratings": ratings,
    "answers": answers,
    "yes/no and numbers": yes_no,
    "log counts": counts,
    "many zeros": zeros,
}


@dataclass(frozen=True)
class Blob:
    """A draw without islands."""

    family: str
    draw: int


@dataclass(frozen=True)
class Islands:
    """A draw with islands."""

    k: int
    ratio: int
    apart: int
    draw: int


def blob_rows(task: Blob) -> list[dict[str, Any]]:
    """Test one blob, cut at a random k and at that of the highest silhouette."""
    rng = generator(3, "blob", task.family, task.draw)
    points = np.asarray(BLOBS[task.family](rng), np.float32)
    with single_threaded():
        labels = {k: KMeans(k=k, starts=STARTS).fit(points, generator(3, "fit", k)).fit_labels for k in KS}
        values = quality.silhouettes(points, list(labels.values()), rng, threads=1)
        best = KS[int(np.argmax([value.value for value in values]))]
        cuts = {"random": int(rng.integers(2, 9)), "silhouette": best}
        return [
            {"family": task.family, "draw": task.draw, "cut": cut, "k": k, **_verdicts(points, labels[k], k)}
            for cut, k in cuts.items()
        ]


def island_rows(task: Islands) -> list[dict[str, Any]]:
    """Test planted islands, cut at their number."""
    rng = generator(3, "islands", zlib.crc32(repr(task).encode()))
    d = int(rng.integers(5, 11))
    centres = rng.normal(size=(task.k, d))
    nearest = np.linalg.norm(centres[:, None] - centres[None], axis=-1)[np.triu_indices(task.k, 1)].min()
    shares = np.geomspace(task.ratio, 1, task.k)
    sizes = np.round(ISLAND_ROWS * shares / shares.sum()).astype(int)
    points = np.repeat(centres * task.apart / nearest, sizes, axis=0) + rng.normal(size=(sizes.sum(), d))
    points = points.astype(np.float32)
    with single_threaded():
        labels = KMeans(k=task.k, starts=10).fit(points, rng).fit_labels
        row = {"k": task.k, "ratio": task.ratio, "apart": task.apart, "draw": task.draw}
        return [row | _verdicts(points, labels, task.k)]


def _verdicts(points: Any, labels: Any, k: int) -> dict[str, Any]:
    statistic = separation(points, labels)
    if statistic < FLOOR:
        return {"statistic": statistic, "gaussian": False, "copula": False, "permuted": False}
    clusterer = KMeans(k=k, starts=STARTS)
    verdicts = {
        null: null_test(points, labels, clusterer, 3, null=null, replicates=19, threads=1).is_natural
        for null in ("gaussian", "copula", "permuted")
    }
    return {"statistic": statistic, **verdicts}


def _line(name: str, rows: list[dict[str, Any]]) -> str:
    shares = [np.mean([row[null] for row in rows]) for null in ("gaussian", "copula", "permuted")]
    statistics = [row["statistic"] for row in rows]
    middle, high = np.median(statistics), np.quantile(statistics, 0.95)
    return f"| {name} | {len(rows)} | {middle:.3f} | {high:.3f} | " + " | ".join(f"{s:.3f}" for s in shares) + " |"


def table(rows: list[dict[str, Any]]) -> str:
    """Write the share of draws called natural under each null."""
    lines = ["| points | draws | median | 95 % | gaussian | copula | permuted |", "|" + "---|" * 7]
    for family, cut in product(BLOBS, ("random", "silhouette")):
        inside = [row for row in rows if row.get("family") == family and row["cut"] == cut]
        if inside:
            lines.append(_line(f"{family}, k {cut}", inside))
    for k, ratio, apart in sorted({(r["k"], r["ratio"], r["apart"]) for r in rows if "apart" in r}):
        inside = [row for row in rows if (row["k"], row.get("ratio"), row.get("apart")) == (k, ratio, apart)]
        lines.append(_line(f"{k} islands, {ratio}:1, {apart} apart", inside))
    return "\n".join(lines)


def main() -> None:
    """Measure on two processes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--power-draws", type=int, default=20)
    parser.add_argument("--families", nargs="+", choices=[*BLOBS], default=[*BLOBS])
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    blobs = [Blob(family, draw) for family, draw in product(asked.families, range(asked.draws))]
    islands = [
        Islands(k, ratio, apart, draw)
        for k, ratio, apart, draw in product((3, 5, 8), (1, 20), (3, 4, 5, 6), range(asked.power_draws))
    ]
    with ProcessPoolExecutor(2) as pool:
        found = [*pool.map(blob_rows, blobs, chunksize=4), *pool.map(island_rows, islands, chunksize=4)]
    rows = [row for part in found for row in part]
    if asked.json:
        asked.json.write_text("".join(json.dumps(row) + "\n" for row in rows))
    print(table(rows))


if __name__ == "__main__":
    main()
