"""Curves: precision over recall, hits over false alarms, and confidence over truth, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.evaluate.rows import ScoredRows
from tamis.tasks import Reliability, ReliabilityBin

Points = tuple[tuple[float, float], ...]
_POINTS = 100


@dataclass(frozen=True, kw_only=True)
class LabelCurves:
    """The curves of one label against all others."""

    label: str
    roc: Points
    """False alarms (share of rows without the label), hits (share of rows with it)."""
    precision_recall: Points
    """Recall, precision."""


def curves_of(rows: ScoredRows) -> tuple[LabelCurves, ...]:
    """Return the curves of each label that some rows bear and some do not."""
    if rows.probabilities is None:
        return ()
    scores = rows.probabilities[rows.known]
    bears = _bears(rows)
    return tuple(
        LabelCurves(label=label, roc=roc, precision_recall=recall)
        for place, label in enumerate(rows.task.label_set)
        if 0 < bears[:, place].sum() < len(bears)
        for roc, recall in [_curves(scores[:, place], bears[:, place])]
    )


def reliability_bins(rows: ScoredRows, probabilities: npt.NDArray[np.float64] | None) -> tuple[ReliabilityBin, ...]:
    """Return bins of like confidence with how often it was right; of several labels, all answers together."""
    if probabilities is None or not rows.known.any():
        return ()
    scores, bears = probabilities[rows.known], _bears(rows)
    if not rows.task.exclusive:
        sure, right = scores.reshape(-1, 1), bears.reshape(-1, 1)
    else:
        top = scores.argmax(1)
        sure, right = scores.max(1)[:, None], bears[np.arange(len(bears)), top][:, None]
    return tuple(Reliability(sure, right, bins=10).table())


def _bears(rows: ScoredRows) -> npt.NDArray[np.bool_]:
    """Which known row bears which label."""
    truth = np.asarray(rows.truth)[rows.known]
    return truth > 0.5 if truth.ndim == 2 else truth[:, None] == np.arange(len(rows.task.label_set))


def _curves(scores: npt.NDArray[np.float64], bears: npt.NDArray[np.bool_]) -> tuple[Points, Points]:
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) < 0, True))
    hits = np.cumsum(bears[order])[ends].astype(float)
    said = (ends + 1).astype(float)
    alarms, recall, precision = (said - hits) / (~bears).sum(), hits / bears.sum(), hits / said
    first = float(precision[0])
    return (
        _thin(np.concatenate([[0.0], alarms]), np.concatenate([[0.0], recall])),
        _thin(np.concatenate([[0.0], recall]), np.concatenate([[first], precision])),
    )


def _thin(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Points:
    """At most so many points, spread evenly over the way the curve goes."""
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    if len(x) > _POINTS:
        keep = np.unique(np.searchsorted(way, np.linspace(0, way[-1], _POINTS)).clip(0, len(x) - 1))
        x, y = x[keep], y[keep]
    return tuple((round(float(a), 5), round(float(b), 5)) for a, b in zip(x, y, strict=True))
