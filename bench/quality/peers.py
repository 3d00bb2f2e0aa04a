"""Coterie's default beside what others do by default: the same ratings, the same held-out events, the same resampling.

    python bench/quality/peers.py [--data FOLDER_OF_ML_100K] [--users 1500] [--splits 2] [--json FILE] [--ways ...]

A fifth of every user's ratings is held out before any way sees them, and every way, Coterie's whole search included,
starts anew from the rest: what it chooses by is not what it is judged on. Lift is that of ``coterie.selection.lift``;
users whom a way leaves out are ranked for by global popularity, and users without held-out likes are skipped.

Stability is the bootstrap Jaccard of ``coterie.selection.stability``, on all ratings, with the same draws of users for
every way and its settings fixed: "fixed" clusters them anew in the space of the fit, "whole" makes the space anew too,
from the distinct users of a draw. Users whom a way leaves out count for no segment, so a way that keeps but a few
users may well be stable.

Seconds, processor seconds and peak memory are those of the process that goes the whole way on all ratings. Peers read
cleaned ratings and end at labels; Coterie's also checks and cleans the raw tables and ends at proof, profiles and
report. UMAP and hdbscan come from the extra "bench", into bench/out/venv, not into Coterie's environment; they are
imported and run once before anything is timed, but most of what Numba compiles is compiled anew in every process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import adjusted_rand_score
from ways import COTERIE, NAMES, TITLES

from coterie import project
from coterie.config import load_config
from coterie.engines import local
from coterie.features.assembling import entity_ids, make_features
from coterie.randomness import generator
from coterie.runs.steps import scan_sources
from coterie.selection import gains, heldout
from coterie.selection.lift import Mask, Pairs, lift_of, ndcg_by_user
from coterie.sources.sample import write_sample
from coterie.tables.build import build_tables
from coterie.terms import ITEM, NOISE, USER, VALUE

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
DATA = REPOSITORY.parent / "shared" / "data" / "ml-100k"
ENVIRONMENT = REPOSITORY / "bench" / "out" / "venv"
NEEDS_ENVIRONMENT = "bertopic"
LIBRARIES = ("coterie", "numpy", "scipy", "scikit-learn", "polars")
THEIRS = ("umap-learn", "hdbscan", "numba", "numpy", "scikit-learn")
SHARE, PSEUDO_USERS = 0.2, 20.0
AHEAD = "ahead"
WARM = (
    "import numpy as n, umap, hdbscan; u = umap.UMAP(n_components=5, metric='cosine', random_state=1, n_jobs=1); "
    "hdbscan.HDBSCAN(min_cluster_size=10).fit(u.fit_transform(n.random.default_rng(1).random((200, 50))))"
)
LAUNCHER = (
    "import resource, subprocess, sys; status = subprocess.run(sys.argv[1:], stdout=sys.stderr).returncode; "
    "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime, used.ru_maxrss); "
    "sys.exit(status if status >= 0 else 1)"
)
Labels = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Split:
    pairs: Pairs
    held: Mask
    part: Path


@dataclass(frozen=True)
class Ground:
    """One data set, all of it and without each split's held-out events; (n,) sorted users, (n,) planted segments."""

    name: str
    part: Path
    users: npt.NDArray[np.str_]
    splits: tuple[Split, ...]
    planted: npt.NDArray[np.str_] | None


@dataclass(frozen=True)
class Raw:
    """The raw file of events: users and items stand in its first two columns."""

    name: str
    separator: str
    has_header: bool

    def take_out(self, folder: Path, gone: pl.DataFrame) -> None:
        """Take held-out events out of a copy."""
        rows = pl.read_csv(folder / self.name, separator=self.separator, has_header=self.has_header, infer_schema=False)
        left = rows.join(gone, left_on=rows.columns[:2], right_on=[USER, ITEM], how="anti", maintain_order="left")
        left.write_csv(folder / self.name, separator=self.separator, include_header=self.has_header)


@dataclass(frozen=True)
class Row:
    """One way on one data set; ``failure`` says why there is nothing."""

    data: str
    way: str
    k: int = 0
    split_ks: tuple[int, ...] = ()
    unassigned: float = 1.0
    lift: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    jaccard: tuple[float, ...] = ()
    jaccard_whole: tuple[float, ...] = ()
    planted_ari: float | None = None
    seconds: float = 0.0
    processor_s: float = 0.0
    peak_mb: float = 0.0
    failure: str = ""


@dataclass(frozen=True)
class Cost:
    seconds: float
    processor_s: float
    peak_mb: float


class WayError(Exception):
    """A process of a way ended badly."""


def measured(command: list[str], log: Path) -> Cost:
    """Run a whole process; the cost is its own and its children's.

    A small process stands between, since a process counts the memory of the one that it was forked from as its own.
    """
    start = time.perf_counter()
    with log.open("w") as told:
        launched = [sys.executable, "-I", "-S", "-c", LAUNCHER, *command]
        done = subprocess.run(launched, stdout=subprocess.PIPE, stderr=told, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise WayError(f"ended with status {done.returncode}: {log.read_text().strip()[-300:]}")
    processor_s, peak = (float(number) for number in done.stdout.split())
    return Cost(seconds, processor_s, peak / (1_000_000 if sys.platform == "darwin" else 1000))


def environment() -> str:
    """Give the Python that has UMAP and hdbscan; make it where it is missing.

    Raises:
        WayError: it cannot be made here.
    """
    python = ENVIRONMENT / "bin" / "python"
    ENVIRONMENT.parent.mkdir(parents=True, exist_ok=True)
    log = ENVIRONMENT.with_suffix(".log")
    measured([sys.executable, "-m", "venv", str(ENVIRONMENT)], log)
    measured([str(python), "-m", "pip", "install", "--quiet", "-e", f"{REPOSITORY}[bench]"], log)
    cost = measured([str(python), "-c", WARM], log)
    shown = "import importlib.metadata as m, sys; print(*(f'{n} {m.version(n)}' for n in sys.argv[1:]), sep=', ')"
    told = subprocess.run([str(python), "-c", shown, *THEIRS], capture_output=True, text=True, check=True).stdout
    print(f"Of the peers' environment: {told.strip()}; compiled and tried out in {cost.seconds:.0f} s.", flush=True)
    return str(python)


def film_ground(folder: Path, data: Path, asked: argparse.Namespace) -> Ground:
    part = folder / "films" / "all"
    part.mkdir(parents=True)
    for name in ("u.data", "u.user", "u.item", "u.genre"):
        shutil.copy(data / name, part)
    users, splits = held_out(part, Raw("u.data", "\t", has_header=False), asked)
    return Ground("MovieLens 100K", part, users, splits, None)


def sample_ground(folder: Path, asked: argparse.Namespace) -> Ground:
    part = folder / "sample" / "all"
    write_sample(part, n_users=asked.users, with_truth=True)
    truth = pl.read_csv(part / "truth.csv", infer_schema=False)
    # Nobody may see the truth, nor a config that was written by hand.
    (part / "truth.csv").unlink()
    (part / "coterie.toml").unlink()
    users, splits = held_out(part, Raw("ratings.csv", ",", has_header=True), asked)
    planted = pl.DataFrame({USER: users}).join(truth, on=USER, how="left", maintain_order="left")[:, -1]
    return Ground(f"built-in sample, {asked.users:,} users", part, users, splits, planted.to_numpy())


def held_out(part: Path, raw: Raw, asked: argparse.Namespace) -> tuple[npt.NDArray[np.str_], tuple[Split, ...]]:
    """Check and clean the tables as the config of ``coterie init`` says, and hold events out; give users and splits."""
    config = load_config(project.init(part, part.with_suffix(".toml")))
    built = build_tables(config, scan_sources(config, part.parent)).tables
    table = heldout.event_table(config, built)
    assert table is not None
    found = heldout.catalogue(table, entity_ids(make_features(config), built), heldout.positive_floor(config, table))
    clean = local.collect(table.frame).select(USER, ITEM, VALUE)
    clean.write_parquet(part.with_suffix(".parquet"))
    made = []
    for number in range(asked.splits):
        held = found.hold_out(SHARE, generator(asked.seed, "peers-hold-out", number))
        gone = pl.DataFrame({USER: found.users[found.pairs.users[held]], ITEM: found.items[found.pairs.items[held]]})
        to = part.with_name(f"split-{number}")
        shutil.copytree(part, to)
        clean.join(gone, on=[USER, ITEM], how="anti").write_parquet(to.with_suffix(".parquet"))
        raw.take_out(to, gone)
        made.append(Split(found.pairs, held, to))
    return found.users, tuple(made)


def aligned(file: Path, users: npt.NDArray[np.str_]) -> Labels:
    """(n,) labels in the order of the users; NOISE for those whom the way left out, or never saw."""
    found = np.load(file)
    place = np.searchsorted(users, found["ids"])
    place = np.minimum(place, len(users) - 1)
    known = users[place] == found["ids"]
    labels = np.full(len(users), NOISE, np.int32)
    labels[place[known]] = found["labels"][known]
    return labels


@dataclass(frozen=True)
class Fitted:
    """A way's labels on all events and on each split, and what the first cost."""

    labels: Labels
    by_split: tuple[Labels, ...]
    file: Path
    cost: Cost


def fitted(ground: Ground, way: str, python: str, seed: int) -> Fitted:
    """Go a way, process by process."""

    def go(part: Path) -> tuple[Path, Cost]:
        out = part.with_name(f"{part.name}-{way}.npz")
        command = [python, str(HERE / "ways.py"), "fit", way, str(part), str(out), "--seed", str(seed)]
        return out, measured(command, out.with_suffix(".log"))

    file, cost = go(ground.part)
    by_split = tuple(aligned(go(split.part)[0], ground.users) for split in ground.splits)
    return Fitted(aligned(file, ground.users), by_split, file, cost)


def scores(ground: Ground, found: Fitted) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(splits, n) NDCG@10 by segment, and by global popularity."""
    by_segment, by_all = [], []
    for split, labels in zip(ground.splits, found.by_split, strict=True):
        segment, overall = ndcg_by_user(split.pairs, split.held, [labels], PSEUDO_USERS)
        by_segment.append(segment)
        by_all.append(overall)
    return np.stack(by_segment), np.stack(by_all)


def steadiness(task: tuple[Ground, str, str, Fitted, argparse.Namespace]) -> dict[str, list[float]]:
    ground, way, python, found, asked = task
    out = found.file.with_suffix(".json")
    command = [python, str(HERE / "ways.py"), "stability", way, str(ground.part), str(out), "--labels", str(found.file)]
    command += ["--seed", str(asked.seed), "--draws", str(asked.draws), "--whole", str(asked.whole)]
    measured(command, out.with_suffix(".stability.log"))
    kept: dict[str, list[float]] = json.loads(out.read_text())
    return kept


def row_of(ground: Ground, way: str, found: Fitted, steady: dict[str, list[float]]) -> Row:
    lift = lift_of(*scores(ground, found), found.labels).lift
    ari = None if ground.planted is None else float(adjusted_rand_score(ground.planted, found.labels))
    return Row(
        ground.name,
        way,
        int(found.labels.max()) + 1,
        tuple(int(labels.max()) + 1 for labels in found.by_split),
        float(np.mean(found.labels == NOISE)),
        lift.value,
        lift.low,
        lift.high,
        tuple(steady["fixed"]),
        tuple(steady["whole"]),
        ari,
        **asdict(found.cost),
    )


def compare(ground: Ground, asked: argparse.Namespace, pythons: dict[str, str]) -> tuple[list[Row], list[str]]:
    """Measure every way on one data set; fits one after the other, since they are timed, resampling side by side."""
    kept: dict[str, Fitted] = {}
    rows: dict[str, Row] = {}
    for way in asked.ways:
        if way not in pythons:
            rows[way] = Row(ground.name, way, failure=asked.missing)
            continue
        try:
            kept[way] = fitted(ground, way, pythons[way], asked.seed)
        except WayError as error:
            rows[way] = Row(ground.name, way, failure=str(error))
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(steadiness, [(ground, way, pythons[way], one, asked) for way, one in kept.items()])
        for (way, one), steady in zip(kept.items(), found, strict=True):
            rows[way] = row_of(ground, way, one, steady)
    told = _differences(ground, kept, rows) if COTERIE in kept else []
    return [rows[way] for way in asked.ways], told


def _differences(ground: Ground, kept: dict[str, Fitted], rows: dict[str, Row]) -> list[str]:
    """Say for each peer whether Coterie is ahead of it on lift and on stability, the difference paired over users."""
    mine, ids = gains.of_lift(*scores(ground, kept[COTERIE])), (ground.users, ground.users)
    lines = []
    for way in (way for way in kept if way != COTERIE):
        theirs = gains.of_lift(*scores(ground, kept[way]))
        difference = rows[COTERIE].lift - rows[way].lift
        margin = 1.96 * gains.error_of_difference(mine, theirs, ids=ids)
        lift = AHEAD if difference > margin else "behind" if difference < -margin else "not told apart"
        fixed = _steadier(rows[COTERIE].jaccard, rows[way].jaccard)
        whole = _steadier(rows[COTERIE].jaccard_whole, rows[way].jaccard_whole)
        together = "ahead on both" if lift == fixed == AHEAD else "NOT ahead on both"
        lines.append(
            f"- {ground.name}, against {TITLES[way]}: {together}. Lift {difference:+.3f} (+-{margin:.3f}): {lift}; "
            f"stability in the fixed space: {fixed}; with the space made anew: {whole}."
        )
    return lines


def _steadier(mine: tuple[float, ...], theirs: tuple[float, ...]) -> str:
    """Say whether both the mean and the least Jaccard are higher; a peer without segments has nothing that holds."""
    if not mine or not theirs:
        return AHEAD if mine else "behind"
    better = (np.mean(mine) > np.mean(theirs), min(mine) > min(theirs))
    if all(better):
        return AHEAD
    return "behind" if not any(better) else f"only the {'mean' if better[0] else 'least'} Jaccard is higher"


HEAD = (
    "| way | k (splits) | unassigned | lift (95 %) | Jaccard mean / least, fixed | whole | planted ARI | s | "
    "processor s | peak MB |"
)


def line(row: Row) -> str:
    if row.failure:
        return f"| {TITLES[row.way]} | not measured: {' '.join(row.failure.split())} |" + " |" * 8
    ari = "" if row.planted_ari is None else f"{row.planted_ari:.3f}"
    return (
        f"| {TITLES[row.way]} | {row.k} ({', '.join(map(str, row.split_ks))}) | {row.unassigned:.0%} | {row.lift:.3f} "
        f"({row.low:.3f} to {row.high:.3f}) | {_jaccard(row.jaccard)} | {_jaccard(row.jaccard_whole)} | {ari} | "
        f"{row.seconds:.1f} | {row.processor_s:.1f} | {row.peak_mb:,.0f} |"
    )


def _jaccard(values: tuple[float, ...]) -> str:
    return f"{np.mean(values):.3f} / {min(values):.3f}" if values else "no segments"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", maxsplit=1)[0], epilog=__doc__.split("\n\n", maxsplit=2)[2]
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the original ml-100k folder")
    parser.add_argument("--users", type=int, default=1500, help="of the sample")
    parser.add_argument("--splits", type=int, default=2, help="times that events are held out")
    parser.add_argument("--draws", type=int, default=30, help="bootstrap samples in the fixed space")
    parser.add_argument("--whole", type=int, default=5, help="bootstrap samples with the space made anew")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--ways", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    print(f"`{shlex.join(['python', *sys.argv])}`; {os.cpu_count()} processors, {platform.machine()}, Python ", end="")
    print(f"{platform.python_version()}, {', '.join(f'{name} {version(name)}' for name in LIBRARIES)}.", flush=True)
    pythons = {way: sys.executable for way in NAMES if way != NEEDS_ENVIRONMENT}
    if NEEDS_ENVIRONMENT in asked.ways:
        try:
            pythons[NEEDS_ENVIRONMENT] = environment()
        except WayError as error:
            asked.missing = f"umap-learn and hdbscan could not be installed or run: {error}"
    folder = Path(tempfile.mkdtemp(prefix="coterie-peers-"))
    rows, told = [], []
    try:
        grounds = [sample_ground(folder, asked)]
        if asked.data.is_dir():
            grounds.insert(0, film_ground(folder, asked.data, asked))
        else:
            print(f"MovieLens 100K is left out: there is no '{asked.data}'.")
        for ground in grounds:
            found, said = compare(ground, asked, pythons)
            print("\n".join(["", f"### {ground.name}", "", HEAD, "|" + "---|" * 10, *map(line, found)]), flush=True)
            rows, told = rows + found, told + said
    finally:
        shutil.rmtree(folder)
    print("\n".join(["", *told]))
    if asked.json:
        asked.json.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows))


if __name__ == "__main__":
    main()
