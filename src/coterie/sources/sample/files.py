"""The sample as a project folder: three CSV files and a ``coterie.toml`` that says what they are."""

from __future__ import annotations

from pathlib import Path

from coterie.config import CONFIG_NAME
from coterie.errors import ConfigError, SourceError, shown
from coterie.sources.sample.make import N_ITEMS, N_USERS, SEED, make_sample

TRUTH_NAME = "truth.csv"
_CONFIG = """\
# Coterie's sample: {n_users} made-up people rate {n_items} made-up films.
# Try a change and run again: coterie run
# Every key and its default: docs/configuration.md

[project]
name = "streaming-sample"
seed = {seed}

# What people did. A row with a missing key, a rating that is no number or outside 1 to 5, or a film that
# titles.csv does not know is rejected, with its reason. Of two ratings of one film, the last counts.
[tables.ratings]
role = "events"
source = "ratings.csv"
user = "user_id"
item = "item_id"
value = "rating"
time = {{ column = "timestamp", unit = "s" }}
range = [1, 5]
duplicates = "last"

# Who they are. An age outside 5 to 110 is taken for unknown; a US ZIP code also gives the state.
[tables.people]
role = "users"
source = "people.csv"
user = "user_id"
attributes = {{ age = "number", gender = "category", occupation = "category", zip = "us_zip" }}
ranges = {{ age = [5, 110] }}

# What they rated.
[tables.titles]
role = "items"
source = "titles.csv"
item = "item_id"
title = "title"
tags = {{ column = "genres", split = "|" }}
attributes = {{ year = "number" }}

[clean]
min_events_per_user = 5
min_users_per_item = 5

# Segments are formed on what people watch and how they like it ...
[features.taste]
kind = "interactions"
from = "ratings"
weight = "value"

# ... and only described by who they are.
[features.demographics]
kind = "attributes"
from = "people"
use = "descriptor"

[embedding]
method = "svd"
dims = 16

# Every k from 2 to 10 is tried; the decision sheet shows them side by side.
[clustering]
methods = ["kmeans"]
k = [2, 10]

# What a segmentation must reach to be chosen.
[segments]
min_share = 0.03
min_stability = 0.75
"""


def write_sample(
    folder: Path, *, n_users: int = N_USERS, n_items: int = N_ITEMS, seed: int = SEED, with_truth: bool = False
) -> Path:
    """Write ratings.csv, people.csv, titles.csv and coterie.toml, and give the path of the last.

    Args:
        folder: made if it is missing. A sample of the same size and seed that is there already is written again.
        n_users: >= 1. n_items: >= 20. seed: >= 0.
        with_truth: also write truth.csv, the planted segments.

    Raises:
        ConfigError: the folder has another ``coterie.toml``, which would be lost; or an argument is out of its range.
        SourceError: the folder cannot be written.
    """
    path, config = folder / CONFIG_NAME, _CONFIG.format(n_users=n_users, n_items=n_items, seed=seed)
    sample = make_sample(n_users, n_items, seed)
    try:
        _refuse_another_config(path, config)
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("ratings", "people", "titles"):
            getattr(sample, name).write_csv(folder / f"{name}.csv")
        if with_truth:
            sample.truth.write_csv(folder / TRUTH_NAME)
        path.write_text(config, encoding="utf-8")
    except OSError as error:
        raise SourceError(
            f"the sample cannot be written to {shown(folder)}: {error.strerror or error}; choose another folder"
        ) from error
    return path


def _refuse_another_config(path: Path, config: str) -> None:
    if path.exists() and path.read_bytes() != config.encode():
        raise ConfigError(
            f"{shown(path)} is there already and is not this sample's; expected a folder without one: "
            "choose another folder, or use that config with `coterie run`"
        )
