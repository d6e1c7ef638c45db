"""Terms: the words, pairs and triples of words that occur most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from tamis.explore.corpus import Corpus, Numbers


@dataclass(frozen=True)
class Term:
    """A word, or words in a row, and how often they occur."""

    term: str
    times: int
    texts: int
    """How many texts hold it."""
    share: float
    """Of all texts."""


@dataclass(frozen=True)
class Terms:
    """What the texts talk about."""

    total: int
    """Words, stop words included."""
    distinct: int
    once: int
    """Distinct words that occur only once."""
    words: tuple[Term, ...]
    pairs: tuple[Term, ...]
    triples: tuple[Term, ...]
    stop_words: str
    """Which stop words were left out."""


def count_terms(corpus: Corpus, *, most: int, stop_words: str) -> Terms:
    """Return the most frequent terms; pairs and triples neither begin nor end with a stop word."""
    return Terms(
        total=len(corpus.codes),
        distinct=len(corpus.vocabulary),
        once=int((corpus.times == 1).sum()),
        words=top_terms(corpus, length=1, most=most),
        pairs=top_terms(corpus, length=2, most=most),
        triples=top_terms(corpus, length=3, most=most),
        stop_words=stop_words,
    )


def top_terms(corpus: Corpus, *, length: int, most: int) -> tuple[Term, ...]:
    """Return the terms of so many words that occur most; at equal counts in alphabetical order.

    A pair or triple that occurs once is chance, not a habit, and is left out.
    """
    grams, starts = _grams(corpus, length)
    counted = (
        pl.DataFrame({"gram": grams, "start": starts})
        .group_by("gram")
        .agg(pl.len().alias("times"), pl.col("start").min())
        .filter(pl.col("times") > (length > 1))
        .sort(["times", "gram"], descending=[True, False])
        .head(most)
    )
    found = []
    for gram, times, start in counted.iter_rows():
        words = [corpus.vocabulary[code] for code in corpus.codes[start : start + length]]
        texts = len(np.unique(corpus.places[starts[grams == gram]]))
        found.append(Term(_joined(words), times, texts, texts / corpus.texts))
    return tuple(found)


def _joined(words: list[str]) -> str:
    """Return words in a row as they are written: Chinese and Japanese put no space between them."""
    whole = " ".join(words)
    return whole.replace(" ", "") if all(len(word) == 1 and word > "\u3000" for word in words) else whole


def _grams(corpus: Corpus, length: int) -> tuple[Numbers, Numbers]:
    """Return one number for each run of `length` words within a text, and where it starts.

    The numbers stand in the alphabetical order of the words. Stop words at the ends are not wanted; a lone "not" says
    little, "not worth" says much.
    """
    stops = corpus.stops if length == 1 else corpus.silent
    known, size = _known(corpus, length)
    count = max(len(corpus.codes) - length + 1, 0)
    first, last = corpus.codes[:count], corpus.codes[length - 1 :][:count]
    kept = (corpus.places[:count] == corpus.places[length - 1 :][:count]) & ~stops[first] & ~stops[last]
    for shift in range(length):
        kept &= known[corpus.codes[shift : shift + count]] >= 0
    starts = np.flatnonzero(kept)
    numbers = np.zeros(len(starts), dtype=np.int64)
    for shift in range(length):
        numbers = numbers * size + known[corpus.codes[starts + shift]]
    return numbers, starts


def _known(corpus: Corpus, length: int) -> tuple[Numbers, int]:
    """Return each word's number among those that occur often enough, or -1; few enough for runs to fit 63 bits.

    A run of words that occurs twice is made of words that do.
    """
    least = 1 if length == 1 else 2
    while (size := int((corpus.times >= least).sum())) ** length > 2**62:
        least += 1
    often = corpus.times >= least
    return np.where(often, np.cumsum(often) - 1, -1), max(size, 1)
