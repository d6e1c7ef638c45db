"""Corpus: the words of all texts as numbers, so that counting them is arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from tamis.explore.stopwords import StopWords
from tamis.features import WORD_PATTERN

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Corpus:
    """Every word of every text, in order."""

    vocabulary: tuple[str, ...]
    """The distinct words in alphabetical order."""
    codes: Numbers
    """Each word's place in the vocabulary."""
    places: Numbers
    """Each word's text."""
    texts: int
    stops: Flags
    """Which words of the vocabulary are stop words, numbers, or single letters."""
    negations: Flags
    """Which of these are negations."""

    @cached_property
    def lengths(self) -> Numbers:
        """The number of words of each text."""
        return np.bincount(self.places, minlength=self.texts).astype(np.int64)

    @cached_property
    def silent(self) -> Flags:
        """The stop words that are no negations."""
        return self.stops & ~self.negations

    @cached_property
    def presence(self) -> tuple[Numbers, Numbers]:
        """Each word of each text once, stop words but for negations left out: codes and places."""
        telling = ~self.silent[self.codes]
        size = max(len(self.vocabulary), 1)
        pairs = np.unique(self.places[telling] * size + self.codes[telling])
        return pairs % size, pairs // size


def read_corpus(texts: pl.Series, *, stop_words: StopWords) -> Corpus:
    """Return the words of some texts, in lower case."""
    words = (
        pl.DataFrame(
            {"word": texts.str.to_lowercase().str.replace_all("’", "'", literal=True).str.extract_all(WORD_PATTERN)}
        )
        .with_row_index("place")
        .explode("word")
        .drop_nulls()
    )
    vocabulary = words["word"].unique().sort()
    numbers = pl.DataFrame({"word": vocabulary}).with_row_index("code")
    coded = words.join(numbers, on="word", how="left", maintain_order="left")
    return Corpus(
        vocabulary=tuple(vocabulary),
        codes=coded["code"].to_numpy().astype(np.int64),
        places=coded["place"].to_numpy().astype(np.int64),
        texts=len(texts),
        stops=_stops(vocabulary, stop_words.words | stop_words.negations),
        negations=_among(vocabulary, stop_words.negations),
    )


def _stops(vocabulary: pl.Series, stop_words: frozenset[str]) -> Flags:
    wordless = ~vocabulary.str.contains(r"\p{L}")
    letter = vocabulary.str.contains(r"^[\p{Latin}\p{Greek}\p{Cyrillic}]$")  # one sign of Chinese is a word
    return _among(vocabulary, stop_words) | np.asarray((wordless | letter).to_numpy(), dtype=np.bool_)


def _among(vocabulary: pl.Series, words: frozenset[str]) -> Flags:
    return np.asarray(vocabulary.is_in(pl.Series(sorted(words), dtype=pl.String).implode()).to_numpy(), dtype=np.bool_)
