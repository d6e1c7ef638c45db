"""Corpus: the words of all texts as numbers, so that counting them is arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from tamis.explore.stopwords import StopWords
from tamis.features import WORD_PATTERN

Numbers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

_BATCH_ROWS = 20_000


@dataclass(frozen=True)
class Corpus:
    """Every word of every text, in order."""

    vocabulary: tuple[str, ...]
    """The distinct words in alphabetical order."""
    codes: Codes
    """Each word's place in the vocabulary."""
    places: Codes
    """Each word's text."""
    texts: int
    stops: Flags
    """Which words of the vocabulary are stop words, numbers, or single letters."""
    negations: Flags
    """Which of these are negations."""

    @cached_property
    def times(self) -> Numbers:
        """How often each word of the vocabulary occurs."""
        return np.bincount(self.codes, minlength=len(self.vocabulary)).astype(np.int64)

    @cached_property
    def lengths(self) -> Numbers:
        """The number of words of each text."""
        return np.bincount(self.places, minlength=self.texts).astype(np.int64)

    @cached_property
    def silent(self) -> Flags:
        """The stop words that are no negations."""
        return self.stops & ~self.negations

    @cached_property
    def presence(self) -> tuple[Codes, Codes]:
        """Each word of each text once, stop words but for negations left out: codes and places."""
        size = max(len(self.vocabulary), 1)
        starts = np.searchsorted(self.places, np.arange(0, self.texts + _BATCH_ROWS, _BATCH_ROWS))
        found = [np.zeros(0, dtype=np.int64)]
        for start, end in pairwise(starts):  # sorting many small parts is quicker than one large whole
            codes, places = self.codes[start:end], self.places[start:end]
            telling = ~self.silent[codes]
            found.append(np.unique(places[telling].astype(np.int64) * size + codes[telling]))
        pairs = np.concatenate(found)
        return (pairs % size).astype(np.int32), (pairs // size).astype(np.int32)


def read_corpus(texts: pl.Series, *, stop_words: StopWords) -> Corpus:
    """Return the words of some texts, in lower case."""
    vocabularies, codes, places = [], [], []
    for start in range(0, len(texts), _BATCH_ROWS):  # words as strings are held for one batch only
        words = _words(texts.slice(start, _BATCH_ROWS))
        own = words["word"].unique().sort()
        codes.append(_codes(words["word"], own))
        places.append(words["place"].to_numpy().astype(np.int32) + np.int32(start))
        vocabularies.append(own)
    vocabulary = pl.concat(vocabularies).unique().sort() if vocabularies else pl.Series([], dtype=pl.String)
    whole = [_codes(own, vocabulary)[local] for own, local in zip(vocabularies, codes, strict=True)]
    return Corpus(
        vocabulary=tuple(vocabulary),
        codes=np.concatenate([np.zeros(0, dtype=np.int32), *whole]),
        places=np.concatenate([np.zeros(0, dtype=np.int32), *places]),
        texts=len(texts),
        stops=_stops(vocabulary, stop_words.words | stop_words.negations),
        negations=_among(vocabulary, stop_words.negations),
    )


def _words(texts: pl.Series) -> pl.DataFrame:
    plain = texts.str.to_lowercase().str.replace_all("’", "'", literal=True)
    found = pl.DataFrame({"word": plain.str.extract_all(WORD_PATTERN)}).with_row_index("place")
    return found.explode("word").drop_nulls()


def _codes(words: pl.Series, vocabulary: pl.Series) -> Codes:
    numbers = pl.DataFrame({"word": vocabulary}).with_row_index("code")
    coded = pl.DataFrame({"word": words}).join(numbers, on="word", how="left", maintain_order="left")
    return coded["code"].to_numpy().astype(np.int32)


def _stops(vocabulary: pl.Series, stop_words: frozenset[str]) -> Flags:
    wordless = ~vocabulary.str.contains(r"\p{L}")
    letter = vocabulary.str.contains(r"^[\p{Latin}\p{Greek}\p{Cyrillic}]$")  # one sign of Chinese is a word
    return _among(vocabulary, stop_words) | np.asarray((wordless | letter).to_numpy(), dtype=np.bool_)


def _among(vocabulary: pl.Series, words: frozenset[str]) -> Flags:
    return np.asarray(vocabulary.is_in(pl.Series(sorted(words), dtype=pl.String).implode()).to_numpy(), dtype=np.bool_)
