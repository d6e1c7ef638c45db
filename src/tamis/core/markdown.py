"""Markdown: values of any origin as words, code and tables of a page, in which they can be nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

_MOST_CHARACTERS = 200


def plain(value: Any, *, most_characters: int = _MOST_CHARACTERS) -> str:
    """Return any value on one line, in which nothing is Markdown, HTML or the end of a cell.

    >>> plain("a | b <i>")
    'a &#124; b &lt;i>'
    """
    text = _line(value, most_characters)
    for old, new in (("&", "&amp;"), ("<", "&lt;"), ("|", "&#124;"), ("`", "'"), ("[", "&#91;"), ("]", "&#93;")):
        text = text.replace(old, new)
    for sign in "*_":  # within a word they are themselves; before or behind one they would set it off
        text = " ".join(
            word if word.strip(sign) == word else word.replace(sign, f"\\{sign}") for word in text.split(" ")
        )
    return text


def code(value: Any) -> str:
    """Return any value as it stands, in the type of code."""
    return f"`{_line(value).replace('`', chr(39))}`" if _line(value) else ""


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> Iterator[str]:
    """Yield the lines of a table and an empty one; the first `left` columns stand left, all others right.

    Cells are Markdown already: see `plain` and `code`.
    """
    # what `plain` made holds no bar; in the type of code one has to be told from the end of a cell
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    if lines:
        marks = (":---" if column < left else "---:" for column in range(len(headers)))
        yield from (f"| {' | '.join(headers)} |", f"| {' | '.join(marks)} |", *lines, "")


def _line(value: Any, most_characters: int = _MOST_CHARACTERS) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= most_characters else text[: most_characters - 1] + "…"
