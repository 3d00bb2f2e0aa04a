"""Ways from ratings to segments, each run as a process of its own by ``peers.py``.

    python bench/quality/ways.py fit WAY PART OUT.npz --seed 7
    python bench/quality/ways.py stability WAY PART OUT.json --labels FITTED.npz --draws 30 --whole 5 --seed 7

PART is a folder of raw tables with, beside it, PART.parquet: the same ratings checked and cleaned (user, item, value).
Coterie reads the raw tables, peers the cleaned ratings. Nothing here is imported before it is needed, so that a
process costs what its way costs.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int32]
Points = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]
KS = range(2, 16)
CONFIG = "coterie.toml"
DIMS = 16


@dataclass(frozen=True)
class Cut:
    fit_labels: Labels


@dataclass(frozen=True)
class Method:
    """A peer's clustering, as Coterie's resampling calls it."""

    labels: Callable[[Points, int], Labels]

    def fit(self, points: Points, rng: np.random.Generator) -> Cut:
        return Cut(np.asarray(self.labels(points, int(rng.integers(2**31))), np.int32))


@dataclass(frozen=True)
class Ground:
    """What a way clusters.

    ids are (n,) sorted users, and points (n, d) where the fit had them; ``embed`` makes the space anew from some of
    them, by row, and places these; ``method`` clusters points.
    """

    ids: npt.NDArray[np.str_]
    points: Points
    embed: Callable[[Rows, int], Points]
    method: Any


def ratings(part: Path) -> tuple[npt.NDArray[np.str_], Any]:
    """Give the (n,) sorted users and their (n, m) CSR ratings, 0 where there is none."""
    import polars as pl
    import scipy.sparse as sp

    events = pl.read_parquet(part.with_suffix(".parquet"))
    users, rows = np.unique(events["user_id"].to_numpy().astype(str), return_inverse=True)
    items, columns = np.unique(events["item_id"].to_numpy().astype(str), return_inverse=True)
    values = events["value"].to_numpy().astype(np.float32)
    return users, sp.csr_array((values, (rows, columns)), shape=(len(users), len(items)))


def standardised(matrix: Any, _: int) -> Points:
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit_transform(matrix.toarray())


def embedded(matrix: Any, seed: int) -> Points:
    from coterie.embedding.svd import SVD
    from coterie.randomness import generator

    return SVD(dims=DIMS).fit(matrix, generator(seed, "space")).apply(matrix)


def mapped(matrix: Any, seed: int) -> Points:
    """Map as BERTopic does by default, but from a seed, without which UMAP gives another map each time."""
    from sklearn.preprocessing import normalize
    from umap import UMAP

    umap = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed, n_jobs=1)
    return umap.fit_transform(normalize(matrix.toarray()))


def by_silhouette(points: Points, seed: int) -> Labels:
    from sklearn.metrics import silhouette_score

    tried = [k_means(k)(points, seed) for k in KS]
    return max(tried, key=lambda labels: silhouette_score(points, labels))


def k_means(k: int) -> Callable[[Points, int], Labels]:
    from sklearn.cluster import KMeans

    return lambda points, seed: KMeans(k, random_state=seed).fit_predict(points)


def density(points: Points, _: int) -> Labels:
    from sklearn.cluster import HDBSCAN

    return HDBSCAN(copy=True).fit_predict(points)


def topics(points: Points, _: int) -> Labels:
    from hdbscan import HDBSCAN

    return HDBSCAN(min_cluster_size=10, metric="euclidean", cluster_selection_method="eom").fit_predict(points)


PEERS: dict[str, tuple[Callable[[Any, int], Points], Callable[[Points, int], Labels]]] = {
    "kmeans-silhouette": (standardised, by_silhouette),
    "hdbscan-wide": (standardised, density),
    "hdbscan-svd": (embedded, density),
    "bertopic": (mapped, topics),
}
COTERIE = "coterie"
NAMES = (*PEERS, COTERIE)
TITLES = {
    "kmeans-silhouette": "k-means, k by silhouette, on the standardised wide table",
    "hdbscan-wide": "HDBSCAN's defaults on the standardised wide table",
    "hdbscan-svd": "HDBSCAN's defaults on Coterie's SVD",
    "bertopic": "UMAP and HDBSCAN as BERTopic sets them",
    COTERIE: "Coterie as `coterie init` writes it",
}


def fit(way: str, part: Path, out: Path, seed: int) -> None:
    """Go the whole way and keep who is where."""
    if way == COTERIE:
        from coterie import project

        frame = project.run(project.init(part, part / CONFIG)).assignments()
        names = sorted({name for name in frame["segment_id"].to_list() if name is not None})
        codes = {name: number for number, name in enumerate(names)}
        labels = [codes.get(name, -1) for name in frame["segment_id"].to_list()]
        np.savez(out, ids=frame["user_id"].to_numpy().astype(str), labels=np.array(labels, np.int32))
        return
    embed, cluster = PEERS[way]
    ids, matrix = ratings(part)
    np.savez(out, ids=ids, labels=np.asarray(cluster(embed(matrix, seed), seed), np.int32))


def ground(way: str, part: Path, n_clusters: int, seed: int) -> Ground:
    """Give what a fitted way's refits start from, at its settings: its recipe and its number of clusters."""
    if way == COTERIE:
        return _of_run(part)
    embed, cluster = PEERS[way]
    ids, matrix = ratings(part)
    method = Method(k_means(n_clusters) if cluster is by_silhouette else cluster)
    return Ground(ids, embed(matrix, seed), lambda rows, seed: embed(matrix[rows], seed), method)


def _of_run(part: Path) -> Ground:
    from coterie import open_run
    from coterie.config import load_config
    from coterie.model import fit_space
    from coterie.selection.proof import asked_of
    from coterie.selection.recipes import expand
    from coterie.selection.search import REFIT_STARTS
    from coterie.selection.trials import make_clusterer

    run = open_run(part)
    chosen, tables = run.chosen, run.tables()
    config = next(one.config for one in expand(load_config(part / CONFIG)) if one.name == chosen.recipe)
    ids = run.assignments()["user_id"].to_numpy().astype(str)
    asked = asked_of(chosen)
    method = make_clusterer(config.clustering, asked.method, asked.k, asked.settings, most_starts=REFIT_STARTS)
    points = run.model().space.embed(tables, ids)[0]
    return Ground(ids, points, lambda rows, _: fit_space(config, tables, ids[rows], "space")[1], method)


def stability(way: str, part: Path, fitted: Path, seed: int, *, draws: int, whole: int) -> dict[str, list[float]]:
    """Find each cluster again: in a fixed space (``draws``), and with the space made anew too (``whole``)."""
    from coterie.parallel import single_threaded
    from coterie.selection.stability import Resampling, bootstrap_jaccard

    labels = np.load(fitted)["labels"]
    n_clusters = int(labels.max(initial=-1)) + 1
    if n_clusters < 2:
        return {"fixed": [], "whole": []}
    with single_threaded():
        at = ground(way, part, n_clusters, seed)
        resampling = Resampling(at.points, labels, at.method, seed)
        fixed = [bootstrap_jaccard((resampling, draw)) for draw in range(draws)]
        again = [_whole_again(at, labels, seed, draw) for draw in range(whole)]
    return {"fixed": np.mean(fixed, axis=0).tolist(), "whole": np.mean(again, axis=0).tolist()}


def _whole_again(at: Ground, labels: Labels, seed: int, draw: int) -> npt.NDArray[np.float64]:
    """Embed and cluster the distinct users of a draw: of two copies of a user each would be the other's neighbour."""
    from coterie.randomness import generator
    from coterie.selection.stability import best_jaccard

    kept = np.unique(generator(seed, "bootstrap", draw).integers(0, len(labels), len(labels)))
    found = at.method.fit(at.embed(kept, seed), generator(seed, "peers-whole", draw)).fit_labels
    return best_jaccard(labels[kept], found, int(labels.max()) + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("task", choices=("fit", "stability"))
    parser.add_argument("way", choices=NAMES)
    parser.add_argument("part", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--draws", type=int, default=30)
    parser.add_argument("--whole", type=int, default=5)
    asked = parser.parse_args()
    warnings.filterwarnings("ignore", "n_jobs value", UserWarning)
    if asked.task == "fit":
        fit(asked.way, asked.part, asked.out, asked.seed)
    else:
        found = stability(asked.way, asked.part, asked.labels, asked.seed, draws=asked.draws, whole=asked.whole)
        asked.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
