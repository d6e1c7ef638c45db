"""Which task a name stands for: the built-in ones, and those that plug-ins bring as `tamis.task`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tamis.core import LabelSet, UsageError, did_you_mean, plugins
from tamis.tasks.multi_label import MultiLabel
from tamis.tasks.ordinal import Ordinal
from tamis.tasks.single_label import SingleLabel
from tamis.tasks.spans import Spans
from tamis.tasks.task import Task

TASKS: Mapping[str, type[Task]] = {task.name: task for task in (SingleLabel, MultiLabel, Ordinal, Spans)}


def task_for(name: str, label_set: LabelSet, *, parents: Mapping[str, str] | None = None) -> Task:
    """Return the task of a dataset: `task_for(dataset.manifest.task, dataset.label_set)`.

    >>> task_for("ordinal", LabelSet(["1", "2", "3"])).encode(["2"]).tolist()
    [[1.0, 0.0]]
    """
    known = [*TASKS, *(other for other in plugins.found("task") if other not in TASKS)]
    if name not in known:
        raise UsageError(f"no task named {name!r}. Tasks: {', '.join(known)}.{did_you_mean(name, known)}")
    kind: Any = TASKS[name] if name in TASKS else plugins.load("task", name)
    if parents and not kind.hierarchical:
        raise UsageError(f"the task {name!r} takes no parents: only several labels a text can imply each other")
    task: Task = kind(label_set, parents=dict(parents)) if parents else kind(label_set)
    return task
