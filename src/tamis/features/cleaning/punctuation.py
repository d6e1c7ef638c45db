"""The step `punctuation`: marks between words."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import ClassVar

from tamis.features.cleaning.step import Change, Step
from tamis.features.words import LAST_CODE, mark_ranges, ranges

_KINDS = ("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk")
_SKIN_TONES = range(0x1F3FB, 0x1F400)


class Punctuation(Step):
    """Makes punctuation and mathematical signs spaces; emoji stay, and so do the marks inside words and numbers."""

    name: ClassVar[str] = "punctuation"
    summary: ClassVar[str] = "marks (not in don't, 3.5, emoji)"

    keep: str = ""
    """Signs that stay, as in "!?"."""
    inside_words: bool = False
    """Also the apostrophe of "don't" and the point of "3.5"."""

    def build(self) -> Change:
        """Return the function that applies this step."""
        pattern = _pattern(self.keep, self.inside_words)
        return lambda text: pattern.sub(" ", text)


def punctuation_marks() -> frozenset[str]:
    """Return every character that this step takes."""
    return _marks()


@cache
def _marks() -> frozenset[str]:
    codes = (code for code in range(LAST_CODE) if code not in _SKIN_TONES)
    return frozenset(chr(code) for code in codes if unicodedata.category(chr(code)) in _KINDS)


@cache
def _pattern(keep: str, inside_words: bool) -> re.Pattern[str]:
    marks = ranges(sorted(ord(mark) for mark in _marks() - set(keep)))
    if inside_words:
        return re.compile(f"[{marks}]")
    before, after = rf"(?<=[^\W_]|[{mark_ranges()}])", r"(?=[^\W_])"
    return re.compile(rf"(?!{before}['’]{after})(?!(?<=\d)[.,:](?=\d))[{marks}]")
