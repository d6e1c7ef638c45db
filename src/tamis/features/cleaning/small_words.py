"""The step `stop_words`: the small words that say little."""

from __future__ import annotations

from typing import ClassVar

from tamis.features.cleaning.step import Change, Step
from tamis.features.stop_words import stop_words
from tamis.features.words import substitute


class StopWords(Step):
    """Takes stop words, never a part of a longer word ("yous" keeps its "you"), and no negation unless asked."""

    name: ClassVar[str] = "stop_words"
    summary: ClassVar[str] = "small words, but not negations"

    language: str = "en"
    """One of 25 languages: en, de, fr, es, it, pt, nl…"""
    negations: bool = False
    """Also take negations: a text without them may say the opposite."""
    also: tuple[str, ...] = ()
    """Your own words to take."""
    keep: tuple[str, ...] = ()
    """Listed words that stay."""

    def build(self) -> Change:
        """Return the function that applies this step."""
        listed = stop_words(self.language, negations=self.negations)
        taken = (listed | {word.lower() for word in self.also}) - {word.lower() for word in self.keep}
        return lambda text: substitute(lambda word: " " if word.lower() in taken else word, text)
