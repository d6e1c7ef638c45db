"""Stop words: which words say nothing about a text, from a language's list or a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tamis.core import DataError, UsageError
from tamis.features import stop_words


@dataclass(frozen=True)
class StopWords:
    """Words to leave out."""

    words: frozenset[str]
    negations: frozenset[str] = frozenset()
    """Left out of clouds and lists, but not where classes are compared: "not" can tell a bad review from a good one."""


def read_stop_words(choice: str) -> StopWords:
    """Return the stop words of a language (`en`), of a file with one word a line, or `none`."""
    if choice == "none":
        return StopWords(frozenset())
    path = Path(choice).expanduser()
    if path.is_file():
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
        return StopWords(_plain(lines))
    if "/" in choice or "." in choice:
        raise UsageError(f"no stop-word file {choice}", hint="give a language such as en, none, or an existing file")
    few = _plain(stop_words(choice))
    return StopWords(few, _plain(stop_words(choice, negations=True)) - few)


def _plain(words: list[str] | frozenset[str]) -> frozenset[str]:
    return frozenset(word.strip().lower().replace("’", "'") for word in words) - {""}
