"""Perturbations: small changes to a text that a reader hardly notices, and negation, which he does.

Each takes a text and a source of chance, and returns the changed text, or the text itself where it has nothing to
change.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Mapping
from random import Random

Perturbation = Callable[[str, Random], str]

_WORD = re.compile(r"[^\W\d_]{4,}")
_ENDING = re.compile(r"[\s.!?…]+$")
_SHORT = {
    "do not": "don't", "does not": "doesn't", "did not": "didn't", "is not": "isn't", "are not": "aren't",
    "was not": "wasn't", "were not": "weren't", "have not": "haven't", "has not": "hasn't", "would not": "wouldn't",
    "could not": "couldn't", "should not": "shouldn't", "cannot": "can't", "will not": "won't", "it is": "it's",
    "i am": "I'm", "that is": "that's",
}  # fmt: skip
_LONG = {short: long for long, short in _SHORT.items()}
_CONTRACTION = re.compile(rf"\b({'|'.join(map(re.escape, [*_SHORT, *_LONG]))})\b", re.IGNORECASE)
_AUXILIARY = "is|are|was|were|am|can|could|will|would|should|has|have|had|do|does|did|must|may|might"
_NEGATED = re.compile(rf"\b({_AUXILIARY}) not\b|\b({_AUXILIARY})n['’]t\b", re.IGNORECASE)
_NEGATABLE = re.compile(rf"\b({_AUXILIARY})\b(?! not\b)", re.IGNORECASE)


def typos(text: str, random: Random) -> str:
    """Swap two neighbouring letters inside one word in ten, at least in one."""
    words = [
        (match.start() + place, match[0])
        for match in _WORD.finditer(text)
        if (places := [i for i in range(1, len(match[0]) - 2) if match[0][i] != match[0][i + 1]])
        for place in [random.choice(places)]
    ]
    letters = list(text)
    for place, _ in random.sample(words, min(len(words), max(1, len(text.split()) // 10))):
        letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


def upper(text: str, random: Random) -> str:
    """Write everything in capitals."""
    return text.upper()


def lower(text: str, random: Random) -> str:
    """Write everything small."""
    return text.lower()


def end_punctuation(text: str, random: Random) -> str:
    """Take the full stop at the end away, or put one there."""
    bare = _ENDING.sub("", text)
    return bare if bare != text.rstrip() else f"{bare}."


def no_punctuation(text: str, random: Random) -> str:
    """Take all punctuation out, but not what stands inside a word."""
    return " ".join(word for part in text.split() if (word := part.strip(string.punctuation + "…“”„‘’«»–—")))


def exclaim(text: str, random: Random) -> str:
    """End with three exclamation marks."""
    return _ENDING.sub("", text) + "!!!"


def whitespace(text: str, random: Random) -> str:
    """Double some of the blanks, and put some at both ends."""
    return "  " + "".join(c * 2 if c == " " and random.random() < 0.5 else c for c in text) + " \n"


def url(text: str, random: Random) -> str:
    """Put an address behind the text."""
    letters = "".join(random.choices(string.ascii_letters + string.digits, k=7))
    return f"{text.rstrip()} https://example.com/{letters}"


def mention(text: str, random: Random) -> str:
    """Put a user's name before the text, as in a post."""
    return "@" + "".join(random.choices(string.ascii_lowercase, k=6)) + f" {text.lstrip()}"


def numbers(text: str, random: Random) -> str:
    """Put other digits for all digits."""
    return re.sub(r"\d", lambda digit: str((int(digit[0]) + random.randint(1, 9)) % 10), text)


def accents(text: str, random: Random) -> str:
    """Take the accents off the letters."""
    bare = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", "".join(bare))


def contractions(text: str, random: Random) -> str:
    """Write English "do not" as "don't" and the other way round."""

    def other(match: re.Match[str]) -> str:
        words = _SHORT.get(match[0].lower()) or _LONG.get(match[0].lower()) or match[0].lower().replace("i'm", "I am")
        return words[0].upper() + words[1:] if match[0][0].isupper() else words

    return _CONTRACTION.sub(other, text)


def negate(text: str, random: Random) -> str:
    """Turn the first English statement into its opposite: "is" into "is not", "isn't" into "is"."""
    if found := _NEGATED.search(text):
        return f"{text[: found.start()]}{found[1] or found[2]}{text[found.end() :]}"
    return _NEGATABLE.sub(r"\1 not", text, count=1)


PERTURBATIONS: Mapping[str, Perturbation] = {
    change.__name__: change
    for change in (
        typos, upper, lower, end_punctuation, no_punctuation, exclaim, whitespace, url, mention, numbers, accents,
        contractions, negate,
    )
}  # fmt: skip
"""Every built-in change by the name it has in a suite."""
