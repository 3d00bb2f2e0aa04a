"""Look-alike audiences of planted seeds: how many hidden seeds are found, against random, activity and the segment.

    python bench/quality/lookalike.py [--users 3000] [--draws 5] [--seeds 20 60 200]

The built-in sample has five planted groups, told apart by taste alone, and the run reads nothing of which user is of
which. Seeds are drawn from one group; a fifth of them at a time is hidden among everybody else and looked for
(``coterie.lookalike``). A reach of 10 % holds a tenth of those ranked, and of a larger group no more can be found than
fit in it: the column *best*, of somebody who knows the groups.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

import coterie
from coterie.randomness import generator
from coterie.sources.sample import write_sample

QUICK = "\n[evaluation]\nsplits = 2\nbootstraps = 5\nseeds = 2\n"
BY = ("classifier", "centroid", "segment", "activity")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--users", type=int, default=3000)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[20, 60, 200])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = write_sample(Path(folder), n_users=asked.users, with_truth=True)
        config.write_text(config.read_text() + QUICK)
        run = coterie.run(config, threads=1)
        truth = pl.read_csv(Path(folder) / "truth.csv", infer_schema=False)
        groups = {
            name: np.array(sorted(set(part["user_id"]) & set(run.assignments()["user_id"])))
            for (name,), part in truth.group_by("segment")
        }
        print("| group | users | seeds | best | " + " | ".join(BY) + " | times random | draws >= 3x random |")
        print("|---|---|---|---|" + "---|" * len(BY) + "---|---|")
        for name, members in sorted(groups.items()):
            for n in asked.seeds:
                if n <= 0.8 * len(members):
                    _row(run, name, members, n, asked.draws)


def _row(run: coterie.Run, name: str, members: np.ndarray, n: int, draws: int) -> None:
    found: dict[str, list[float]] = {by: [] for by in BY}
    for draw in range(draws):
        seeds = generator(7, "bench", "lookalike", name, n, draw).choice(members, n, replace=False)
        hidden = coterie.lookalike(run, seeds.tolist()).audience.hidden
        assert hidden is not None
        for by in BY:
            found[by].append(hidden.at(by, 0.1).recall.value)
    means = {by: float(np.mean(values)) for by, values in found.items()}
    n_users = run.assignments().height
    known = 0.8 * n  # seeds that are not hidden are not ranked
    best = min(1.0, 0.1 * (n_users - known) / (len(members) - known))
    enough = np.mean([value >= 0.3 for value in found["classifier"]])
    cells = " | ".join(f"{means[by]:.0%}" for by in BY)
    times = means["classifier"] / 0.1
    print(f"| {name} | {len(members):,} | {n} | {best:.0%} | {cells} | {times:.1f} | {enough:.0%} |", flush=True)


if __name__ == "__main__":
    main()
