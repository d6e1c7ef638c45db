"""compare_bundles: two models on the rows that one of them is judged on, and that the other did not learn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tamis.core import Progress, Silent, UsageError, Workspace
from tamis.evaluate.baseline import training_data
from tamis.evaluate.compare.compare import compare_models
from tamis.evaluate.compare.result import Comparison
from tamis.evaluate.config import EvaluateSettings
from tamis.evaluate.labelled import LabelledRows, read_labelled
from tamis.evaluate.leaks import rows_in_training
from tamis.evaluate.rows import score_rows
from tamis.models import Bundle
from tamis.predict import open_classifier


def compare_bundles(
    workspace: Workspace,
    first: Bundle,
    second: Bundle,
    *,
    settings: EvaluateSettings | None = None,
    progress: Progress = Silent(),
) -> Comparison:
    """Return what two models do differently on the test rows of the second model's dataset.

    Where the first learned from another version of the data, rows whose text taught it are left out: it would be
    flattered by them.
    """
    settings = settings or workspace.config.of(EvaluateSettings)
    rows = read_labelled(workspace, second)
    assert rows.dataset is not None  # they are a split of a dataset
    notes = []
    taught = _taught(workspace, first, rows)
    if taught.any():
        rows = _kept(rows, ~taught)
        notes.append(f"{int(taught.sum()):,} rows that taught {first.name} are left out")
    if not len(rows.ids):
        raise UsageError(f"every test row of {rows.name} taught {first.name}: there is nothing to compare them on")
    with progress.track("scoring two models", total=2, unit="models") as advance:
        one = score_rows(open_classifier(workspace, first), _for(workspace, first, rows))
        advance(1)
        other = score_rows(open_classifier(workspace, second), rows)
        advance(1)
    return compare_models(
        one,
        other,
        resamples=settings.resamples,
        confidence=settings.confidence,
        seed=settings.seed,
        notes=notes,
        progress=progress,
    )


def _taught(workspace: Workspace, bundle: Bundle, rows: LabelledRows) -> npt.NDArray[np.bool_]:
    """Which rows a model learned from, as far as its data is here."""
    data = training_data(workspace, bundle)
    if data is None or (rows.dataset is not None and data.manifest.fingerprint == rows.dataset.manifest.fingerprint):
        return np.zeros(len(rows.ids), np.bool_)
    return rows_in_training(rows.texts, data, bundle.cleaner)


def _for(workspace: Workspace, bundle: Bundle, rows: LabelledRows) -> LabelledRows:
    """The same rows with the labels as this model knows them."""
    own = read_labelled(workspace, bundle, rows.name)
    wanted = set(rows.ids)
    return _kept(own, np.array([name in wanted for name in own.ids], np.bool_))


def _kept(rows: LabelledRows, inside: npt.NDArray[np.bool_]) -> LabelledRows:
    places = np.flatnonzero(inside).tolist()
    return replace(
        rows,
        ids=[rows.ids[place] for place in places],
        texts=[rows.texts[place] for place in places],
        labels=rows.labels.filter(pa.array(inside)),
        columns=rows.columns.filter(pa.array(inside)),
    )
