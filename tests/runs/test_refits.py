"""Segment ids of a table of traits, run the whole way: another seed, another order of rows, a tenth more users."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import coterie
from coterie.runs.identity import read_lineage

N = 200
TRAITS = tuple(f"trait {number}" for number in range(12))
CONFIG = """
[project]
seed = {seed}

[tables.people]
role = "users"
source = "people.csv"
user = "{user}"

[tables.people.attributes]
{attributes}

[features.quiz]
kind = "traits"
from = "people"

[embedding]
method = "pca"
dims = 4

[clustering]
k = 3
starts = 3

[evaluation]
bootstraps = 4
seeds = 2
replicates = 19
"""


def people() -> pl.DataFrame:
    """Give three crowds of a half, three tenths and a fifth, who answer twelve questions from 1 to 5."""
    rng = np.random.default_rng(0)
    middles = np.array([[4, 4, 2, 2, 3, 3] * 2, [2, 4, 4, 3, 2, 3] * 2, [3, 2, 3, 4, 4, 2] * 2])
    crowd = rng.choice(3, N, p=[0.5, 0.3, 0.2])
    answers = np.clip(np.round(middles[crowd] + rng.normal(0, 0.8, (N, len(TRAITS)))), 1, 5)
    answers[rng.random(answers.shape) < 0.02] = np.nan
    return (
        pl.DataFrame(answers, schema=list(TRAITS))
        .fill_nan(None)
        .insert_column(0, pl.Series("id", [f"u-{number:03}" for number in range(N)]))
    )


def run(folder: Path, rows: pl.DataFrame, *, seed: int = 7, user: str = "id") -> coterie.Run:
    attributes = "\n".join(f'"{trait}" = "number"' for trait in TRAITS)
    rows.write_csv(folder / "people.csv")
    (folder / "coterie.toml").write_text(CONFIG.format(seed=seed, user=user, attributes=attributes))
    return coterie.run(folder)


def segment_of(made: coterie.Run, rows: pl.DataFrame, user: str) -> pl.Series:
    """Give the segment of each of the rows as they stand, whatever the run calls them."""
    named = rows["id"] if user == "id" else pl.Series([str(number) for number in range(1, rows.height + 1)])
    found = dict(made.assignments().select("user_id", "segment_id").iter_rows())
    return pl.Series([found[user] for user in named])


@pytest.mark.slow
@pytest.mark.parametrize("user", ["id", "_row"])
def test_refits_leave_ids_unchanged(tmp_path, user):
    everybody = people()
    most = everybody.head(N * 9 // 10)
    made = run(tmp_path, most, user=user)
    first = dict(zip(most["id"], segment_of(made, most, user), strict=True))
    assert set(first.values()) == {"s-1", "s-2", "s-3"}
    shuffled = everybody.sample(fraction=1, shuffle=True, seed=1)
    refits = ((most, 8), (most.reverse(), 7), (everybody, 7)) if user == "id" else ((shuffled, 9),)
    for rows, seed in refits:
        again = run(tmp_path, rows, seed=seed, user=user)
        both = zip(rows["id"], segment_of(again, rows, user), strict=True)
        pairs = [(first[one], segment) for one, segment in both if one in first]
        assert len(pairs) == most.height
        for own in ("s-1", "s-2", "s-3"):
            inside, after = (
                {i for i, (a, _) in enumerate(pairs) if a == own},
                {i for i, p in enumerate(pairs) if p[1] == own},
            )
            assert len(inside & after) / len(inside | after) >= 0.75
        assert read_lineage(again.folder).lineage.evidence == ("members" if user == "id" else "model")
        assert {entry.change for entry in again.segments} == {"kept"}
