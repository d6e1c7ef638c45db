"""The step `whitespace`: one space between words."""

from __future__ import annotations

from typing import ClassVar

from tamis.features.cleaning.step import Change, Step


class Whitespace(Step):
    """Makes each run of white space one space, and takes it off both ends."""

    name: ClassVar[str] = "whitespace"
    summary: ClassVar[str] = "one space between words"

    keep_lines: bool = False
    """Whether line breaks stay (one for each run of them)."""

    def build(self) -> Change:
        """Return the function that applies this step."""
        return _by_line if self.keep_lines else _fold


def _fold(text: str) -> str:
    return " ".join(text.split())


def _by_line(text: str) -> str:
    return "\n".join(line for line in map(_fold, text.splitlines()) if line)
