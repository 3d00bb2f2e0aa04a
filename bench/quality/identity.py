"""How often a segment keeps its id through a refit: other seeds, rows in another order, a tenth more users.

    python bench/quality/identity.py [--refits 50] [--data FOLDER_OF_ML_100K] [--json FILE]

Refits go through the same functions as ``coterie run`` (features, embedding, clustering, matching) in memory. A segment
counts as stable where its bootstrap Jaccard, measured on the fit that it comes from, is 0.75 or more; its id is
unchanged where a cluster of the refit keeps it and is not a part or a merger. A few whole runs follow, of which the
first has nine in ten users.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt

import coterie
from coterie.config import Config
from coterie.engines import local
from coterie.features.assembling import entity_ids, make_features
from coterie.model import fit_space
from coterie.randomness import generator
from coterie.runs.identity import read_lineage
from coterie.segments.matching import Partition, match
from coterie.selection.stability import Resampling, bootstrap_jaccard
from coterie.selection.trials import make_clusterer
from coterie.sources.sample import write_sample
from coterie.tables import Tables
from coterie.terms import USER

HERE = Path(__file__).parents[1]
FILMS = HERE.parent / "examples" / "films" / "coterie.toml"
DATA = HERE.parents[1] / "shared" / "data" / "ml-100k"
STABLE = 0.75
DRAWS = 30
SHARE = 0.9
KINDS = ("other seed", "rows in another order", "a tenth more users")
FAST = "[evaluation]\nsplits = 1\nbootstraps = 30\nseeds = 2\nreplicates = 19\n"


@dataclass(frozen=True)
class Fate:
    """One segment through one refit."""

    data: str
    k: int
    kind: str
    refit: int
    segment: str
    stability: float
    change: str
    score: float

    @property
    def is_unchanged(self) -> bool:
        return self.change == "kept"


@dataclass(frozen=True)
class Ground:
    """What is refitted: tables and the config of a project, at one number of clusters."""

    name: str
    k: int
    config: Config
    tables: Tables

    def fit(self, ids: npt.NDArray[np.str_], *, seed: int) -> Partition:
        """Fit everything on some users, from a root seed."""
        config = self.config.model_copy(update={"project": self.config.project.model_copy(update={"seed": seed})})
        _, points, known = fit_space(config, self.tables, ids, "space")
        method = config.clustering.methods[0]
        rng = generator(seed, "cluster", method, self.k)
        labels = make_clusterer(config.clustering, method, self.k).fit(points[known], rng).fit_labels
        return Partition(ids[known], labels, tuple(f"s-{label + 1}" for label in range(self.k)), points[known])

    def stability(self, fitted: Partition, seed: int) -> npt.NDArray[np.float64]:
        """(k,) bootstrap Jaccard of each segment of a fit."""
        clusterer = make_clusterer(self.config.clustering, self.config.clustering.methods[0], self.k, most_starts=3)
        assert fitted.points is not None
        resampling = Resampling(fitted.points, fitted.labels, clusterer, seed)
        return np.mean([bootstrap_jaccard((resampling, draw)) for draw in range(DRAWS)], axis=0)


def shuffled(tables: Tables, rng: np.random.Generator) -> Tables:
    """Give the same tables with their rows in another order."""
    found = {}
    for table in tables:
        rows = local.collect(table.frame)
        frame = rows[rng.permutation(rows.height)].lazy()
        found[table.name] = replace(table, frame=nw.from_native(frame))
    return Tables(found)


def refits(ground: Ground, n: int) -> Iterator[Fate]:
    """Refit, a third of the times in each way, and follow every segment."""
    everybody = entity_ids(make_features(ground.config), ground.tables)
    seed = ground.config.project.seed
    whole = ground.fit(everybody, seed=seed)
    stability = ground.stability(whole, seed)
    for number in range(n):
        kind = KINDS[number % len(KINDS)]
        rng = np.random.default_rng(number)
        before, holds = whole, stability
        if kind == "other seed":
            after = ground.fit(everybody, seed=1000 + number)
        elif kind == "rows in another order":
            after = replace(ground, tables=shuffled(ground.tables, rng)).fit(everybody, seed=seed)
        else:
            some = np.sort(rng.permutation(len(everybody))[: int(SHARE * len(everybody))])
            before = ground.fit(everybody[some], seed=seed)
            holds, after = ground.stability(before, seed), whole
        yield from _fates((ground, kind, number), before, holds, after)


def _fates(
    refit: tuple[Ground, str, int], before: Partition, holds: npt.NDArray[np.float64], after: Partition
) -> Iterator[Fate]:
    ground, kind, number = refit
    lineage = match(before, after)
    heirs = {heir.id: heir for heir in lineage.heirs if heir.id}
    gone = {one.id: one for one in lineage.gone}
    for label, name in enumerate(before.names):
        now = heirs.get(name) or gone[name]
        yield Fate(ground.name, ground.k, kind, number, name, float(holds[label]), now.change, now.score)


def whole_runs(name: str, config: Path, ratings: Path, separator: str) -> Iterator[Fate]:
    """Run a project with nine in ten users, then with all, then from other seeds with rows in another order."""
    lines = ratings.read_text().splitlines(keepends=True)
    head, rows = (lines[:1], lines[1:]) if USER in lines[0] else ([], lines)
    users = sorted({row.split(separator)[0] for row in rows})
    rng = np.random.default_rng(1)
    chosen = set(rng.permutation(users)[: int(SHARE * len(users))].tolist())
    text = config.read_text()
    kinds = ("", KINDS[2], KINDS[0], KINDS[1])
    before: coterie.Run | None = None
    for number, kind in enumerate(kinds):
        used = [row for row in rows if row.split(separator)[0] in chosen] if number == 0 else rows
        if number == 3:
            used = [rows[place] for place in rng.permutation(len(rows))]
        ratings.write_text("".join([*head, *used]))
        config.write_text(text.replace("seed = 7", f"seed = {7 if number < 2 else 8}"))
        run = coterie.run(config)
        if before is not None:
            yield from _fates_of_runs(name, kind, number, before, run)
        before = run
    ratings.write_text("".join(lines))
    config.write_text(text)


def _fates_of_runs(name: str, kind: str, number: int, before: coterie.Run, run: coterie.Run) -> Iterator[Fate]:
    lineage = read_lineage(run.folder).lineage
    now: Mapping[str, tuple[str, float]] = {
        **{gone.id: (gone.change, gone.score) for gone in lineage.gone},
        **{heir.id: (heir.change, heir.score) for heir in lineage.heirs},
    }
    for segment in before.segments:
        change, score = now[segment.id]
        yield Fate(
            name, len(before.segments), f"whole run, {kind}", number, segment.id, segment.stability, change, score
        )


def grounds(folder: Path, data: Path) -> Iterator[tuple[Ground, Path, Path, str]]:
    """Give what is refitted, each with a project for whole runs: its config, its ratings and their separator."""
    sample = write_sample(folder / "sample", n_users=1000)
    sample.write_text(sample.read_text().replace("k = [2, 10]", "k = 5") + FAST)
    yield *_opened("sample, 1,000 users", sample, 5), sample, folder / "sample" / "ratings.csv", ","
    if not data.is_dir():
        return
    for k in (4, 5, 8):
        place = folder / f"films-{k}"
        place.mkdir()
        ratings = place / "u.data"
        ratings.write_text((data / "u.data").read_text())
        text = FILMS.read_text().replace("../../../shared/data/ml-100k/u.data", str(ratings))
        text = text.replace("../../../shared/data/ml-100k", str(data.resolve())).replace("k = [2, 15]", f"k = {k}")
        (place / "coterie.toml").write_text(text + FAST)
        yield *_opened("ML-100K", place / "coterie.toml", k), place / "coterie.toml", ratings, "\t"


def _opened(name: str, config: Path, k: int) -> tuple[Ground]:
    """Run a copy of a project once, for its checked tables."""
    place = config.parent.with_name(f"{config.parent.name}-tables")
    shutil.copytree(config.parent, place)
    run = coterie.run(place)
    return (Ground(name, k, run.config, run.tables()),)


def table(fates: list[Fate]) -> Iterator[str]:
    """Give the rows of the table, and the total of stable segments."""
    yield "| data | k | refit | refits | stable segments | id unchanged | all segments | id unchanged |"
    yield "|---|---|---|---|---|---|---|---|"
    for data, k, kind in dict.fromkeys((fate.data, fate.k, fate.kind) for fate in fates):
        own = [fate for fate in fates if (fate.data, fate.k, fate.kind) == (data, k, kind)]
        stable = [fate for fate in own if fate.stability >= STABLE]
        yield f"| {data} | {k} | {kind} | {len({f.refit for f in own})} | {_share(stable)} | {_share(own)} |"
    yield f"| all | | | | {_share([f for f in fates if f.stability >= STABLE])} | {_share(fates)} |"


def _share(fates: list[Fate]) -> str:
    kept = sum(fate.is_unchanged for fate in fates)
    return f"{len(fates):,} | {kept / len(fates):.1%}" if fates else "0 | "


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--refits", type=int, default=50, help="of each of the four")
    parser.add_argument("--data", type=Path, default=DATA, help="the original ml-100k folder")
    parser.add_argument("--json", type=Path, help="a file for one line a segment and refit")
    asked = parser.parse_args()
    fates: list[Fate] = []
    with tempfile.TemporaryDirectory(prefix="coterie-bench-") as folder:
        for ground, config, ratings, separator in grounds(Path(folder), asked.data):
            fates += refits(ground, asked.refits)
            fates += whole_runs(ground.name, config, ratings, separator)
    if asked.json:
        asked.json.write_text("".join(json.dumps(asdict(fate)) + "\n" for fate in fates))
    print("\n".join(table(fates)))


if __name__ == "__main__":
    main()
