"""Characters: what a PDF's fonts say, as the letters a writer would have typed."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from tamis.data.pdf.lines import HYPHEN

_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_SPACES = dict.fromkeys([0x09, 0x0B, 0x0C, 0x0D, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
_HYPHENS = {0x2010: "-", 0x2011: "-"}
_NOTHING = dict.fromkeys(
    [
        *range(9),
        *range(0x0E, 0x20),
        *range(0x7F, 0xA0),
        0xAD,  # the soft hyphen inside a line is a place where it might have been broken
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2065),
        0xFEFF,
        0xFFFF,
        *range(0xE000, 0xF900),  # private signs mean nothing without their font
    ],
    "",
)
_BULLETS = {0xF0B7: "•", 0xF0A7: "•", 0xF0D8: "•"}
_TABLE: dict[int, str] = {**_NOTHING, **_HYPHENS, **_SPACES, **_LIGATURES, **_BULLETS}

# Old TeX fonts set an accent and a letter on top of each other: `G ´ omez`, `Pediatr´ıa`.
_ACCENTS = {
    "´": "\u0301", "¨": "\u0308", "ˆ": "\u0302", "˜": "\u0303", "ˇ": "\u030c", "˘": "\u0306", "¸": "\u0327",
    "˚": "\u030a", "¯": "\u0304",
}  # fmt: skip
_ODD = re.compile("[" + "".join(re.escape(chr(code)) for code in sorted(_TABLE)) + "]")
_ACCENTED = re.compile(rf"(?:(?<=\w) )?([{''.join(_ACCENTS)}]) ?([^\W\d_])")
_MANY_SPACES = re.compile(r" {2,}")


def plain_characters(text: str) -> str:
    """Return text with ligatures undone, accents on their letters, and without control and invisible characters.

    >>> plain_characters("e\ufb03cient G ´ omez\\x00")
    'efficient Gómez'
    """
    if _ODD.search(text):
        text = text.translate(_TABLE)
    if not text.isascii() and any(accent in text for accent in _ACCENTS):
        text = _ACCENTED.sub(_compose, text)
    return _MANY_SPACES.sub(" ", text) if "  " in text else text


def _compose(match: re.Match[str]) -> str:
    letter = {"ı": "i", "ȷ": "j"}.get(match[2], match[2])
    whole = unicodedata.normalize("NFC", letter + _ACCENTS[match[1]])
    return whole if len(whole) == 1 else match[0]


_AROUND_WORDS = ".,;:!?…()[]{}<>/\"'‘’“”„«»|*†‡"
_AFTER_WORDS = ("", ",", ".", ")", ";", ":", "?", ").", "),")
_LAST_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*\Z")
_FIRST_WORD = re.compile(r"[^\W_]*")
_LONGEST_WORD = 60


class Vocabulary:
    """The words of a document, which know better than any rule whether a hyphen at a line's end belongs to the word.

    >>> words = Vocabulary("Drug-monitoring is a program. The program")
    >>> words.mend("drug" + HYPHEN + "monitoring pro" + HYPHEN + "gram")
    'drug-monitoring program'
    """

    def __init__(self, text: str) -> None:
        # a word that a line end broke still has HYPHEN inside, and so is none of these
        self._words = set(text.lower().split())
        compounds = [word.strip(_AROUND_WORDS).split("-") for word in self._words if "-" in word]
        self._compounds = {"-".join(parts) for parts in compounds}
        self._heads = {parts[0] for parts in compounds}
        self._tails = {parts[-1] for parts in compounds}

    def __contains__(self, word: str) -> bool:
        """Whether the document writes this word, at the end of a clause or inside."""
        return any(word + sign in self._words for sign in _AFTER_WORDS)

    def keeps_hyphen(self, before: str, after: str) -> bool:
        """Whether a word broken between `before` and `after` is written with a hyphen."""
        one, two = before.lower(), after.lower()
        if not one or not two or one[-1].isdigit() or two[0].isdigit():
            return True
        if one + two in self:
            return False
        if f"{one}-{two}" in self._compounds or "-" in one:
            return True
        if after[0].isupper() and not before.isupper():
            return True
        return (one in self._heads or two in self._tails) and one in self and two in self

    def mend(self, text: str) -> str:
        """Return text with every word that a line end had broken put together."""
        if HYPHEN not in text:
            return text
        first, *rest = text.split(HYPHEN)
        done = [first]
        for before, after in pairwise([first, *rest]):
            if self.keeps_hyphen(last_word(before), first_word(after)):
                done.append("-")
            done.append(after)
        return "".join(done)


def last_word(text: str) -> str:
    """Return the word at a text's very end, hyphens inside it included."""
    tail = text[-_LONGEST_WORD:]
    found = _LAST_WORD.search(tail, tail.rfind(" ") + 1)
    return found[0] if found else ""


def first_word(text: str) -> str:
    """Return the word at a text's very begin."""
    found = _FIRST_WORD.match(text)
    return found[0] if found else ""
