"""What the whole way gives and costs: the built-in sample, and MovieLens 100K where it is.

    python bench/spine.py [--data FOLDER_OF_ML_100K]

Each run is a process of its own, from an empty cache. Keeps its section of bench/RESULTS.md.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from costing import run_cost
from sections import keep, measured
from sklearn.metrics import adjusted_rand_score

import coterie
from coterie.sources.sample import write_sample

HERE = Path(__file__).parent
FILMS = HERE.parent / "examples" / "films" / "coterie.toml"
DATA = HERE.parents[1] / "shared" / "data" / "ml-100k"
LIBRARIES = ("coterie", "numpy", "scipy", "scikit-learn", "polars", "narwhals")


@dataclass(frozen=True)
class Timed:
    """A finished run, with the seconds and the peak memory of its whole process."""

    run: coterie.Run
    seconds: float
    peak_mb: float


def timed_run(config: Path) -> Timed:
    """Run a project in a process of its own."""
    spent, run = run_cost(config)
    return Timed(run, spent.seconds, spent.peak_mb)


def sample_rows(folder: Path) -> list[str]:
    """Run the built-in sample for a few sizes and seeds, and compare with the planted segments."""
    rows = []
    for n_users, seed in ((3000, 7), (3000, 1), (1000, 2), (10_000, 3)):
        config = write_sample(folder / f"sample-{n_users}-{seed}", n_users=n_users, seed=seed, with_truth=True)
        timed = timed_run(config)
        truth = pl.read_csv(config.parent / "truth.csv", schema_overrides={"user_id": pl.String})
        both = timed.run.assignments().join(truth, on="user_id")
        index = adjusted_rand_score(both[truth.columns[-1]], both["segment_id"])
        rows.append(f"| {n_users:,} users, seed {seed} | {index:.3f} | {_facts(timed)} |")
    return rows


def film_rows(folder: Path, data: Path) -> list[str]:
    """Run MovieLens 100K with k searched and with k = 5."""
    text = FILMS.read_text().replace("../../../shared/data/ml-100k", str(data.resolve()))
    rows = []
    for name, config_text in (("k searched, 2 to 15", text), ("k = 5 fixed", text.replace("k = [2, 15]", "k = 5"))):
        place = folder / name.split(",")[0].replace(" ", "")
        place.mkdir()
        (place / "coterie.toml").write_text(config_text)
        timed = timed_run(place / "coterie.toml")
        m = timed.run.manifest
        rows.append(f"| {name} | {m.n_users:,} x {m.n_items:,}, {m.n_events:,} | {_facts(timed)} |")
    return rows


def _facts(timed: Timed) -> str:
    chosen, agreement = timed.run.chosen, timed.run.manifest.agreement
    lift = chosen.lift
    assert lift is not None
    return (
        f"{chosen.k} | {lift.lift.value:.3f} ({lift.lift.low:.3f} to {lift.lift.high:.3f}) | "
        f"{sum(chosen.jaccard) / chosen.k:.3f} | {min(chosen.jaccard):.3f} | "
        f"{agreement.n_agree:,} of {agreement.n_users:,} | {timed.seconds:.1f} | {timed.peak_mb:,.0f}"
    )


COLUMNS = "k | lift (95 %) | mean Jaccard | least Jaccard | frozen model agrees | s | peak MB |"


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="the original ml-100k folder")
    data = parser.parse_args().data
    folder = Path(tempfile.mkdtemp(prefix="coterie-bench-"))
    lines = [
        "## The built-in sample: planted segments found again",
        "",
        f"{measured(LIBRARIES)} Command: `make bench` (`python bench/spine.py`). Five segments are planted; k is "
        "searched from 2 to 10. Seconds and peak memory are those of the whole process, interpreter included, from an "
        "empty cache.",
        "",
        f"| sample | adjusted Rand index | {COLUMNS}",
        "|" + "---|" * 9,
        *sample_rows(folder),
    ]
    if data.is_dir():
        lines += [
            "",
            "## MovieLens 100K",
            "",
            "Command: `make bench`; recipe: `examples/films/coterie.toml`. Basis: taste alone. The data is not in this "
            "repository; its terms forbid it.",
            "",
            f"| run | users x items, ratings | {COLUMNS}",
            "|" + "---|" * 9,
            *film_rows(folder, data),
        ]
    keep("spine", "\n".join(lines))
    shutil.rmtree(folder)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
