"""Find: the labels of a dataset that are likely wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tamis.core import Progress, Silent, UsageError
from tamis.data import Dataset
from tamis.evaluate.label_errors.doubts import Doubts, doubt_labels
from tamis.evaluate.label_errors.folds import assign_folds
from tamis.evaluate.label_errors.judged import Judged, read_judged
from tamis.evaluate.label_errors.result import LabelErrors, SplitErrors, Suspect
from tamis.split import SPLITS
from tamis.tasks import Task

Probabilities = npt.NDArray[np.float64]
Judge = Callable[[Task, Sequence[str], Sequence[Any], Sequence[str]], Probabilities]
"""Learns from texts and labels, and returns probabilities of other texts: `judge(task, texts, labels, others)`."""


class Model(Protocol):
    """What is asked of a finished model, a `Classifier`: the probabilities of texts that it did not learn from."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the probabilities."""
        ...

    def probabilities(self, texts: Sequence[str | None]) -> Probabilities:
        """Return a row of probabilities for each text."""
        ...


def find_label_errors(
    dataset: Dataset,
    judge: Judge,
    *,
    name: str,
    folds: int = 5,
    seed: int = 0,
    parents: Mapping[str, str] | None = None,
    threshold: float = 0.7,
    model: Model | None = None,
    model_name: str = "",
    model_splits: Sequence[str] = ("test",),
    notes: Sequence[str] = (),
    progress: Progress = Silent(),
) -> LabelErrors:
    """Return the labels in doubt among all labelled rows of a dataset, whatever their split.

    Each row is judged by a model that was fitted (by `judge`, called `name`) on the other folds; near-duplicates and
    groups share a fold. A finished `model` judges the rows of `model_splits`, from which it must not have learned.
    """
    if folds < 2:
        raise UsageError(f"it takes two folds or more to judge rows by others, not {folds}")
    rows = read_judged(dataset, parents=parents or {}, threshold=threshold, folds=folds, progress=progress)
    said = [*notes, *rows.left_out]
    probabilities = _out_of_sample(rows, judge, folds, seed, progress)
    asked = np.zeros(len(rows), np.bool_)
    if model is not None:
        asked = np.isin(rows.splits, model_splits)
        if not asked.any():
            there = ", ".join(dict.fromkeys(rows.splits))
            raise UsageError(f"{dataset.ref} has no labelled rows in {', '.join(model_splits)}; splits: {there}")
        probabilities[asked] = _of_model(model, rows, asked)
    answers = rows.task.choose(probabilities)
    truth = rows.task.decode(rows.task.encode(rows.labels))
    right = np.array([one == other for one, other in zip(answers, truth, strict=True)])
    commonest = Counter(truth).most_common(1)[0][1] / len(rows)
    if right.mean() <= commonest:
        said.append(
            f"the models agree with {right.mean():.1%} of the labels, and the commonest answer alone with "
            f"{commonest:.1%}: they have learned nothing, so their doubts say nothing"
        )
    doubts = doubt_labels(rows.task, rows.labels, probabilities)
    return LabelErrors(
        dataset=dataset.ref,
        task=rows.task.name,
        judge=name if model is None else f"{name}; {model_name} for {', '.join(model_splits)}",
        folds=folds,
        rows=len(rows),
        agreement=float(right.mean()),
        commonest=commonest,
        suspects=_suspects(rows, truth, doubts),
        splits=_splits(rows, answers, right, doubts, asked, name, model_name),
        notes=tuple(said),
    )


def _out_of_sample(rows: Judged, judge: Judge, folds: int, seed: int, progress: Progress) -> Probabilities:
    strata = rows.task.strata(rows.labels)
    commonness = np.bincount(strata.codes, minlength=len(rows.task.label_set) + 1)
    rarest = np.array([min(strata.of(row).tolist(), key=lambda code: commonness[code]) for row in range(len(rows))])
    fold_of = assign_folds(rows.units, rarest, folds=folds, seed=seed)
    probabilities = np.zeros((len(rows), len(rows.task.outputs)))
    with progress.track("judging labels", total=folds, unit="folds") as advance:
        for fold in range(folds):
            held = np.flatnonzero(fold_of == fold)
            if len(held):
                rest = np.flatnonzero(fold_of != fold).tolist()
                probabilities[held] = judge(
                    rows.task,
                    [rows.texts[row] for row in rest],
                    [rows.labels[row] for row in rest],
                    [rows.texts[row] for row in held.tolist()],
                )
            advance(1)
    return probabilities


def _of_model(model: Model, rows: Judged, asked: npt.NDArray[np.bool_]) -> Probabilities:
    missing = [name for name in rows.task.outputs if name not in model.labels]
    if missing:
        raise UsageError(f"the model does not know the label {', '.join(map(repr, missing[:5]))}")
    scores = model.probabilities([rows.texts[row] for row in np.flatnonzero(asked).tolist()])
    scores = scores[:, [model.labels.index(name) for name in rows.task.outputs]]
    if rows.task.name == "multi_label":
        return scores
    known: Probabilities = scores.sum(axis=1, keepdims=True)  # some labels may have been too rare to judge
    return scores / np.maximum(known, 1e-12)


def _suspects(rows: Judged, truth: list[Any], doubts: Doubts) -> tuple[Suspect, ...]:
    return tuple(
        Suspect(
            row=int(rows.numbers[row]),
            id=rows.ids[row],
            split=rows.splits[row],
            given=truth[row],
            suggested=suggested,
            probability_given=float(given),
            probability_suggested=float(otherwise),
            text=rows.texts[row],
        )
        for row, suggested, given, otherwise in zip(
            doubts.rows.tolist(), doubts.suggested, doubts.given, doubts.otherwise, strict=True
        )
    )


def _splits(
    rows: Judged,
    answers: list[Any],
    right: npt.NDArray[np.bool_],
    doubts: Doubts,
    asked: npt.NDArray[np.bool_],
    name: str,
    model_name: str,
) -> tuple[SplitErrors, ...]:
    splits = np.array(rows.splits)
    gains = np.zeros(len(rows), np.bool_)  # would be right with the suggested label, and is wrong now
    losses = np.zeros(len(rows), np.bool_)
    doubted = np.zeros(len(rows), np.bool_)
    for row, suggested in zip(doubts.rows.tolist(), doubts.suggested, strict=True):
        gains[row], losses[row], doubted[row] = answers[row] == suggested, right[row], True
    found = []
    order = {name: place for place, name in enumerate(SPLITS)}
    for split in sorted(set(rows.splits), key=lambda one: (order.get(one, len(order)), one)):
        inside = splits == split
        score = float(right[inside].mean())
        found.append(
            SplitErrors(
                split=split,
                rows=int(inside.sum()),
                suspects=int(doubted[inside].sum()),
                score=score,
                lowest=score - float(losses[inside].mean()),
                highest=score + float(gains[inside].mean()),
                judge=model_name if asked[inside].any() else name,
            )
        )
    return tuple(found)
