"""One pass over the bytes of a CSV file: its fingerprint, and the proof that no line of it would vanish or be bent.

Polars fills a short line with nulls and stops at a long one without saying where. So every line is counted here first,
block by block: by a kernel, which also sees what columns hold, until a quote stands in the way. A line with another
number of fields than the first, a stray quote and a byte that is not UTF-8 are refused with the file and the line. A
blank line is let through (a row of nulls, which the checks reject by its missing key).
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from coterie._kernels.rows import Fields
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
    """What the pass found.

    Args:
        digest: the fingerprint of the contents. is_ascii: whether they are all ASCII.
        fields: what the columns were seen to hold, the header's among it where there is none to leave out; None where
            a quote stood in the way.
    """

    digest: str
    is_ascii: bool
    fields: Fields | None


def prove(blocks: Iterable[bytes], layout: Layout, name: str, *, n_before: int = 0) -> Proof:
    """Read all blocks of a file once.

    Args:
        n_before: physical lines before the data, the header among them, whose fields say nothing of the columns.

    Raises:
        FormatError: a line has another number of fields, a quote is out of place or never closed, or a byte is not
            UTF-8; names the file and the line.
    """
    state = hasher()
    text = Utf8Check(name) if layout.encoding == "utf-8" else None
    lines: _Plain | _Lines = _Plain(layout, name, n_before)
    is_ascii, is_first = True, True
    for block in _hashed(blocks, state.update):
        is_ascii = is_ascii and block.isascii()
        if text is not None:
            text.read(block)
        plain = block.removeprefix(UTF8_MARK) if is_first else block
        if isinstance(lines, _Plain) and layout.quote and layout.quote.encode() in plain:
            lines = lines.carried_on()
        lines.read(plain)
        is_first = False
    if text is not None:
        text.close()
    lines.close()
    return Proof(state.hexdigest(), is_ascii, lines.fields if isinstance(lines, _Plain) else None)


def _hashed(blocks: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    """Give the blocks, each while it is added to the fingerprint beside."""
    with ThreadPoolExecutor(1) as beside:
        last: Future[None] | None = None
        for block in blocks:
            if last is not None:
                last.result()
            last = beside.submit(update, block)
            yield block
        if last is not None:
            last.result()


class Utf8Check:
    """Refuses bytes that are not UTF-8, fed block by block, and says on which line the first one stands."""

    def __init__(self, name: str, advice: str = "set format.encoding = 'latin-1', or save the file as UTF-8") -> None:
        self._name, self._advice = name, advice
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._n_lines, self._is_first = 0, True
        self._is_between = True  # no character is cut at the end of the last block

    def read(self, block: bytes) -> None:
        """Check one more block."""
        if self._is_first and block.startswith(_UTF16_MARKS):
            raise FormatError(f"{shown(self._name)} is UTF-16, expected UTF-8; save it as UTF-8")
        self._is_first = False
        if self._is_between and block.isascii():
            self._n_lines += block.count(b"\n")
            return
        self._decode(block, final=False)
        self._is_between = not self._decoder.getstate()[0]
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


class _Plain:
    """Counts the fields of lines without quotes in a kernel, and sees what they hold."""

    def __init__(self, layout: Layout, name: str, n_before: int) -> None:
        self._layout, self._name, self._n_before = layout, name, n_before
        self.fields = Fields.of(layout.n_fields)
        self._open = b""

    def read(self, block: bytes) -> None:
        first, last = block.find(b"\n") + 1, block.rfind(b"\n") + 1
        if not last:
            self._open += block
            return
        self._count(self._open + block[:first])
        self._open = block[last:]
        while first < last and self.fields.n_lines < self._n_before:
            after = block.find(b"\n", first) + 1
            self._count(block[first:after])
            first = after
        self._count(memoryview(block)[first:last])

    def close(self) -> None:
        self._count(self._open)
        _refuse_ragged(self.fields.n_ragged, self.fields.ragged, self._layout, self._name)

    def carried_on(self) -> _Lines:
        """Give the counter that knows quotes, where this one stands."""
        lines = _Lines(self._layout, self._name, n_newlines=self.fields.n_lines, start_line=self.fields.n_lines + 1)
        lines.n_ragged, lines.ragged = self.fields.n_ragged, self.fields.ragged
        lines.read(self._open)
        return lines

    def _count(self, lines: bytes | memoryview) -> None:
        """Read lines; one at a time as long as they are before the data."""
        is_before = self.fields.n_lines < self._n_before
        self.fields.read(lines, self._layout.separator, _LINES_NAMED)
        if is_before:  # names of columns say nothing of what these hold
            self.fields.forget()


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
        _refuse_ragged(self.n_ragged, self.ragged, self.layout, self.name)

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


def _refuse_ragged(n_ragged: int, named: list[tuple[int, int]], layout: Layout, name: str) -> None:
    if not n_ragged:
        return
    line, n_fields = named[0]
    others = " and ".join(f"{other:,}" for other, _ in named[1:])
    more = f"; so have {n_ragged - 1:,} more, such as line {others}" if others else ""
    raise FormatError(
        f"line {line:,} of {shown(name)} has {_counted(n_fields)}, expected {layout.n_fields}{more}; "
        "mend the lines, or check format.separator and format.quote"
    )


def _where(array: npt.NDArray[np.uint8], byte: int) -> Positions:
    return np.flatnonzero(array == byte)


def _outside(at: Positions, quotes: Positions, is_quoted: bool) -> npt.NDArray[np.bool_]:
    is_outside: npt.NDArray[np.bool_] = (np.searchsorted(quotes, at) + int(is_quoted)) % 2 == 0
    return is_outside


def _counted(n_fields: int) -> str:
    return "1 field" if n_fields == 1 else f"{n_fields:,} fields"
