"""What tags are called: a file of merges that people reviewed in, one mapping from tag to tag out.

A CSV file has the columns ``tag``, ``into`` and ``decision``, as ``coterie tags review`` writes it; rows decided "yes"
or "auto" count. A TOML file has one table, ``[merges]``. The mapping stands in the config in place of the file's name,
so that the cache, the manifest and a frozen model know what was merged.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args

from coterie.errors import ConfigError, nearest, shown
from coterie.named_files import Part, csv_rows, read_text, with_each
from coterie.spreadsheet import as_meant

KEY: Final = "vocabulary"  # the option of a feature that names a file of merges
Decision = Literal["yes", "no", "auto", ""]
DECISIONS: Final = get_args(Decision)
OBEYED: Final = ("yes", "auto")
COLUMNS: Final = ("tag", "into", "score", "why", "decision")


def with_vocabularies(raw: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Put what a file of merges says in place of its name, in every feature of a raw config and in what is searched.

    Args:
        raw: the config as it is parsed. folder: what the files stand relative to.

    Raises:
        ConfigError: a file cannot be read, its merges contradict each other, or "vary" lists files, whose merges would
            be the names of recipes.
    """

    def filled(_: str, options: Part) -> Part:
        return {key: _filled(key, value, folder) for key, value in options.items()}

    raw = with_each(raw, "features", filled)
    search = raw.get("search")
    if not isinstance(search, Mapping):
        return raw
    _refuse_varied(search.get("vary"))
    return {**raw, "search": with_each(search, "recipes", filled)}


def _filled(key: str, value: Any, folder: Path) -> Any:
    """Fill an option, at whatever depth: the feature within a feature has a vocabulary, too."""
    if isinstance(value, Mapping):
        return {name: _filled(name, option, folder) for name, option in value.items()}
    return read_merges(folder / value) if _is_vocabulary(key) and isinstance(value, str) else value


def _is_vocabulary(key: str) -> bool:
    return key.rpartition(".")[2] == KEY  # recipes write keys with dots


def _refuse_varied(vary: Any) -> None:
    for key in vary if isinstance(vary, Mapping) else ():
        if _is_vocabulary(key):
            raise ConfigError(
                f"'search.vary' lists values for {shown(key)}, whose merges make no name for a recipe; give each file "
                f'a recipe of its own, such as [search.recipes.reviewed] with {shown(key)} = "tags-review.csv"'
            )


def read_merges(path: Path) -> dict[str, str]:
    """Give what each merged tag is called, chains followed to their end.

    Raises:
        ConfigError: the file is missing, neither CSV nor TOML of the form above, or its merges contradict each other.
    """
    if path.suffix == ".toml":
        merges = _toml_merges(path)
    else:
        merges = [(row["tag"], row["into"]) for row in read_review(path) if row["decision"] in OBEYED]
    return followed(merges, path.name)


def read_review(path: Path) -> list[dict[str, str]]:
    """Give the rows of a review file, all columns as text, decisions in lower case.

    Raises:
        ConfigError: the file is missing, lacks a column, or holds a decision that is none.
    """
    rows = list(csv_rows(_text(path), restval=""))
    for number, row in enumerate(rows, start=2):
        for column in ("tag", "into", "decision"):
            if row.get(column) is None:
                raise ConfigError(
                    f"the vocabulary {shown(path.name)} has no column '{column}'; expected {', '.join(COLUMNS)}"
                )
        row.update({column: as_meant(row[column]) for column in COLUMNS if row.get(column)})
        row["decision"] = row["decision"].strip().lower()
        if row["decision"] not in DECISIONS:
            raise ConfigError(
                f"line {number} of {shown(path.name)} decides {shown(row['decision'])}"
                f"{nearest(row['decision'], ('yes', 'no', 'auto'))}, or nothing where nobody decided"
            )
    return rows


def followed(merges: Iterable[tuple[str, str]], where: str) -> dict[str, str]:
    """Give each merged tag's last name: of a to b and b to c, c for both.

    Raises:
        ConfigError: a tag goes into two others, or in a circle.
    """
    step: dict[str, str] = {}
    for tag, into in merges:
        if step.get(tag, into) != into:
            raise ConfigError(f"{shown(where)} merges {shown(tag)} into {shown(step[tag])} and {shown(into)}; keep one")
        step[tag] = into
    return {tag: _end(tag, step, where) for tag in sorted(step)}


def _end(tag: str, step: Mapping[str, str], where: str) -> str:
    seen, at = {tag}, step[tag]
    while at in step:
        if at in seen:
            raise ConfigError(f"{shown(where)} merges {shown(tag)} in a circle; take one of its merges out")
        seen.add(at)
        at = step[at]
    if at == tag:
        raise ConfigError(f"{shown(where)} merges {shown(tag)} in a circle; take one of its merges out")
    return at


def _toml_merges(path: Path) -> list[tuple[str, str]]:
    try:
        raw = tomllib.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the vocabulary {shown(path.name)} is not valid TOML: {error}") from error
    merges = raw.get("merges")
    if set(raw) != {"merges"} or not isinstance(merges, dict) or not all(isinstance(to, str) for to in merges.values()):
        raise ConfigError(
            f'the vocabulary {shown(path.name)} is not of the form expected: one table [merges] of lines "tag" = "into"'
        )
    return list(merges.items())


def _text(path: Path) -> str:
    missing = (
        f"there is no vocabulary at {shown(path)}; propose one with `coterie tags review TABLE --file {path.name}`"
    )
    return read_text(path, what=f"the vocabulary {shown(path)}", missing=missing)
