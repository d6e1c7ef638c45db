"""Warnings: what one must know before one believes a score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from tamis.core.charts import percent
from tamis.evaluate.config import EvaluateSettings
from tamis.evaluate.intervals import Bootstrap
from tamis.evaluate.rows import ScoredRows

_FEW_OF_A_LABEL = 10
_SHOWN = 6
_SEEN = {
    "train": "The model learned from these very rows: the scores say how well it remembers, not how good it is.",
    "validation": "Choices of the training were made on these rows, so the scores are somewhat too good.",
    "calibration": "Probabilities and thresholds were set on these rows, so the scores are somewhat too good.",
}


def warnings_of(
    rows: ScoredRows, settings: EvaluateSettings, bootstrap: Bootstrap, *, learned: npt.NDArray[np.bool_] | None
) -> tuple[str, ...]:
    """Return the warnings in sentences, the gravest first."""
    said: list[str] = []
    if rows.split in _SEEN and rows.dataset is not None:
        said.append(_SEEN[rows.split])
    known = int(rows.known.sum())
    if known < settings.few_rows:
        said.append(
            f"Only {known:,} {'row has' if known == 1 else 'rows have'} a label: the intervals are wide, and small "
            "differences mean nothing. Label more rows before you decide anything by them."
        )
    if learned is not None and learned.any():
        count = int(learned.sum())
        said.append(
            f"{count:,} of the texts ({percent(count / max(known, 1))}) {'stands' if count == 1 else 'stand'} in the "
            "training rows too. The model has seen the answers: see the scores without them."
        )
    said += [sentence[0].upper() + sentence[1:] + "." * (sentence[-1] != ".") for sentence in rows.warnings]
    said += _labels(rows)
    empty = int((rows.empty & rows.known).sum())
    if empty:
        said.append(
            f"{empty:,} {'row has' if empty == 1 else 'rows have'} no text. The model keeps silent there; the scores "
            "take what it would say all the same."
        )
    groups = rows.groups
    if groups is not None and bootstrap.by != "groups":
        number = pc.count_distinct(groups).as_py()
        said.append(
            f"The rows belong to {number:,} {'group' if number == 1 else 'groups'}, too few to draw from: the "
            "intervals hold for new rows of these groups, not for new groups."
        )
    return tuple(said)


def _labels(rows: ScoredRows) -> list[str]:
    strata = rows.task.strata(rows.labels)
    counts = np.bincount(strata.codes, minlength=len(rows.task.label_set) + 1)[: len(rows.task.label_set)]
    names = rows.task.label_set.names
    absent = [name for name, count in zip(names, counts.tolist(), strict=True) if not count]
    few = [name for name, count in zip(names, counts.tolist(), strict=True) if 0 < count < _FEW_OF_A_LABEL]
    said = []
    if absent:
        said.append(f"No row bears {_listed(absent)}: nothing is known of how the model does there.")
    if few:
        word = "label has" if len(few) == 1 else "labels have"
        said.append(f"{len(few)} {word} fewer than {_FEW_OF_A_LABEL} rows: {_listed(few)}. Their scores are guesses.")
    return said


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(repr, names[:_SHOWN])) + more
