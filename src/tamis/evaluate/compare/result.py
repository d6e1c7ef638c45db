"""Comparison: what two models do differently on the same rows, and what of it is more than chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

from tamis.evaluate.compare.mcnemar import McNemar
from tamis.evaluate.intervals import Interval
from tamis.tasks import LOWER_IS_BETTER

Side = Literal["first", "second", "neither"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A measure of both models, and by how much the second's is above the first's."""

    measure: str
    first: float
    second: float
    by: Interval

    @property
    def better(self) -> Side:
        """Whose is better, where the interval leaves no doubt."""
        if not (isfinite(self.by.low) and isfinite(self.by.high)) or self.by.low <= 0 <= self.by.high:
            return "neither"
        return "second" if (self.by.value > 0) != (self.measure in LOWER_IS_BETTER) else "first"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        values = {"measure": self.measure, "first": _finite(self.first), "second": _finite(self.second)}
        return values | {"difference": self.by.to_dict(), "better": self.better}


@dataclass(frozen=True, kw_only=True)
class PartDifference:
    """The comparison on some of the rows: a slice, or the rows of one label."""

    by: str
    """label, length, a column's name, or slice for a condition of one's own."""
    name: str
    rows: int
    difference: Difference
    mcnemar: McNemar
    p: float
    """McNemar's, made larger for as many parts as were looked at (Holm)."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        counts = {"lost": self.mcnemar.lost, "gained": self.mcnemar.gained}
        p = {"p": self.mcnemar.p, "p_holm": self.p}
        return {"by": self.by, "name": self.name, "rows": self.rows, **self.difference.to_dict(), **counts, **p}


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A row that just one of the models got right."""

    id: str
    text: str
    truth: Any
    first: Any
    """What the first said."""
    second: Any
    gained: bool
    """Whether the second is the one that is right."""
    moved: float
    """By how much the probability of the true label rose, or of several the mean of the right answers."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What two models do differently on the same rows. Differences are the second less the first."""

    first: str
    second: str
    data: str
    rows: int
    by: str
    """What the resamples draw: rows, texts or groups."""
    units: int
    main: Difference
    """By the measure that models of this task are chosen by."""
    p: float
    """Of the main measure: how often a difference as large comes about when answers are swapped by chance."""
    mcnemar: McNemar
    odds: tuple[float, float, float]
    """Rows gained for each one lost, with its interval."""
    differences: tuple[Difference, ...]
    labels: tuple[PartDifference, ...]
    slices: tuple[PartDifference, ...]
    changed: tuple[Changed, ...]
    """The rows that just one got right, those that moved farthest first."""
    answers: Mapping[tuple[str, str], int]
    """How often the first said this and the second that, where they differ."""
    same: int
    """Rows with the same answer of both."""
    detectable: float
    """The smallest difference of the main measure that so many rows would show four times in five."""
    rows_needed: int | None
    """So many rows would show the difference that is seen here four times in five; None when none is seen."""
    resamples: int
    confidence: float
    notes: tuple[str, ...] = ()

    @property
    def better(self) -> Side:
        """Which model is better by the main measure; neither unless interval and p-value agree that one is."""
        return self.main.better if self.p <= 1 - self.confidence else "neither"

    @property
    def verdict(self) -> str:
        """The whole of it in a sentence or two."""
        measure, by = in_words(self.main.measure), self.main.by
        tests = f"p = {p_in_words(self.p)}; McNemar on right and wrong p = {p_in_words(self.mcnemar.p)}"
        if self.better != "neither":
            winner = self.second if self.better == "second" else self.first
            low, high = sorted((abs(by.low), abs(by.high)))
            return f"{winner} is better by {abs(by.value):.3f} {measure} ({low:.3f} to {high:.3f}), {tests}"
        if not self.mcnemar.lost + self.mcnemar.gained and not self.answers:
            return f"{self.first} and {self.second} say the same of all {self.rows:,} rows"
        needed = (
            f"; one of the size seen here ({abs(by.value):.3f}) takes about {self.rows_needed:,} rows"
            if self.rows_needed is not None
            else ""
        )
        return (
            f"no difference can be told on {self.rows:,} rows: {measure} {by.value:+.3f} ({by.low:+.3f} to "
            f"{by.high:+.3f}), {tests}. These rows would show a difference of about {self.detectable:.3f}{needed}"
        )

    @property
    def distinct(self) -> list[Difference]:
        """The differences without those that say what one before them says, such as recall and accuracy."""
        seen: dict[tuple[float, ...], Difference] = {}
        for found in self.differences:
            numbers = (found.first, found.second, found.by.value, found.by.low, found.by.high)
            seen.setdefault(tuple(round(number, 9) for number in numbers), found)
        return [found for found in seen.values() if found.measure != "coverage" or found.first + found.second < 2]

    def to_dict(self, *, changed: int | None = None) -> dict[str, Any]:
        """Return everything as JSON-ready values; `changed` limits how many rows are listed."""
        odds, low, high = self.odds
        return {
            "first": self.first,
            "second": self.second,
            "data": self.data,
            "rows": self.rows,
            "units": {"by": self.by, "count": self.units},
            "verdict": self.verdict,
            "better": self.better,
            "main": self.main.to_dict(),
            "p": self.p,
            "mcnemar": {"lost": self.mcnemar.lost, "gained": self.mcnemar.gained, "p": self.mcnemar.p},
            "odds": {"value": _finite(odds), "low": _finite(low), "high": _finite(high)},
            "detectable": _finite(self.detectable),
            "rows_needed": self.rows_needed,
            "differences": [difference.to_dict() for difference in self.differences],
            "labels": [part.to_dict() for part in self.labels],
            "slices": [part.to_dict() for part in self.slices],
            "same_answers": self.same,
            "answers": [{"first": a, "second": b, "rows": count} for (a, b), count in self.answers.items()],
            "changed": [vars(row) for row in self.changed[:changed]],
            "resamples": self.resamples,
            "confidence": self.confidence,
            "notes": list(self.notes),
        }


def in_words(measure: str) -> str:
    """Return a measure's name as it is said: `macro F1`."""
    return measure.replace("_", " ").replace("f1", "F1").replace("mae", "MAE").replace("ece", "ECE").replace(
        "roc auc", "ROC AUC"
    )  # fmt: skip


def p_in_words(p: float) -> str:
    """Return a p-value as it is said.

    >>> p_in_words(0.0312), p_in_words(0.00002), p_in_words(0.6)
    ('0.031', '<0.001', '0.60')
    """
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None
