"""Given: texts and labels in the forms that scikit-learn's users pass them, as the rest of the chapter takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tamis.core import DataError, LabelSet, UsageError


class GivenLabels:
    """What `y` holds: an Arrow column of names, the label set, and the values that the names stand for."""

    def __init__(self, column: pa.Array, task: str, classes: list[Any], *, indicator: bool = False) -> None:
        self.column, self.task, self.classes, self.indicator = column, task, classes, indicator
        self.label_set = LabelSet(map(str, classes))

    @classmethod
    def of(cls, y: Any, task: str) -> GivenLabels:
        """Return labels in any of the forms that scikit-learn and Tamis know."""
        if hasattr(y, "toarray"):  # a sparse table
            y = y.toarray()
        if getattr(y, "ndim", 1) == 2 and np.shape(y)[1] != 1:
            return cls._of_table(y, task)
        values = [_plain(value) for value in (np.asarray(y).ravel() if hasattr(y, "ndim") else y)]
        several = task == "multi_label" or any(isinstance(value, list | tuple | set | frozenset) for value in values)
        if several and task not in ("auto", "multi_label"):
            raise UsageError(f"the task {task!r} takes one label a text, and some have several")
        known = [value for value in values if value is not None]
        classes = _sorted({one for value in known for one in value} if several else set(known))
        if several:
            names = [None if value is None else [str(one) for one in value] for value in values]
            return cls(pa.array(names, pa.list_(pa.string())), "multi_label", classes)
        names_ = [None if value is None else str(value) for value in values]
        return cls(pa.array(names_, pa.string()), "single_label" if task == "auto" else task, classes)

    @classmethod
    def _of_table(cls, y: Any, task: str) -> GivenLabels:
        if task not in ("auto", "multi_label"):
            raise UsageError(f"the task {task!r} takes one label a text, not a table of {np.shape(y)[1]} columns")
        names = [str(name) for name in getattr(y, "columns", range(np.shape(y)[1]))]
        table = np.asarray(y)
        if not np.isin(table, (0, 1)).all():
            raise DataError("a table of labels holds 0 and 1, a column for each label")
        column = [[names[place] for place in np.flatnonzero(row)] for row in table]
        return cls(pa.array(column, pa.list_(pa.string())), "multi_label", names, indicator=True)


def given_texts(given: Any) -> list[str | None]:
    """Return texts from a list, an array, a Series, an Arrow column, or a table of one column."""
    if isinstance(given, str):
        raise UsageError("texts come as a list, even a single one: [text]")
    if isinstance(given, pa.Array | pa.ChunkedArray):
        given = given.to_pylist()
    if getattr(given, "ndim", 1) == 2:
        if np.shape(given)[1] != 1:
            raise UsageError(f"texts come as one column, not {np.shape(given)[1]}")
        given = np.asarray(given).ravel()
    texts = [_plain(text) for text in given]
    for place, text in enumerate(texts):
        if text is not None and not isinstance(text, str):
            raise UsageError(f"text {place} (from 0) is no text but {type(text).__name__}: {text!r}")
    return texts


def _plain(value: Any) -> Any:
    """A value without numpy; NaN, NaT and the like are None."""
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, np.ndarray):
        return value.tolist()
    if value is None or value != value or type(value).__name__ in ("NAType", "NaTType"):
        return None
    return value.item() if hasattr(value, "item") else value


def _sorted(values: set[Any]) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:
        raise DataError("labels are of several types, such as numbers and words; make them all words") from None
