"""The judge of labels that Tamis makes itself: a model of one of its families, fitted on the other rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tamis.evaluate.label_errors.find import Judge
from tamis.tasks import Task
from tamis.train import TextClassifier, TrainSettings


def trained_judge(settings: TrainSettings, *, cleaning: Sequence[Any] = ()) -> Judge:
    """Return the judge that trains with these settings; one seed, and no tracker hears of it."""
    told = settings.model_dump() | {"seeds": 1, "average_seeds": False, "trackers": ()}

    def judge(
        task: Task, texts: Sequence[str], labels: Sequence[Any], others: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        # The order of ordered labels is the task's own and cannot be seen in the rows, so their order is not learned
        # here; it counts again when the probabilities are read.
        kind = "multi_label" if task.name == "multi_label" else "single_label"
        parents = getattr(task, "parents", {})
        model = TextClassifier(
            task=kind, cleaning=cleaning, settings=told | {"parents": dict(parents)}, parents=parents
        )
        model.fit(list(texts), [list(row) for row in labels] if kind == "multi_label" else list(labels))
        found = model.predict_proba(list(others))
        probabilities = np.zeros((len(others), len(task.outputs)))
        for column, name in enumerate(model.bundle_.task.outputs):
            probabilities[:, task.label_set.index(name)] = found[:, column]
        return probabilities

    return judge
