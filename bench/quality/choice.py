"""Which rule finds the planted number of clusters in tables without events.

    python bench/quality/choice.py [--draws 30] [--json FILE]

Columns are planted: k Gaussian clusters in 12-25 columns, even sizes or geometric ones of 20:1, nearest centres 4, 5 or
6 standard deviations apart. Every k from 2 to 11 is clustered and measured, and every rule makes its choice from the
measures. Beside the share of draws where a rule chooses the planted k stands the mean adjusted Rand index of what it
chooses with what was planted: with unequal sizes k-means cuts large clusters before it finds small ones, and then no
rule can be right about both.
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score

from coterie.clustering.centroid import KMeans
from coterie.clustering.mixture import Mixture
from coterie.parallel import single_threaded
from coterie.randomness import generator
from coterie.selection import explained, quality, stability
from coterie.selection.gap import gap_curve

N_USERS = 800
KS = tuple(range(2, 12))
STARTS = 5
BOOTSTRAPS = 20
SPLITS = 5
SEPARATIONS = (4.0, 5.0, 6.0)
METHODS = {"kmeans": KMeans, "gmm": Mixture}
STABLE, STRONG = 0.75, 0.8


@dataclass(frozen=True)
class Task:
    """One planted table."""

    k: int
    ratio: float
    draw: int
    method: str

    @property
    def separation(self) -> float:
        return SEPARATIONS[self.draw % len(SEPARATIONS)]


def planted(task: Task) -> tuple[Any, Any]:
    """Plant clusters in standardised columns, (n, d), and give the true (n,) labels."""
    rng = generator(11, "planted", task.k, int(task.ratio), task.draw)
    d = int(rng.integers(12, 26))
    centres = rng.normal(size=(task.k, d))
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    centres *= task.separation / apart[np.triu_indices(task.k, 1)].min()
    shares = np.geomspace(task.ratio, 1, task.k)
    sizes = np.maximum(np.round(N_USERS * shares / shares.sum()).astype(int), 2)
    truth = np.repeat(np.arange(task.k), sizes)
    values = centres[truth] + rng.normal(size=(len(truth), d))
    return ((values - values.mean(axis=0)) / values.std(axis=0)).astype(np.float32), truth


def measure(task: Task) -> dict[str, Any]:
    """Measure every k, and let every rule choose."""
    points, truth = planted(task)
    make = METHODS[task.method]
    start = time.perf_counter()
    with single_threaded():
        fits = [make(k=k, starts=STARTS).fit(points, generator(7, "fit", k)) for k in KS]
        labels = [fitted.fit_labels for fitted in fits]
        held = [_held(points, make, k) for k in KS]
        jaccard = [_jaccard(points, fitted, make, k) for k, fitted in zip(KS, labels, strict=True)]
        strength = [_strength(points, make, k) for k in KS]
        silhouettes = quality.silhouettes(points, labels, generator(7, "silhouette"), threads=1)
        gap = gap_curve(points, lambda k: make(k=k, starts=1), KS, 7, references=10, most_rows=N_USERS, threads=1).k
        bic = [Mixture(k=k, starts=2).fit(points, generator(7, "bic", k)).bic for k in KS]
    chosen = choices(
        held=held,
        jaccard=jaccard,
        strength=strength,
        silhouette=[s.value for s in silhouettes],
        bic=bic,
        gap=gap,
    )
    agreement = {k: adjusted_rand_score(truth, found) for k, found in zip(KS, labels, strict=True)}
    chosen["(k of the best agreement)"] = max(KS, key=lambda k: agreement[k])
    return {
        "k": task.k,
        "ratio": task.ratio,
        "separation": task.separation,
        "method": task.method,
        "draw": task.draw,
        "seconds": time.perf_counter() - start,
        "chosen": chosen,
        "agreement": agreement,
        "explained": [explained.explained_of(h).value.value for h in held],
        "random": [explained.explained_of(h).random for h in held],
        "paired": _paired(held),
        "jaccard": [[float(v) for v in row] for row in jaccard],
        "strength": strength,
        "shares": [float(np.bincount(found).min() / len(found)) for found in labels],
    }


def _held(points: Any, make: Any, k: int) -> explained.HeldOut:
    found = explained.traits(points, np.arange(points.shape[1]))
    return explained.hold_columns_out(
        found,
        lambda columns, rng: make(k=k, starts=STARTS).fit(points[:, columns], rng).fit_labels,
        explained.Refits(5, 2),
        7,
        threads=1,
    )


def _paired(held: list[explained.HeldOut]) -> list[list[float]]:
    """Give for each k what it explains less than the best, with the error over users and that over refits."""
    best = min(held, key=lambda h: float(h.by_user.sum()))
    total = float(best.baseline.sum())
    rows = []
    for h in held:
        worse = h.by_user - best.by_user
        refits = (h.by_refit - best.by_refit) / best.baseline_by_refit
        rows.append(
            [
                float(worse.sum()) / total,
                float(np.sqrt(len(worse) * worse.var(ddof=1)) / total),
                float(refits.std(ddof=1) / np.sqrt(len(refits))),
            ]
        )
    return rows


def _jaccard(points: Any, labels: Any, make: Any, k: int) -> Any:
    resampling = stability.Resampling(points, labels, make(k=k, starts=3), 7)
    return np.mean([stability.bootstrap_jaccard((resampling, draw)) for draw in range(BOOTSTRAPS)], axis=0)


def _strength(points: Any, make: Any, k: int) -> float:
    """Prediction strength (Tibshirani & Walther 2005): the worst cluster's share of pairs that the other half joins."""
    values = []
    for split in range(SPLITS):
        rng = generator(7, "halves", split)
        order = rng.permutation(len(points))
        a, b = points[order[: len(order) // 2]], points[order[len(order) // 2 :]]
        for train, test in ((a, b), (b, a)):
            own = make(k=k, starts=3).fit(test, rng).fit_labels
            other = make(k=k, starts=3).fit(train, rng).assign(test).labels
            worst = 1.0
            for cluster in range(own.max() + 1):
                counts = np.bincount(other[own == cluster])
                n = counts.sum()
                worst = min(worst, float((counts * (counts - 1)).sum() / (n * (n - 1))) if n > 1 else 0.0)
            values.append(worst)
    return float(np.mean(values))


def choices(*, held: Any, jaccard: Any, strength: Any, silhouette: Any, bic: Any, gap: int) -> dict[str, int]:
    """Let every rule choose a k; 1 where it finds none."""
    share = [explained.explained_of(h) for h in held]
    top = max(share, key=lambda s: s.value.value)
    unpaired = next(i for i, s in enumerate(share) if s.value.value >= top.value.value - top.standard_error)
    stable = [i for i, row in enumerate(jaccard) if row.min() >= STABLE]
    strong = [i for i, value in enumerate(strength) if value >= STRONG]
    mostly = [i for i, row in enumerate(jaccard) if row.mean() >= STABLE]

    def among(rows: list[int]) -> int:
        return KS[rows[explained.smallest_within_one_error([held[i] for i in rows])]] if rows else 1

    return {
        "explained": KS[explained.smallest_within_one_error(held)],
        "explained, highest": KS[int(np.argmax([s.value.value for s in share]))],
        "explained, unpaired error": KS[unpaired],
        "largest stable": KS[stable[-1]] if stable else 1,
        "explained among stable": among(stable),
        "explained among mostly stable": among(mostly),
        "prediction strength": KS[strong[-1]] if strong else 1,
        "silhouette": KS[int(np.argmax(silhouette))],
        "bic of gmm": KS[int(np.argmin(bic))],
        "gap": gap,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Write the share of draws where each rule is right, and the agreement of what it chooses."""
    lines = [
        "| method | k | sizes | rule | right | within 1 | agreement | at the planted k | mean k |",
        "|" + "---|" * 9,
    ]
    cells = sorted({(r["method"], r["k"], r["ratio"]) for r in rows})
    for method, k, ratio in cells:
        inside = [r for r in rows if (r["method"], r["k"], r["ratio"]) == (method, k, ratio)]
        planted_k = np.mean([r["agreement"][k] for r in inside])
        for rule in inside[0]["chosen"]:
            chosen = np.array([r["chosen"][rule] for r in inside])
            agreement = np.mean([r["agreement"].get(r["chosen"][rule], 0.0) for r in inside])
            lines.append(
                f"| {method} | {k} | {ratio:g}:1 | {rule} | {np.mean(chosen == k):.2f} | "
                f"{np.mean(abs(chosen - k) <= 1):.2f} | {agreement:.2f} | {planted_k:.2f} | {chosen.mean():.1f} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure on two processes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=30)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    tasks = [
        Task(k, ratio, draw, method)
        for draw, k, ratio, method in product(range(asked.draws), (3, 5, 8), (1, 20), METHODS)
    ]
    rows = []
    with ProcessPoolExecutor(2) as pool:
        for row in pool.map(measure, tasks):
            rows.append(row)
            if asked.json:
                with asked.json.open("a" if len(rows) > 1 else "w") as out:
                    out.write(json.dumps(row) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
