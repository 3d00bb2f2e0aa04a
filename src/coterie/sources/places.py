"""Which files a location stands for: one file, all of a folder, or what a glob matches; and of what kind they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal

from coterie.config import Table
from coterie.errors import FormatError, SourceError, shown
from coterie.secrets import masked, resolve_secrets
from coterie.sources.packing import FileAt, missing, unpacked_name

Kind = Literal["csv", "parquet", "jsonl"]
SUFFIXES: dict[str, Kind] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".psv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one location.

    Args:
        files: at least one, sorted by name.
        kind: what all of them are.
        is_many: the location is a folder or a glob; its rows then carry the column ``_file``.
    """

    files: tuple[FileAt, ...]
    kind: Kind
    is_many: bool


def find(config: Table, folder: Path) -> Place:
    """Look up the files that a table's ``source`` names, relative to ``folder``.

    A folder stands for the files in it with a suffix of one kind; names that start with ``.`` or ``_`` are marks that
    other programs leave beside their data, and are never read as data.

    Raises:
        SourceError: nothing is there; SecretError: a variable in the location is not set.
        FormatError: the files are of several kinds, or of a kind that their names do not tell.
    """
    location = resolve_secrets(config.source)
    name = masked(config.source)
    try:
        path = folder / Path(location).expanduser()
    except RuntimeError as error:
        raise SourceError(f"{shown(name)} stands in the home of a user that is not known here; write it out") from error
    if path.is_dir():
        return _in_folder(path, name, config.format.kind)
    if path.exists() or not _MAGIC.search(location):
        if not path.exists():
            raise missing(path, name)
        file = FileAt(path, name)
        return Place((file,), config.format.kind or kind_of(file), False)
    matching = _matching(path)
    if not matching:
        raise SourceError(f"no file matches {shown(name)}; check the pattern and that it stands relative to the config")
    return Place(matching, config.format.kind or _one_kind(matching, name), True)


def kind_of(file: FileAt) -> Kind:
    """Tell a file's kind from its name.

    Raises:
        FormatError: the name does not tell.
    """
    suffix = PurePath(unpacked_name(file)).suffix.lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    raise FormatError(
        f"the name of {shown(file.name)} does not tell what it is; set format.kind to 'csv', 'parquet' or 'jsonl'"
    )


def _in_folder(path: Path, name: str, kind: Kind | None) -> Place:
    try:
        entries = sorted(entry for entry in path.iterdir() if entry.is_file() and _is_data(entry))
    except OSError as error:
        raise SourceError(f"the folder {shown(name)} cannot be read: {error.strerror or error}") from error
    files = tuple(FileAt(entry, entry.name) for entry in entries)
    fitting = tuple(file for file in files if _suffix_kind(file) in ({kind} if kind else set(SUFFIXES.values())))
    if not fitting:
        wanted = ", ".join(suffix for suffix, its in SUFFIXES.items() if kind in {None, its})
        raise SourceError(
            f"the folder {shown(name)} has no file with a suffix of {kind or 'a known kind'} ({wanted}); "
            "for files named otherwise give a glob such as 'folder/part-*' and set format.kind"
        )
    return Place(fitting, kind or _one_kind(fitting, name), True)


def _suffix_kind(file: FileAt) -> Kind | None:
    plain = file.path.stem if file.packing != "plain" else file.path.name
    return SUFFIXES.get(PurePath(plain).suffix.lower())


def _matching(pattern: Path) -> tuple[FileAt, ...]:
    parts = pattern.parts
    first = next(place for place, part in enumerate(parts) if _MAGIC.search(part))
    base = Path(*parts[:first])
    found = sorted(base.glob(str(Path(*parts[first:])))) if base.is_dir() else []
    return tuple(FileAt(path, path.relative_to(base).as_posix()) for path in found if path.is_file() and _is_data(path))


def _one_kind(files: tuple[FileAt, ...], name: str) -> Kind:
    kinds = {kind_of(file): file.name for file in files}
    if len(kinds) > 1:
        examples = ", ".join(f"{shown(example)} is {kind}" for kind, example in sorted(kinds.items()))
        raise FormatError(
            f"{shown(name)} holds files of several kinds: {examples}; expected one kind, narrow it with a glob"
        )
    return next(iter(kinds))


def _is_data(path: Path) -> bool:
    return not path.name.startswith((".", "_"))
