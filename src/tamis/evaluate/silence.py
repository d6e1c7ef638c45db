"""Silence: how the error falls when the model may keep silent on what it is least sure of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.evaluate.intervals import Bootstrap, Interval, measure
from tamis.evaluate.rows import ScoredRows
from tamis.tasks import Scores, Tally

Numbers = npt.NDArray[np.float64]
_STEPS = (0.05, 0.1, 0.2, 0.3, 0.5)
_POINTS = 120


@dataclass(frozen=True, kw_only=True)
class Abstaining:
    """What silence on a share of the rows, the least sure ones, would do."""

    silent: float
    """The share of rows without an answer."""
    threshold: float
    """The least confidence of the rows that are answered."""
    error: Interval
    """Of those that are answered."""
    saved: Interval
    """By how much the error falls, as a share of the error of all rows."""


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Everything about keeping silent."""

    points: tuple[tuple[float, float, float], ...]
    """Coverage, error and least confidence, from the surest rows to all."""
    area: Interval
    """The mean error over all coverages (AURC): less is better."""
    best_area: float
    """What it would be if every mistake were less sure than every right answer."""
    steps: tuple[Abstaining, ...]
    coverage: Interval
    """The share of rows that the model answers as its decision rule stands."""
    answered: Mapping[str, Interval]
    """The scores of the rows it answers; empty when it answers all."""
    reasons: Mapping[str, int]
    """How many rows were decided for which reason."""


@dataclass(frozen=True)
class _RiskCoverage:
    """The part of a tally that ranks rows by confidence; rows of one confidence go together."""

    confidence: Numbers
    wrong: Numbers

    def measure(self, weights: npt.NDArray[np.float64]) -> Scores:
        """Return the area and, for each step, the error of what is still answered and the share that is saved."""
        order = np.argsort(-self.confidence, kind="stable")
        ranked, wrong = self.confidence[order], self.wrong[order]
        last = np.searchsorted(-ranked, -ranked, side="right") - 1  # the end of each row's tie
        names = ["aurc", *(f"{kind}@{step}" for step in _STEPS for kind in ("error", "saved"))]
        found = {name: np.full(len(weights), np.nan) for name in names}
        for draw, line in enumerate(weights):
            times = line[order]
            rows, errors = np.cumsum(times), np.cumsum(times * wrong)
            total = rows[-1] if len(rows) else 0.0
            if total <= 0:
                continue
            risk = np.divide(errors[last], rows[last], out=np.zeros_like(errors), where=rows[last] > 0)
            found["aurc"][draw] = float(times @ risk) / total
            whole = errors[-1] / total
            for step in _STEPS:
                place = min(int(np.searchsorted(rows, (1 - step) * total - 1e-9)), len(rows) - 1)
                error = errors[place] / rows[place]
                found[f"error@{step}"][draw] = error
                found[f"saved@{step}"][draw] = 1 - error / whole if whole > 0 else np.nan
        return Scores(found, {})


def confidence(rows: ScoredRows) -> Numbers:
    """Return how sure the model is of each answer."""
    scores = [prediction.score for prediction in rows.predictions]
    if any(score is None for score in scores) and rows.probabilities is not None:
        top = (
            np.maximum(rows.probabilities, 1 - rows.probabilities).min(1)
            if not rows.task.exclusive
            else rows.probabilities.max(1)
        )
        return np.array([best if score is None else score for score, best in zip(scores, top.tolist(), strict=True)])
    return np.array([0.0 if score is None else score for score in scores])


def silence_of(rows: ScoredRows, bootstrap: Bootstrap, *, answered: Sequence[str]) -> Silence | None:
    """Return what silence does; `answered` are the measures that are told of the answered rows."""
    if rows.probabilities is None:
        return None
    known = rows.known
    sure, wrong = confidence(rows)[known], rows.wrong[known]
    ranked = Tally((), known, (_RiskCoverage(sure, wrong),))
    measured = measure(ranked, bootstrap)
    silent = not rows.answered[known].all()
    told = measure(rows.answered_tally, bootstrap) if silent else None
    reasons: dict[str, int] = {}
    for prediction in rows.predictions:
        reasons[prediction.reason] = reasons.get(prediction.reason, 0) + 1
    return Silence(
        points=_points(sure, wrong),
        area=measured.overall["aurc"],
        best_area=_best_area(len(wrong), float(wrong.sum())),
        steps=tuple(
            Abstaining(
                silent=step,
                threshold=float(np.sort(sure)[::-1][max(int(np.ceil((1 - step) * len(sure))) - 1, 0)]),
                error=measured.overall[f"error@{step}"],
                saved=measured.overall[f"saved@{step}"],
            )
            for step in _STEPS
        ),
        coverage=told.overall["coverage"] if told else Interval(1.0, 1.0, 1.0),
        answered={name: told.overall[name] for name in answered if name in told.overall} if told else {},
        reasons=dict(sorted(reasons.items(), key=lambda item: -item[1])),
    )


def _points(sure: Numbers, wrong: Numbers) -> tuple[tuple[float, float, float], ...]:
    order = np.argsort(-sure, kind="stable")
    ranked, errors = sure[order], np.cumsum(wrong[order])
    ends = np.flatnonzero(np.append(np.diff(ranked) < 0, True))  # rows of one confidence go together
    if len(ends) > _POINTS:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, _POINTS).astype(int))]
    return tuple((float((e + 1) / len(sure)), float(errors[e] / (e + 1)), float(ranked[e])) for e in ends.tolist())


def _best_area(rows: int, mistakes: float) -> float:
    places = np.arange(1, rows + 1)
    return float((np.maximum(places - (rows - mistakes), 0) / places).mean()) if rows else float("nan")
