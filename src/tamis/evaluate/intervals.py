"""Intervals: what a score on these rows says of the score on all such rows, by the bootstrap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tamis.core import MissingExtra
from tamis.evaluate.behaviour.wilson import wilson
from tamis.features import exact_groups
from tamis.tasks import Tally

Numbers = npt.NDArray[np.float64]
SHARES = frozenset({"accuracy", "subset_accuracy", "coverage", "hierarchy_consistency", "exact_rows"})
"""Measures that are plain shares of the rows: their intervals are Wilson's, of as many rows as the draws tell."""
_BOUNDED = (
    "accuracy",
    "precision",
    "recall",
    "f1",
    "coverage",
    "consistency",
    "auc",
    "exact",
    "brier",
    "hamming",
    "ece",
)
_CELLS = 20_000_000  # draws x rows that are held at a time
_MOST_CELLS = 500_000_000
_FEWEST = 200


@dataclass(frozen=True)
class Interval:
    """A number with where the true one is likely to be; NaN where it is not defined."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """Return JSON-ready values; what is not defined is null."""
        parts = {"value": self.value, "low": self.low, "high": self.high}
        return {name: number if isfinite(number) else None for name, number in parts.items()}


@dataclass(frozen=True)
class Bootstrap:
    """Draws of rows with replacement, the same ones for whatever is measured, so that differences are paired.

    Rows of one unit (a group, copies of one text) are drawn together: copies add no certainty.
    """

    units: npt.NDArray[np.int64]
    """The unit of each row, from 0; -1 is a row that is never drawn."""
    resamples: int
    confidence: float = 0.95
    seed: int = 0
    by: str = "rows"
    """What a unit is: rows, texts or groups."""

    @classmethod
    def of(
        cls,
        known: npt.NDArray[np.bool_],
        *,
        resamples: int,
        confidence: float = 0.95,
        seed: int = 0,
        groups: pa.ChunkedArray | pa.Array | None = None,
        texts: list[str] | None = None,
    ) -> Bootstrap:
        """Return the draws of rows that are `known`; very many rows are drawn less often, which the result says."""
        rows = np.arange(len(known))
        by = "rows"
        if groups is not None:
            codes, by = _group_codes(groups), "groups"
        elif texts is not None:
            codes, by = exact_groups(texts), "texts"
        else:
            codes = rows
        units = np.full(len(known), -1)
        _, units[known] = np.unique(codes[known], return_inverse=True)
        most = max(_FEWEST, _MOST_CELLS // max(len(known), 1))
        return cls(units, min(resamples, most), confidence, seed, by)

    @cached_property
    def count(self) -> int:
        """How many units there are."""
        return int(self.units.max(initial=-1)) + 1

    def weights(self) -> Iterator[npt.NDArray[np.uint16]]:
        """Yield how often each row was drawn, draws x rows, some draws at a time; always the same."""
        if self.resamples * len(self.units) <= _CELLS:
            yield self._all_at_once
        else:
            yield from self._blocks()

    @cached_property
    def _all_at_once(self) -> npt.NDArray[np.uint16]:
        return next(self._blocks())

    def _blocks(self) -> Iterator[npt.NDArray[np.uint16]]:
        random = np.random.default_rng(self.seed)
        drawn = self.units >= 0
        lines = max(1, _CELLS // max(len(self.units), 1))
        for start in range(0, self.resamples, lines):
            block = np.zeros((min(lines, self.resamples - start), len(self.units)), np.uint16)
            for line in block:
                times = np.bincount(random.integers(0, self.count, self.count), minlength=self.count)
                line[drawn] = times[self.units[drawn]]
            yield block

    def within(self, rows: npt.NDArray[np.bool_]) -> Bootstrap:
        """Return draws of these rows only, as rows of their own."""
        units = self.units[rows]
        inside = units >= 0
        fresh = np.full(len(units), -1)
        _, fresh[inside] = np.unique(units[inside], return_inverse=True)
        return replace(self, units=fresh)


@dataclass(frozen=True)
class Measured:
    """Measures with their intervals, and the draws they came from."""

    overall: Mapping[str, Interval]
    by_label: Mapping[str, Mapping[str, Interval]]
    """Label, then measure."""
    drawn: Mapping[str, Numbers]
    """The overall measures in each draw, for differences."""


def measure(tally: Tally, bootstrap: Bootstrap) -> Measured:
    """Return all measures of a tally with intervals."""
    exact = tally.resampled(tally.known[None, :])
    parts = [tally.resampled(weights) for weights in bootstrap.weights()] if bootstrap.count else [exact]
    drawn = {name: np.concatenate([part.overall[name] for part in parts]) for name in exact.overall}
    labels = {name: np.concatenate([part.by_label[name] for part in parts]) for name in exact.by_label}
    overall = {
        name: interval(name, float(exact.overall[name][0]), draws, bootstrap, rows=int(tally.known.sum()))
        for name, draws in drawn.items()
    }
    by_label = {}
    for place, label in enumerate(tally.labels):
        support = float(exact.by_label["support"][0, place]) if "support" in exact.by_label else 0.0
        by_label[label] = {
            name: interval(name, float(exact.by_label[name][0, place]), draws[:, place], bootstrap, rows=int(support))
            for name, draws in labels.items()
        }
    return Measured(overall, by_label, drawn)


def only(tally: Tally, *names: str) -> Tally:
    """Return the tally with just those parts that give the named measures: what is not asked for takes no time."""
    if not len(tally):
        return tally
    probe = tally.known[tally.known][None, :].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = tuple(part for part in tally.parts if not set(part.measure(probe).overall).isdisjoint(names))
    return replace(tally, parts=parts)


def difference(name: str, one: Measured, other: Measured, bootstrap: Bootstrap) -> Interval | None:
    """Return by how much a measure of `one` is above that of `other`, from the same draws of both."""
    if name not in one.drawn or name not in other.drawn:
        return None
    value = one.overall[name].value - other.overall[name].value
    return _percentiles(value, one.drawn[name] - other.drawn[name], bootstrap)


def interval(name: str, value: float, draws: Numbers, bootstrap: Bootstrap, *, rows: int) -> Interval:
    """Return a measure with its interval from the draws.

    Percentiles, widened for few units (Hesterberg 2015). Three cases need more: shares of rows are Wilson's; a perfect
    score has draws that are all perfect, though a few more rows may well have had a mistake; and the calibration error
    of a draw is too high on average, by as much as that of the rows themselves.
    """
    if not isfinite(value):
        return Interval(value, float("nan"), float("nan"))
    if name == "support":
        return Interval(value, value, value)
    finite = draws[np.isfinite(draws)]
    units = bootstrap.count
    if name in SHARES:
        spread = float(finite.var()) if len(finite) else 0.0
        worth = value * (1 - value) / spread if spread > 0 else float(min(units, rows) or 1)
        return _wilson(value, min(max(worth, 1.0), max(rows, 1)), bootstrap.confidence)
    if _bounded(name) and value in (0.0, 1.0) and (not len(finite) or float(np.ptp(finite)) == 0):
        return _wilson(value, min(units, rows) or 1, bootstrap.confidence)
    whole = _percentiles(value, finite, bootstrap)
    if name != "ece" or not len(finite):
        return whole
    above = float(finite.mean()) - value
    low = sqrt(max(0.0, 2 * value**2 - whole.high**2))  # the noise of bins adds up in squares
    return Interval(value, min(value, low), max(value, whole.high - above))


def _percentiles(value: float, draws: Numbers, bootstrap: Bootstrap) -> Interval:
    finite = draws[np.isfinite(draws)]
    if bootstrap.count < 2 or not len(finite) or not isfinite(value):
        return Interval(value, float("nan"), float("nan"))
    tail = _tail(bootstrap.count, bootstrap.confidence)
    low, high = np.quantile(finite, [tail, 1 - tail])
    return Interval(value, min(value, float(low)), max(value, float(high)))


def _tail(units: int, confidence: float) -> float:
    """The share of draws that is cut off at either end: less than the nominal share when the units are few."""
    try:
        from scipy.stats import t
    except ImportError:
        raise MissingExtra("measuring intervals", extra="train") from None
    quantile = t.ppf((1 - confidence) / 2, units - 1) * sqrt(units / (units - 1))
    return NormalDist().cdf(float(quantile))


def _wilson(share: float, cases: float, confidence: float) -> Interval:
    low, high = wilson(share * cases, cases, confidence=confidence)
    return Interval(share, min(share, low), max(share, high))


def _bounded(name: str) -> bool:
    return any(part in name for part in _BOUNDED)


def _group_codes(groups: Any) -> npt.NDArray[np.int64]:
    """A number for each group; a row without a group is one of its own."""
    column = groups.combine_chunks() if isinstance(groups, pa.ChunkedArray) else groups
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    encoded = column.dictionary_encode()
    codes = np.asarray(encoded.indices.fill_null(-1)).astype(np.int64)
    alone = codes < 0
    codes[alone] = len(encoded.dictionary) + np.flatnonzero(alone)
    return codes
