"""The tally of a task with one label a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tamis.core import DataError, UsageError
from tamis.tasks.tally.counts import Counts, Marks
from tamis.tasks.tally.kappa import Kappa
from tamis.tasks.tally.means import Means
from tamis.tasks.tally.ranking import Ranking
from tamis.tasks.tally.reliability import Reliability
from tamis.tasks.tally.tally import Part, Tally

Codes = npt.NDArray[np.int64]
_TINY = float(np.finfo(np.float64).eps)


def tally_classes(
    labels: tuple[str, ...], truth: Codes, probabilities: npt.NDArray[np.float64], said: Codes, *, ordered: bool = False
) -> Tally:
    """Return the tally of rows with one label each; `said` is -1 where the model kept silent, `truth` where none is."""
    check_scores(probabilities, rows=len(truth), outputs=len(labels))
    if len(said) != len(truth):
        raise DataError(f"{len(said)} answers came for {len(truth)} rows with labels")
    known = truth >= 0
    truth, said, probabilities = truth[known], said[known], probabilities[known]
    rows = np.arange(len(truth))
    answered = said >= 0
    right = said == truth
    bears = truth[:, None] == np.arange(len(labels))
    squares = ((probabilities - bears) ** 2).sum(1) / (2 if len(labels) == 2 else 1)
    means = {
        "accuracy": np.where(answered, right, np.nan),
        "coverage": answered.astype(np.float64),
        "log_loss": -np.log(np.clip(probabilities[rows, truth], _TINY, 1)),
        "brier": squares,
    }
    parts: list[Part] = [
        Counts(
            len(labels),
            true=Marks(rows[answered], truth[answered]),
            said=Marks(rows[answered], said[answered]),
            both=Marks(rows[right], truth[right]),
        ),
        Ranking(probabilities, bears),
        top_reliability(truth, probabilities),
    ]
    if ordered:
        means["mae"] = np.where(answered, np.abs(said - truth), np.nan)
        parts.append(Kappa(truth, said))
    return Tally(labels, known, (Means(means), *parts))


def top_reliability(truth: Codes, probabilities: npt.NDArray[np.float64]) -> Reliability:
    """Return how reliable the probability of the most probable label is."""
    if not len(truth):
        return Reliability(np.zeros((0, 1)), np.zeros((0, 1), np.bool_))
    top = probabilities.argmax(1)
    return Reliability(probabilities.max(1)[:, None], (top == truth)[:, None])


def check_scores(probabilities: npt.NDArray[np.floating[Any]], *, rows: int, outputs: int) -> None:
    """Raise an error that says what is wrong with a table of scores."""
    if probabilities.shape != (rows, outputs):
        raise DataError(f"scores must be {rows} rows x {outputs} labels, not {probabilities.shape}")
    if not np.isfinite(probabilities).all():
        row = int(np.flatnonzero(~np.isfinite(probabilities).all(axis=1))[0])
        raise DataError(
            f"row {row} (from 0) has scores that are no numbers: {probabilities[row].tolist()}",
            hint="a model whose training diverged gives such scores",
        )


def needed(probabilities: npt.NDArray[np.float64] | None) -> npt.NDArray[np.float64]:
    """Return the probabilities; scoring labels without them is an error."""
    if probabilities is None:
        raise UsageError("labels are scored with their probabilities", hint="pass what `probabilities` returned")
    return probabilities
