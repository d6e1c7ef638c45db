"""fit_decider: calibration, rule and guard against unknown text, fitted on rows whose labels are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tamis.decide.config import DecideSettings
from tamis.decide.decider import Decider
from tamis.decide.fit_calibration import CalibrationReport, fit_calibration
from tamis.decide.fit_rule import check_goal, fit_rule, goal_of
from tamis.decide.fit_unknown import Rows, UnknownReport, fit_unknown
from tamis.decide.promise import Promise, check_promise, known_rows
from tamis.tasks import Floats, Task, check_scores

_FEWEST = 200  # rows from which on some are kept back for the promise


class DecideReport(BaseModel):
    """How a decider came about, ready for JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    """With a label."""
    promise_rows: int = 0
    """Of these, kept back to check the promise on."""
    calibration: CalibrationReport | None = None
    ece_before: float | None = None
    ece_after: float | None = None
    """On rows that the calibration was not fitted on."""
    answered: float | None = None
    """The share of rows that the rule answers."""
    promise: Promise | None = None
    unknown: UnknownReport | None = None
    notes: tuple[str, ...] = ()
    """What a reader should know, in words."""


@dataclass(frozen=True)
class FittedDecider:
    """A decider with the account of how it came about."""

    decider: Decider
    report: DecideReport


def fit_decider(
    task: Task,
    logits: Floats,
    truth: npt.NDArray[np.generic],
    settings: DecideSettings,
    *,
    pooled: Floats | None = None,
    train_pooled: Floats | None = None,
    train_truth: npt.NDArray[np.generic] | None = None,
) -> FittedDecider:
    """Return the decider that the settings ask for, fitted on rows that the model did not learn.

    `truth` is `task.truth(labels)`. With a goal that promises something, a share of the rows is kept back: nothing is
    fitted on it, and the promise is checked there. Embeddings (`pooled`, and those of training rows) serve to tell
    unknown text.
    """
    check_goal(task, settings)
    if task.name == "spans":
        return FittedDecider(Decider(), DecideReport(rows=len(truth), notes=("spans are decided as they come",)))
    check_scores(logits, rows=len(truth), outputs=len(task.outputs))
    known = np.flatnonzero(known_rows(truth))
    logits, truth = logits[known], truth[known]
    pooled = None if pooled is None else pooled[known]
    fitting, promising = _split(truth, settings, promises=goal_of(task, settings) not in ("none", "f1"))
    notes: list[str] = []
    calibration, told = fit_calibration(
        task, logits[fitting], truth[fitting], method=settings.calibration, seed=settings.seed
    )
    if not len(fitting):
        notes.append("no calibration row has a label: scores stay as they are, and the rule is the default")
        return FittedDecider(Decider(), DecideReport(rows=0, calibration=told, notes=tuple(notes)))
    rule, said = fit_rule(task, calibration.probabilities(task, logits[fitting]), truth[fitting], settings)
    notes += said
    promise = None
    if len(promising):
        promise = check_promise(
            task,
            calibration,
            rule,
            logits[promising],
            truth[promising],
            target=_target(settings),
            confidence=settings.confidence,
        )
    elif rule.goal not in ("none", "f1"):
        notes.append(f"{len(truth)} rows are too few to check the promise on some of them: {_FEWEST} are needed")
    if promise is not None and promise.verdict == "broken":
        notes.append(
            f"the promised {promise.goal} of {promise.target:g} does not hold on the {promise.rows} rows kept back: "
            f"{promise.measured.value:.3f}, at best {promise.measured.high:.3f}"
        )
    unknown, found = None, None
    if settings.unknown != "none":
        references = None
        if train_pooled is not None and train_truth is not None:
            learnt = np.flatnonzero(known_rows(train_truth))
            references = Rows(_bears(task, train_truth[learnt]), _floats32(train_pooled[learnt]))
        rows = Rows(_bears(task, truth), None if pooled is None else _floats32(pooled), logits.astype(np.float64))
        unknown, found = fit_unknown(
            task, rows, references, method=settings.unknown, share=settings.unknown_share, seed=settings.seed
        )
    decider = Decider(calibration=calibration, rule=rule, unknown=unknown, promise=promise)
    scores = {score.method: score.ece for score in told.tried}
    report = DecideReport(
        rows=len(truth),
        promise_rows=len(promising),
        calibration=told,
        ece_before=scores.get("none"),
        ece_after=scores.get(told.method),
        answered=float(rule.apply(task, calibration.probabilities(task, logits)).answered.mean()),
        promise=promise,
        unknown=found,
        notes=tuple(notes),
    )
    return FittedDecider(decider, report)


def _split(
    truth: npt.NDArray[np.generic], settings: DecideSettings, *, promises: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows to fit on and those to check the promise on; each label is in both as it is in all."""
    rows = len(truth)
    if not promises or rows < _FEWEST:
        return np.arange(rows), np.zeros(0, np.int64)
    stratum = truth if truth.ndim == 1 else truth.astype(np.float64).sum(axis=1)
    order = np.lexsort((np.random.default_rng(settings.seed).random(rows), stratum))
    places = np.arange(rows)
    kept = np.floor((places + 1) * settings.promise_share) > np.floor(places * settings.promise_share)
    return np.sort(order[~kept]), np.sort(order[kept])


def _target(settings: DecideSettings) -> float:
    if settings.goal == "cost":
        return 1e300 if settings.review_cost is None else settings.review_cost
    return settings.precision if settings.goal == "precision" else settings.coverage


def _bears(task: Task, truth: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    if truth.ndim == 1:
        return np.asarray(truth.astype(np.int64)[:, None] == np.arange(len(task.label_set)))
    return np.asarray(truth.astype(np.float64) > 0.5)


def _floats32(values: Floats) -> npt.NDArray[np.float32]:
    return values.astype(np.float32)
