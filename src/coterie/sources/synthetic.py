"""The built-in sample as a source: ``synthetic://ratings?users=3000&seed=7``.

What comes in is a location that names a table, a size and a seed; what goes out is that table, made when it is
collected and not before. The tables of one size and seed belong together.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from coterie import __version__
from coterie.config import Format, Table
from coterie.errors import ConfigError, UnknownNameError, shown
from coterie.sources.contract import RawTable
from coterie.sources.sample import Sample, make_sample, write_sample
from coterie.sources.sample.make import N_ITEMS, N_USERS, SEED
from coterie.terms import ITEM, ROW, USER

__all__ = ["SCHEME", "Sample", "SyntheticSource", "make_sample", "write_sample"]

SCHEME: Final = "synthetic"
_ROW = {ROW: pl.Int64}
_SCHEMAS: Final = {
    "ratings": _ROW | {USER: pl.Int32, ITEM: pl.Int32, "rating": pl.String, "timestamp": pl.Int64},
    "people": _ROW
    | {USER: pl.Int32, "age": pl.Int32, "gender": pl.String, "occupation": pl.String, "zip": pl.String}
    | {"joined": pl.Date},
    "titles": _ROW | {ITEM: pl.Int32, "title": pl.String, "genres": pl.String, "year": pl.Int32},
}
_DEFAULTS: Final = {"users": N_USERS, "items": N_ITEMS, "seed": SEED}

# The tables of a project are read one after the other; one sample is kept so that it is made once for all three.
_sample = lru_cache(maxsize=1)(make_sample)


@dataclass(frozen=True, slots=True)
class _Request:
    table: str
    users: int
    items: int
    seed: int

    def rows(self) -> pl.DataFrame:
        table: pl.DataFrame = getattr(_sample(self.users, self.items, self.seed), self.table)
        return table.select(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW), pl.all())


class SyntheticSource:
    """One table of the sample.

    Args:
        config: ``source`` is ``synthetic://ratings``, ``synthetic://people`` or ``synthetic://titles``, with
            ``?users=``, ``items=`` and ``seed=`` where the defaults (3000, 400, 7) do not do.
        folder: not needed; a sample stands in no folder.

    Raises:
        UnknownNameError: there is no such table or key.
        ConfigError: a key's value is not a whole number, or the config has ``query`` or ``format``.
    """

    def __init__(self, config: Table, folder: Path) -> None:  # noqa: ARG002 - the contract of every source
        given = {"table": config.table, "query": config.query, "format": None if config.format == Format() else True}
        for key, is_given in given.items():
            if is_given is not None:
                raise ConfigError(f"'{key}' does not belong to a synthetic source; leave it out")
        self._location = config.source
        self._request = _parsed(config.source)

    @classmethod
    def accepts(cls, location: str) -> bool:
        """Say whether the location has the scheme ``synthetic``."""
        return location.lower().startswith(f"{SCHEME}://")

    def scan(self) -> RawTable:
        """Give the lazy table; nothing is made until it is collected."""
        frame = pl.defer(self._request.rows, schema=_SCHEMAS[self._request.table])
        # What a generator draws may change with the version of either.
        facts = f"{self._request}|{__version__}|{np.__version__}"
        return RawTable(nw.from_native(frame), self._location, hashlib.sha256(facts.encode()).hexdigest()[:16])


def _parsed(location: str) -> _Request:
    url = urlsplit(location)
    table = url.netloc + url.path.rstrip("/")
    if table not in _SCHEMAS:
        raise UnknownNameError("table of the sample", table, _SCHEMAS)
    numbers = dict(_DEFAULTS)
    for key, text in parse_qsl(url.query, keep_blank_values=True):
        if key not in _DEFAULTS:
            raise UnknownNameError(f"key of '{SCHEME}://{table}'", key, _DEFAULTS)
        if not (text.isascii() and text.isdigit()):
            raise ConfigError(f"'{key}' of '{SCHEME}://{table}' is {shown(text)}, expected a whole number such as 3000")
        numbers[key] = int(text)
    return _Request(table, **numbers)
