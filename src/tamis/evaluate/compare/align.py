"""Align: two models' answers to the same rows, under the same names of labels in the same order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import LabelSet, UsageError
from tamis.evaluate.rows import Probabilities, ScoredRows
from tamis.tasks import Task, task_for


def align(first: ScoredRows, second: ScoredRows) -> tuple[ScoredRows, ScoredRows, list[str]]:
    """Return both with one task, scored on the rows whose label both know, and what is to be said of that."""
    _check_rows(first, second)
    if first.task.name != second.task.name:
        raise UsageError(
            f"{first.model} is a {first.task.name} model and {second.model} a {second.task.name} one: "
            "no measure is the same for both"
        )
    task, said = _common_task(first, second)
    known = first.known & second.known
    if not known.any():
        raise UsageError(f"no row of {first.name} has a label that both {first.model} and {second.model} know")
    labels = pc.if_else(pa.array(known), first.labels, pa.scalar(None, first.labels.type))
    left = int((first.known | second.known).sum() - known.sum())
    if left:
        said.append(f"{left:,} rows whose label only one of them knows are left out: the other can only be wrong there")
    return _under(first, task, labels), _under(second, task, labels), said


def _check_rows(first: ScoredRows, second: ScoredRows) -> None:
    if len(first) != len(second):
        raise UsageError(f"{first.model} was asked {len(first):,} rows and {second.model} {len(second):,}")
    for row, (one, other) in enumerate(zip(first.texts, second.texts, strict=True), start=1):
        if one != other:
            raise UsageError(
                f"row {row:,} is another text for {second.model} than for {first.model}: compare equal rows"
            )


def _common_task(first: ScoredRows, second: ScoredRows) -> tuple[Task, list[str]]:
    one, other = first.task.label_set.names, second.task.label_set.names
    said = []
    if set(one) != set(other):
        if first.task.name == "ordinal":
            raise UsageError(
                f"{first.model} orders the labels {', '.join(one)} and {second.model} {', '.join(other)}: "
                "how far off an answer is means something else for each"
            )
        for rows, extra in ((first, set(one) - set(other)), (second, set(other) - set(one))):
            if extra:
                listed = ", ".join(map(repr, sorted(extra)[:5])) + (" …" if len(extra) > 5 else "")
                said.append(f"only {rows.model} knows {listed}; both are judged on what both know")
    elif first.task.name == "ordinal" and one != other:
        raise UsageError(f"{first.model} and {second.model} put the same labels in another order")
    names = LabelSet([*one, *(name for name in other if name not in one)])
    parents = {**getattr(second.task, "parents", {}), **getattr(first.task, "parents", {})}
    return task_for(first.task.name, names, parents=parents or None), said


def _under(rows: ScoredRows, task: Task, labels: Any) -> ScoredRows:
    return replace(
        rows,
        task=task,
        labels=labels,
        logits=None,
        uncalibrated=None,
        probabilities=_columns(rows.probabilities, rows.task.outputs, task.outputs),
    )


def _columns(found: Probabilities | None, have: tuple[str, ...], wanted: tuple[str, ...]) -> Probabilities | None:
    """Probabilities in another order of the labels; 0 for a label that the model does not know."""
    if found is None or have == wanted:
        return found
    moved: npt.NDArray[np.float64] = np.zeros((len(found), len(wanted)))
    moved[:, [wanted.index(name) for name in have]] = found
    return moved
