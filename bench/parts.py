"""What each hot part costs beside the best library for it: seconds, peak memory of the process, and quality.

    python bench/parts.py --data FOLDER [--parts svd als kmeans] [--rounds 3]

FOLDER holds ``ratings.parquet`` with userId, movieId and rating. Contestants take turns, each in its own process; what
is timed is the operation alone, after everything is loaded. Ratios are taken round by round. Each part keeps a section
of its own in bench/RESULTS.md. The peers are implicit, scikit-learn and faiss: ``pip install --editable .[bench]``, or
``make bench PART=als DATA=FOLDER``; and Spark on two threads, where pyspark and a Java are installed (extra
``bench-spark``). Peers that are not installed are named under the table.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp
from peers.spark import fit_als
from sections import keep, measured

RANK, ITERATIONS, K = 64, 15, 8
HELD, TOP, RANKED = 0.2, 10, 10_000
SAMPLED = 4_000  # rows that scikit-learn finds the nearest of
MOST_FOR_SPARK, SPARK_ITERATIONS = 5_000_000, 2  # above so many ratings, so few iterations: one takes a minute
CONFIDENCE = 10.0  # of a rating that is there, as in the baselines; the penalty of implicit ALS beside it
PENALTY, EXPLICIT_PENALTY = 1.0, 0.05
Result = dict[str, float]
LIBRARIES = ("coterie", "numpy", "scipy", "scikit-learn", "implicit", "faiss-cpu", "pyspark")
MODULES = {"scikit-learn": "sklearn", "spark": "pyspark"}  # of contestants that are not called as they are imported


def prepare(folder: Path) -> None:
    """Split the ratings once, a fifth of each user's at random, into two CSR matrices beside the table."""
    if (folder / "train.npz").exists():
        return
    frame = pl.read_parquet(folder / "ratings.parquet", columns=["userId", "movieId", "rating"])
    users, items = (np.unique(frame[name].to_numpy(), return_inverse=True)[1] for name in ("userId", "movieId"))
    ratings, shape = frame["rating"].to_numpy().astype(np.float32), (int(users.max()) + 1, int(items.max()) + 1)
    del frame
    held = np.random.default_rng(0).random(len(users)) < HELD
    for name, rows in (("train", ~held), ("test", held)):
        cells = sp.coo_matrix((ratings[rows], (users[rows], items[rows])), shape=shape).tocsr()
        sp.save_npz(folder / f"{name}.npz", cells, compressed=False)


def load(folder: Path, name: str) -> sp.csr_array:
    return sp.csr_array(sp.load_npz(folder / f"{name}.npz"))


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = function()
    return time.perf_counter() - start, found


# Truncated SVD of the rows scaled to length one; quality is the share of the squared norm that the vectors carry.


def _unit(cells: sp.csr_array) -> sp.csr_array:
    norms = np.sqrt(np.asarray(cells.multiply(cells).sum(axis=1)).ravel())
    return sp.csr_array(sp.diags_array((1 / np.maximum(norms, 1e-12)).astype(np.float32)) @ cells)


def _energy(cells: sp.csr_array, vectors: np.ndarray) -> float:
    return float(
        np.square(cells @ vectors.astype(np.float32)).sum(dtype=np.float64) / np.square(cells.data).sum(dtype=float)
    )


def svd_coterie(folder: Path) -> Result:
    from coterie.embedding.decomposing import leading

    cells = _unit(load(folder, "train"))
    seconds, (_, vectors) = timed(lambda: leading(cells, RANK, np.random.default_rng(0)))
    return {"seconds": seconds, "energy": _energy(cells, vectors)}


def svd_sklearn(folder: Path, n_iter: int = 5) -> Result:
    from sklearn.utils.extmath import randomized_svd

    cells = sp.csr_matrix(_unit(load(folder, "train")))
    seconds, (_, _, vectors) = timed(lambda: randomized_svd(cells, RANK, n_iter=n_iter, random_state=0))
    return {"seconds": seconds, "energy": _energy(cells, vectors.T)}


# ALS; seconds are those of an iteration. Quality: NDCG@10 over the whole catalogue, or the error of held-out ratings.


def _ndcg(users: np.ndarray, items: np.ndarray, train: sp.csr_array, test: sp.csr_array) -> float:
    asked = np.random.default_rng(1).permutation(np.flatnonzero(np.diff(test.indptr)))[:RANKED]
    discount, found = 1 / np.log2(np.arange(TOP) + 2), []
    for start in range(0, len(asked), 500):
        rows = asked[start : start + 500]
        scores = users[rows] @ items.T
        for place, row in enumerate(rows):
            scores[place, train.indices[train.indptr[row] : train.indptr[row + 1]]] = -np.inf
        top = np.argpartition(-scores, TOP, axis=1)[:, :TOP]
        top = np.take_along_axis(top, np.argsort(-np.take_along_axis(scores, top, 1), axis=1), 1)
        for place, row in enumerate(rows):
            held = test.indices[test.indptr[row] : test.indptr[row + 1]]
            found.append(discount[np.isin(top[place], held)].sum() / discount[: len(held)].sum())
    return float(np.mean(found))


def _ones(cells: sp.csr_array) -> sp.csr_array:
    return sp.csr_array((np.ones(cells.nnz, np.float32), cells.indices, cells.indptr), shape=cells.shape)


def _rmse(users: np.ndarray, items: np.ndarray, test: sp.coo_array) -> float:
    wrong = 0.0
    for start in range(0, test.nnz, 1_000_000):
        rows, columns = test.row[start : start + 1_000_000], test.col[start : start + 1_000_000]
        said = np.clip(np.einsum("ij,ij->i", users[rows], items[columns]), 0.5, 5)
        wrong += float(np.square(said - test.data[start : start + 1_000_000]).sum(dtype=np.float64))
    return float(np.sqrt(wrong / test.nnz))


def als_coterie(folder: Path) -> Result:
    from coterie.embedding.als import ALS

    train, test = load(folder, "train"), load(folder, "test")
    ones = _ones(train)
    settings = ALS(dims=RANK, iterations=ITERATIONS, alpha=CONFIDENCE - 1, regularisation=PENALTY, unit_rows=False)
    seconds, fitted = timed(lambda: settings.fit(ones, np.random.default_rng(0)))
    quality = _ndcg(fitted.apply(ones), fitted.factors.astype(np.float32), train, test)
    return {"seconds": seconds / ITERATIONS, "ndcg@10": quality}


def als_implicit(folder: Path) -> Result:
    import implicit

    train, test = load(folder, "train"), load(folder, "test")
    weights = sp.csr_matrix(
        (np.full(train.nnz, CONFIDENCE, np.float32), train.indices, train.indptr), shape=train.shape
    )
    model = implicit.als.AlternatingLeastSquares(
        RANK, regularization=PENALTY, alpha=1.0, iterations=ITERATIONS, num_threads=2, random_state=0
    )
    seconds, _ = timed(lambda: model.fit(weights, show_progress=False))
    return {"seconds": seconds / ITERATIONS, "ndcg@10": _ndcg(model.user_factors, model.item_factors, train, test)}


def explicit_coterie(folder: Path) -> Result:
    from coterie.embedding.als import ALS

    train, test = load(folder, "train"), load(folder, "test").tocoo()
    settings = ALS(
        kind="explicit",
        dims=RANK,
        iterations=ITERATIONS,
        regularisation=EXPLICIT_PENALTY,
        remove_bias=False,
        unit_rows=False,
    )
    seconds, fitted = timed(lambda: settings.fit(train, np.random.default_rng(0)))
    users, items = fitted.apply(train), fitted.factors.astype(np.float32)
    return {"seconds": seconds / ITERATIONS, "rmse": _rmse(users, items, test)}


def als_spark(folder: Path) -> Result:
    return _spark(folder, implicit=True)


def explicit_spark(folder: Path) -> Result:
    return _spark(folder, implicit=False)


def _spark(folder: Path, *, implicit: bool) -> Result:
    train, test = load(folder, "train"), load(folder, "test")
    cells = _ones(train) if implicit else train
    options = {"implicitPrefs": True, "alpha": CONFIDENCE - 1, "regParam": PENALTY} if implicit else {}
    iterations = ITERATIONS if train.nnz < MOST_FOR_SPARK else SPARK_ITERATIONS
    found = fit_als(cells, rank=RANK, maxIter=iterations, seed=0, **{"regParam": EXPLICIT_PENALTY} | options)
    quality = (
        {"ndcg@10": _ndcg(found.users, found.items, train, test)}
        if implicit
        else {"rmse": _rmse(found.users, found.items, test.tocoo())}
    )
    return {"seconds": found.seconds / iterations, **quality, "iterations": iterations, "peak MB": found.peak_mb}


# k-means of the SVD's points of length one, one start.


def _points(folder: Path) -> np.ndarray:
    place = folder / "points.npy"
    if not place.exists():
        from coterie.embedding.svd import SVD

        cells = load(folder, "train")
        np.save(place, SVD(dims=RANK).fit(cells, np.random.default_rng(0)).apply(cells))
    return np.load(place)


def _inertia(points: np.ndarray, centres: np.ndarray) -> float:
    from coterie._kernels import assign

    return float(np.square(assign(points.astype(float), centres.astype(float))[1]).sum())


def kmeans_coterie(folder: Path) -> Result:
    from coterie.clustering.lloyd import lloyd

    points = _points(folder)
    seconds, centres = timed(lambda: lloyd(points, K, 1, np.random.default_rng(0)))
    return {"seconds": seconds, "inertia": _inertia(points, centres)}


def kmeans_sklearn(folder: Path) -> Result:
    from sklearn.cluster import KMeans

    points = _points(folder)
    seconds, model = timed(lambda: KMeans(K, n_init=1, random_state=0).fit(points))
    return {"seconds": seconds, "inertia": _inertia(points, model.cluster_centers_)}


def kmeans_faiss(folder: Path) -> Result:
    import faiss

    points = _points(folder)
    model = faiss.Kmeans(points.shape[1], K, niter=25, max_points_per_centroid=len(points), seed=1)
    seconds, _ = timed(lambda: model.train(points))
    return {"seconds": seconds, "inertia": _inertia(points, model.centroids)}


def sweep_coterie(folder: Path) -> Result:
    from coterie.clustering.lloyd import sweep

    points = _points(folder)
    seconds, found = timed(lambda: sweep(points, range(2, 31), 1, np.random.default_rng(0)))
    return {"seconds": seconds, "inertia": float(np.mean([_inertia(points, centres) for centres in found]))}


def sweep_sklearn(folder: Path) -> Result:
    from sklearn.cluster import KMeans

    points = _points(folder)
    seconds, found = timed(lambda: [KMeans(k, n_init=1, random_state=0).fit(points) for k in range(2, 31)])
    return {"seconds": seconds, "inertia": float(np.mean([_inertia(points, m.cluster_centers_) for m in found]))}


# The ten nearest of all points to each, by cosine; scikit-learn's time is that for some rows, times as many as all are.


def _shared(points: np.ndarray, found: np.ndarray) -> float:
    """Give the share of 500 rows' exact neighbours that were found; (n, TOP + 1) with the row itself."""
    rows = np.random.default_rng(2).integers(0, len(found), 500)
    exact = np.argpartition(-(points[rows] @ points.T), TOP, axis=1)[:, : TOP + 1]
    return float(np.mean([len(np.intersect1d(a, b)) / (TOP + 1) for a, b in zip(exact, found[rows], strict=True)]))


def topk_coterie(folder: Path) -> Result:
    from coterie._kernels import top_k

    points = _points(folder)
    seconds, (found, _) = timed(lambda: top_k(points, points, TOP + 1))
    return {"seconds": seconds, "found": _shared(points, found)}


def topk_faiss(folder: Path) -> Result:
    import faiss

    points = _points(folder)
    index = faiss.IndexFlatIP(points.shape[1])
    index.add(points)
    seconds, (_, found) = timed(lambda: index.search(points, TOP + 1))
    return {"seconds": seconds, "found": _shared(points, found)}


def topk_sklearn(folder: Path) -> Result:
    from sklearn.neighbors import NearestNeighbors

    points = _points(folder)
    asked = points[:SAMPLED]
    model = NearestNeighbors(n_neighbors=TOP + 1, algorithm="brute", metric="cosine").fit(points)
    seconds, (_, found) = timed(lambda: model.kneighbors(asked))
    return {"seconds": seconds * len(points) / len(asked), "found": _shared(points, found)}


PARTS: dict[str, tuple[str, dict[str, Callable[[Path], Result]]]] = {
    "svd": (
        f"Truncated SVD, rank {RANK}",
        {
            "coterie": svd_coterie,
            "scikit-learn": svd_sklearn,
            "scikit-learn, 8 iterations for 5": partial(svd_sklearn, n_iter=8),
        },
    ),
    "als": (
        f"Implicit ALS, rank {RANK}, {ITERATIONS} iterations (seconds of one)",
        {"coterie": als_coterie, "implicit": als_implicit, "spark": als_spark},
    ),
    "explicit": (
        f"Explicit ALS, rank {RANK}, {ITERATIONS} iterations (seconds of one)",
        {"coterie": explicit_coterie, "spark": explicit_spark},
    ),
    "kmeans": (
        f"k-means, k = {K}, one start",
        {"coterie": kmeans_coterie, "scikit-learn": kmeans_sklearn, "faiss": kmeans_faiss},
    ),
    "topk": (
        f"The {TOP} nearest of all to all by cosine, exactly",
        {"coterie": topk_coterie, "faiss": topk_faiss, "scikit-learn (of some rows)": topk_sklearn},
    ),
    "sweep": ("k-means, k = 2 to 30, one start each", {"coterie": sweep_coterie, "scikit-learn": sweep_sklearn}),
}


def turn(part: str, who: str, folder: Path) -> Result:
    """Run one contestant in a process of its own."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"} if who == "implicit" else dict(os.environ)
    command = [sys.executable, __file__, "--data", str(folder), "--turn", part, who]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{who} failed at {part} with status {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def peak_mb() -> float:
    """Give the peak memory of this process alone; what wait4 says is at least that of the process that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


def compared(part: str, folder: Path, rounds: int, left_out: set[str]) -> str:
    """Let the contestants take turns, and write the table."""
    contestants = [
        who
        for who in PARTS[part][1]
        if find_spec(MODULES.get(who.split(",")[0], who.split(",")[0])) and who not in left_out
    ]
    turns: dict[str, list[Result]] = {who: [] for who in contestants}
    for _ in range(rounds):
        for who in contestants:
            turns[who].append(turn(part, who, folder))
            print(part, who, turns[who][-1], flush=True)
    quality = next(name for name in turns["coterie"][0] if name not in {"seconds", "peak MB"})
    lines = [
        f"| | s (median of {rounds}) | times Coterie's, round by round | {quality} | peak MB |",
        "|---|---|---|---|---|",
    ]
    for who, found in turns.items():
        ratios = [f"{one['seconds'] / own['seconds']:.2f}" for one, own in zip(found, turns["coterie"], strict=True)]
        seconds, value, peak = (median(one[name] for one in found) for name in ("seconds", quality, "peak MB"))
        lines.append(f"| {who} | {seconds:.3f} | {', '.join(ratios)} | {value:,.5g} | {peak:,.0f} |")
    missing = ", ".join(who for who in PARTS[part][1] if who not in contestants)
    return "\n".join(lines) + (f"\n\nNot measured here: {missing}." if missing else "")


def section(part: str, folder: Path, asked: argparse.Namespace) -> tuple[str, str]:
    """Measure a part; give the name of its section and its text."""
    train = load(folder, "train")
    millions = round(train.nnz / (1 - HELD) / 1e6)
    text = (
        f"## {PARTS[part][0]}: {millions} million ratings\n\n{measured(LIBRARIES)} Command: `make bench PART={part} "
        f"DATA=FOLDER`, on {train.shape[0]:,} users x {train.shape[1]:,} items, {train.nnz:,} ratings (four fifths "
        f"of the table).\n\n{compared(part, folder, asked.rounds, set(asked.without))}"
    )
    return f"parts-{part}-{millions:04}", text


def main() -> None:
    """Measure, and keep a section a part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", choices=[*PARTS], default=[*PARTS])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without", nargs="+", default=[], help="peers to leave out")
    parser.add_argument("--turn", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.turn:
        part, who = asked.turn
        found = PARTS[part][1][who](asked.data)
        print(json.dumps({"peak MB": peak_mb()} | found))
        return
    prepare(asked.data)
    for part in asked.parts:
        keep(*section(part, asked.data, asked))


if __name__ == "__main__":
    main()
