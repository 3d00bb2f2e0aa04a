"""Guesses to the text of a ``coterie.toml`` that a person reads, edits and runs.

Each guess that is uncertain has a comment over it that says why and what else it could be. What is written parses with
``coterie.config.parse_config``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from coterie.tables.inference.guesses import TableGuess
from coterie.terms import EVENTS, USERS

SEED: Final = 7
_DIMS: Final = 16
_FLOORS: Final = (5, 3, 2, 1)
_KEPT_SHARE: Final = 0.5  # of users (and of events) that a floor must leave in the rows seen
_LISTED: Final = 12
_BARE: Final = re.compile(r"^[A-Za-z0-9_-]+$")


def write(tables: Sequence[TableGuess], skipped: Sequence[tuple[str, str]], *, folder: Path, relative_to: Path) -> str:
    """Give the text.

    Args:
        tables: the events table to segment by first. skipped: (file, reason).
        folder: where the files are. relative_to: where the config will stand.
    """
    parts = [
        _preamble(skipped),
        ["[project]", f"name = {_text(_project_name(folder))}", f"seed = {SEED}"],
        *(list(_table(table, relative_to)) for table in tables),
        list(_clean(tables[0])),
        *(list(feature) for feature in _features(tables)),
        list(_embedding(tables[0])),
        list(_vary(tables[0])),
        [
            "[clustering]",
            '# "k" is the lowest and the highest number of clusters that is tried.',
            "# Ward's method finds small segments beside large ones, which k-means cuts.",
            'methods = ["kmeans", "agglomerative"]',
            "k = [2, 15]",
        ],
        [
            "[segments]",
            "# What a segmentation must reach to be chosen.",
            "min_share = 0.03",
            "min_stability = 0.75",
        ],
        *_scoring(tables),
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _scoring(tables: Sequence[TableGuess]) -> list[list[str]]:
    if all(table.role != EVENTS for table in tables):
        return []
    return [
        [
            "# How many events it takes until a segment is known stands in the report; it costs some seconds.",
            "[scoring]",
            "cold_start = true",
        ]
    ]


def _preamble(skipped: Sequence[tuple[str, str]]) -> list[str]:
    lines = [
        "# Written by `coterie init` from the first rows of each file. Guesses that are uncertain have a comment;",
        "# correct what is wrong, then run `coterie check` and `coterie run`.",
    ]
    if skipped:
        lines += ["#", "# Not used:", *(f"#   {_line(name)}: {_line(reason)}" for name, reason in skipped)]
    return lines


def _table(guess: TableGuess, relative_to: Path) -> Iterator[str]:
    for note in guess.look.notes:
        yield f"# Uncertain: {_line(note)}."
    yield f"[tables.{_key(guess.name)}]"
    yield from _entry(guess, "role", _text(guess.role))
    yield f"source = {_text(_place(guess.look.path, relative_to))}"
    yield f"format = {_format(guess)}"
    for key in ("user", "item", "value"):
        column = getattr(guess, key)
        if column is not None:
            yield from _entry(guess, key, _text(guess.label(column)))
        elif key in guess.notes:
            yield from _note(guess, key)
    yield from _time(guess)
    if guess.range is not None:
        yield from _entry(guess, "range", f"[{guess.range[0]:g}, {guess.range[1]:g}]")
    if guess.duplicates is not None:
        yield from _entry(guess, "duplicates", _text(guess.duplicates))
    if guess.keeps_unknown:
        yield from _entry(guess, "unknown", '"keep"')
    if guess.title is not None:
        yield from _entry(guess, "title", _text(guess.label(guess.title)))
    yield from _tags(guess)
    yield from _attributes(guess)
    yield from _unused(guess)


def _time(guess: TableGuess) -> Iterator[str]:
    if guess.time is None:
        yield from _note(guess, "time")
        return
    column, look = guess.time
    written = {"unit": look.unit, "format": look.format}
    extra = "".join(f", {key} = {_text(value)}" for key, value in written.items() if value is not None)
    name = _text(guess.label(column))
    yield from _entry(guess, "time", f"{{ column = {name}{extra} }}" if extra else name)


def _tags(guess: TableGuess) -> Iterator[str]:
    if guess.tag_columns:
        yield from _entry(guess, "tags", f"{{ columns = {_list(guess.label(name) for name in guess.tag_columns)} }}")
    elif guess.tag_column is not None:
        column = _text(guess.label(guess.tag_column))
        split = f", split = {_text(guess.tag_split)}" if guess.tag_split else ""
        yield from _entry(guess, "tags", f"{{ column = {column}{split} }}")


def _attributes(guess: TableGuess) -> Iterator[str]:
    if guess.attributes:
        kinds = ", ".join(f"{_key(guess.label(name))} = {_text(kind)}" for name, kind in guess.attributes.items())
        yield from _entry(guess, "attributes", f"{{ {kinds} }}")


def _unused(guess: TableGuess) -> Iterator[str]:
    for column, reason in list(guess.unused.items())[:_LISTED]:
        yield f"# Not used: {_line(guess.label(column))}" + (f" ({reason})" if reason else "")
    if len(guess.unused) > _LISTED:
        yield f"# Not used: {len(guess.unused) - _LISTED} more columns"


def _clean(events: TableGuess) -> Iterator[str]:
    yield "[clean]"
    yield "# The highest floors, up to 5, that leave at least half of the users and of the events seen."
    for key, floor in zip(("min_events_per_user", "min_users_per_item"), _floors(events), strict=True):
        yield f"{key} = {floor}"


def _floors(events: TableGuess) -> tuple[int, int]:
    pairs = events.look.rows.select(user=pl.col(str(events.user)), item=pl.col(str(events.item))).drop_nulls().unique()
    per_user = pairs.group_by("user").len()["len"]
    per_item = pairs.group_by("item").len()["len"]
    users = next((floor for floor in _FLOORS if (per_user >= floor).sum() >= _KEPT_SHARE * len(per_user)), 1)
    items = next((floor for floor in _FLOORS if _left(per_item, floor) >= _KEPT_SHARE * _left(per_item, 1)), 1)
    return users, items


def _left(per_item: pl.Series, floor: int) -> int:
    return int(per_item.filter(per_item >= floor).sum())


def _features(tables: Sequence[TableGuess]) -> Iterator[Iterator[str]]:
    yield _taste(tables)
    users = [table for table in tables if table.role == USERS and table.attributes]
    for place, table in enumerate(users):
        name = "demographics" if place == 0 else f"demographics_{place + 1}"
        yield iter(
            [
                f"[features.{name}]",
                "# Segments are described by these, not formed on them.",
                'kind = "attributes"',
                f"from = {_text(table.name)}",
                'use = "descriptor"',
            ]
        )


def _taste(tables: Sequence[TableGuess]) -> Iterator[str]:
    events = tables[0]
    others = [f"'{table.name}'" for table in tables[1:] if table.role == EVENTS]
    yield "[features.taste]"
    yield 'kind = "interactions"'
    if others:
        yield f"# Segments are formed on this table; it could also be {', '.join(others)}."
    yield f"from = {_text(events.name)}"
    weights = _weights(events)
    if len(weights) == 1:
        yield "# There is no value: an event counts as one."
    elif "log1p" in weights:
        yield "# Amounts without a scale are tamed by their logarithm; 'binary' would only count who took up what."
    else:
        yield "# 'positive' would count only what a user likes, 'centred' what they like more than their mean."
    yield f"weight = {_text(weights[0])}"


def _weights(events: TableGuess) -> tuple[str, ...]:
    """Give the weights that make sense of a table, the most usual first."""
    if events.value is None:
        return ("binary",)
    if events.range is None and events.look.column(events.value).low >= 0:
        return ("log1p", "binary")
    return ("value", "positive", "binary")


def _vary(events: TableGuess) -> Iterator[str]:
    yield "# Which of these tells tastes apart best is measured. Take the section out for a quicker run."
    yield "[search.vary]"
    weights = _weights(events)
    if len(weights) > 1:
        yield f'"features.taste.weight" = {_list(weights)}'
    yield '"embedding.normalise" = ["row", "degree"]'


def _embedding(events: TableGuess) -> Iterator[str]:
    n_users = events.look.column(str(events.user)).n_distinct
    n_items = events.look.column(str(events.item)).n_distinct
    yield "[embedding]"
    yield 'method = "svd"'
    yield f"dims = {max(1, min(_DIMS, n_users - 1, n_items - 1))}"


def _format(guess: TableGuess) -> str:
    settings = guess.look.format
    entries = [f"kind = {_text(str(settings.kind))}"]
    if settings.kind == "csv":
        entries.append(f"separator = {_text(str(settings.separator))}")
        entries += [] if settings.header else ["header = false"]
        entries += [] if settings.encoding == "utf-8" else [f"encoding = {_text(settings.encoding)}"]
        entries += [] if settings.quote == '"' else [f"quote = {_text(settings.quote or '')}"]
    if not guess.look.has_names:
        entries.append(f"columns = {_list(guess.label(column.name) for column in guess.look.columns)}")
    return f"{{ {', '.join(entries)} }}"


def _entry(guess: TableGuess, key: str, value: str) -> Iterator[str]:
    yield from _note(guess, key)
    yield f"{key} = {value}"


def _note(guess: TableGuess, key: str) -> Iterator[str]:
    if guess.notes.get(key):
        yield f"# {key}: {_line(guess.notes[key])}."


def _place(path: Path, relative_to: Path) -> str:
    return Path(os.path.relpath(path.resolve(), relative_to.resolve())).as_posix()


def _project_name(folder: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "coterie"


def _text(value: str) -> str:
    """Write a TOML basic string; JSON escapes the same characters but DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"


def _key(name: str) -> str:
    return name if _BARE.match(name) else _text(name)


def _line(text: str) -> str:
    """Keep a comment on its line, and without what TOML forbids in one."""
    return "".join(character if character.isprintable() else " " for character in text)
