"""The search that ``coterie run`` makes, as a data scientist writes it with pandas and scikit-learn.

    python bench/peers/pandas_sklearn.py RATINGS.csv OUT_FOLDER [--k 2 15] [--samples]

Load and check, clean, sparse matrix of who rated what, rows of length one, TruncatedSVD to 16 dimensions, rows of
length one, and for each k: KMeans of 5 starts, silhouette of 10,000 users, Jaccard of 20 bootstraps, and lift of
ranking held-out items by popularity within the segment on 5 splits, SVD and KMeans fitted anew on each. Then the
choice, the top items of each segment, and files. It does less than Coterie: no null test, no other seeds, no frozen
model, no report. With ``--samples`` what is done again and again looks at as many users as in Coterie: bootstraps
of 10,000, and for lift an SVD of 50,000 and clusters of 20,000, by which all are then placed.

Vectorised throughout: held-out items are ranked without a users x items table. Writes assignments.csv and summary.json.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import normalize

DIMS, STARTS, BOOTSTRAPS, SPLITS, HELD = 16, 5, 20, 5, 0.2
SAMPLE, LIKED, CUTOFF, PSEUDO_USERS = 10_000, 4.0, 10, 20.0
MIN_STABILITY, MIN_SHARE, N_TOP = 0.75, 0.03, 10
DRAWN, EMBEDDED, CLUSTERED = 10_000, 50_000, 20_000  # users that ``--samples`` looks at
TYPES = {"userId": "int32", "movieId": "int32", "rating": "float32", "timestamp": "int64"}


def load(path: Path) -> pd.DataFrame:
    """Read the table, refuse bad rows, and keep the last of each pair."""
    rows = pd.read_csv(path, dtype=TYPES)
    good = rows.notna().all(axis=1) & rows["rating"].between(0.5, 5) & (rows["timestamp"] > 0)
    rows = rows[good]
    if rows.duplicated(["userId", "movieId"]).any():
        rows = rows.sort_values("timestamp").drop_duplicates(["userId", "movieId"], keep="last")
    return rows.sort_values(["userId", "movieId"], ignore_index=True)


def some(n: int, most: int | None, seed: int) -> np.ndarray:
    """Give the numbers of ``most`` of n users, or of all."""
    return np.arange(n) if most is None or most >= n else np.random.default_rng(seed).choice(n, most, replace=False)


def embed(
    users: np.ndarray, items: np.ndarray, shape: tuple[int, int], seed: int, most: int | None = None
) -> np.ndarray:
    """Give the users' (n, 16) points of length one, by the vectors of ``most`` of them."""
    taken = sp.csr_matrix((np.ones(len(users), np.float32), (users, items)), shape=shape)
    rows, columns = (np.asarray(taken.sum(axis=axis), np.float32).ravel() for axis in (1, 0))
    left, right = (sp.diags(1 / np.sqrt(degrees + degrees.mean())) for degrees in (rows, columns))
    scaled = (left @ taken @ right).tocsr().astype(np.float32)
    vectors = TruncatedSVD(DIMS, random_state=seed).fit(scaled[some(shape[0], most, seed)])
    return normalize(vectors.transform(scaled)).astype(np.float32)


def cluster(points: np.ndarray, k: int, seed: int, most: int | None = None) -> np.ndarray:
    return KMeans(k, n_init=STARTS, random_state=seed).fit(points[some(len(points), most, seed)]).predict(points)


def jaccard(labels: np.ndarray, others: np.ndarray, k: int) -> np.ndarray:
    """Give the highest Jaccard similarity of each cluster to one of the other clustering."""
    both = np.bincount(labels * k + others, minlength=k * k).reshape(k, k)
    return (both / (both.sum(axis=1, keepdims=True) + both.sum(axis=0) - both)).max(axis=1)


def stability(points: np.ndarray, labels: np.ndarray, k: int, most: int | None) -> float:
    """Give the mean Jaccard of the least stable segment over bootstraps of the users."""
    found = np.zeros(k)
    for draw in range(BOOTSTRAPS):
        drawn = np.random.default_rng(draw).integers(0, len(points), min(len(points), most or len(points)))
        again = cluster(points[drawn], k, draw)
        distinct, first = np.unique(drawn, return_index=True)
        found += jaccard(labels[distinct], again[first], k) / BOOTSTRAPS
    return float(found.min())


def ndcg(ranks: np.ndarray, rows: np.ndarray, train: pd.DataFrame, liked: pd.DataFrame, n_users: int) -> np.ndarray:
    """Give each user's NDCG@10 of held-out liked items by their row of ranks, less the items seen in training."""
    n_items = ranks.shape[1]
    user, item = train["user"].to_numpy(), train["item"].to_numpy()
    seen = np.sort(user * n_items + ranks[rows[user], item])
    user, item = liked["user"].to_numpy(), liked["item"].to_numpy()
    target = user * n_items + ranks[rows[user], item]
    place = ranks[rows[user], item] - (np.searchsorted(seen, target) - np.searchsorted(seen, user * n_items))
    gain = np.where(place < CUTOFF, 1 / np.log2(place + 2.0), 0.0)
    ideal = np.append(0, np.cumsum(1 / np.log2(np.arange(CUTOFF) + 2)))
    best = ideal[np.minimum(np.bincount(user, minlength=n_users), CUTOFF)]
    with np.errstate(invalid="ignore"):
        return np.bincount(user, gain, n_users) / best


def ranks_of(rates: np.ndarray) -> np.ndarray:
    order = np.argsort(-rates, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(rates.shape[1])[None, :], axis=1)
    return ranks


def lifts(events: pd.DataFrame, shape: tuple[int, int], ks: range, *, samples: bool) -> dict[int, float]:
    """Give the lift of each k: NDCG@10 by the segment's popularity over that by everybody's."""
    by_segment, by_all = {k: [] for k in ks}, []
    for split in range(SPLITS):
        held = np.random.default_rng(split).random(len(events)) < HELD
        train, liked = events[~held], events[held & events["liked"].to_numpy()]
        taken = train["user"].to_numpy(), train["item"].to_numpy()
        points = embed(*taken, shape, split, EMBEDDED if samples else None)
        popular = train[train["liked"]]
        user, item = popular["user"].to_numpy(), popular["item"].to_numpy()
        overall = np.bincount(item, minlength=shape[1])[None, :] / shape[0]
        by_all.append(ndcg(ranks_of(overall), np.zeros(shape[0], int), train, liked, shape[0]))
        for k in ks:
            labels = cluster(points, k, split, CLUSTERED if samples else None)
            counts = np.bincount(labels[user] * shape[1] + item, minlength=k * shape[1]).reshape(k, shape[1])
            sizes = np.bincount(labels, minlength=k)[:, None]
            rates = (counts + PSEUDO_USERS * overall) / (sizes + PSEUDO_USERS)
            by_segment[k].append(ndcg(ranks_of(rates), labels, train, liked, shape[0]))
    return {k: float(np.nanmean(found) / np.nanmean(by_all)) for k, found in by_segment.items()}


def profile(events: pd.DataFrame, labels: np.ndarray) -> pd.DataFrame:
    """Give the items that each segment takes up most beyond everybody."""
    counts = events.assign(segment=labels[events["user"].to_numpy()]).groupby(["segment", "item"])["rating"]
    found = counts.agg(["size", "mean"]).reset_index()
    sizes, overall = np.bincount(labels), events["item"].value_counts()
    share = found["size"] / sizes[found["segment"]]
    found["index"] = 100 * share / (found["item"].map(overall) / len(labels))
    found = found[share > 0.05].sort_values(["segment", "index"], ascending=[True, False])
    return found.groupby("segment").head(N_TOP)


def search(
    events: pd.DataFrame, shape: tuple[int, int], ks: range, *, samples: bool
) -> tuple[dict[int, np.ndarray], pd.DataFrame]:
    """Cluster for every k and give the labels with the sheet of measures."""
    points = embed(events["user"].to_numpy(), events["item"].to_numpy(), shape, 0)
    labels, sheet = {}, []
    for k in ks:
        labels[k] = cluster(points, k, 0)
        share = np.bincount(labels[k]).min() / len(points)
        silhouette = silhouette_score(points, labels[k], sample_size=min(SAMPLE, len(points)), random_state=0)
        sheet.append((k, silhouette, share, stability(points, labels[k], k, DRAWN if samples else None)))
        print(f"k = {k}: {time.perf_counter():.0f}", flush=True)
    found = pd.DataFrame(sheet, columns=["k", "silhouette", "share", "stability"]).set_index("k")
    return labels, found.assign(lift=pd.Series(lifts(events, shape, ks, samples=samples)))


def main() -> None:
    """Do all of it, and write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--k", type=int, nargs=2, default=(2, 15))
    parser.add_argument("--samples", action="store_true", help="of users, as large as Coterie's")
    asked = parser.parse_args()
    rows = load(asked.table)
    users, user_ids = pd.factorize(rows["userId"], sort=True)
    items, item_ids = pd.factorize(rows["movieId"], sort=True)
    events = pd.DataFrame({"user": users, "item": items, "rating": rows["rating"], "liked": rows["rating"] >= LIKED})
    del rows
    shape, ks = (len(user_ids), len(item_ids)), range(asked.k[0], asked.k[1] + 1)
    labels, sheet = search(events, shape, ks, samples=asked.samples)
    fit = sheet[(sheet["stability"] >= MIN_STABILITY) & (sheet["share"] >= MIN_SHARE)]
    k = int((fit if len(fit) else sheet)["lift"].idxmax())
    top = profile(events, labels[k])
    asked.folder.mkdir(parents=True, exist_ok=True)
    top.assign(item=item_ids[top["item"]]).to_csv(asked.folder / "top_items.csv", index=False)
    pd.DataFrame({"user_id": user_ids, "segment": labels[k]}).to_csv(asked.folder / "assignments.csv", index=False)
    summary = {"k": k, "lift": sheet.loc[k, "lift"], "stability": sheet.loc[k, "stability"]}
    (asked.folder / "summary.json").write_text(json.dumps(summary))


if __name__ == "__main__":
    main()
