"""The step `numbers`: numbers that stand alone."""

from __future__ import annotations

import re
from typing import ClassVar

from tamis.features.cleaning.step import Change, Step

_NUMBER = re.compile(r"(?<!\w)(?<![^\W\d_][.,:/'’-])[-+]?\d+(?:[.,:/’]\d+)*(?!\w)")


class Numbers(Step):
    """Takes numbers (12, 3.5, 10,000, 12:30, 1/2), but not the digits of a word (covid19, 3rd, mp3)."""

    name: ClassVar[str] = "numbers"
    summary: ClassVar[str] = "numbers that stand alone"

    replace: str = ""
    """The word in their place; empty: nothing."""

    def build(self) -> Change:
        """Return the function that applies this step."""
        word = self.replace
        return lambda text: _NUMBER.sub(lambda _: word, text)
