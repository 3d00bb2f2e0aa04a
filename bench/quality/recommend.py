"""Do the recommenders hold their own: MovieLens 100K, one fixed random 80/20, beside `implicit` and a plain EASE.

    OMP_NUM_THREADS=1 python bench/quality/recommend.py [--data FOLDER_OF_ML_100K] [--json FILE]

A fifth of all ratings is held out at random, another fifth with another ``--seed``. Ratings of 4 and 5 are likes;
everything is fitted on the training part alone, and settings are chosen on a validation part of it, the same for all:
those of `implicit` on a grid of factors, confidences and penalties, those of the plain EASE, ten lines of NumPy, on
the same penalties. `implicit` is shown as it comes, too. The whole catalogue is ranked, less what a user has in the
training part. Intervals are of 95 % over users, differences paired.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from coterie.activation.recommending import choosing
from coterie.activation.recommending.ease import EASE
from coterie.activation.recommending.measuring import Measured, absolute_of, errors, mean_of, measured, root_of
from coterie.activation.recommending.tastes import Tastes, tastes_of
from coterie.parallel import single_libraries
from coterie.randomness import generator
from coterie.selection.lift import hold_out

DATA = Path(__file__).parents[3] / "shared" / "data" / "ml-100k"
SEED, HELD, LIKED = 7, 0.2, 4.0
FACTORS, CONFIDENCES, PENALTIES = (32, 64), (1.5, 3.0, 9.0, 21.0), (0.01, 1.0, 10.0, 20.0, 30.0, 50.0, 70.0, 100.0)
Floats = npt.NDArray[np.float32]
Scored = Callable[[Tastes], Floats]


class Peer:
    """Scores of all users, made at once; ``segments`` of the tastes carry the number of each user."""

    def __init__(self, scores: Floats) -> None:
        self._scores = np.asarray(scores, np.float32)

    def scores(self, tastes: Tastes) -> Floats:
        return self._scores[tastes.segments]


def ratings(folder: Path) -> Tastes:
    """Read u.data as tastes whose segments are the users' numbers."""
    rows = np.loadtxt(folder / "u.data", dtype=np.int64)
    users, items = rows[:, 0] - 1, rows[:, 1] - 1
    order = np.lexsort((items, users))
    users, items, values = users[order], items[order], rows[order, 2].astype(np.float64)
    shape = (int(users.max()) + 1, int(items.max()) + 1)
    numbers = np.arange(shape[0], dtype=np.int32)
    return tastes_of(users, items, values, values >= LIKED, shape=shape, segments=numbers)


def plain_ease(train: Tastes, penalty: float) -> Peer:
    """Steck (2019), as in the paper's appendix."""
    X = train.liked_cells.toarray()
    G = X.T @ X
    G[np.diag_indices(len(G))] += penalty
    P = np.linalg.inv(G)
    B = P / -np.diag(P)
    B[np.diag_indices(len(B))] = 0
    return Peer(X @ B)


def implicit_als(train: Tastes, factors: int, confidence: float, penalty: float) -> Peer:
    """`implicit`'s als; its confidence of a like is ``confidence``, where Coterie's is 1 + alpha."""
    from implicit.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    model = AlternatingLeastSquares(
        factors=factors, alpha=confidence, regularization=penalty, iterations=15, random_state=SEED, num_threads=1
    )
    model.fit(csr_matrix(train.liked_cells.astype(np.float32)), show_progress=False)
    return Peer(np.asarray(model.user_factors) @ np.asarray(model.item_factors).T)


def best(make: Callable[..., Peer], grid: list[tuple[Any, ...]], train: Tastes) -> tuple[Any, ...]:
    """Choose by NDCG@10 on the validation part that Coterie's own are chosen by."""
    held = hold_out(train.users, choosing.HELD, generator(SEED, "recommender-validation"))
    part, rest = train.only(~held), train.only(held)
    users = np.arange(train.n_users)
    scores = [measured(make(part, *one), part, rest, users).ndcg.mean() for one in grid]  # type: ignore[arg-type]
    return grid[int(np.argmax(scores))]


def own(train: Tastes, name: str) -> tuple[Any, dict[str, Any]]:
    settings = choosing.choose(name, {}, train, SEED)
    with single_libraries():
        fitted = choosing.make(name, settings.options).fit(train, generator(SEED, "recommender", name))
    return fitted, dict(settings.options)


def told(one: Any) -> str:
    return f"{one.value:.4f} ({one.low:.4f} to {one.high:.4f})"


def ranked(train: Tastes, held: Tastes) -> dict[str, tuple[Measured, str]]:
    """Measure all rankings on the held-out part."""
    users = np.arange(train.n_users)
    nobody = replace(train, segments=np.full(train.n_users, -1, np.int32))
    found: dict[str, tuple[Measured, str]] = {}
    for name in ("popularity", "itemitem", "ease", "als"):
        fitted, options = own(nobody, name)
        found[f"coterie {name}"] = measured(fitted, nobody, held, users), str(options)
    (penalty,) = best(plain_ease, [(one["penalty"],) for one in EASE.tried], train)
    found["plain EASE"] = measured(plain_ease(train, penalty), train, held, users), f"penalty {penalty:g}"  # type: ignore[arg-type]
    chosen = best(implicit_als, list(product(FACTORS, CONFIDENCES, PENALTIES)), train)
    how = "factors {}, alpha {:g}, regularization {:g}".format(*chosen)
    found["implicit als"] = measured(implicit_als(train, *chosen), train, held, users), how  # type: ignore[arg-type]
    as_it_comes = implicit_als(train, 100, 1.0, 0.01)
    found["implicit als, as it comes"] = measured(as_it_comes, train, held, users), "its defaults"  # type: ignore[arg-type]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seed", type=int, default=SEED, help="of the split")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # implicit's, of BLAS threads
    tastes = ratings(asked.data)
    held = generator(asked.seed, "bench-recommend").random(tastes.cells.nnz) < HELD
    train, rest = tastes.only(~held), tastes.only(held)
    print(f"{train.cells.nnz:,} ratings to learn from, {rest.cells.nnz:,} held out\n")
    found = ranked(train, rest)
    print("| | NDCG@10 | Recall@20 | MAP | settings |\n|---|---|---|---|---|")
    for name, (one, how) in found.items():
        print(f"| {name} | {told(mean_of(one.ndcg))} | {told(mean_of(one.recall))} | {mean_of(one.precision).value:.4f} | {how} |")  # fmt: skip  # noqa: E501
    print("\n| difference | NDCG@10 | Recall@20 |\n|---|---|---|")
    for mine, other in product(("coterie ease", "coterie als"), ("plain EASE", "implicit als", "implicit als, as it comes")):  # fmt: skip  # noqa: E501
        a, b = found[mine][0], found[other][0]
        print(f"| {mine} - {other} | {told(mean_of(a.ndcg - b.ndcg))} | {told(mean_of(a.recall - b.recall))} |")
    fitted, options = own(train, "ratings")
    off = errors(fitted, train, rest)
    rmse, mae = root_of(off, rest.users), absolute_of(off, rest.users)
    print(f"\ncoterie ratings: RMSE {told(rmse)}, MAE {told(mae)}; {options}, penalty {fitted.als.regularisation:g}")
    if asked.json:
        body = {name: {"ndcg": one.ndcg.mean(), "recall": one.recall.mean()} for name, (one, _) in found.items()}
        asked.json.write_text(json.dumps({**body, "rmse": rmse.value, "mae": mae.value}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
