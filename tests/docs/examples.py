"""How the examples of the README and the docs are run: Python in order, TOML as config, console lines as commands."""

from __future__ import annotations

import re
import shlex
import tomllib
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from docs.generate_cli import commands, tree
from sybil import Example
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser, SkipParser

from coterie.config import parse_config
from coterie.sources.synthetic import make_sample, write_sample

N_USERS, N_ITEMS = 600, 150
# Fewer repeats than a real run, so that examples take seconds; nothing that they show depends on it.
QUICK = """
[evaluation]
splits = 2
bootstraps = 5
seeds = 2
"""
OUTSIDE = {"make", "pip", "python", "cd", "git", ".ci/run"}


def small_project(folder: Path) -> Path:
    """Write a small sample project as the examples expect it: coterie.toml, its tables, and new.csv of newcomers."""
    config = write_sample(folder, n_users=N_USERS, n_items=N_ITEMS)
    text = config.read_text(encoding="utf-8").replace("k = [2, 10]", "k = [4, 6]")
    config.write_text(text + QUICK, encoding="utf-8")
    ratings = make_sample(N_USERS, N_ITEMS).ratings.filter(pl.col("user_id") <= 20, pl.col("item_id") <= N_ITEMS)
    known = ratings.filter(pl.col("rating").is_in(["1", "2", "3", "4", "5"])).unique(["user_id", "item_id"])
    known.with_columns(pl.format("new-{}", "user_id").alias("user_id")).write_csv(folder / "new.csv")
    return folder


def check_console(example: Example) -> None:
    """Check that every ``$ coterie ...`` line names a command and options that exist."""
    known = dict(commands(tree()))
    for line in example.parsed.splitlines():
        if not line.startswith("$ "):
            continue
        words = shlex.split(line[2:], comments=True)
        if words[0] != "coterie":
            assert words[0] in OUTSIDE, f"'{line}' is no command that the docs may show"
            continue
        check_command(words, known)


def check_command(words: list[str], known: Mapping[str, Any]) -> None:
    """Check one command line, given in words."""
    path = next((" ".join(words[:n]) for n in (3, 2) if " ".join(words[:n]) in known), None)
    assert path is not None, f"'{' '.join(words)}' names no command; there are {', '.join(known)}"
    options = {option for param in known[path].params for option in param.opts if option.startswith("-")} | {"--help"}
    unknown = [word for word in words if re.match(r"--?[a-z]", word) and word.split("=")[0] not in options]
    assert not unknown, f"`{path}` has no option {unknown[0]}; it has {', '.join(sorted(options))}"


def check_toml(example: Example) -> None:
    """Check that a config, or a part of one set into the sample's, is what Coterie reads."""
    part = tomllib.loads(example.parsed)
    parse_config(part if {"tables", "features"} <= part.keys() else merged(example.namespace["sample_config"], part))


def merged(base: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """Set a part of a config into a whole one; a table or feature that both have becomes that of the part."""
    whole = {key: dict(value) for key, value in base.items()}
    for key, value in part.items():
        whole[key] = {**whole.get(key, {}), **value}
    return whole


def reported(evaluate: Callable[[Example], object]) -> Callable[[Example], None]:
    """Let an example fail by one plain error: Sybil 10 cannot show an error that has another as its cause."""

    def evaluated(example: Example) -> None:
        try:
            evaluate(example)
        except Exception:  # noqa: BLE001
            raise AssertionError(traceback.format_exc()) from None

    return evaluated


PARSERS = [
    SkipParser(),
    CodeBlockParser("python", reported(PythonEvaluator())),
    CodeBlockParser("toml", reported(check_toml)),
    CodeBlockParser("console", reported(check_console)),
]
