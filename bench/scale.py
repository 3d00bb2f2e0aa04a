"""How seconds and memory of ``coterie run`` grow with the table: 1, 5, 25 and 100 million ratings.

    python bench/scale.py --data FOLDER [--shapes 1m 5m 25m 100m]

FOLDER/SHAPE is written by bench/ratings.py where it is not there yet. The search is that of bench/whole.py, read from
Parquet, each run a process of its own from an empty cache. The exponent e of seconds ~ events^e is that of least
squares through the logarithms; 1 is proportional. Users and catalogues grow as well, as those of larger services do.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ratings import SHAPES, write
from sections import keep, measured
from whole import LIBRARIES, coterie_run, recovered

SEED = 42


@dataclass(frozen=True)
class Grown:
    """One run: its table, what the whole process cost, and seconds and peak memory in MB by step."""

    n_events: int
    n_users: int
    n_items: int
    seconds: float
    peak_mb: float
    k: int
    ari: float
    steps: dict[str, tuple[float, float]]


def grown(folder: Path, shape: str) -> Grown:
    """Run the search on a shape's table, which is made first where it is missing."""
    place = folder / shape
    if not (place / "truth.npz").exists():
        write(SHAPES[shape], place, SEED)
    with coterie_run(place / "ratings.parquet") as (spent, run):
        m = run.manifest
        steps = {step.name: (step.seconds, step.peak_mb) for step in m.steps}
        ari = recovered(run.assignments(), place, "segment_id")
        return Grown(m.n_events, m.n_users, m.n_items, spent.seconds, spent.peak_mb, run.chosen.k, ari, steps)


def exponent(events: list[int], amounts: list[float]) -> float:
    """Give e of amount ~ events^e by least squares through the logarithms; NaN of fewer than two."""
    if len(events) < 2:
        return float("nan")
    return float(np.polyfit(np.log(events), np.log(np.maximum(amounts, 1e-3)), 1)[0])


def table(runs: dict[str, Grown]) -> list[str]:
    """Write steps line by line, shapes side by side."""
    found, events = list(runs.values()), [run.n_events for run in runs.values()]
    lines = [f"| | {' | '.join(runs)} | exponent |", "|---" * (len(runs) + 2) + "|"]
    for title, amount in (("events", "n_events"), ("users", "n_users"), ("items", "n_items")):
        lines.append(f"| {title} | {' | '.join(f'{getattr(run, amount):,}' for run in found)} | |")
    for name in found[-1].steps:
        cells = (f"{run.steps[name][0]:.1f} s, {run.steps[name][1]:,.0f} MB" for run in found)
        grows = exponent(events, [run.steps[name][0] for run in found])
        lines.append(f"| {name} | {' | '.join(cells)} | {grows:.2f} |")
    whole = (f"{run.seconds:.1f} s, {run.peak_mb:,.0f} MB" for run in found)
    memory = exponent(events, [run.peak_mb for run in found])
    seconds = exponent(events, [run.seconds for run in found])
    lines.append(f"| **whole process** | {' | '.join(whole)} | {seconds:.2f}; memory {memory:.2f} |")
    lines.append(f"| us per event | {' | '.join(f'{1e6 * run.seconds / run.n_events:.2f}' for run in found)} | |")
    lines.append(f"| k, adjusted Rand index | {' | '.join(f'{run.k}, {run.ari:.3f}' for run in found)} | |")
    return lines


def main() -> None:
    """Measure, and keep the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--shapes", nargs="+", choices=[*SHAPES], default=[*SHAPES])
    asked = parser.parse_args()
    runs = {}
    for shape in asked.shapes:
        runs[shape] = grown(asked.data, shape)
        print(shape, runs[shape], flush=True)
    text = (
        f"## Growth\n\n{measured(LIBRARIES)} Command: `make bench PART=scale DATA=FOLDER`, tables of "
        "`bench/ratings.py` as Parquet, the search of the whole way. Seconds and peak resident memory by step; "
        "seconds ~ events^exponent.\n\n" + "\n".join(table(runs))
    )
    keep("scale", text)
    print(text)


if __name__ == "__main__":
    main()
