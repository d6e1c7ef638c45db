"""Dialect: finds out what separates the fields of a file, what quotes mean, and whether names stand on top."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tamis.core import UsageError

if TYPE_CHECKING:
    from _csv import Reader

_DELIMITERS = (",", "\t", ";", "|")
_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_SAMPLE_LETTERS = 1 << 18
_FIELD_LETTERS = 1 << 30
_CLOSED_SHARE = 0.9  # of the quotes that open a field so many must be closed, if quotes mean anything
_VALUE = re.compile(
    r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?%?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?|(?i:true|false|null|nan|na|n/a)"
)
_HEADER_WORDS = re.compile(
    r"\b(id|text|labels?|class|category|tags?|title|body|content|review|comment|message|sentence|tweet|sentiment|rating|"
    r"stars|score|target|date|time|name|split|group|user|author|topic|intent|description|url|source)\b"
)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How the lines of a delimited file are written."""

    delimiter: str
    quoting: bool
    """True: quotes enclose fields; False: a quote is a letter like any other."""
    header: bool
    columns: tuple[str, ...]
    header_bytes: int
    """UTF-8 bytes before the first row."""
    notes: tuple[str, ...] = ()
    """What the user should know of the choice."""

    @property
    def shown(self) -> dict[str, object]:
        """The dialect in the words of the command line."""
        delimiter = {"\t": "tab"}.get(self.delimiter, self.delimiter)
        return {"delimiter": delimiter, "quoting": "minimal" if self.quoting else "none", "header": self.header}


def find_dialect(
    text: str, *, whole: bool, tab: bool, delimiter: str | None, quoting: str, header: bool | None
) -> Dialect:
    """Return how a file is written that starts with `text`; `tab` says that its name promises tabs."""
    if quoting not in ("auto", "minimal", "none"):
        raise UsageError(f"--quoting is auto, minimal or none, not {quoting!r}")
    asked = None if delimiter is None else _NAMES.get(delimiter, delimiter)
    if asked is not None and (len(asked) != 1 or ord(asked) > 127 or asked in '"\r\n'):
        raise UsageError(f"--delimiter is one plain character or `tab`, not {delimiter!r}")
    if not whole:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    start = len(text) - len(text.lstrip("\r\n"))  # empty lines above the header mean nothing
    body = text[start:]
    chosen = asked or _delimiter(body[:_SAMPLE_LETTERS], tab)
    quoted, notes = _quoting(body, chosen, quoting)
    rows = _rows(body, chosen, quoted, 200)
    first = rows[0] if rows else []
    named = _is_header(first, rows[1:]) if header is None else header
    columns, renamed = _names(first) if named else ([f"column_{n}" for n in range(1, _width(rows) + 1)], [])
    return Dialect(
        delimiter=chosen,
        quoting=quoted,
        header=named,
        columns=tuple(columns),
        header_bytes=len(
            text[: start + (_first_record(body, chosen, quoted) if named else 0)].encode("utf-8", "surrogateescape")
        ),
        notes=(*notes, *renamed),
    )


def read_rows(lines: Iterable[str], *, delimiter: str, quoting: bool) -> Reader:
    """Return a reader of records that goes by the same rules as the fast one."""
    csv.field_size_limit(_FIELD_LETTERS)
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE)


def _rows(text: str, delimiter: str, quoting: bool, limit: int) -> list[list[str]]:
    rows: list[list[str]] = []
    for row in read_rows(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting):
        if row:
            rows.append(row)
        if len(rows) >= limit:
            break
    return rows


def _agreement(text: str, delimiter: str, quoting: bool) -> tuple[float, int, int]:
    """Share of the records that have the usual number of fields, that number, and how many records have it."""
    widths = Counter(
        len(row) for row in read_rows(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting) if row
    )
    if not widths:
        return 0.0, 1, 0
    width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
    return count / sum(widths.values()), width, count


def _delimiter(text: str, tab: bool) -> str:
    """The character that cuts the records most evenly."""
    best, best_score = "\t" if tab else ",", (0.0, 0)
    for candidate in ("\t", *_DELIMITERS) if tab else _DELIMITERS:
        share, width, _ = max(_agreement(text, candidate, quoting) for quoting in (True, False))
        first = _rows(text, candidate, True, 1)
        if width < 2 or share < 0.5 or (first and len(first[0]) < 2):
            continue
        if tab and candidate == "\t":
            return candidate
        if (round(share, 2), width) > best_score:
            best, best_score = candidate, (round(share, 2), width)
    return best


def _quoting(text: str, delimiter: str, asked: str) -> tuple[bool, list[str]]:
    if asked != "auto":
        return asked == "minimal", []
    if '"' not in text:
        return delimiter != "\t", []
    inside, _, whole_rows = _agreement(text, delimiter, True)
    literal, _, lines = _agreement(text, delimiter, False)
    if inside < literal or (inside == literal and lines > whole_rows):
        return False, ["quotes are letters here: taken as enclosing fields they would run rows together"]
    if inside > literal:
        return True, []
    mark = re.escape(delimiter)
    opened = len(re.findall(rf'(?:^|(?<=[{mark}\r\n]))"', text))
    closed = len(re.findall(rf'(?:^|(?<=[{mark}\r\n]))"(?:[^"]|"")*"(?=[{mark}\r\n]|$)', text))
    if not opened:
        return delimiter != "\t", ["no quote stands at the start of a field: they are letters"]
    if closed < _CLOSED_SHARE * opened:
        return False, [f"quotes are letters here: of {opened} that open a field only {closed} have one that closes it"]
    return True, ["quotes enclose fields and are taken off; --quoting none keeps them as letters"]


def _is_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    cells = [cell.strip() for cell in first]
    if any(_VALUE.fullmatch(cell) for cell in cells) or not any(cells):
        return False
    spaced = " ".join(re.sub(r"[\W_]+", " ", cell.lower()) for cell in cells)
    if _HEADER_WORDS.search(spaced) and all(len(cell) <= 64 for cell in cells):
        return True
    for number, cell in enumerate(cells):
        below = [row[number] for row in rows if len(row) > number]
        if cell and cell in below:
            return False  # it is a value of its column
    return len(set(cells)) == len(cells) and all(len(cell) <= 64 for cell in cells)


def _names(first: Sequence[str]) -> tuple[list[str], list[str]]:
    """Column names, each given once; what had to be changed is told."""
    names: list[str] = []
    notes: list[str] = []
    taken = {cell.strip().lower() for cell in first}
    used: set[str] = set()
    for number, cell in enumerate(first, start=1):
        name = cell.strip() or f"column_{number}"
        if not cell.strip():
            notes.append(f"column {number} has no name: called {name!r}")
        if name.lower() in used:
            count = 2
            while f"{name}_{count}".lower() in taken | used:
                count += 1
            notes.append(f"two columns are named {name!r}: the one at place {number} is called {name}_{count}")
            name = f"{name}_{count}"
        used.add(name.lower())
        names.append(name)
    return names, notes


def _first_record(text: str, delimiter: str, quoting: bool) -> int:
    """Letters of the first record, its line end included."""
    reader = read_rows(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    next(reader, None)
    lines = io.StringIO(text, newline="")
    return sum(len(next(lines)) for _ in range(reader.line_num))


def _width(rows: Sequence[Sequence[str]]) -> int:
    return Counter(len(row) for row in rows).most_common(1)[0][0] if rows else 0
