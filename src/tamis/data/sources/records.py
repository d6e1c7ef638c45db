"""Records: cuts a stream of delimited text into blocks of whole records, and reads a difficult block exactly.

Most blocks are plain: every quote opens or closes a field, so a line end after an even number of quotes ends a record.
Where quotes stand in odd places, the records are gone through one by one to find where the last one ends. A block in
which a quote may have been left open is `difficult`: the fast reader would not notice.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

import numpy as np

from tamis.data.sources.dialect import Dialect, read_rows

_QUOTE = 34
_END = "\0end of block\0"  # a line of its own, unless a quote is still open
_LONGEST_RECORD_BYTES = 1 << 24  # a quoted field that goes on for longer was never closed


@dataclass(frozen=True)
class Block:
    """Whole records, one after the other."""

    data: memoryview
    difficult: bool


@dataclass
class Exact:
    """A block read record by record."""

    rows: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    """The place in the block of each row, from 1."""
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    """Place in the block, reason, what stood there."""
    records: int = 0
    """Rows and rejects together."""


def blocks(stream: BinaryIO, dialect: Dialect, *, size: int) -> Iterator[Block]:
    """Yield the stream's records in blocks of about `size` bytes."""
    left = b""
    while True:
        piece = stream.read(size)
        data = left + piece if left else piece
        if not piece:
            if data:
                yield Block(memoryview(data), difficult=dialect.quoting and not _plain(data, dialect))
            return
        end, difficult = _cut(data, dialect), False
        if end == 0 and len(data) > size + _LONGEST_RECORD_BYTES:
            end, difficult = max(data.rfind(b"\n"), data.rfind(b"\r", 0, -1)) + 1 or len(data), True
        if end:
            yield Block(memoryview(data)[:end], difficult)
        left = data[end:]


def read_exactly(block: Block, dialect: Dialect, width: int) -> Exact:
    """Return the rows of a block that have `width` fields, and why the others do not.

    A quote that opens a field and runs on over further rows costs only its own line.
    """
    text = bytes(block.data).decode("utf-8", "surrogateescape")
    lines = list(io.StringIO(text, newline=""))
    found, start = Exact(), 0
    while start < len(lines):
        start = _read_on(lines, start, found, dialect, width)
    return found


def _read_on(lines: list[str], start: int, found: Exact, dialect: Dialect, width: int) -> int:
    """Read records from line `start`; return the line at which to begin anew."""
    feed = chain(map(lines.__getitem__, range(start, len(lines))), (_END,))
    reader = read_rows(feed, delimiter=dialect.delimiter, quoting=dialect.quoting)
    before = start
    for row in reader:
        after = start + reader.line_num
        if row == [_END]:
            break
        unclosed = after > len(lines)  # the end mark was swallowed
        ran_on = unclosed or (after - before > 1 and len(row) != width and not _strict(lines[before:after], dialect))
        content = lines[before] if ran_on else "".join(lines[before:after])
        found.records += 1
        reason = "a quote opens a field here and does not close it" if ran_on else _fault(row, width, content)
        if reason is None:
            found.rows.append(row)
            found.numbers.append(found.records)
        else:
            shown = content.rstrip("\r\n").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            found.rejects.append((found.records, reason, shown))
        if ran_on:
            return before + 1
        before = after
    return len(lines)


def _strict(lines: list[str], dialect: Dialect) -> bool:
    """True when the quotes of a record are all in their places."""
    try:
        list(csv.reader(lines, delimiter=dialect.delimiter, strict=True))
    except csv.Error:
        return False
    return True


def _fault(row: list[str], width: int, content: str) -> str | None:
    if not content.strip("\r\n"):
        return "empty line"
    if len(row) != width:
        return f"expected {width} fields, got {len(row)}"
    if "\0" in content:
        return "holds a NUL byte"
    bad = next((letter for letter in content if "\udc80" <= letter <= "\udcff"), None)
    return None if bad is None else f"not UTF-8: byte {ord(bad) - 0xDC00:02X}"


def _cut(data: bytes, dialect: Dialect) -> int:
    """Where the last whole record ends."""
    if not dialect.quoting or b'"' not in data:
        return _last_line_end(data, len(data))
    quotes = _quotes(data)
    if not _regular(data, quotes, dialect):
        return _cut_exactly(data, dialect)
    end = len(data)
    while True:
        end = _last_line_end(data, end)
        inside = int(np.searchsorted(quotes, end))
        if inside % 2 == 0:
            return end
        end = int(quotes[inside - 1])  # the line end stands inside quotes: look before they open


def _cut_exactly(data: bytes, dialect: Dialect) -> int:
    """The end of the last record but one, as the exact reader sees it; the last one may go on."""
    text = data.decode("latin-1")  # a byte is a letter
    lines = list(io.StringIO(text, newline=""))
    reader = read_rows(lines, delimiter=dialect.delimiter, quoting=dialect.quoting)
    before = last = 0
    for _ in reader:
        before, last = last, reader.line_num
    return sum(len(line) for line in lines[:before])


def _plain(data: bytes, dialect: Dialect) -> bool:
    quotes = _quotes(data)
    return len(quotes) % 2 == 0 and _regular(data, quotes, dialect)


def _quotes(data: bytes) -> np.ndarray:
    return np.flatnonzero(np.frombuffer(data, np.uint8) == _QUOTE)


def _regular(data: bytes, quotes: np.ndarray, dialect: Dialect) -> bool:
    """True when each odd quote opens a field or continues one (`""`), and each even one closes or continues."""
    letters = np.frombuffer(data, np.uint8)
    beside = np.zeros(256, bool)
    beside[[ord(dialect.delimiter), 10, 13, _QUOTE]] = True
    opening, closing = quotes[0::2], quotes[1::2]
    if len(opening) and opening[0] == 0:
        opening = opening[1:]
    if len(closing) and closing[-1] == len(letters) - 1:
        closing = closing[:-1]
    return bool(beside[letters[opening - 1]].all() and beside[letters[closing + 1]].all())


def _last_line_end(data: bytes, end: int) -> int:
    """The place after the last line end before `end`; a carriage return that may have a line feed behind it waits."""
    feed = data.rfind(b"\n", 0, end) + 1
    return feed or data.rfind(b"\r", 0, min(end, len(data) - 1)) + 1
