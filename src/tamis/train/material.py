"""Material: the labelled rows of a dataset by split, with what is wrong with them said before any work is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tamis.core import DataError, UsageError
from tamis.data import Dataset
from tamis.tasks import Strata, Task, task_for
from tamis.train.rows import TrainingRows, read_rows

TRAIN, VALIDATION, CALIBRATION = "train", "validation", "calibration"
_MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a model is made from."""

    task: Task
    train: TrainingRows
    validation: TrainingRows
    """What choices are made on; may have no rows."""
    calibration: TrainingRows
    """What probabilities are set right on: a split of its own, or the validation rows."""
    warnings: tuple[str, ...]
    """What a person should know, in sentences."""

    @property
    def counts(self) -> dict[str, int]:
        """How many rows each part has."""
        parts = {TRAIN: self.train, VALIDATION: self.validation}
        own = {CALIBRATION: self.calibration} if self.calibration is not self.validation else {}
        return {name: len(rows) for name, rows in {**parts, **own}.items()}


def read_material(dataset: Dataset, *, parents: Mapping[str, str]) -> Material:
    """Return the rows of a dataset that train and steer a model; DataError when no model can come of them."""
    task = _task(dataset, parents)
    if "split" not in dataset.columns:
        raise DataError(
            f"{dataset.ref} has no splits: nothing says which rows teach and which judge",
            hint=f"make them with `tamis data split {dataset.name}`",
        )
    train, validation = read_rows(dataset, TRAIN, task), read_rows(dataset, VALIDATION, task)
    calibration = read_rows(dataset, CALIBRATION, task)
    return check_material(task, train, validation, calibration, source=dataset.ref)


def check_material(
    task: Task, train: TrainingRows, validation: TrainingRows, calibration: TrainingRows | None = None, *, source: str
) -> Material:
    """Return rows as material when a model can be made of them; DataError that says why when none can."""
    _check_rows(train, source)
    names = task.label_set.names
    counts = _counts(task, train)
    _check_classes(task, train, counts, source)
    warnings = list(_left_out(train, TRAIN)) + list(_left_out(validation, VALIDATION))
    lonely = [name for name, count in counts.items() if count == 1]
    if lonely:
        warnings.append(
            f"{_listed(lonely)} {'has one training row' if len(lonely) == 1 else 'have one training row each'}: "
            "too few to learn from; label more, or merge classes"
        )
    for split, rows in ((VALIDATION, validation), (CALIBRATION, calibration)):
        unseen = [name for name, count in _counts(task, rows).items() if count and not counts[name]] if rows else []
        if unseen:
            warnings.append(
                f"{split} has labels that no training row has: {_listed(unseen)}. The model cannot learn them and "
                "every such row counts as wrong; split again with `tamis data split`, or label training rows"
            )
    if not len(validation):
        warnings.append(
            f"{source} has no labelled validation rows: nothing says when to stop, and probabilities stay as they are; "
            "`tamis data split` makes a validation split"
        )
    if len(names) != sum(count > 0 for count in counts.values()):
        none = [name for name, count in counts.items() if not count]
        if not any(_listed(none) in warning for warning in warnings):
            warnings.append(f"no training row has the label {_listed(none)}: the model will never learn it")
    return Material(
        task=task,
        train=train,
        validation=validation,
        calibration=calibration if calibration is not None and len(calibration) else validation,
        warnings=tuple(warnings),
    )


def _task(dataset: Dataset, parents: Mapping[str, str]) -> Task:
    kind = dataset.manifest.task
    if kind == "none":
        raise DataError(
            f"{dataset.ref} has no label column, so there is nothing to learn",
            hint="import the source again and name it: `tamis data import SOURCE --label COLUMN`",
        )
    if kind == "spans":
        raise UsageError(f"{dataset.ref} marks spans of text; `tamis train` learns labels of whole texts")
    return task_for(kind, dataset.label_set, parents=dict(parents) or None)


def _check_rows(train: TrainingRows, source: str) -> None:
    if not len(train):
        if train.textless:
            raise DataError(f"all {train.textless:,} labelled training rows of {source} have no text")
        if train.unlabelled:
            raise DataError(f"none of the {train.unlabelled:,} training rows of {source} has a label")
        raise DataError(f"{source} has no training rows", hint="make splits with `tamis data split`")
    if not any(text.strip() for batch in train.batches() for text in batch):
        raise DataError(
            f"all {len(train):,} training texts of {source} are empty after cleaning",
            hint="take out cleaning steps: `tamis data clean` shows them",
        )


def _check_classes(task: Task, train: TrainingRows, counts: Mapping[str, int], source: str) -> None:
    varying = [name for name, count in counts.items() if 0 < count < len(train)]
    if varying:
        return
    found = [name for name, count in counts.items() if count]
    said = f"the one label {found[0]!r}" if len(found) == 1 else "the same labels" if found else "no label at all"
    raise DataError(
        f"every training row of {source} has {said}: a model needs rows that differ",
        hint="check the label column (`tamis data show`), or the splits",
    )


def _counts(task: Task, rows: TrainingRows) -> dict[str, int]:
    strata: Strata = task.strata(rows.labels)
    numbers = np.bincount(strata.codes, minlength=len(task.label_set) + 1)
    return dict(zip(task.label_set.names, numbers.tolist(), strict=False))


def _left_out(rows: TrainingRows, split: str) -> list[str]:
    said = []
    if rows.unlabelled:
        said.append(f"{rows.unlabelled:,} {split} {_rows(rows.unlabelled)} without a label left out")
    if rows.textless:
        said.append(f"{rows.textless:,} {split} {_rows(rows.textless)} without text left out")
    return said


def _rows(count: int) -> str:
    return "row" if count == 1 else "rows"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(map(repr, names[:_MOST_NAMED])) + more
