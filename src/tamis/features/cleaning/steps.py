"""STEPS: every cleaning step by name, in the one order in which they run."""

from __future__ import annotations

from tamis.features.cleaning.addresses import Mentions, Urls
from tamis.features.cleaning.case import Case
from tamis.features.cleaning.characters import Unicode
from tamis.features.cleaning.lemmas import Lemmas
from tamis.features.cleaning.markup import Html
from tamis.features.cleaning.numbers import Numbers
from tamis.features.cleaning.punctuation import Punctuation
from tamis.features.cleaning.small_words import StopWords
from tamis.features.cleaning.step import Step
from tamis.features.cleaning.whitespace import Whitespace

# Why this order: tags hide addresses, and entities hide odd characters; a word put in a place keeps its capitals; an
# address goes before its punctuation and its numbers; stop words are told by their apostrophes.
_ORDER: tuple[type[Step], ...] = (
    Html,
    Unicode,
    Case,
    Urls,
    Mentions,
    StopWords,
    Lemmas,
    Numbers,
    Punctuation,
    Whitespace,
)

STEPS: dict[str, type[Step]] = {step.name: step for step in _ORDER}
