"""Rule: from which probability on a label is said, and what happens below it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tamis.core import LabelSet, UsageError, did_you_mean
from tamis.tasks import Task, ancestors

Probabilities = npt.NDArray[np.float64]
Goal = Literal["none", "precision", "coverage", "cost", "f1"]
WRONG, MISSED = "wrong", "missed"


@dataclass(frozen=True)
class Verdict:
    """What a rule says of some rows."""

    said: npt.NDArray[Any]
    """The number of the label of each row; or, where a text may have several, rows x labels of yes and no."""
    answered: npt.NDArray[np.bool_]
    """False where the rule keeps silent."""
    score: npt.NDArray[np.float64]
    """The probability of what is said; of several answers, that of the least sure one."""

    def labels(self, task: Task) -> list[str | tuple[str, ...]]:
        """Return what is said of each row in names, as if the rule never kept silent."""
        names = task.label_set.names
        if self.said.ndim == 1:
            return [names[number] for number in self.said.tolist()]
        said = [names[number] for number in np.nonzero(self.said)[1].tolist()]
        ends = self.said.sum(axis=1).cumsum().tolist()
        return [tuple(said[start:end]) for start, end in pairwise([0, *ends])]


class Rule(BaseModel):
    """When the model says a label, and when it keeps silent; the default always says the most probable.

    Where a text may have several labels, one is said only if its parents are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    goal: Goal = "none"
    thresholds: dict[str, float | None] = {}
    """The least probability at which each label is said; None: never."""
    least_score: float = 0.0
    """The least score at which anything is said of a row."""
    costs: dict[str, dict[str, float]] = {}
    """costs[true][said]; or costs[label] with `wrong` and `missed` where a text may have several labels."""
    review_cost: float | None = None
    empty: Literal["allow", "top", "silent"] = "allow"

    def apply(self, task: Task, probabilities: Probabilities) -> Verdict:
        """Return what is said of each row of probabilities, and where the rule keeps silent."""
        return self._choose_one(task, probabilities) if task.exclusive else self._choose_some(task, probabilities)

    def cost_table(self, task: Task) -> Probabilities:
        """Return the costs as numbers: true x said; or, with several labels a text, labels x (wrong, missed)."""
        names = task.label_set
        columns = names if task.exclusive else LabelSet((WRONG, MISSED))
        table = 1 - np.eye(len(names)) if task.exclusive else np.ones((len(names), 2))
        for name, costs in self.costs.items():
            for column, cost in costs.items():
                table[_place(name, names, "costs"), _place(column, columns, f"costs.{name}")] = cost
        return table

    def _choose_one(self, task: Task, probabilities: Probabilities) -> Verdict:
        rows = np.arange(len(probabilities))
        if self.goal == "cost":
            expected = probabilities @ self.cost_table(task)
            said = expected.argmin(axis=1)
            answered = expected[rows, said] <= (np.inf if self.review_cost is None else self.review_cost)
        else:
            said = task.most_probable(probabilities)
            answered = probabilities[rows, said] >= self._least(task, 0.0)[said]
        score = probabilities[rows, said]
        return Verdict(said, answered & (score >= self.least_score), score)

    def _choose_some(self, task: Task, probabilities: Probabilities) -> Verdict:
        costs = self.cost_table(task) if self.goal == "cost" else None
        least = self._least(task, 0.5) if costs is None else costs[:, 0] / np.maximum(costs.sum(1), 1e-300)
        implies = ancestors(task.label_set, getattr(task, "parents", {}))
        said = with_parents(probabilities >= least, implies)
        answered = np.ones(len(said), np.bool_)
        nothing = np.asarray(~said.any(axis=1))
        if self.empty != "allow":
            sayable = np.isfinite(with_all_parents(least, implies))
            if self.empty == "top" and sayable.any():
                top = np.where(sayable, probabilities, -1).argmax(axis=1)
                said = said | (implies[top] & nothing[:, None])
            else:
                answered &= ~nothing
        if costs is not None and self.review_cost is not None:
            expected = np.where(said, (1 - probabilities) * costs[:, 0], probabilities * costs[:, 1]).sum(1)
            answered &= expected <= self.review_cost
        score = np.where(said, probabilities, 1 - probabilities).min(axis=1, initial=1.0)
        return Verdict(said, answered & (score >= self.least_score), score)

    def _least(self, task: Task, default: float) -> Probabilities:
        least = np.full(len(task.label_set), default)
        for name, threshold in self.thresholds.items():
            least[_place(name, task.label_set, "thresholds")] = np.inf if threshold is None else threshold
        return least


def with_parents(passes: npt.NDArray[np.bool_], implies: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return where a label and all that it implies pass."""
    if implies.sum() == len(implies):  # no hierarchy
        return passes
    return np.stack([passes[:, implies[label]].all(axis=1) for label in range(len(implies))], axis=1)


def with_all_parents(least: Probabilities, implies: npt.NDArray[np.bool_]) -> Probabilities:
    """Return the highest threshold among each label and all that it implies."""
    return np.array([least[implies[label]].max() for label in range(len(implies))])


def _place(name: str, names: LabelSet, where: str) -> int:
    if name not in names:
        raise UsageError(f"{where}: there is no {name!r}. Known: {', '.join(names)}.{did_you_mean(name, names)}")
    return names.index(name)
