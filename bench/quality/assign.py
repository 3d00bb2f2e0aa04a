"""Does the rule for newcomers keep what the fit says: every clusterer that is installed, on three kinds of data.

    python bench/quality/assign.py [--data FOLDER_OF_ML_100K] [--users 1500] [--json FILE]

Methods that read points cluster the SVD of MovieLens 100K and of the built-in sample in 16 dimensions; those that read
columns cluster a planted survey (600 people in 4 segments answer 12 questions of 4 categories; for k-prototypes two
numbers beside them) and the people of the sample. Those told the number of clusters are fitted at 2, 5 and 10, the
others at each setting that the search would try, with noise kept and with noise assigned; each with the kinds that it
has (linkages, covariances, strategies, selections). Every fit is asked three things:

- to which share of the rows of the fit ``assign`` gives the label of the fit; the least over the fits is shown.
- how many of 10,000 random points get the number of a cluster that the fit did not have, and which share of them is
  noise, that is no cluster; the points are as wide as the data, ten times, and a hundred times as wide, and, for
  columns, people who answer at random.
- whether the model, saved and loaded, gives labels, strengths and distances of the same bits to all of these.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from pipeline import checked, config_of

from coterie import frozen, plugins, project
from coterie.clustering.bisecting import STRATEGIES
from coterie.clustering.contract import Assignment, FittedClusterer
from coterie.clustering.hdbscan import SELECTIONS
from coterie.clustering.hierarchy import LINKAGES
from coterie.clustering.mixture import COVARIANCES
from coterie.clustering.noise import NOISE_RULES
from coterie.config import Config, load_config
from coterie.errors import DataError
from coterie.features.assembling import entity_ids, make_features
from coterie.model import fit_space
from coterie.parallel import single_threaded
from coterie.randomness import generator
from coterie.runs.steps import scan_sources
from coterie.selection.trials import counts_clusters, make_clusterer, reads_categories
from coterie.sources.sample import write_sample
from coterie.tables import Tables
from coterie.tables.build import build_tables
from coterie.terms import NOISE, USER, USERS

DATA = Path(__file__).parents[3] / "shared" / "data" / "ml-100k"
SEED, KS, N_RANDOM, DIMS = 7, (2, 5, 10), 10_000, 16
N_PEOPLE, N_SEGMENTS, N_QUESTIONS, N_CATEGORIES = 600, 4, 12, 4
KINDS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "agglomerative": {"linkage": LINKAGES},
    "gmm": {"covariance": COVARIANCES},
    "bisecting": {"bisecting_strategy": STRATEGIES},
    "dbscan": {"noise": NOISE_RULES},
    "hdbscan": {"noise": NOISE_RULES, "selection": SELECTIONS},
}
LIBRARIES = ("coterie", "numpy", "scipy", "scikit-learn", "polars")
Points = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Ground:
    """(n, d) points to cluster; names of the (d,) columns where they are columns, () where an embedding made them."""

    name: str
    points: Points
    columns: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Fit:
    """What one fit answered; ``failure`` says why there was none."""

    method: str
    data: str
    settings: Mapping[str, Any]
    k: int = 0
    noise: float = 0.0
    agreement: float = float("nan")
    unseen: int = 0
    random_noise: float = 0.0
    is_bit_equal: bool = False
    seconds: float = 0.0
    failure: str = ""


def random_points(ground: Ground, rng: np.random.Generator) -> Points:
    """Give points near and far; people who answer at random first where the points are columns."""
    n, d = N_RANDOM, ground.points.shape[1]
    centre, spread = ground.points.mean(axis=0), ground.points.std(axis=0) + 1e-6
    wide = centre + spread * rng.choice([1.0, 10.0, 100.0], (n, 1)) * rng.normal(size=(n, d))
    if ground.columns:
        # Each column's answer is somebody's, so attributes may have no answer, or several.
        wide[: n // 2] = np.take_along_axis(ground.points, rng.integers(0, len(ground.points), (n // 2, d)), axis=0)
    return wide.astype(np.float32)


def same(one: Assignment, other: Assignment) -> bool:
    names = ("labels", "strength", "distance")
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in names)


def loaded(method: str, fitted: FittedClusterer) -> FittedClusterer:
    with tempfile.TemporaryDirectory(prefix="coterie-assign-") as folder:
        frozen.save(fitted.to_arrays(), Path(folder), "clusterer")
        part = frozen.load(Path(folder), "clusterer")
    again: FittedClusterer = plugins.find("clusterers", method).Fitted.from_arrays(part)
    return again


def ask(method: str, ground: Ground, k: int | None, settings: Mapping[str, Any]) -> Fit:
    """Fit once, and ask."""
    told = settings if k is None else {"k": k, **settings}
    config = load(method)
    start = time.perf_counter()
    clusterer = make_clusterer(config.clustering, method, k, settings, columns=ground.columns)
    try:
        fitted = clusterer.fit(ground.points, generator(SEED, "assign", method, k or 0))
    except DataError as error:
        return Fit(method, ground.name, told, failure=str(error))
    labels, strangers = fitted.fit_labels, random_points(ground, generator(SEED, "assign-random", ground.name))
    own, others, again = fitted.assign(ground.points), fitted.assign(strangers), loaded(method, fitted)
    return Fit(
        method,
        ground.name,
        told,
        fitted.n_clusters,
        float(np.mean(labels == NOISE)),
        float(np.mean(own.labels == labels)),
        int(np.count_nonzero(~np.isin(others.labels, [NOISE, *labels]))),
        float(np.mean(others.labels == NOISE)),
        same(again.assign(ground.points), own) and same(again.assign(strangers), others),
        time.perf_counter() - start,
    )


def load(method: str) -> Config:
    people = {"people": checked("people", USERS, pl.DataFrame({USER: ["u1"]}), {"a": "category"})}
    return config_of(people, {"a": {"kind": "attributes", "from": "people"}}, clustering={"methods": [method]})


def asked_of(method: str, ground: Ground) -> Iterator[tuple[int | None, Mapping[str, Any]]]:
    """Give the fits of a method: each k, or each setting of its grid, in each of its kinds."""
    kinds = KINDS.get(method, {})
    for values in product(*kinds.values()):
        kind = dict(zip(kinds, values, strict=True))
        if counts_clusters(method):
            yield from ((k, kind) for k in KS)
        else:
            rng = generator(SEED, "assign-grid", method)
            grid = plugins.find("clusterers", method).grid(ground.points, kind, rng)
            yield from ((None, {**kind, **settings}) for settings in ({}, *grid))


def svd_ground(name: str, folder: Path) -> Ground:
    """Place the users of a folder of tables by the features that ``coterie init`` proposes, in 16 dimensions."""
    config = load_config(project.init(folder, folder / "coterie.toml"))
    tables = build_tables(config, scan_sources(config, folder)).tables
    _, points, known = fit_space(config, tables, entity_ids(make_features(config), tables), "space")
    assert points.shape[1] == DIMS
    return Ground(f"{name}, SVD {DIMS}", points[known])


def column_ground(name: str, frame: pl.DataFrame, attributes: Mapping[str, Any]) -> Ground:
    """Place people by their columns, as the embedding "none" does."""
    tables = {"people": checked("people", USERS, frame, attributes)}
    features = {"answers": {"kind": "attributes", "from": "people"}}
    config = config_of(tables, features, embedding={"method": "none"})
    held = Tables(tables)
    space, points, _ = fit_space(config, held, entity_ids(make_features(config), held), "space")
    return Ground(name, points, space.columns)


def survey(*, numbers: bool) -> Ground:
    """Plant segments that answer each question with one category in seven of ten cases; a tenth is not answered."""
    rng = generator(SEED, "assign-survey")
    truth = rng.integers(0, N_SEGMENTS, N_PEOPLE)
    usual = rng.integers(0, N_CATEGORIES, (N_SEGMENTS, N_QUESTIONS))
    anything = rng.integers(0, N_CATEGORIES, (N_PEOPLE, N_QUESTIONS))
    answers = np.where(rng.random(anything.shape) < 0.7, usual[truth], anything)
    missing = rng.random(anything.shape) < 0.1
    columns: dict[str, Any] = {
        f"q{j:02}": [None if gone else f"c{value}" for value, gone in zip(answers[:, j], missing[:, j], strict=True)]
        for j in range(N_QUESTIONS)
    }
    attributes = dict.fromkeys(columns, "category")
    if numbers:
        for j, name in enumerate(("age", "income")):
            columns[name] = rng.normal(3.0 * (truth + j) % N_SEGMENTS, 1.0)
            attributes[name] = "number"
    frame = pl.DataFrame({USER: [f"u{u:04}" for u in range(N_PEOPLE)], **columns})
    return column_ground(f"planted survey{', with numbers' if numbers else ''}", frame, attributes)


def grounds(folder: Path, users: int, data: Path) -> tuple[list[Ground], dict[str, list[Ground]]]:
    """Give what methods that read points cluster, and what each of the others does."""
    sample = folder / "sample"
    (write_sample(sample, n_users=users)).unlink()
    of_points = [svd_ground("sample", sample)]
    if data.is_dir():
        films = folder / "films"
        films.mkdir()
        for name in ("u.data", "u.user", "u.item", "u.genre"):
            (films / name).write_bytes((data / name).read_bytes())
        of_points.insert(0, svd_ground("MovieLens 100K", films))
    people = pl.read_csv(sample / "people.csv", infer_schema=False).unique(USER).sort(USER)
    kinds = {"gender": "category", "occupation": "category"}
    mixed = people.with_columns(pl.col("age").cast(pl.Float64, strict=False))
    return of_points, {
        "latentclass": [survey(numbers=False), column_ground("sample, gender and occupation", people, kinds)],
        "kprototypes": [
            survey(numbers=False),
            survey(numbers=True),
            column_ground("sample, gender, occupation and age", mixed, {**kinds, "age": "number"}),
        ],
    }


HEAD = (
    "| method | data | fits (k) | least agreement | fits under 99 % | unseen clusters | bit-equal | noise of the fit, "
    "at most | noise of random points, at most | s a fit |"
)


def line(method: str, data: str, fits: Iterable[Fit]) -> str:
    listed = [fit for fit in fits if not fit.failure]
    refused = {fit.failure for fit in fits if fit.failure}
    if not listed:
        return f"| {method} | {data} | none: {'; '.join(sorted(refused))} |" + " |" * 7
    ks = sorted({fit.k for fit in listed})
    told = f"{len(listed)} ({ks[0]} to {ks[-1]})" if len(ks) > 1 else f"{len(listed)} ({ks[0]})"
    return (
        f"| {method} | {data} | {told} | {min(fit.agreement for fit in listed):.2%} | "
        f"{sum(fit.agreement < 0.99 for fit in listed)} | {sum(fit.unseen for fit in listed)} | "
        f"{'yes' if all(fit.is_bit_equal for fit in listed) else 'NO'} | {max(fit.noise for fit in listed):.0%} | "
        f"{max(fit.random_noise for fit in listed):.0%} | {np.mean([fit.seconds for fit in listed]):.2f} |"
    )


def main() -> None:
    summary, _, more = __doc__.partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=more.split("\n\n", 2)[2], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the original ml-100k folder")
    parser.add_argument("--users", type=int, default=1500, help="of the sample")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    print(f"`{shlex.join(['python', *sys.argv])}`; {os.cpu_count()} processors, {platform.machine()}, Python ", end="")
    print(f"{platform.python_version()}, {', '.join(f'{name} {version(name)}' for name in LIBRARIES)}.\n")
    print(f"{HEAD}\n|{'---|' * 10}", flush=True)
    found: list[Fit] = []
    with tempfile.TemporaryDirectory(prefix="coterie-assign-") as folder, single_threaded():
        of_points, of_columns = grounds(Path(folder), asked.users, asked.data)
        for method in plugins.names("clusterers"):
            if reads_categories(method) and method not in of_columns:
                print(f"| {method} | not measured: this bench has no columns for it |" + " |" * 8)
            for ground in of_columns.get(method, [] if reads_categories(method) else of_points):
                fits = [ask(method, ground, k, settings) for k, settings in asked_of(method, ground)]
                found += fits
                print(line(method, ground.name, fits), flush=True)
    worst = [fit for fit in found if fit.failure or fit.agreement < 0.99 or fit.unseen or not fit.is_bit_equal]
    print("\nEvery fit that failed, agreed for less than 99 %, gave an unseen cluster or was not bit-equal:\n")
    for fit in worst:
        print(f"- {fit.method}, {fit.data}, {dict(fit.settings)}: ", end="")
        print(fit.failure or f"{fit.agreement:.2%}, {fit.unseen} unseen, bit-equal: {fit.is_bit_equal}")
    if not worst:
        print("none")
    if asked.json:
        asked.json.write_text("".join(json.dumps(asdict(fit)) + "\n" for fit in found))


if __name__ == "__main__":
    main()
