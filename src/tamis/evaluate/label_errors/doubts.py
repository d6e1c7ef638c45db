"""Doubts: which labels confident learning does not believe, given probabilities from models that did not see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tamis.core import MissingExtra
from tamis.tasks import Strata, Task

Floats64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Doubts:
    """The rows in doubt, the surest first."""

    rows: npt.NDArray[np.int64]
    """Places among the rows that were judged."""
    suggested: list[Any]
    """The label, or the labels, that each should perhaps have."""
    given: Floats64
    """The probability of what the row says now."""
    otherwise: Floats64
    """The probability of what is suggested."""


def doubt_labels(task: Task, labels: Sequence[Any], probabilities: Floats64) -> Doubts:
    """Return the labels in doubt: cleanlab's confident learning, for each label alone where a text has several.

    Of ordered labels the farthest off come first, and a row whose middle label is the given one is not in doubt.
    """
    strata = task.strata(labels)
    if task.name == "multi_label":
        return _of_several(task, strata, probabilities)
    return _of_one(task, strata.codes.astype(np.int64), probabilities)


def _of_one(task: Task, codes: npt.NDArray[np.int64], probabilities: Floats64) -> Doubts:
    issues = _cleanlab().filter.find_label_issues(codes, probabilities, n_jobs=1)
    rows = np.flatnonzero(issues)
    places = {name: number for number, name in enumerate(task.label_set)}
    suggested = [places[name] for name in task.choose(probabilities[rows])]
    differ = np.array(suggested, np.int64) != codes[rows]
    rows, new = rows[differ], np.array(suggested, np.int64)[differ]
    given, otherwise = probabilities[rows, codes[rows]], probabilities[rows, new]
    if task.name == "ordinal":
        away = np.abs(np.arange(len(task.label_set)) - codes[rows][:, None])
        order = np.argsort(-(probabilities[rows] * away).sum(axis=1), kind="stable")
    else:
        order = np.argsort(given, kind="stable")
    names = task.label_set.names
    return Doubts(rows[order], [names[number] for number in new[order]], given[order], otherwise[order])


def _of_several(task: Task, strata: Strata, probabilities: Floats64) -> Doubts:
    count, width = probabilities.shape
    lists: list[list[int]] = [[code for code in strata.of(row).tolist() if code < width] for row in range(count)]
    bears = np.zeros((count, width), np.bool_)
    for row, codes in enumerate(lists):
        bears[row, codes] = True
    doubted = np.zeros((count, width), np.bool_)
    for label in range(width):
        if bears[:, label].any() and not bears[:, label].all():
            yes = probabilities[:, label]
            doubted[:, label] = _cleanlab().filter.find_label_issues(
                bears[:, label].astype(np.int64), np.column_stack([1 - yes, yes]), n_jobs=1
            )
    rows = np.flatnonzero(doubted.any(axis=1))
    suggested = task.decode((bears ^ doubted)[rows].astype(np.float64))
    wanted = np.where(bears, probabilities, 1 - probabilities)
    given = np.where(doubted, wanted, 1.0)[rows].min(axis=1) if len(rows) else np.zeros(0)
    truth = task.decode(bears[rows].astype(np.float64))
    differ = np.array([one != other for one, other in zip(suggested, truth, strict=True)], np.bool_)
    order = np.flatnonzero(differ)[np.argsort(given[differ], kind="stable")]  # an implied label comes back
    return Doubts(rows[order], [suggested[place] for place in order], given[order], 1 - given[order])


def _cleanlab() -> Any:
    try:
        import cleanlab.filter
    except ModuleNotFoundError as error:
        if error.name and not error.name.startswith("cleanlab"):
            raise
        raise MissingExtra("finding label errors", extra="train") from None
    return cleanlab
