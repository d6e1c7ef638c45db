"""Found: the slices in which the model is surely worse, looked for among words, lengths and columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tamis.evaluate.intervals import Bootstrap, Interval
from tamis.evaluate.rows import ScoredRows
from tamis.evaluate.slices import Part, values_of
from tamis.features import words

Flags = npt.NDArray[np.bool_]
_MOST_WORDS = 2000
_PAIRED = 40
_MOST_FOUND = 8
_COMMON = 0.4  # a word in more of the texts sets nothing apart
_ALIKE = 0.6
_MOST_ROWS = 50_000


@dataclass(frozen=True, kw_only=True)
class FoundSlice:
    """A slice in which more goes wrong than elsewhere, however many were tried."""

    name: str
    rows: int
    error: Interval
    """Wide enough for all candidates that were tried to hold at once."""
    elsewhere: float
    """The error of all other rows."""
    examples: tuple[int, ...]
    """Row numbers (from 0) of some of its mistakes."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the search found."""

    tried: int
    slices: tuple[FoundSlice, ...]


def find_slices(rows: ScoredRows, lengths: Sequence[Part], bootstrap: Bootstrap, *, least: int) -> Found:
    """Return the slices whose error is surely above that of the other rows, the worst first.

    Candidates are single words, lengths, values of columns, and pairs of the worst of these. Each interval is
    Bonferroni's for as many candidates as were tried, so that a long search finds nothing where there is nothing.
    """
    known = np.flatnonzero(rows.known)
    if len(known) > _MOST_ROWS:
        known = np.sort(np.random.default_rng(bootstrap.seed).choice(known, _MOST_ROWS, replace=False))
    wrong = rows.wrong[known] > 0
    if not wrong.any() or len(known) < 2 * least:
        return Found(tried=0, slices=())
    worth = _worth(bootstrap.units[known])
    names, table = _candidates(rows, known, lengths, least)
    if not names:
        return Found(tried=0, slices=())
    first = _scores(table, wrong)
    pairs = [
        (one, other) for one, other in combinations(np.argsort(-first, kind="stable")[:_PAIRED].tolist(), 2)
        if names[one][0] != names[other][0] or names[one][0] == "word"
    ]  # fmt: skip
    both = [table[one] & table[other] for one, other in pairs]
    fits = [place for place, inside in enumerate(both) if inside.sum() >= least]
    tried = len(names) + len(fits)
    every = [(_said(names[place]), table[place]) for place in range(len(names))]
    every += [(_joined(names[pairs[place][0]], names[pairs[place][1]]), both[place]) for place in fits]
    confidence = 1 - (1 - bootstrap.confidence) / tried
    proven = []
    for name, inside in every:
        error, elsewhere = wrong[inside].mean(), wrong[~inside].mean() if not inside.all() else 1.0
        if error <= elsewhere:
            continue
        low, high = _bounds(error, inside.sum() * worth, confidence)
        _, most = _bounds(elsewhere, (~inside).sum() * worth, confidence)
        if error - elsewhere > np.hypot(error - low, most - elsewhere):  # Newcombe's interval of a difference
            proven.append((low, name, inside, Interval(float(error), low, high), float(elsewhere)))
    proven.sort(key=lambda entry: (-entry[0], len(entry[1])))
    kept: list[tuple[Flags, FoundSlice]] = []
    for _, name, inside, error_interval, elsewhere in proven:
        if any((inside & other).sum() > _ALIKE * min(inside.sum(), other.sum()) for other, _ in kept):
            continue
        examples = known[np.flatnonzero(inside & wrong)[:3]].tolist()
        kept.append(
            (
                inside,
                FoundSlice(
                    name=name,
                    rows=int(inside.sum()),
                    error=error_interval,
                    elsewhere=elsewhere,
                    examples=tuple(examples),
                ),
            )
        )
        if len(kept) == _MOST_FOUND:
            break
    return Found(tried=tried, slices=tuple(found for _, found in kept))


def _candidates(
    rows: ScoredRows, known: npt.NDArray[np.int64], lengths: Sequence[Part], least: int
) -> tuple[list[tuple[str, str]], npt.NDArray[np.bool_]]:
    names: list[tuple[str, str]] = []
    flags: list[Flags] = []
    for part in lengths:
        names.append((part.by, part.name))
        flags.append(part.inside[known])
    for column in rows.columns.column_names:
        kind = rows.columns[column].type
        if column == "split" or pa.types.is_nested(kind) or pa.types.is_binary(kind):
            continue
        for value, inside in values_of(rows.columns[column], column):
            names.append((column, value))
            flags.append(inside[known])
    found = _words([rows.texts[place] for place in known.tolist()], least)
    names += [("word", word) for word in found]
    flags += list(found.values())
    kept = [place for place, inside in enumerate(flags) if least <= inside.sum() < len(known)]
    table = np.array([flags[place] for place in kept], np.bool_).reshape(len(kept), len(known))
    return [names[place] for place in kept], table


def _words(texts: Sequence[str], least: int) -> dict[str, Flags]:
    rows: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        for word in {word.lower() for word in words(text)}:
            rows.setdefault(word, []).append(row)
    often = sorted(
        (word for word, where in rows.items() if least <= len(where) <= _COMMON * len(texts)),
        key=lambda word: (-len(rows[word]), word),
    )
    flags = {}
    for word in often[:_MOST_WORDS]:
        flags[word] = np.zeros(len(texts), np.bool_)
        flags[word][rows[word]] = True
    return flags


def _scores(table: npt.NDArray[np.bool_], wrong: Flags) -> npt.NDArray[np.float64]:
    """How far each candidate's error is above that of all rows, in standard errors."""
    sizes = table.sum(1)
    errors = np.array([np.count_nonzero(line & wrong) for line in table], np.float64)
    whole = wrong.mean()
    scores: npt.NDArray[np.float64] = (errors - sizes * whole) / np.sqrt(sizes * whole * (1 - whole) + 1e-12)
    return scores


def _bounds(share: float, cases: float, confidence: float) -> tuple[float, float]:
    """Clopper and Pearson's bounds, exact far out in the tails where many tries take one."""
    from scipy.stats import beta

    tail, yes = (1 - confidence) / 2, share * cases
    low = float(beta.ppf(tail, yes, cases - yes + 1)) if yes > 0 else 0.0
    high = float(beta.ppf(1 - tail, yes + 1, cases - yes)) if yes < cases else 1.0
    return low, high


def _worth(units: npt.NDArray[np.int64]) -> float:
    """How many independent rows a row is worth, when rows come in groups."""
    return len(np.unique(units)) / len(units)


def _said(name: tuple[str, str]) -> str:
    by, value = name
    return f"the word “{value}”" if by == "word" else value if by == "length" else f"{by} = {value}"


def _joined(one: tuple[str, str], other: tuple[str, str]) -> str:
    return f"{_said(one)} and {_said(other)}"
