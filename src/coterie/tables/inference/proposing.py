"""A folder of files to a proposed config: each file is looked at, then all are put together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from coterie.errors import DataError, SourceError, shown
from coterie.sources.places import SUFFIXES
from coterie.tables.inference.by_content import guess_keyed, guess_pairs, keyed, paired, resolved
from coterie.tables.inference.by_name import guess_by_name
from coterie.tables.inference.columns import ColumnLook
from coterie.tables.inference.guesses import TableGuess
from coterie.tables.inference.look import FileLook, NoTableError, look_at
from coterie.tables.inference.write import write
from coterie.terms import EVENTS, ITEMS, USERS, Role

_BARE: Final = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A config for a folder.

    Args:
        text: a commented ``coterie.toml``.
        tables: what each file is taken for, in the order of the config.
        skipped: (file name, reason) for each file that is not in it.
    """

    text: str
    tables: tuple[TableGuess, ...]
    skipped: tuple[tuple[str, str], ...]


def propose(folder: Path, relative_to: Path | None = None) -> Proposal:
    """Look at the files of a folder and write a config that reads them.

    Args:
        folder: of raw tables; folders in it are not entered.
        relative_to: the folder in which the config will stand, so that its paths lead to the files; default ``folder``.

    Raises:
        SourceError: there is no such folder, or no file in it is a table.
        DataError: no file holds events, so there is nothing to segment by.
    """
    folder = Path(folder)
    looks, skipped = _look_around(folder)
    if not looks:
        why = "; ".join(f"{shown(name)}: {reason}" for name, reason in skipped[:2])
        raise SourceError(
            f"no table in {shown(folder)}; looked for CSV (also of other separators, .gz, .zip), Parquet and JSON lines"
            + (f" ({why})" if why else " in an empty folder")
        )
    guesses, rest = _guess_all(looks)
    events = sorted((guess for guess in guesses if guess.role == EVENTS), key=_weight, reverse=True)
    skipped = sorted([*skipped, *rest])
    if not events:
        found = ", ".join(f"'{guess.name}' ({guess.role})" for guess in guesses) or "nothing else either"
        raise DataError(
            f"no file in {shown(folder)} holds events (a column of users, a column of items, several rows a user); "
            f"found {found}; add the table of who did what, or write coterie.toml by hand"
        )
    described = [guess for role in (USERS, ITEMS) for guess in guesses if guess.role == role]
    described = [_with_names_of_flags(guess, looks) for guess in described]
    described = [_with_strangers(guess, events) for guess in described]
    tables = (*(_with_unknown(guess, described) for guess in events), *described)
    skipped = [(name, _use(name, tables) or reason) for name, reason in skipped]
    text = write(tables, tuple(skipped), folder=folder, relative_to=relative_to or folder)
    return Proposal(text, tables, tuple(skipped))


def _look_around(folder: Path) -> tuple[list[FileLook], list[tuple[str, str]]]:
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError as error:
        raise SourceError(f"there is no folder {shown(folder)}; give the folder of your tables") from error
    except NotADirectoryError as error:
        raise SourceError(f"{shown(folder)} is a file; give the folder that it is in") from error
    except OSError as error:
        raise SourceError(f"the folder {shown(folder)} cannot be read: {error.strerror or error}") from error
    looks: list[FileLook] = []
    skipped: list[tuple[str, str]] = []
    for entry in entries:
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir():
            skipped.append((entry.name, "a folder; if its files are one table, name it as a table's 'source'"))
            continue
        try:
            looks.append(look_at(entry))
        except NoTableError as reason:
            skipped.append((entry.name, str(reason)))
    return looks, skipped


def _guess_all(looks: Sequence[FileLook]) -> tuple[list[TableGuess], list[tuple[str, str]]]:
    """Guess by names first; what they leave open is guessed by content, with the help of what is known by then."""
    gathered = _Gathered([], [])
    unnamed: list[tuple[str, FileLook]] = []
    for name, look in zip(_table_names(looks), looks, strict=True):
        with gathered.skipping(look):
            guess = guess_by_name(name, look) if look.has_names else None
            if guess is None:
                unnamed.append((name, look))
            else:
                gathered.guesses.append(guess)
    describing = {name: table for name, look in unnamed if (table := keyed(name, look)) is not None}
    others = [*_keys(gathered.guesses), *((table.role, table.key) for table in describing.values())]
    for name, look in unnamed:
        if name not in describing:
            with gathered.skipping(look):
                gathered.guesses.append(guess_pairs(name, look, others))
    events = [guess for guess in gathered.guesses if guess.role == EVENTS]
    for table in describing.values():
        with gathered.skipping(table.look):
            known = resolved(table, events)
            is_numbered = known.role is None and bool(paired(table.look))  # its unique column only numbers its rows
            guess = guess_pairs(table.name, table.look, others) if is_numbered else guess_keyed(known)
            gathered.guesses.append(guess)
    return gathered.guesses, gathered.skipped


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What has been guessed so far, and which files are of no use."""

    guesses: list[TableGuess]
    skipped: list[tuple[str, str]]

    @contextmanager
    def skipping(self, look: FileLook) -> Iterator[None]:
        try:
            yield
        except NoTableError as reason:
            self.skipped.append((look.path.name, str(reason)))


def _keys(guesses: Sequence[TableGuess]) -> Iterator[tuple[Role, ColumnLook]]:
    for guess in guesses:
        if guess.role != EVENTS:
            yield guess.role, guess.look.column(guess.key)


def _table_names(looks: Sequence[FileLook]) -> Iterator[str]:
    """Give each file a name for its table: its own without known suffixes, numbered where two are the same."""
    taken: set[str] = set()
    for look in looks:
        name = look.path.name
        for suffix in (".gz", ".zip", *SUFFIXES):
            name = name.removesuffix(suffix)
        bare = _BARE.sub("_", name).strip("_") or "table"
        free = next(
            option for n in range(1, len(looks) + 2) if (option := bare if n == 1 else f"{bare}_{n}") not in taken
        )
        taken.add(free)
        yield free


def _weight(guess: TableGuess) -> tuple[bool, int]:
    """Order events tables: rated ones first, then by size."""
    return guess.range is not None, guess.look.n_bytes


def _with_names_of_flags(guess: TableGuess, looks: Sequence[FileLook]) -> TableGuess:
    """Name one-hot columns without names by a list of as many (name, number) lines, where the folder has one."""
    if not guess.tag_columns or guess.look.has_names:
        return guess
    for look in looks:
        names_by_number = _numbered_names(look)
        if sorted(names_by_number) == list(range(len(guess.tag_columns))):
            labels = {column: names_by_number[place] for place, column in enumerate(guess.tag_columns)}
            kept = {column: label for column, label in guess.labels.items() if label not in labels.values()}
            note = f"{guess.notes.get('tags', '')}; their names are those in '{look.path.name}'"
            return replace(guess, labels={**kept, **labels}, notes={**guess.notes, "tags": note.removeprefix("; ")})
    return guess


def _numbered_names(look: FileLook) -> dict[int, str]:
    if len(look.columns) != 2:
        return {}
    name, number = look.columns
    if not (name.is_unique and number.is_unique and number.kind == "integer"):
        return {}
    rows = look.rows.select(pl.col(name.name).cast(pl.String), pl.col(number.name).cast(pl.Int64, strict=False)).rows()
    return {number: name for name, number in rows if number is not None}


def _use(name: str, tables: Sequence[TableGuess]) -> str:
    """Say what a file that is no table of its own was good for."""
    named = next((table for table in tables if table.notes.get("tags", "").endswith(f"those in '{name}'")), None)
    return f"it names the one-hot columns of '{named.look.path.name}'" if named else ""


def _with_unknown(guess: TableGuess, described: Sequence[TableGuess]) -> TableGuess:
    """Keep events of users or items that no table describes, where the first rows have such."""
    reasons = []
    for role, column in ((USERS, guess.user), (ITEMS, guess.item)):
        tables = [table for table in described if table.role == role]
        if not tables or not all(table.look.is_whole for table in tables):
            continue
        known = frozenset[str]().union(*(table.look.column(table.key).distinct for table in tables))
        seen = guess.look.column(str(column)).distinct
        if not seen <= known:
            reasons.append(f"{len(seen - known):,} of {len(seen):,} {role} seen stand in no {role} table")
    if not reasons:
        return guess
    note = f"{'; '.join(reasons)}; 'reject' would leave their events out"
    return replace(guess, keeps_unknown=True, notes={**guess.notes, "unknown": note})


def _with_strangers(guess: TableGuess, events: Sequence[TableGuess]) -> TableGuess:
    """Say so where a table describes nobody and nothing that events speak of; wholly looked at, it may be another's."""
    key = "user" if guess.role == USERS else "item"
    known = guess.look.column(guess.key).distinct
    columns = [event.look.column(str(getattr(event, key))) for event in events]
    if any(known & column.distinct for column in columns) or not guess.look.is_whole:
        return guess
    note = f"none of these {guess.role} was seen in a table of events; if they go by other ids there, drop this table"
    before = f"{guess.notes[key]}; " if key in guess.notes else ""
    return replace(guess, notes={**guess.notes, key: before + note})
