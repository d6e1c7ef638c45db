"""Fitting a rule to a goal: a precision, a coverage, the least cost or the best F1."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tamis.core import UsageError
from tamis.decide.config import DecideSettings
from tamis.decide.fit_f1 import f1_thresholds
from tamis.decide.fit_precision import precision_thresholds
from tamis.decide.rule import Goal, Rule
from tamis.tasks import Task


def fit_rule(
    task: Task, probabilities: npt.NDArray[np.float64], truth: npt.NDArray[np.generic], settings: DecideSettings
) -> tuple[Rule, list[str]]:
    """Return the rule that reaches the goal of the settings on rows with calibrated probabilities, and notes on it.

    A precision that cannot be reached gives a rule that keeps silent, with a note that says what is missing.
    """
    check_goal(task, settings)
    goal = goal_of(task, settings)
    rule = Rule(goal=goal, empty=settings.empty)
    notes: list[str] = []
    if goal == "precision":
        thresholds, notes = precision_thresholds(
            task,
            probabilities,
            truth,
            target=settings.precision,
            confidence=settings.confidence,
            each=settings.precision_for == "each",
        )
        rule = rule.model_copy(update={"thresholds": thresholds})
    elif goal == "f1":
        thresholds, notes = f1_thresholds(task, probabilities, truth, seed=settings.seed)
        rule = rule.model_copy(update={"thresholds": thresholds})
    elif goal == "cost":
        rule = rule.model_copy(update={"costs": settings.costs, "review_cost": settings.review_cost})
    elif goal == "coverage":
        scores = np.sort(rule.apply(task, probabilities).score)
        silent = silent_rows(len(scores), settings.coverage, settings.confidence)
        rule = rule.model_copy(update={"least_score": float(scores[silent]) if silent else 0.0})
    return rule, notes


def goal_of(task: Task, settings: DecideSettings) -> Goal:
    """Return the goal that the settings mean for a task."""
    if settings.goal != "auto":
        return settings.goal
    return "none" if task.exclusive else "f1"


def silent_rows(rows: int, coverage: float, confidence: float) -> int:
    """Return how many of the least sure rows may stay without answer, so that unseen text is covered for sure."""
    from scipy.stats import beta

    silent = np.arange(1, rows)
    covered = beta.ppf(1 - confidence, rows - silent, silent + 1)  # of all text, when the rule begins at row `silent`
    return int((covered >= coverage).sum())


def check_goal(task: Task, settings: DecideSettings) -> None:
    """Raise an error when the settings ask of a task what it has not; worth calling before a long training."""
    if settings.goal == "f1" and task.exclusive:
        raise UsageError(
            f"decide.goal=f1 is for texts with several labels, and the task is {task.name}",
            hint="choose precision, coverage or cost",
        )
    if settings.precision_for == "all" and not task.exclusive:
        raise UsageError("decide.precision_for=all is for one label a text; with several, each has its own precision")
    if settings.goal != "cost" and (settings.costs or settings.review_cost is not None):
        raise UsageError("decide.costs and decide.review_cost need decide.goal=cost")
    rule = Rule(costs=settings.costs)
    if (table := rule.cost_table(task)).size and (not np.isfinite(table).all() or (table < 0).any()):
        raise UsageError("decide.costs are numbers from 0 on")
