"""Promise: what a rule was made to keep, and whether rows it never saw bear that out."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tamis.decide.calibration import Calibration
from tamis.decide.rule import Rule, Verdict
from tamis.tasks import MASKED, Floats, Task, check_scores


class Measured(BaseModel):
    """A share of rows, with the bounds between which the true one lies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    value: float | None
    """None without any row."""
    low: float
    high: float


class Promise(BaseModel):
    """What was promised, what rows show that nothing was fitted on, and the verdict.

    `kept`: the lower bound reaches the target. `broken`: the upper bound does not. `open`: too few rows to tell.
    Each bound is passed by the truth once in 20 times (at confidence 0.95).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    goal: Literal["precision", "coverage", "cost"]
    target: float
    confidence: float
    rows: int
    measured: Measured
    by_label: dict[str, Measured] = {}
    verdict: Literal["kept", "open", "broken"]


def check_promise(
    task: Task,
    calibration: Calibration,
    rule: Rule,
    logits: Floats,
    truth: npt.NDArray[np.generic],
    *,
    target: float,
    confidence: float = 0.95,
) -> Promise | None:
    """Return whether the rule keeps its promise on rows that it was not fitted on; None for a goal that promises none.

    The target of a goal `cost` is the highest mean cost of a row, say that of reviewing everything.
    """
    if rule.goal not in ("precision", "coverage", "cost"):
        return None
    check_scores(logits, rows=len(truth), outputs=len(task.outputs))
    known = known_rows(truth)
    probabilities, truth = calibration.probabilities(task, logits[known]), truth[known]
    verdict = rule.apply(task, probabilities)
    by_label: dict[str, Measured] = {}
    if rule.goal == "coverage":
        measured = share(int(verdict.answered.sum()), len(truth), confidence)
    elif rule.goal == "cost":
        measured = _mean(row_costs(task, rule, verdict, truth), confidence)
    else:
        said, right = label_counts(task, verdict, truth)
        measured = share(int(right.sum()), int(said.sum()), confidence)
        counts = zip(task.label_set, right.tolist(), said.tolist(), strict=True)
        by_label = {name: share(good, every, confidence) for name, good, every in counts}
    kept, broken = measured.low >= target, measured.high < target
    if rule.goal == "cost":
        kept, broken = measured.high <= target, measured.low > target
    if not measured.rows:
        kept = broken = False
    return Promise(
        goal=rule.goal,
        target=target,
        confidence=confidence,
        rows=len(truth),
        measured=measured,
        by_label=by_label,
        verdict="kept" if kept else "broken" if broken else "open",
    )


def share(yes: int, rows: int, confidence: float) -> Measured:
    """Return a share of rows with Clopper and Pearson's exact bounds, each one-sided at `confidence`."""
    from scipy.stats import beta

    slip = 1 - confidence
    low = float(beta.ppf(slip, yes, rows - yes + 1)) if yes else 0.0
    high = float(beta.ppf(confidence, yes + 1, rows - yes)) if yes < rows else 1.0
    return Measured(rows=rows, value=yes / rows if rows else None, low=low, high=high)


def label_counts(
    task: Task, verdict: Verdict, truth: npt.NDArray[np.generic]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return how often each label was said, and how often rightly."""
    labels = len(task.label_set)
    if verdict.said.ndim == 1:
        said = verdict.said[verdict.answered]
        right = said[said == truth[verdict.answered]]
        return np.bincount(said, minlength=labels), np.bincount(right, minlength=labels)
    marked = verdict.said & verdict.answered[:, None]
    return marked.sum(0), (marked & (truth.astype(np.float64) > 0.5)).sum(0)


def row_costs(task: Task, rule: Rule, verdict: Verdict, truth: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """Return what each row costs under the rule, its review included."""
    costs = rule.cost_table(task)
    if verdict.said.ndim == 1:
        paid = costs[truth.astype(np.int64), verdict.said]
    else:
        bears = truth.astype(np.float64) > 0.5
        paid = (np.where(verdict.said & ~bears, costs[:, 0], 0) + np.where(bears & ~verdict.said, costs[:, 1], 0)).sum(
            1
        )
    return np.where(verdict.answered, paid, 0.0 if rule.review_cost is None else rule.review_cost)


def known_rows(truth: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Return which rows have a label."""
    if truth.ndim == 1:
        return np.asarray(truth != MASKED)
    return np.asarray(~np.isnan(truth.astype(np.float64)).any(axis=1))


def _mean(values: npt.NDArray[np.float64], confidence: float) -> Measured:
    from scipy.stats import norm

    rows = len(values)
    if rows < 2:
        return Measured(rows=rows, value=float(values[0]) if rows else None, low=0.0, high=1e300)
    mean, slack = float(values.mean()), float(norm.ppf(confidence) * values.std(ddof=1) / np.sqrt(rows))
    return Measured(rows=rows, value=mean, low=mean - slack, high=mean + slack)
