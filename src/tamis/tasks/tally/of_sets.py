"""The tally of a task with any number of labels a row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tamis.core import DataError
from tamis.tasks.tally.counts import Counts, Marks
from tamis.tasks.tally.means import Means
from tamis.tasks.tally.of_classes import check_scores
from tamis.tasks.tally.ranking import Ranking
from tamis.tasks.tally.reliability import Reliability
from tamis.tasks.tally.tally import Tally

_TINY = float(np.finfo(np.float64).eps)


def tally_sets(
    labels: tuple[str, ...],
    truth: npt.NDArray[np.floating],
    probabilities: npt.NDArray[np.float64],
    said: npt.NDArray[np.bool_],
    *,
    answered: npt.NDArray[np.bool_],
    consistent: npt.NDArray[np.bool_] | None = None,
) -> Tally:
    """Return the tally of rows with sets of labels; `truth` is NaN where none is, `answered` False where silent.

    `consistent` says which answers keep the hierarchy; None is a task that has none.
    """
    check_scores(probabilities, rows=len(truth), outputs=len(labels))
    if len(said) != len(truth):
        raise DataError(f"{len(said)} answers came for {len(truth)} rows with labels")
    known = ~np.isnan(truth).any(axis=1)
    bears, said, answered, probabilities = truth[known] > 0.5, said[known], answered[known], probabilities[known]
    means = {
        "subset_accuracy": np.where(answered, (bears == said).all(axis=1), np.nan),
        "hamming": np.where(answered, (bears != said).mean(axis=1), np.nan),
        "coverage": answered.astype(np.float64),
        "log_loss": -np.log(np.clip(np.where(bears, probabilities, 1 - probabilities), _TINY, 1)).mean(axis=1),
        "brier": ((probabilities - bears) ** 2).mean(axis=1),
    }
    if consistent is not None:
        means["hierarchy_consistency"] = np.where(answered, consistent[known], np.nan)
    asked = answered[:, None]
    counts = Counts(
        len(labels),
        true=Marks.of(bears & asked),
        said=Marks.of(said & asked),
        both=Marks.of(bears & said & asked),
    )
    return Tally(
        labels, known, (Means(means), counts, Ranking(probabilities, bears), Reliability(probabilities, bears))
    )
