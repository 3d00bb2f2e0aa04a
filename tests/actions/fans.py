"""Fans and characters over the same traits, where fans like characters who are as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from coterie.randomness import generator

TRAITS = tuple(f"T{number}" for number in range(1, 9))
CONFIG = """
[project]
name = "fans"
[tables.likes]
role = "events"
source = "likes.csv"
user = "user_id"
item = "character_id"
[tables.fans]
role = "users"
source = "fans.csv"
user = "user_id"
attributes = {{ {fans} }}
[tables.characters]
role = "items"
source = "characters.csv"
item = "character_id"
title = "name"
attributes = {{ {characters} }}
[features.traits]
kind = "traits"
from = "fans"
form = "zscore"
[embedding]
method = "pca"
dims = 4
[clustering]
methods = ["kmeans"]
k = [2, 3]
starts = 2
[evaluation]
splits = 2
bootstraps = 5
seeds = 2
"""


def write_fans(
    folder: Path,
    traits: np.ndarray | None = None,
    *,
    n_fans: int = 150,
    likes: int = 12,
    pull: float = 4.0,
    seed: int = 7,
) -> Path:
    """Write fans, characters and likes, and give the config's path.

    Args:
        traits: (m, t) of characters, by default made up. likes: of each fan. pull: how much likes follow traits: a
            character is liked in proportion to its popularity times exp(pull * cosine).
    """
    rng = generator(seed, "fans")
    traits = rng.normal(size=(60, len(TRAITS))) if traits is None else traits
    names = [f"T{number + 1}" for number in range(traits.shape[1])]
    standard = (traits - traits.mean(axis=0)) / traits.std(axis=0)
    own = rng.normal(size=(n_fans, traits.shape[1]))
    cosines = (own / np.linalg.norm(own, axis=1, keepdims=True)) @ (
        standard / np.linalg.norm(standard, axis=1, keepdims=True)
    ).T
    popularity = -0.5 * np.log(rng.permutation(len(traits)) + 1)
    keys = popularity + pull * cosines + rng.gumbel(size=cosines.shape)
    liked = np.argsort(-keys, axis=1)[:, :likes]
    answers = np.clip(np.round(3 + own + 0.5 * rng.normal(size=own.shape)), 1, 5)
    fans, characters = [f"f{i:04}" for i in range(n_fans)], [f"c{i:03}" for i in range(len(traits))]
    rows = [(fans[f], characters[c]) for f in range(n_fans) for c in liked[f]]
    pl.DataFrame(rows, schema=["user_id", "character_id"], orient="row").write_csv(folder / "likes.csv")
    pl.DataFrame({"user_id": fans, **dict(zip(names, answers.T, strict=True))}).write_csv(folder / "fans.csv")
    of_items = {"character_id": characters, "name": [f"Character {c}" for c in characters]}
    pl.DataFrame(of_items | dict(zip(names, traits.T, strict=True))).write_csv(folder / "characters.csv")
    kinds = ", ".join(f'{name} = "number"' for name in names)
    (folder / "coterie.toml").write_text(CONFIG.format(fans=kinds, characters=kinds))
    return folder / "coterie.toml"
