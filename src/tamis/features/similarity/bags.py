"""Bags: the words of each text as numbers, rarest first; the second "the" of a text is another word than the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tamis.core import Progress
from tamis.features.similarity.arrays import Hashes, Rows, mixed, spans
from tamis.features.similarity.exact import first_equal, folded_hashes
from tamis.features.words import WORD_PATTERN, series

if TYPE_CHECKING:
    import polars as pl

    from tamis.features.words import Texts

# One sort orders many rows at once: the row's number in its chunk above, its word below, in 64 bits.
CHUNK_BITS = 14
WORD_BITS = 64 - CHUNK_BITS
_CHUNK_ROWS = 1 << CHUNK_BITS
_WORD_MASK = np.uint64((1 << WORD_BITS) - 1)

# A word in rarest-first order: 12 bits of how many texts have it (on a log scale), then 38 bits of its hash.
_HASH_BITS = 38
_HASH_MASK = np.uint64((1 << _HASH_BITS) - 1)
_RARITY_STEPS = (1 << (WORD_BITS - _HASH_BITS)) - 1
_COUNTER_BITS = 22


@dataclass(frozen=True)
class Bags:
    """The distinct bags of words among some texts."""

    first: Rows
    """For each text, the first one with the same words as often."""
    rows: Rows
    """The texts that stand for the distinct bags with words: the smallest bags first, likely similar ones together."""
    words: Hashes
    """Their words, one bag after the other, the rarest first in each."""
    starts: Rows
    """Where each bag starts in `words`, and one more: the end."""

    @property
    def sizes(self) -> Rows:
        """How many words each bag has."""
        return np.diff(self.starts)


def make_bags(texts: Texts, *, progress: Progress) -> Bags:
    """Return the bags of words of texts, in lower case; a text without words is equal to its exact copies only."""
    hashed: list[Hashes] = []
    lengths: list[Rows] = []
    names: list[Hashes] = []
    likely: list[Hashes] = []
    counters = np.zeros(1 << _COUNTER_BITS, dtype=np.int64)
    with progress.track("reading words", total=len(texts), unit="rows") as advance:
        for part in series(texts, rows=_CHUNK_ROWS):
            words, sizes = _tagged_words(part)
            counters += np.bincount(_counter(words), minlength=len(counters))
            hashed.append(words)
            lengths.append(sizes)
            names.append(np.where(sizes > 0, _names(words, sizes), folded_hashes(part)))
            likely.append(_smallest_hash(words, sizes))
            advance(len(part))
    sizes = np.concatenate(lengths) if lengths else np.zeros(0, dtype=np.int64)
    first = first_equal(np.concatenate(names)) if names else np.zeros(0, dtype=np.int64)
    kept = (first == np.arange(len(first))) & (sizes > 0)
    rows = np.flatnonzero(kept)
    rows = rows[np.lexsort((np.concatenate(likely)[rows], sizes[rows]))] if len(rows) else rows
    starts = np.concatenate([[0], np.cumsum(sizes[rows])]).astype(np.int64)
    place = np.zeros(len(sizes), dtype=np.int64)
    place[rows] = starts[:-1]
    rarity = (np.log2(np.maximum(counters, 1)) * (_RARITY_STEPS / 40)).astype(np.uint64) << np.uint64(_HASH_BITS)
    words = np.empty(starts[-1], dtype=np.uint64)
    for mine, chunk in _rarest_first(hashed, lengths, kept, rarity):
        words[spans(place[mine], sizes[mine])] = chunk
    return Bags(first, rows, words, starts)


def _tagged_words(texts: pl.Series) -> tuple[Hashes, Rows]:
    """The hashes of each text's words, the second occurrence of a word with another hash, and their numbers."""
    found = texts.str.to_lowercase().str.extract_all(WORD_PATTERN)
    sizes: Rows = found.list.len().fill_null(0).to_numpy().astype(np.int64)
    hashes: Hashes = found.explode().drop_nulls().hash(seed=1).to_numpy()
    row = np.repeat(np.arange(len(sizes), dtype=np.uint64), sizes)
    keys = np.sort((row << np.uint64(WORD_BITS)) | (hashes >> np.uint64(CHUNK_BITS)))
    new = np.ones(len(keys), dtype=bool)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    place = np.arange(len(keys))
    again = (place - place[new][np.cumsum(new) - 1]).astype(np.uint64)
    words = keys & _WORD_MASK
    repeated = again > 0
    words[repeated] = mixed(words[repeated] ^ (again[repeated] << np.uint64(WORD_BITS))) & _WORD_MASK
    return words, sizes


def _counter(words: Hashes) -> Rows:
    """Which counter a word has; words that share one merely look less rare than they are."""
    return (words >> np.uint64(WORD_BITS - _COUNTER_BITS)).astype(np.int64)


def _names(words: Hashes, sizes: Rows) -> Hashes:
    """One hash for each bag, whatever the order of its words."""
    sums = np.concatenate([[np.uint64(0)], np.cumsum(mixed(words), dtype=np.uint64)])
    ends = np.cumsum(sizes)
    return mixed(sums[ends] - sums[ends - sizes]) | np.uint64(1)


def _smallest_hash(words: Hashes, sizes: Rows) -> Hashes:
    """The smallest hash of each bag's words: two similar bags mostly have the same."""
    smallest = np.zeros(len(sizes), dtype=np.uint64)
    if len(words):
        filled = sizes > 0
        smallest[filled] = np.minimum.reduceat(words, (np.cumsum(sizes) - sizes)[filled])
    return smallest


def _rarest_first(
    hashed: list[Hashes], lengths: list[Rows], kept: npt.NDArray[np.bool_], rarity: Hashes
) -> Iterator[tuple[Rows, Hashes]]:
    """Each chunk's kept texts and their words in order; a chunk's memory is free once it is given."""
    for number, sizes in enumerate(lengths):
        start = number * _CHUNK_ROWS
        mine = kept[start : start + len(sizes)]
        words = hashed[number][np.repeat(mine, sizes)]
        hashed[number] = np.zeros(0, dtype=np.uint64)
        row = np.repeat(np.arange(int(mine.sum()), dtype=np.uint64), sizes[mine])
        value = rarity[_counter(words)] | (words & _HASH_MASK)
        yield np.flatnonzero(mine) + start, np.sort((row << np.uint64(WORD_BITS)) | value) & _WORD_MASK
