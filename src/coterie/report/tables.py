"""The tables of the report as CSV: page in, files out, by the same rules as the page's own buttons (``page.js``).

A cell holds what the page shows, but for numbers, which are written for a spreadsheet: no thousands apart, a plain
minus, no sign of "times". A cell may bring its exact value as ``data-value``. A dash for "nothing" is an empty cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from coterie import records
from coterie.errors import StoreError
from coterie.report.words import MISSING
from coterie.spreadsheet import csv_of_rows

# Excel takes a file without this mark for one in the code page of the country.
_MARK: Final = "\ufeff"
_NUMBER: Final = re.compile(r"([+\u2212-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?: ×)?", re.ASCII)
_VOID: Final = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr"})
_LISTS: Final = frozenset({"ul", "ol"})
_IN_A_TABLE: Final = ", in a table"
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the page.

    Args:
        name: of its file, unique in the page. header: its first row. rows: the others.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def to_csv(self) -> str:
        """Write it as CSV, with the mark that spreadsheets know UTF-8 by."""
        return _MARK + csv_of_rows(self.header, self.rows)


def tables(page: str) -> tuple[Table, ...]:
    """Give the tables of a page in their order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return tuple(
        Table(name, *(found.rows[0], tuple(found.rows[1:])) if found.rows else ((), ()))
        for name, found in zip(_names(reader.found), reader.found, strict=True)
    )


def write_tables(folder: Path, page: str) -> tuple[Path, ...]:
    """Write each table of a page into a CSV file of its own and give the files.

    Raises:
        StoreError: the folder cannot be made, or a file not be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make the folder '{folder}': {error.strerror or error}; choose another") from error
    written = []
    for table in tables(page):
        written.append(folder / f"{table.name}.csv")
        records.write_whole(written[-1], table.to_csv().encode())
    return tuple(written)


def _cell(text: str) -> str:
    """Write what a cell of the page says for a spreadsheet."""
    if text == MISSING:
        return ""
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    sign, whole, part = number.groups(default="")
    return sign.replace("\u2212", "-") + whole.replace(",", "") + part


def _names(found: list[_Found]) -> list[str]:
    seen: dict[str, int] = {}
    answer = []
    for table in found:
        said = f"{table.within} {table.label or table.caption}".lower()
        name = re.sub(r"[^a-z0-9]+", "-", said)[:_LONGEST_NAME]
        name = name.removeprefix("-").removesuffix("-") or "table"
        seen[name] = seen.get(name, 0) + 1
        answer.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return answer


@dataclass(slots=True)
class _Node:
    """An open element: its tag and attributes, and the texts in it so far."""

    tag: str
    attributes: dict[str, str]
    texts: list[str] = field(default_factory=list)

    def text(self) -> str:
        if self.attributes.get("aria-hidden") == "true":
            return ""
        return ("; " if self.tag in _LISTS else " ").join(text for text in self.texts if text)


@dataclass(slots=True)
class _Found:
    within: str
    label: str
    caption: str = ""
    rows: list[tuple[str, ...]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Reads our own pages, of which every element nests."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[_Found] = []
        self._open: list[_Node] = []
        self._row: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.found.append(self._table())
        if tag == "tr":
            self._row = []
        if tag not in _VOID:
            self._open.append(_Node(tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        node = self._open.pop()
        if tag in {"td", "th"}:
            self._row.append(_cell(node.attributes.get("data-value", node.text())))
            self._row += [""] * (int(node.attributes.get("colspan", 1)) - 1)
        elif tag == "tr":
            self.found[-1].rows.append(tuple(self._row))
        elif tag == "caption":
            self.found[-1].caption = node.text()
        elif self._open:
            self._open[-1].texts.append(node.text())

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].texts.append(" ".join(data.split()))

    def _table(self) -> _Found:
        within = next((node.attributes["id"] for node in reversed(self._open) if "id" in node.attributes), "")
        scrolled = next((node for node in reversed(self._open) if node.attributes.get("class") == "scroll"), None)
        label = scrolled.attributes.get("aria-label", "") if scrolled is not None else ""
        return _Found(within, " ".join(label.split()).removesuffix(_IN_A_TABLE))
