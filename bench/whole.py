"""The whole way on a large table: ``coterie run``, and the same search written with pandas and scikit-learn.

    python bench/whole.py --data FOLDER [--rounds 1] [--no-peer]

FOLDER holds ``ratings.csv``, ``ratings.parquet`` and ``truth.npz`` (bench/ratings.py, with ``--csv``). Both read the
CSV and take turns, each a process of its own, Coterie from an empty cache. Beside seconds and peak memory stand the
lift and the adjusted Rand index against the planted segments, and the index of the Bayes classifier (bench/bayes.py),
which no method can be expected to exceed. The peer is bench/peers/pandas_sklearn.py; what it needs comes with
``pip install --editable .[bench]``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import bayes
import polars as pl
from costing import Cost, cost, run_cost
from sections import keep, measured
from sklearn.metrics import adjusted_rand_score

import coterie

HERE = Path(__file__).parent
PEER = HERE / "peers" / "pandas_sklearn.py"
LIBRARIES = ("coterie", "numpy", "scipy", "scikit-learn", "polars", "pandas")
CONFIG = """
[project]
name = "ratings"
seed = 7

[tables.ratings]
role = "events"
source = "{source}"
user = "userId"
item = "movieId"
value = "rating"
time = {{ column = "timestamp", unit = "s" }}
range = [0.5, 5]
duplicates = "last"

[features.taste]
kind = "interactions"
from = "ratings"

[embedding]
method = "svd"
dims = 16
normalise = "degree"

[clustering]
methods = ["kmeans"]
k = [2, 15]
starts = 5

[evaluation]
bootstraps = 20
"""


@dataclass(frozen=True)
class Turn:
    """One contestant's run: what it cost and what it found."""

    cost: Cost
    k: int
    lift: float
    ari: float


@contextmanager
def coterie_run(source: Path) -> Iterator[tuple[Cost, coterie.Run]]:
    """Run the search on a table, from an empty cache, and give its cost and the finished run."""
    with tempfile.TemporaryDirectory(prefix="coterie-bench-") as folder:
        config = Path(folder) / "coterie.toml"
        config.write_text(CONFIG.format(source=source.resolve()))
        yield run_cost(config)


def coterie_turn(folder: Path) -> Turn:
    with coterie_run(folder / "ratings.csv") as (spent, run):
        lift = run.chosen.lift
        if lift is None:
            raise SystemExit("the run measured no lift")
        return Turn(spent, run.chosen.k, lift.lift.value, recovered(run.assignments(), folder, "segment_id"))


def peer_turn(folder: Path, options: Sequence[str] = ()) -> Turn:
    with tempfile.TemporaryDirectory(prefix="coterie-peer-") as out:
        spent = cost([sys.executable, str(PEER), str(folder / "ratings.csv"), out, *options])
        summary = json.loads((Path(out) / "summary.json").read_text())
        found = pl.read_csv(Path(out) / "assignments.csv")
        return Turn(spent, summary["k"], summary["lift"], recovered(found, folder, "segment"))


def recovered(assignments: pl.DataFrame, folder: Path, column: str) -> float:
    """Give the adjusted Rand index of assignments, by ``user_id``, against the planted segments."""
    truth = bayes.planted_segments(folder)
    rows = assignments.select(pl.col("user_id").cast(pl.Int64), pl.col(column).cast(pl.String).fill_null("none"))
    users = rows["user_id"].to_numpy() - 1
    return float(adjusted_rand_score(truth[users], rows[column].to_numpy()))


def table(turns: dict[str, list[Turn]]) -> list[str]:
    """Write contestants line by line, their ratios taken round by round."""
    lines = [
        "| | s | times Coterie's | processor s | peak MB | k | lift | adjusted Rand index |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for who, found in turns.items():
        ratios = (one.cost.seconds / own.cost.seconds for one, own in zip(found, turns["Coterie"], strict=True))
        seconds, cpu_s, peak = (
            median(getattr(one.cost, name) for one in found) for name in ("seconds", "cpu_s", "peak_mb")
        )
        last = found[-1]
        lines.append(
            "| {} | {:,.1f} | {} | {:,.1f} | {:,.0f} | {} | {:.3f} | {:.3f} |".format(
                who, seconds, ", ".join(f"{ratio:.2f}" for ratio in ratios), cpu_s, peak, last.k, last.lift, last.ari
            )
        )
    return lines


def limits(folder: Path) -> str:
    """Say how well anybody can tell the segments."""
    names = {
        "bayes_items": "knowing how the table was made, from items alone",
        "bayes_items_and_ratings": "from items and ratings",
        "cross_fitted": "from items, learning the segments from half of the users",
    }
    found = bayes.limits(folder)
    return "Bayes-optimal adjusted Rand index: " + "; ".join(f"{found[n]:.3f} {names[n]}" for n in names if n in found)


def millions(folder: Path) -> int:
    """Give the size of the table in millions of rows."""
    return round(pl.scan_parquet(folder / "ratings.parquet").select(pl.len()).collect().item() / 1e6)


def section(turns: dict[str, list[Turn]], asked: argparse.Namespace) -> str:
    """Write what was measured, how, and the table."""
    counts = pl.len(), pl.col("userId", "movieId").n_unique()
    n, users, items = pl.scan_parquet(asked.data / "ratings.parquet").select(*counts).collect().row(0)
    return (
        f"## The whole way, {millions(asked.data)} million ratings\n\n{measured(LIBRARIES)} Command: `make bench "
        f"PART=whole DATA=FOLDER`, {asked.rounds} round(s), on {n:,} ratings of {users:,} users and {items:,} items, "
        "from CSV to report: SVD 16, k = 2 to 15 with 5 starts, 20 bootstraps, lift on 5 splits. Whole processes, from "
        "an empty cache.\n\n" + "\n".join(table(turns)) + f"\n\n{limits(asked.data)}."
    )


def main() -> None:
    """Measure, and keep the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--no-peer", action="store_true")
    asked = parser.parse_args()
    contestants: dict[str, Callable[[Path], Turn]] = {"Coterie": coterie_turn}
    if not asked.no_peer:
        sampling = "pandas + scikit-learn, on samples as large as Coterie's"
        contestants |= {sampling: partial(peer_turn, options=("--samples",)), "pandas + scikit-learn": peer_turn}
    turns: dict[str, list[Turn]] = {who: [] for who in contestants}
    for _ in range(asked.rounds):
        for who, contestant in contestants.items():
            turns[who].append(contestant(asked.data))
            print(who, turns[who][-1], flush=True)
    keep(f"whole-{millions(asked.data):04}", section(turns, asked))


if __name__ == "__main__":
    main()
