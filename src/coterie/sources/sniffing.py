"""What a text file itself says about how it is written: its separator and its first record."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SEPARATORS = (",", "\t", "|", ";", "\x01")
SNIFFED_RECORDS = 200
_SAME_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class FirstRecord:
    """The first record of a text file.

    Args:
        fields: its fields.
        n_lines_before: blank lines that stand before it.
        has_end: whether a line ends after it, which tells a record from a text that was cut.
    """

    fields: tuple[str, ...]
    n_lines_before: int
    has_end: bool


def records_of(text: str, separator: str, quote: str | None, n_records: int = SNIFFED_RECORDS) -> list[list[str]]:
    """Give the first records of a text, blank lines left out; stops at what cannot be parsed."""
    found: list[list[str]] = []
    try:
        for record in _reader(text, separator, quote):
            if record:
                found.append(record)
            if len(found) == n_records:
                break
    except csv.Error:
        return found
    return found


def first_record(text: str, separator: str, quote: str | None) -> FirstRecord | None:
    """Give the first record that is not a blank line; None if there is none.

    Raises:
        csv.Error: the record cannot be parsed.
    """
    lines = io.StringIO(text, newline="")
    for n_lines_before, record in enumerate(_reader(lines, separator, quote)):
        if record:
            return FirstRecord(tuple(record), n_lines_before, has_end=text[: lines.tell()].endswith("\n"))
    return None


def sniff_separator(text: str, quote: str | None = '"') -> str | None:
    """Give the separator that cuts nearly all records into the same number of fields; None if there is none.

    It must cut the first record too: a header has none of what stands within fields alone, as "|" between tags does.
    Where several do, one that cuts the first into as many fields as the rest is taken, then the one with most fields.
    """
    found = {separator: fit for separator in SEPARATORS if (fit := _fit(text, separator, quote)) is not None}
    return max(found, key=found.__getitem__) if found else None


def looks_like_separator(text: str, besides: str) -> str | None:
    """Give the plausible separator that a single field contains most often; None if there is none."""
    counts = {candidate: text.count(candidate) for candidate in SEPARATORS if candidate != besides}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else None


def _fit(text: str, separator: str, quote: str | None) -> tuple[bool, int] | None:
    """Give whether the first record has as many fields as most, and how many these are; None where it cuts badly."""
    n_fields = [len(record) for record in records_of(text, separator, quote)]
    if not n_fields or n_fields[0] == 1:
        return None
    most, n_records = Counter(n_fields).most_common(1)[0]
    is_cut = most > 1 and n_records >= _SAME_SHARE * len(n_fields)
    return (n_fields[0] == most, most) if is_cut else None


def _reader(lines: Iterable[str] | str, separator: str, quote: str | None) -> Iterator[list[str]]:
    source = io.StringIO(lines, newline="") if isinstance(lines, str) else lines
    if not quote:
        return csv.reader(source, delimiter=separator, quoting=csv.QUOTE_NONE)
    return csv.reader(source, delimiter=separator, quotechar=quote)
