"""Tfidf: texts as sparse rows of weighted terms, word n-grams or pieces of words, with numpy alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tamis.core import DataError, UsageError
from tamis.features.words import WORD_PATTERN, words

Analyzer = Literal["words", "characters"]
Ints = npt.NDArray[np.int64]

_BATCH_CHARACTERS = 1_000_000
_FEW = 64
"""So few texts are quicker in plain Python than on their way to polars and back."""
_MOST_TERMS = 6_000_000
"""So many different terms are counted at once; beyond, the rarest are let go (they would hardly be kept anyway)."""


class _Known(dict[str, int]):
    """Numbers of what is known, and -1 for all else."""

    def __missing__(self, key: str) -> int:
        return -1


@dataclass(frozen=True)
class SparseRows:
    """A table of mostly zeros: row r has `values[offsets[r]:offsets[r + 1]]` in the columns of the same places."""

    values: npt.NDArray[np.float32]
    columns: npt.NDArray[np.int32]
    """Ascending within a row."""
    offsets: Ints
    width: int

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def times(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return this table times a dense one: rows x outputs."""
        result = np.zeros((len(self), matrix.shape[1]), np.float32)
        filled = np.flatnonzero(np.diff(self.offsets))
        step = max(1, 4_000_000 // max(1, matrix.shape[1]))  # of the products that are held at once
        first = 0
        while first < len(filled):
            start = self.offsets[filled[first]]
            last = int(np.searchsorted(self.offsets[filled + 1], start + step, side="right"))
            some = filled[first : max(last, first + 1)]
            end = self.offsets[some[-1] + 1]
            products = matrix[self.columns[start:end]] * self.values[start:end, None]
            result[some] = np.add.reduceat(products, self.offsets[some] - start, axis=0)
            first += len(some)
        return result


@dataclass(frozen=True)
class Tfidf:
    """Terms and their weights, learned from texts: a term counts more in a text that repeats it, less if it is common.

    The numbers are those of scikit-learn's TfidfVectorizer with the same words.

    >>> tfidf = learn_tfidf(["free money now", "free lunch"], ngrams=(1, 1))
    >>> tfidf.terms
    ('free', 'lunch', 'money', 'now')
    >>> tfidf.transform(["Money, money!", ""]).columns.tolist()
    [2]
    """

    terms: tuple[str, ...]
    """In alphabetical order, which is that of the columns; the words of an n-gram with a space between them."""
    idf: npt.NDArray[np.float32]
    """How rare each term is."""
    analyzer: Analyzer = "words"
    ngrams: tuple[int, int] = (1, 2)
    """The shortest and the longest terms: in words, or in characters within a word and the spaces around it."""
    sublinear: bool = True
    """A term that stands n times counts 1 + log n instead of n."""

    def __len__(self) -> int:
        return len(self.terms)

    def transform(self, texts: Sequence[str]) -> SparseRows:
        """Return one row a text, of length 1 unless the text has no known term."""
        parts = [self._rows(batch) for batch in _batches(texts)]
        sizes = [np.diff(part.offsets) for part in parts]
        return SparseRows(
            values=np.concatenate([part.values for part in parts] or [np.zeros(0, np.float32)]),
            columns=np.concatenate([part.columns for part in parts] or [np.zeros(0, np.int32)]),
            offsets=np.concatenate([np.zeros(1, np.int64), *sizes]).cumsum(),
            width=len(self.terms),
        )

    def _rows(self, texts: list[str]) -> SparseRows:
        rows, columns = self._columns(texts)
        width = max(1, len(self.terms))
        cells = np.sort(rows * width + columns)  # numpy's unique hashes, a hundred times slower
        starts = np.flatnonzero(np.diff(cells, prepend=-1))
        places, counts = cells[starts], np.diff(starts, append=len(cells))
        owners, columns = np.divmod(places, width)
        weights = 1 + np.log(counts) if self.sublinear else counts.astype(np.float64)
        weights *= self.idf[columns]
        lengths = np.sqrt(np.bincount(owners, weights**2, minlength=len(texts)))
        return SparseRows(
            values=(weights / lengths[owners]).astype(np.float32),
            columns=columns.astype(np.int32),
            offsets=np.concatenate([[0], np.bincount(owners, minlength=len(texts)).cumsum()]),
            width=len(self.terms),
        )

    def _columns(self, texts: list[str]) -> tuple[Ints, Ints]:
        """Return each known term as it stands in the texts: the row and the column."""
        if self.analyzer == "characters":
            rows, columns = _pieces(texts, self.ngrams, self._places.__getitem__)
        else:
            rows, columns = self._word_columns(texts)
        known = columns >= 0
        return rows[known], columns[known]

    def _word_columns(self, texts: list[str]) -> tuple[Ints, Ints]:
        numbers, single, keys, pairs = self._lookup
        rows, ids = _words(texts, numbers.__getitem__)
        known = ids >= 0
        columns = np.where(known, single[ids], -1)
        if not len(keys) or len(ids) < 2:
            return rows, columns
        both = (rows[1:] == rows[:-1]) & known[1:] & known[:-1]
        asked = _pair(ids[:-1][both], ids[1:][both])
        places = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
        found = np.where(keys[places] == asked, pairs[places], -1)
        return np.concatenate([rows, rows[1:][both]]), np.concatenate([columns, found])

    @cached_property
    def _places(self) -> _Known:
        return _Known({term: at for at, term in enumerate(self.terms)})

    @cached_property
    def _lookup(self) -> tuple[_Known, Ints, Ints, Ints]:
        """Every word's number, its column if it is a term itself, and the pairs of numbers that are terms."""
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        alone, keys, pairs = [], [], []
        for column, term in enumerate(self.terms):
            first, _, second = term.partition(" ")
            if second:
                keys.append((numbers[first] + 1 << 32) | numbers[second])
                pairs.append(column)
            else:
                alone.append((numbers[first], column))
        single = np.full(len(numbers) + 1, -1, np.int64)  # the last place is for the number -1
        for number, column in alone:
            single[number] = column
        order = np.argsort(np.array(keys, np.int64))
        return _Known(numbers), single, np.array(keys, np.int64)[order], np.array(pairs, np.int64)[order]


def learn_tfidf(
    texts: Iterable[str],
    *,
    analyzer: Analyzer = "words",
    ngrams: tuple[int, int] = (1, 2),
    min_rows: int = 1,
    max_terms: int | None = None,
    sublinear: bool = True,
) -> Tfidf:
    """Return the terms of texts that stand in at least `min_rows` of them, the `max_terms` most frequent at most.

    Texts are read once, in batches, and only the counts are kept: memory depends on the number of different terms.
    """
    low, high = ngrams
    if not 1 <= low <= high or (analyzer == "words" and high > 2):
        raise UsageError(f"n-grams of {low} to {high}", hint="words take 1 or 2, characters any; the shorter first")
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    counts = _Counts()
    total = 0
    for batch in _batches(texts):
        total += len(batch)
        counts.add(*_keys(batch, analyzer, ngrams, numbers.__getitem__))
        if counts.shrink():
            _forget(numbers, counts.keys, pairs=analyzer == "words")
    counts.merge()
    names = {number: name for name, number in numbers.items()}
    kept = np.flatnonzero(counts.rows >= min_rows)
    if not len(kept):
        what = f"no term stands in {min_rows} of {total} texts" if len(counts.keys) else f"{total} texts without a word"
        raise DataError(f"no vocabulary: {what}", hint="look at the text column and its cleaning: tamis data show")
    terms = [_name(key, names) for key in counts.keys[kept].tolist()]
    uses, rows = counts.uses[kept], counts.rows[kept]
    order = sorted(range(len(terms)), key=terms.__getitem__)
    if max_terms is not None and len(order) > max_terms:
        order.sort(key=lambda place: -uses[place])  # equally frequent ones stay in alphabetical order
        order = sorted(order[:max_terms], key=terms.__getitem__)
    idf = np.log((1 + total) / (1 + rows[order])) + 1
    return Tfidf(tuple(terms[place] for place in order), idf.astype(np.float32), analyzer, ngrams, sublinear)


class _Counts:
    """How often each term is used, and in how many texts: sorted arrays, to which batches are merged now and then."""

    def __init__(self) -> None:
        self.keys = np.zeros(0, np.int64)
        self.uses = np.zeros(0, np.int64)
        self.rows = np.zeros(0, np.int64)
        self._waiting: list[tuple[Ints, Ints, Ints]] = []
        self._held = 0
        self._least = 0

    def add(self, owners: Ints, keys: Ints) -> None:
        """Count the terms of some texts: which text uses which term, the texts of each term ascending."""
        if not len(keys):
            return
        if keys.max() < 1 << 31:  # both fit in one number, and numbers are quicker to sort than to put in order
            cells = np.sort(keys << 32 | owners)
            keys, owners = cells >> 32, cells & 0xFFFFFFFF
        else:
            order = np.argsort(keys, kind="stable")
            keys, owners = keys[order], owners[order]
        new = np.concatenate([[True], keys[1:] != keys[:-1]])
        starts = np.flatnonzero(new)
        new[1:] |= owners[1:] != owners[:-1]
        uses = np.diff(starts, append=len(keys))
        self._waiting.append((keys[starts], uses, np.add.reduceat(new.astype(np.int64), starts)))
        self._held += len(starts)
        if self._held > max(1_000_000, len(self.keys)):
            self.merge()

    def merge(self) -> None:
        """Sum up what waits."""
        parts = [(self.keys, self.uses, self.rows), *self._waiting]
        keys, uses, rows = (np.concatenate(column) for column in zip(*parts, strict=True))
        self._waiting, self._held = [], 0
        if not len(keys):
            return
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        self.keys, self.uses = keys[starts], np.add.reduceat(uses[order], starts)
        self.rows = np.add.reduceat(rows[order], starts)

    def shrink(self) -> bool:
        """Let the rarest terms go while there are too many, and tell whether any went."""
        if len(self.keys) <= _MOST_TERMS:
            return False
        self.merge()
        while len(self.keys) > _MOST_TERMS // 2:
            self._least += 1
            kept = self.rows > self._least
            self.keys, self.uses, self.rows = self.keys[kept], self.uses[kept], self.rows[kept]
        return True


def _keys(
    texts: list[str], analyzer: Analyzer, ngrams: tuple[int, int], number: Callable[[str], int]
) -> tuple[Ints, Ints]:
    """Return each term as it stands in the texts: the row, and a number that is the term's own."""
    if analyzer == "characters":
        return _pieces(texts, ngrams, number)
    rows, ids = _words(texts, number)
    low, high = ngrams
    if high == 1:
        return rows, ids
    both = rows[1:] == rows[:-1]
    pairs = _pair(ids[:-1][both], ids[1:][both])
    if low == 2:
        return rows[1:][both], pairs
    return np.concatenate([rows, rows[1:][both]]), np.concatenate([ids, pairs])


def _pair(first: Ints, second: Ints) -> Ints:
    return (first + 1 << 32) | second


def _name(key: int, names: dict[int, str]) -> str:
    first, second = key >> 32, key & 0xFFFFFFFF
    return f"{names[first - 1]} {names[second]}" if first else names[second]


def _forget(numbers: defaultdict[str, int], keys: Ints, *, pairs: bool) -> None:
    """Let go of the words that no counted term has any more; should they return, they get new numbers."""
    needed = set((keys & 0xFFFFFFFF).tolist())
    if pairs:
        needed.update(((keys >> 32) - 1).tolist())
    for name in [name for name, number in numbers.items() if number not in needed]:
        del numbers[name]


def _words(texts: list[str], number: Callable[[str], int]) -> tuple[Ints, Ints]:
    """Return the row and the number of each word."""
    lowered = [text.lower() for text in texts]
    if len(texts) <= _FEW:
        lists = [words(text) for text in lowered]
        sizes = np.array([len(found) for found in lists], np.int64)
        flat = [word for found in lists for word in found]
    else:
        import polars as pl

        found = pl.Series(lowered, dtype=pl.String).str.extract_all(WORD_PATTERN)
        sizes = found.list.len().to_numpy().astype(np.int64)
        flat = found.filter(found.list.len() > 0).explode().to_list()
    return np.repeat(np.arange(len(texts)), sizes), np.fromiter(map(number, flat), np.int64, len(flat))


def _pieces(texts: list[str], sizes: tuple[int, int], number: Callable[[str], int]) -> tuple[Ints, Ints]:
    """Return the row and the number of each piece of a word, the spaces around the word included.

    A word is cut once however often it stands there; that is what takes the time.
    """
    lists = [text.lower().split() for text in texts]
    local: defaultdict[str, int] = defaultdict(count().__next__)
    flat = [word for found in lists for word in found]
    codes = np.fromiter(map(local.__getitem__, flat), np.int64, len(flat))
    owners = np.repeat(np.arange(len(texts)), np.array([len(found) for found in lists], np.int64))
    cut = [_cut(f" {word} ", *sizes) for word in local]
    each = np.array([len(pieces) for pieces in cut], np.int64)
    ids = np.array([number(piece) for pieces in cut for piece in pieces], np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), each.cumsum()])
    repeats = each[codes] if len(codes) else codes
    ends = repeats.cumsum()
    within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - repeats, repeats)
    return np.repeat(owners, repeats), ids[np.repeat(starts[codes], repeats) + within]


def _cut(word: str, low: int, high: int) -> list[str]:
    pieces: list[str] = []
    for size in range(low, high + 1):
        pieces += [word[start : start + size] for start in range(max(1, len(word) - size + 1))]
        if len(word) <= size:
            break  # a word that is shorter than its pieces counts once
    return pieces


def _batches(texts: Iterable[Any]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text) + 16
        if size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
