"""Fitting a calibration, and choosing the kind by its log-loss on rows it was not fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tamis.core import UsageError, did_you_mean
from tamis.decide.calibration import Calibration, Method
from tamis.decide.calibrators import CALIBRATORS
from tamis.decide.promise import known_rows
from tamis.tasks import Floats, Task, check_scores

Numbers = npt.NDArray[np.float64]
METHODS: tuple[Method, ...] = get_args(Method)  # the simplest first
_FOLDS = 5
_FEWEST = 30  # rows, for any calibration
_ROWS_PER_LABEL = {"vector": 20, "isotonic": 100}


class MethodScore(BaseModel):
    """How one kind of calibration did on rows it was not fitted on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method
    log_loss: float
    standard_error: float
    """Of the difference to the best kind, row by row."""
    ece: float


class CalibrationReport(BaseModel):
    """Which calibration was taken and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method
    rows: int
    tried: tuple[MethodScore, ...] = ()
    reason: str


def fit_calibration(
    task: Task, logits: Floats, truth: npt.NDArray[np.generic], *, method: str = "auto", seed: int = 0
) -> tuple[Calibration, CalibrationReport]:
    """Return the calibration of logits whose true labels are known, and how it was chosen.

    `auto` compares the kinds by log-loss over folds, and takes the simplest that is within one standard error of the
    best: a kind that over-fits loses there. Few rows leave only the simple ones.
    """
    if method not in ("auto", *METHODS):
        raise UsageError(
            f"no calibration named {method!r}. Known: auto, {', '.join(METHODS)}.{did_you_mean(method, METHODS)}"
        )
    check_scores(logits, rows=len(truth), outputs=len(task.outputs))
    known = known_rows(truth)
    scores, truth = logits[known].astype(np.float64), truth[known]
    rows = len(truth)
    kinds: tuple[str, ...] = (method,)
    reason = f"{method} was asked for"
    if method == "auto":
        kinds, reason = _allowed(rows, len(task.outputs))
    if rows < 2 or kinds == ("none",):
        said = reason if rows >= 2 else f"{rows} rows have a label: nothing can be fitted"
        return Calibration(), CalibrationReport(method="none", rows=rows, reason=said)
    compared = [kind for kind in METHODS if kind in kinds or kind == "none"]
    tried, losses = _cross_validate(task, scores, truth, compared, seed)
    if method == "auto":
        best = int(np.argmin([losses[kind].mean() for kind in compared]))
        within = [score.log_loss - tried[best].log_loss <= score.standard_error for score in tried]
        taken = compared[within.index(True)]
        known_as = "the lowest log-loss" if taken == compared[best] else f"as good as {compared[best]}, and simpler"
        reason = f"{taken}: {known_as}{f'; {reason}' if reason else ''}"
    else:
        taken = METHODS[METHODS.index(method)]
        fewest = max(_FEWEST, _ROWS_PER_LABEL.get(taken, 0) * len(task.outputs))
        if rows < fewest and taken != "none":
            reason += f", on {rows} rows, which are few for it: {fewest} would be sound"
    return CALIBRATORS[taken](task, scores, truth), CalibrationReport(
        method=taken, rows=rows, tried=tried, reason=reason
    )


def _allowed(rows: int, outputs: int) -> tuple[tuple[str, ...], str]:
    if rows < _FEWEST:
        return ("none",), f"{rows} rows are too few to calibrate on: {_FEWEST} are needed"
    enough = [kind for kind in METHODS if rows >= _ROWS_PER_LABEL.get(kind, 0) * outputs]
    left_out = [kind for kind in METHODS if kind not in enough]
    return tuple(enough), f"{rows} rows are too few for {' and '.join(left_out)}" if left_out else ""


def _cross_validate(
    task: Task, logits: Numbers, truth: npt.NDArray[np.generic], kinds: Sequence[Method], seed: int
) -> tuple[tuple[MethodScore, ...], dict[Method, Numbers]]:
    rows = len(truth)
    stratum = truth if truth.ndim == 1 else truth.astype(np.float64).sum(axis=1)
    folds = np.empty(rows, np.int64)
    folds[np.lexsort((np.random.default_rng(seed).random(rows), stratum))] = np.arange(rows) % min(_FOLDS, rows)
    losses: dict[Method, Numbers] = {}
    errors: dict[Method, float] = {}
    for kind in kinds:
        probabilities = np.empty_like(logits)
        for fold in range(min(_FOLDS, rows)):
            inside = folds == fold
            fitted = CALIBRATORS[kind](task, logits[~inside], truth[~inside])
            probabilities[inside] = fitted.probabilities(task, logits[inside])
        losses[kind] = row_log_loss(probabilities, truth)
        errors[kind] = task.tally(truth, probabilities).score()["ece"]
    best = min(losses.values(), key=lambda values: float(values.mean()))
    scores = tuple(
        MethodScore(
            method=kind,
            log_loss=float(values.mean()),
            standard_error=float((values - best).std(ddof=1) / np.sqrt(rows)),
            ece=errors[kind],
        )
        for kind, values in losses.items()
    )
    return scores, losses


def row_log_loss(probabilities: Numbers, truth: npt.NDArray[np.generic]) -> Numbers:
    """Return the log-loss of each row; with several labels a row, their mean."""
    if truth.ndim == 1:
        return -np.log(np.clip(probabilities[np.arange(len(truth)), truth.astype(np.int64)], 1e-12, 1))
    bears = truth.astype(np.float64) > 0.5
    return np.asarray(-np.log(np.clip(np.where(bears, probabilities, 1 - probabilities), 1e-12, 1)).mean(axis=1))
