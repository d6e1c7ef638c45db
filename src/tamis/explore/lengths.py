"""Lengths: of the texts, in characters, words and tokens, and the limit they suggest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.explore.rows import Rows

Counts = npt.NDArray[np.int64]

PERCENTILES = (1, 5, 25, 50, 75, 90, 95, 99)
LIMITS = (16, 32, 64, 96, 128, 192, 256, 384, 512)


@dataclass(frozen=True)
class Measure:
    """The spread of one length over the texts that are not empty."""

    unit: str
    texts: int
    mean: float
    shortest: int
    longest: int
    total: int
    percentiles: dict[int, int]
    """The length that so many in a hundred texts do not exceed."""
    edges: tuple[int, ...]
    """Where the histogram's columns begin; the last column holds all that is longer."""
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Limit:
    """What a limit on tokens would do."""

    tokens: int
    whole: float
    """Share of texts that stay whole."""
    kept: float
    """Share of all tokens that stay."""


@dataclass(frozen=True)
class ClassLength:
    """How long the texts of one class are."""

    label: str
    texts: int
    low: int
    median: int
    high: int


@dataclass(frozen=True)
class Lengths:
    """How long the texts are."""

    characters: Measure
    words: Measure
    tokens: Measure | None
    """None when the tokenizer is not installed; `no_tokens` says why."""
    no_tokens: str
    tokenizer: str
    limits: tuple[Limit, ...]
    suggested: Limit | None
    """The smallest limit that leaves the wished share of texts whole, or the largest limit."""
    classes: tuple[ClassLength, ...]
    """In words: the 10th percentile, the median and the 90th of each class."""


def measure_lengths(
    rows: Rows, *, words: Counts, tokens: Counts | None, no_tokens: str, tokenizer: str, whole_share: float
) -> Lengths:
    """Return the lengths; `words` has a count for each row, `tokens` for the rows they were counted on."""
    limits = _limits(tokens[tokens > 0]) if tokens is not None else ()
    suggested = next((limit for limit in limits if limit.whole >= whole_share), limits[-1] if limits else None)
    return Lengths(
        characters=measure(rows.frame["text"].str.len_chars().to_numpy().astype(np.int64), "characters"),
        words=measure(words, "words"),
        tokens=None if tokens is None else measure(tokens, "tokens"),
        no_tokens=no_tokens,
        tokenizer=tokenizer,
        limits=limits,
        suggested=suggested,
        classes=_classes(rows, words),
    )


def measure(lengths: Counts, unit: str) -> Measure:
    """Return the spread of some lengths; texts of length 0 are left out."""
    found = lengths[lengths > 0]
    if not len(found):
        return Measure(unit, 0, 0.0, 0, 0, 0, dict.fromkeys(PERCENTILES, 0), (), ())
    values = np.percentile(found, PERCENTILES, method="inverted_cdf")
    edges = _edges(found)
    counts = np.histogram(found, bins=[*edges, np.inf])[0]
    return Measure(
        unit=unit,
        texts=len(found),
        mean=float(found.mean()),
        shortest=int(found.min()),
        longest=int(found.max()),
        total=int(found.sum()),
        percentiles={place: int(value) for place, value in zip(PERCENTILES, values, strict=True)},
        edges=tuple(int(edge) for edge in edges),
        counts=tuple(int(count) for count in counts),
    )


def _edges(found: Counts) -> Counts:
    """Columns of one round width that reach the 99th percentile; what is longer shares the last one."""
    low = int(found.min())
    high = int(np.percentile(found, 99, method="inverted_cdf"))
    width = next(w * 10**power for power in range(9) for w in (1, 2, 5) if (high - low) / (w * 10**power) <= 45)
    return np.arange(low // width * width if low > width * 3 else 0, high + width, width, dtype=np.int64)


def _limits(tokens: Counts) -> tuple[Limit, ...]:
    if not len(tokens):
        return ()
    total = int(tokens.sum())
    found = [
        Limit(limit, float((tokens <= limit).mean()), float(np.minimum(tokens, limit).sum() / total))
        for limit in LIMITS
    ]
    whole = next((place for place, limit in enumerate(found) if limit.whole == 1), len(found) - 1)
    return tuple(found[: whole + 1])


def _classes(rows: Rows, words: Counts) -> tuple[ClassLength, ...]:
    found = []
    for label in rows.labels:
        lengths = words[rows.places[label]] if label in rows.places else words[:0]
        lengths = lengths[lengths > 0]
        if len(lengths):
            low, median, high = np.percentile(lengths, (10, 50, 90), method="inverted_cdf")
            found.append(ClassLength(label, len(lengths), int(low), int(median), int(high)))
    return tuple(found)
