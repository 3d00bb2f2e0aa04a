"""One pass over the bytes of a CSV file: its fingerprint, and the proof that no line of it would vanish or be bent.

Polars fills a short line with nulls and stops at a long one without saying where. So every line is counted here first,
block by block and with array operations: a line with another number of fields than the first, a stray quote and a byte
that is not UTF-8 are refused with the file and the line. A blank line is let through (a row of nulls, which the checks
reject by its missing key).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from coterie.errors import FormatError, shown
from coterie.sources.packing import hasher

UTF8_MARK = codecs.BOM_UTF8
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NEWLINE, _RETURN = 10, 13
_LINES_NAMED = 3

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the lines of a CSV file are to be cut.

    Args:
        separator: one ASCII character. quote: one ASCII character or None.
        encoding: utf-8 or latin-1. n_fields: how many fields each line must have.
    """

    separator: str
    quote: str | None
    encoding: str
    n_fields: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What the pass found: the fingerprint of the contents, and whether they are all ASCII."""

    digest: str
    is_ascii: bool


def prove(blocks: Iterable[bytes], layout: Layout, name: str) -> Proof:
    """Read all blocks of a file once.

    Raises:
        FormatError: a line has another number of fields, a quote is out of place or never closed, or a byte is not
            UTF-8; names the file and the line.
    """
    state = hasher()
    text = Utf8Check(name) if layout.encoding == "utf-8" else None
    lines = _Lines(layout, name)
    is_ascii, is_first = True, True
    for block in blocks:
        state.update(block)
        is_ascii = is_ascii and block.isascii()
        if text is not None:
            text.read(block)
        lines.read(block.removeprefix(UTF8_MARK) if is_first else block)
        is_first = False
    if text is not None:
        text.close()
    lines.close()
    return Proof(state.hexdigest(), is_ascii)


class Utf8Check:
    """Refuses bytes that are not UTF-8, fed block by block, and says on which line the first one stands."""

    def __init__(self, name: str, advice: str = "set format.encoding = 'latin-1', or save the file as UTF-8") -> None:
        self._name, self._advice = name, advice
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._n_lines, self._is_first = 0, True

    def read(self, block: bytes) -> None:
        """Check one more block."""
        if self._is_first and block.startswith(_UTF16_MARKS):
            raise FormatError(f"{shown(self._name)} is UTF-16, expected UTF-8; save it as UTF-8")
        self._is_first = False
        self._decode(block, final=False)
        self._n_lines += block.count(b"\n")

    def close(self) -> None:
        """Check that the last character is whole."""
        self._decode(b"", final=True)

    def _decode(self, block: bytes, *, final: bool) -> None:
        try:
            self._decoder.decode(block, final)
        except UnicodeDecodeError as error:
            line = self._n_lines + error.object[: error.start].count(b"\n") + 1
            raise FormatError(
                f"{shown(self._name)} is not UTF-8: line {line:,} holds the byte 0x{error.object[error.start]:02X}; "
                f"{self._advice}"
            ) from error


@dataclass(slots=True)
class _Lines:
    """Counts the fields of each line over blocks; what a block leaves open is carried to the next."""

    layout: Layout
    name: str
    n_newlines: int = 0  # physical lines that ended before this block
    start_line: int = 1  # physical line on which the open record starts
    n_open_separators: int = 0
    n_open_bytes: int = 0  # bytes of the open record that are not a line end
    is_quoted: bool = False
    before: int = _NEWLINE  # the byte before this block
    must_end: bool = False  # the last byte closed a quote
    n_ragged: int = 0
    ragged: list[tuple[int, int]] = field(default_factory=list)

    def read(self, block: bytes) -> None:
        if not block:
            return
        array = np.frombuffer(block, dtype=np.uint8)
        newlines, separators = _where(array, _NEWLINE), _where(array, ord(self.layout.separator))
        ends, is_quoted = newlines, self.is_quoted
        if self.layout.quote and (is_quoted or self.layout.quote.encode() in block or self.must_end):
            quotes = _where(array, ord(self.layout.quote))
            self._check_quotes(array, quotes, newlines)
            ends, separators = (at[_outside(at, quotes, is_quoted)] for at in (newlines, separators))
            is_quoted = bool((int(is_quoted) + len(quotes)) % 2)
        self._count(array, newlines, ends, separators)
        self.is_quoted, self.before = is_quoted, int(array[-1])
        self.n_newlines += len(newlines)

    def close(self) -> None:
        if self.is_quoted:
            raise FormatError(
                f"{shown(self.name)} has a quote that is never closed, in the record that starts at line "
                f"{self.start_line:,}; mend it, or set format.quote = '' if quotes are part of the text"
            )
        if self.n_open_bytes or self.n_open_separators:
            self._note(np.array([self.n_open_separators + 1]), np.array([self.start_line]))
        if self.n_ragged:
            self._refuse()

    def _count(self, array: npt.NDArray[np.uint8], newlines: Positions, ends: Positions, separators: Positions) -> None:
        """Count the fields of the records that end in this block, and carry the open one."""
        up_to = np.searchsorted(separators, ends)
        counts = np.diff(up_to, prepend=0)
        starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else np.empty(0, dtype=np.int64)
        n_bytes = ends - starts - ((ends > 0) & (array[ends - 1] == _RETURN))
        lines = self.n_newlines + 1 + np.searchsorted(newlines, starts)
        if len(ends):
            is_split_return = ends[0] == 0 and self.before == _RETURN
            counts[0] += self.n_open_separators
            n_bytes[0] += self.n_open_bytes - int(is_split_return)
            lines[0] = self.start_line
            self.n_open_separators = self.n_open_bytes = 0
            self.start_line = int(self.n_newlines + 1 + np.searchsorted(newlines, ends[-1] + 1))
        is_whole = n_bytes > 0
        self._note(counts[is_whole] + 1, lines[is_whole])
        tail = int(ends[-1]) + 1 if len(ends) else 0
        self.n_open_separators += len(separators) - (int(up_to[-1]) if len(ends) else 0)
        self.n_open_bytes += len(array) - tail

    def _note(self, n_fields: Positions, lines: Positions) -> None:
        wrong = np.flatnonzero(n_fields != self.layout.n_fields)
        self.n_ragged += len(wrong)
        for place in wrong[: max(0, _LINES_NAMED - len(self.ragged))]:
            self.ragged.append((int(lines[place]), int(n_fields[place])))

    def _refuse(self) -> None:
        line, n_fields = self.ragged[0]
        others = " and ".join(f"{other:,}" for other, _ in self.ragged[1:])
        more = f"; so have {self.n_ragged - 1:,} more, such as line {others}" if others else ""
        raise FormatError(
            f"line {line:,} of {shown(self.name)} has {_counted(n_fields)}, expected {self.layout.n_fields}{more}; "
            "mend the lines, or check format.separator and format.quote"
        )

    def _check_quotes(self, array: npt.NDArray[np.uint8], quotes: Positions, newlines: Positions) -> None:
        """Refuse a quote that opens within a field, or one that closes before the field ends."""
        quote, separator = ord(self.layout.quote or ""), ord(self.layout.separator)
        previous = np.where(quotes > 0, array[quotes - 1], self.before) if len(quotes) else quotes
        is_opening = (np.arange(len(quotes)) + int(self.is_quoted)) % 2 == 0
        is_bad = is_opening & ~np.isin(previous, [separator, _NEWLINE, quote])
        inner = quotes < len(array) - 1
        following = np.where(inner, array[np.minimum(quotes + 1, len(array) - 1)], _NEWLINE) if len(quotes) else quotes
        is_bad |= ~is_opening & ~np.isin(following, [separator, _NEWLINE, _RETURN, quote])
        at = quotes[is_bad]
        if self.must_end and int(array[0]) not in {separator, _NEWLINE, _RETURN, quote}:
            at = np.concatenate([[0], at])
        if len(at):
            line = self.n_newlines + 1 + int(np.searchsorted(newlines, at[0]))
            raise FormatError(
                f"line {line:,} of {shown(self.name)} has a quote in the middle of a field; double it within a "
                "quoted field, or set format.quote = '' if quotes are part of the text"
            )
        self.must_end = bool(len(quotes) and quotes[-1] == len(array) - 1 and not is_opening[-1])


def _where(array: npt.NDArray[np.uint8], byte: int) -> Positions:
    return np.flatnonzero(array == byte)


def _outside(at: Positions, quotes: Positions, is_quoted: bool) -> npt.NDArray[np.bool_]:
    is_outside: npt.NDArray[np.bool_] = (np.searchsorted(quotes, at) + int(is_quoted)) % 2 == 0
    return is_outside


def _counted(n_fields: int) -> str:
    return "1 field" if n_fields == 1 else f"{n_fields:,} fields"
