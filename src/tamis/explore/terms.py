"""Terms: the words, pairs and triples of words that occur most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tamis.explore.corpus import Corpus, Flags, Numbers


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
    times = np.bincount(corpus.codes, minlength=len(corpus.vocabulary))
    return Terms(
        total=len(corpus.codes),
        distinct=len(corpus.vocabulary),
        once=int((times == 1).sum()),
        words=top_terms(corpus, length=1, most=most),
        pairs=top_terms(corpus, length=2, most=most),
        triples=top_terms(corpus, length=3, most=most),
        stop_words=stop_words,
    )


def top_terms(corpus: Corpus, *, length: int, most: int) -> tuple[Term, ...]:
    """Return the terms of so many words that occur most; at equal counts in alphabetical order.

    A pair or triple that occurs once is chance, not a habit, and is left out.
    """
    grams, places, parts = _grams(corpus, length)
    if not len(grams):
        return ()
    distinct, first, times = np.unique(grams, return_index=True, return_counts=True)
    if length > 1:
        distinct, first, times = (column[times > 1] for column in (distinct, first, times))
    chosen = _highest(times, most)
    found = []
    for place in chosen:
        words = [corpus.vocabulary[code[first[place]]] for code in parts]
        texts = len(np.unique(places[grams == distinct[place]]))
        found.append(Term(_joined(words), int(times[place]), texts, texts / corpus.texts))
    return tuple(found)


def _joined(words: list[str]) -> str:
    """Return words in a row as they are written: Chinese and Japanese put no space between them."""
    whole = " ".join(words)
    return whole.replace(" ", "") if all(len(word) == 1 and word > "\u3000" for word in words) else whole


def _highest(times: Numbers, most: int) -> Numbers:
    """Return the places of the highest counts; `times` stands in alphabetical order, which a stable sort keeps."""
    return np.argsort(-times, kind="stable")[:most]


def _stops(corpus: Corpus, length: int) -> Flags:
    """A lone "not" says little; "not worth" says much."""
    return corpus.stops if length == 1 else corpus.silent


def _grams(corpus: Corpus, length: int) -> tuple[Numbers, Numbers, list[Numbers]]:
    """Return one number for each run of `length` words within a text, its text, and the codes of its words."""
    codes, places = corpus.codes, corpus.places
    count = len(codes) - length + 1
    if count <= 0:
        return codes[:0], places[:0], [codes[:0]] * length
    parts = [codes[shift : shift + count] for shift in range(length)]
    stops = _stops(corpus, length)
    kept = (places[:count] == places[length - 1 :]) & ~stops[parts[0]] & ~stops[parts[-1]]
    if length > 1:  # a run of words that occurs twice is made of words that do
        often = np.bincount(codes, minlength=len(corpus.vocabulary)) > 1
        for part in parts:
            kept &= often[part]
    parts = [part[kept] for part in parts]
    numbers = parts[0]
    for part in parts[1:]:
        numbers = np.unique(numbers, return_inverse=True)[1] if length > 2 and part is not parts[1] else numbers
        numbers = numbers * len(corpus.vocabulary) + part
    return numbers, places[:count][kept], parts
