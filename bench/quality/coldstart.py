"""How well are segments told from whatever is known, and from how many events on: MovieLens 100K, and the sample.

    python bench/quality/coldstart.py [--data FOLDER_OF_ML_100K] [--known-from 0.8] [--users 1500] [--json FILE]

Runs `examples/films` and the built-in sample in a temporary folder, fits the classifier of each run, and prints what
`coterie classify` prints: agreement with the assignment out of fold, and the cold-start curve on held-out users.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import coterie
from coterie import records
from coterie.cli.classify import _show
from coterie.runs.journal import Silence
from coterie.sources.sample import write_sample

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "ml-100k"


def films(data: Path, folder: Path) -> Path:
    text = (ROOT / "examples" / "films" / "coterie.toml").read_text(encoding="utf-8")
    config = folder / "coterie.toml"
    config.write_text(text.replace("../../../shared/data/ml-100k", data.resolve().as_posix()), encoding="utf-8")
    return config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--known-from", type=float, default=0.8)
    parser.add_argument("--users", type=int, default=1500, help="of the sample")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "films").mkdir()
        configs = {"sample": write_sample(Path(place) / "sample", n_users=asked.users)}
        if asked.data.is_dir():
            configs["films"] = films(asked.data, Path(place) / "films")
        for name, config in configs.items():
            run = coterie.run(config, listener=Silence())
            begun = time.perf_counter()
            found[name] = coterie.classify(run, known_from=asked.known_from)
            print(f"\n== {name}: the classifier took {time.perf_counter() - begun:.1f} s")
            _show(found[name])
    if asked.json:
        asked.json.write_text(json.dumps(records.plain(found), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
