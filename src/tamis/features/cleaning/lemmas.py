"""The step `lemmas`: words in the form a dictionary lists."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

from tamis.core import MissingExtra, UsageError
from tamis.features.cleaning.step import Change, Step
from tamis.features.words import substitute

_REMEMBERED_WORDS = 200_000


class Lemmas(Step):
    """Gives each word its dictionary form (cats → cat, went → go), by spaCy's tables, without a model."""

    name: ClassVar[str] = "lemmas"
    summary: ClassVar[str] = "dictionary forms (cats: cat)"

    language: str = "en"
    """One of the 26 languages that spacy-lookups-data has a table for."""

    def build(self) -> Change:
        """Return the function that applies this step."""
        lemma = lru_cache(_REMEMBERED_WORDS)(_lookup(self.language))
        return lambda text: substitute(lemma, text)


def _lookup(language: str) -> Callable[[str], str]:
    table = _table(language)

    def lemma(word: str) -> str:
        found = table.get(word)
        if found is None and word.istitle():  # "US" is not "us"
            found = table.get(word.lower())
            found = None if found is None else found.capitalize()
        return word if found is None else str(found)

    return lemma


def _table(language: str) -> Any:
    try:
        import spacy_lookups_data  # noqa: F401
        from spacy.lookups import load_lookups
    except ModuleNotFoundError:
        raise MissingExtra("the cleaning step 'lemmas'", extra="lemmas") from None
    tables = load_lookups(language, ["lemma_lookup"], strict=False)
    if not tables.has_table("lemma_lookup"):
        raise UsageError(
            f"the cleaning step 'lemmas' has no table for the language {language!r}",
            hint="languages with one: ca cs da de el en es fr grc hr hu id it lb lt mk nb nl pt ro ru sr sv tl tr ur",
        )
    return tables.get_table("lemma_lookup")
