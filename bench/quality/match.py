"""Fans matched to characters by their traits: how well held-out likes are found, by how much they follow traits.

    python bench/quality/match.py CHARACTERS [--fans 1500] [--traits 25]

CHARACTERS is a folder with ``characters_means.csv``: characters, each rated by the public on pairs of opposites. Fans
are made up: each has traits of their own, answers a quiz on 25 of them from 1 to 5 with some noise, and likes ten
characters in proportion to their popularity times exp(pull * cosine of the traits). At a pull of 0 likes have nothing
to do with traits.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import polars as pl

import coterie

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.actions.fans import write_fans


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("characters", type=Path)
    parser.add_argument("--fans", type=int, default=1500)
    parser.add_argument("--traits", type=int, default=25)
    asked = parser.parse_args()
    means = pl.read_csv(asked.characters / "characters_means.csv").drop("character_id")
    traits = means.to_numpy()[:, :: means.width // asked.traits][:, : asked.traits]
    print("| pull | F1 at 10: match | popularity | random | percentile: match | popularity | better than popularity |")
    print("|---|---|---|---|---|---|---|")
    for pull in (0.0, 1.0, 2.0, 4.0, 8.0):
        with tempfile.TemporaryDirectory() as folder:
            config = write_fans(Path(folder), traits, n_fans=asked.fans, likes=10, pull=pull)
            found = coterie.match(coterie.run(config, threads=1), ns=[10]).evaluation
        f1 = [found.score(by, 10).f1 for by in ("match", "popularity", "random")]
        ranks = [found.percentile(by).mean for by in ("match", "popularity")]
        cells = [f"{one.value:.3f} ± {one.high - one.value:.3f}" for one in f1]
        cells += [f"{one.value:.1f} ± {one.high - one.value:.1f}" for one in ranks]
        gain = found.gain("popularity", None)
        print(f"| {pull:g} | {' | '.join(cells)} | {'yes' if gain.is_better else 'no'} |", flush=True)


if __name__ == "__main__":
    main()
