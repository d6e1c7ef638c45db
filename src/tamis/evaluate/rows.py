"""ScoredRows: labelled rows with what a model said of them, the noun that every part of an evaluation takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tamis.core import Prediction
from tamis.data import Dataset
from tamis.decide import Decider
from tamis.evaluate.labelled import LabelledRows
from tamis.predict import Classifier, RawScores
from tamis.tasks import Tally, Task

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ScoredRows:
    """Rows in their order, with the truth, the model's scores, and what it decided."""

    name: str
    """What was scored: `reviews@2:test`, or the file."""
    model: str
    task: Task
    ids: list[str]
    texts: list[str]
    """As they came; a missing text is empty."""
    labels: pa.Array
    """As the task takes them; None: not known."""
    logits: npt.NDArray[np.floating[Any]] | None
    """rows x outputs; None for answers that came without scores, such as spans."""
    uncalibrated: Probabilities | None
    """What the logits say by themselves."""
    probabilities: Probabilities | None
    """Calibrated, as predictions hold them."""
    predictions: list[Prediction]
    tokens: npt.NDArray[np.int32]
    """How many tokens (words, for a linear model) each text has."""
    cut: npt.NDArray[np.bool_]
    """Which texts were longer than what the model was shown."""
    empty: npt.NDArray[np.bool_]
    """Which texts have nothing in them after cleaning."""
    columns: pa.Table
    """All other columns: group, time, split, and whatever else there is."""
    dataset: Dataset | None = None
    split: str | None = None
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def truth(self) -> Any:
        """The labels as scores compare them: numbers (-1: not known), rows of 0 and 1 (NaN: not known), or spans."""
        return self.task.truth(self.labels)

    @cached_property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which rows have a label."""
        return np.asarray(self.labels.is_valid())

    @cached_property
    def said(self) -> list[Any]:
        """What the model said of each row; None where it kept silent."""
        return [prediction.label for prediction in self.predictions]

    @cached_property
    def answered(self) -> npt.NDArray[np.bool_]:
        """Which rows the model did not keep silent on."""
        return np.array([label is not None for label in self.said], np.bool_)

    @cached_property
    def answers(self) -> list[Any]:
        """What the model said of each row, and where it kept silent, the most probable label all the same."""
        if self.probabilities is None or self.answered.all():
            return self.said
        chosen = self.task.choose(self.probabilities)
        return [best if label is None else label for label, best in zip(self.said, chosen, strict=True)]

    @cached_property
    def wrong(self) -> npt.NDArray[np.float64]:
        """1 where the answer is not exactly the truth, 0 where it is, NaN where the truth is not known."""
        truth = [None if label is None else _plain(label) for label in self.task_labels]
        flags = [float(_plain(said) != label) for said, label in zip(self.answers, truth, strict=True)]
        return np.where(self.known, flags, np.nan)

    @cached_property
    def task_labels(self) -> list[Any]:
        """The true labels as predictions say them: implied labels among them."""
        if self.task.problem_type == "token_classification":
            return list(self.truth)
        encoded = self.task.encode(self.labels)
        return self.task.decode(encoded)

    @cached_property
    def tally(self) -> Tally:
        """What scores the rows when every one is answered: silence improves no score."""
        return self.task.tally(self.truth, self.probabilities, said=self.answers)

    @cached_property
    def answered_tally(self) -> Tally:
        """What scores the rows that the model answered."""
        return self.task.tally(self.truth, self.probabilities, said=self.said)

    @cached_property
    def uncalibrated_tally(self) -> Tally:
        """What scores the rows as if nothing had been calibrated."""
        return self.task.tally(self.truth, self.uncalibrated, said=self.answers)

    def tally_of(self, inside: npt.NDArray[np.bool_]) -> Tally:
        """Return what scores some of the rows, every one of them answered."""
        places = np.flatnonzero(inside)
        truth = [self.truth[place] for place in places] if isinstance(self.truth, list) else self.truth[places]
        probabilities = None if self.probabilities is None else self.probabilities[places]
        return self.task.tally(truth, probabilities, said=[self.answers[place] for place in places])

    @property
    def groups(self) -> pa.ChunkedArray | None:
        """The group of each row, where the data say that rows belong together."""
        return self.columns["group"] if "group" in self.columns.column_names else None


def score_rows(classifier: Classifier, rows: LabelledRows) -> ScoredRows:
    """Return labelled rows with a model's scores and decisions, exactly as it serves them."""
    bundle = classifier.bundle
    return scored(rows, bundle.task, classifier.raw(rows.texts), decider=classifier.decider, model=bundle.name)


def scored(
    rows: LabelledRows, task: Task, raw: RawScores, *, decider: Decider | None = None, model: str = ""
) -> ScoredRows:
    """Return labelled rows with raw scores that are there already."""
    decider = decider or Decider()
    predictions = decider.decide(task, raw.logits, ids=rows.ids, empty=raw.empty, pooled=raw.pooled, model=model)
    return ScoredRows(
        name=rows.name,
        model=model,
        task=task,
        ids=rows.ids,
        texts=rows.texts,
        labels=rows.labels,
        logits=raw.logits,
        uncalibrated=task.probabilities(raw.logits.astype(np.float64)),
        probabilities=decider.calibration.probabilities(task, raw.logits),
        predictions=predictions,
        tokens=raw.tokens,
        cut=raw.cut,
        empty=raw.empty,
        columns=rows.columns,
        dataset=rows.dataset,
        split=rows.split,
        warnings=rows.warnings,
    )


def of_answers(rows: LabelledRows, task: Task, said: Sequence[Any], *, model: str = "") -> ScoredRows:
    """Return labelled rows with answers that came without scores: spans, say, or another system's labels."""
    empty = np.array([not text.strip() for text in rows.texts], np.bool_)
    return ScoredRows(
        name=rows.name,
        model=model,
        task=task,
        ids=rows.ids,
        texts=rows.texts,
        labels=rows.labels,
        logits=None,
        uncalibrated=None,
        probabilities=None,
        predictions=[Prediction(id=name, label=label, model=model) for name, label in zip(rows.ids, said, strict=True)],
        tokens=np.array([len(text.split()) for text in rows.texts], np.int32),
        cut=np.zeros(len(rows.ids), np.bool_),
        empty=empty,
        columns=rows.columns,
        dataset=rows.dataset,
        split=rows.split,
        warnings=rows.warnings,
    )


def _plain(label: Any) -> Any:
    """A label such that equal ones are equal, whatever order several come in."""
    if isinstance(label, (list, tuple)):
        return sorted(tuple(each) if isinstance(each, (list, tuple)) else each for each in label)
    return label
