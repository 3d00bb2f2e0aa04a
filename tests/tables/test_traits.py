"""Cells that hold all traits of a user as text."""

from __future__ import annotations

import pytest

from coterie.config import parse_config
from coterie.errors import ConfigError
from coterie.tables.build import build_tables
from tests.tables.backends import Backend, backend, rows_of

__all__ = ["backend"]

GOOD = [
    "{'1': 2.0, '2': 4.5}",
    '{"1": 2, "calm, or not": -0.5}',
    "{1: 2., 2: .5, 3: 1e3, 4: +7,}",
    " { 'a' : None , \"b\": null, 'c': NaN } ",
    "{}",
    '{"it\'s": 1}',
]
BAD = [
    "{'1': 'two'}",
    "{'1': [1, 2]}",
    "{'1': {'2': 3}}",
    "{'1': 2.0",
    "{'1' 2.0}",
    "{1.5: 2}",
    "{'1': 2,, '2': 3}",
    "{'a\\n': 2}",
    "{'1': true}",
    "['1', 2]",
    "2.0",
    "{'1': __import__('os')}",
    "{'1': 1} {'2': 2}",
]


def config(kind: str = "traits") -> object:
    table = {"role": "users", "source": "x", "user": "id", "attributes": {"quiz": kind}}
    features = {"quiz": {"kind": "traits", "from": "people", "column": "quiz"}}
    return parse_config({"tables": {"people": table}, "features": features, "clean": {"max_reject_share": 1.0}})


def test_good_cells_stay_and_bad_ones_are_blanked_counted_and_kept(backend: Backend) -> None:
    cells = [*GOOD, *BAD, "", None]
    raw = backend.raw({"id": [f"u{n:02d}" for n in range(len(cells))], "quiz": cells})
    built = build_tables(config(), {"people": raw})  # type: ignore[arg-type]
    known = dict(rows_of(built.tables["people"].frame, "user_id", "quiz"))
    assert [known[f"u{n:02d}"] for n in range(len(cells))] == [cell.strip() for cell in GOOD] + [None] * (len(BAD) + 2)
    assert [(count.rule, count.rows) for count in built.counts if count.rows] == [
        ("not traits, cell blanked", len(BAD))
    ]
    assert sorted(cell for cell, _ in rows_of(built.rejects["people"], "quiz", "_reason")) == sorted(BAD)


def test_numbers_are_no_dictionaries(backend: Backend) -> None:
    raw = backend.raw({"id": ["a"], "quiz": [1.5]})
    with pytest.raises(ConfigError, match=r"the column 'quiz' holds float64; expected text such as \{'1': 2\.0"):
        build_tables(config(), {"people": raw})  # type: ignore[arg-type]
