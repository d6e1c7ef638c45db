"""Words: where a text's words begin and end, the same in Python and in polars."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    Texts: TypeAlias = Sequence[str | None] | pl.Series | pa.ChunkedArray

# Chinese and Japanese put no space between words: each of their characters counts as one.
_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTER = r"\p{L}\p{N}\p{M}_"
_JOINED = f"[[{_LETTER}]--[{_ALONE}]]"

WORD_PATTERN = rf"[{_ALONE}]|{_JOINED}+(?:['’]{_JOINED}+)*"
"""What a word is, for polars: `pl.col("text").str.extract_all(WORD_PATTERN)`."""

_HAS_ALONE = re.compile(f"[{_ALONE}]")

LAST_CODE = 0x20000
"""Where the search for characters of a kind ends: beyond lie only further Chinese characters."""

_BATCH_ROWS = 50_000


def words(text: str) -> list[str]:
    """Return the words of a text as they stand: letters, digits and marks, with the apostrophes inside them.

    >>> words("Don't panic: 42 is l'answer, 100 %!")
    ["Don't", 'panic', '42', 'is', "l'answer", '100']
    """
    return _pattern_for(text).findall(text)


def word_counts(texts: Texts) -> npt.NDArray[np.int32]:
    """Return how many words each text has; None has none.

    >>> word_counts(["free money", "", None]).tolist()
    [2, 0, 0]
    """
    import polars as pl

    counts = [batch.str.count_matches(WORD_PATTERN).fill_null(0).cast(pl.Int32).to_numpy() for batch in series(texts)]
    return np.concatenate(counts) if counts else np.zeros(0, dtype=np.int32)


def substitute(change: Callable[[str], str], text: str) -> str:
    """Return the text with each of its words changed, and everything between them as it was."""
    return _pattern_for(text).sub(lambda found: change(found[0]), text)


@cache
def mark_ranges() -> str:
    """The combining marks (Hindi's vowel signs, accents of their own…), which Python's \\w leaves out."""
    return ranges([code for code in range(0x300, LAST_CODE) if unicodedata.category(chr(code))[0] == "M"])


def ranges(codes: Sequence[int]) -> str:
    """Return sorted character codes as the inside of a regular expression's brackets.

    >>> ranges([97, 98, 99, 45])
    'a-c\\\\-'
    """
    parts: list[str] = []
    start = 0
    for place in range(1, len(codes) + 1):
        if place == len(codes) or codes[place] != codes[place - 1] + 1:
            first, last = (re.escape(chr(codes[edge])) for edge in (start, place - 1))
            parts.append(first if first == last else f"{first}-{last}")
            start = place
    return "".join(parts)


def series(texts: Texts, *, rows: int = _BATCH_ROWS) -> Iterator[pl.Series]:
    """Yield texts of any kind as polars columns of at most so many rows, without copying Arrow's memory."""
    import polars as pl
    import pyarrow as pa

    if isinstance(texts, pl.Series):
        whole = texts
    elif isinstance(texts, pa.ChunkedArray | pa.Array):
        column = pl.from_arrow(texts)
        assert isinstance(column, pl.Series)
        whole = column
    else:
        yield from (pl.Series(part, dtype=pl.String) for part in _batches(texts, rows))
        return
    whole = whole.cast(pl.String)
    for start in range(0, len(whole), rows):
        yield whole.slice(start, rows)


def _batches(texts: Iterable[str | None], rows: int) -> Iterator[list[str | None]]:
    rest = iter(texts)
    while part := list(islice(rest, rows)):
        yield part


def _pattern_for(text: str) -> re.Pattern[str]:
    plain, alone = _patterns()
    return alone if not text.isascii() and _HAS_ALONE.search(text) else plain


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The word pattern for Python's `re`, for texts without and with characters that stand alone."""
    letter = rf"\w{mark_ranges()}"
    joined = f"(?:(?![{_ALONE}])[{letter}])"
    return (
        re.compile(f"[{letter}]+(?:['’][{letter}]+)*"),
        re.compile(f"[{_ALONE}]|{joined}+(?:['’]{joined}+)*"),
    )
