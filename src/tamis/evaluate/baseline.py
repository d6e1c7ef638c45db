"""Baseline: what a linear model of words, trained on the same rows, gets right; no score stands without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from tamis.core import Progress, Silent, TamisError, Workspace
from tamis.data import Dataset, open_dataset
from tamis.evaluate.labelled import LabelledRows
from tamis.evaluate.rows import ScoredRows, score_rows, scored
from tamis.models import Bundle
from tamis.predict import Classifier, RawScores
from tamis.tasks import Task
from tamis.train import linear_baseline

TRAIN = "train"


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What the model is held against."""

    kind: str
    """linear, majority, or none."""
    says: str
    """What it is, or why there is none, in words."""
    rows: ScoredRows | None


def training_data(workspace: Workspace, bundle: Bundle) -> Dataset | None:
    """Return the very version that the model learned from, if it is in the workspace."""
    try:
        dataset = open_dataset(workspace, bundle.manifest.lineage.dataset)
    except TamisError:
        return None
    same = dataset.manifest.fingerprint == bundle.manifest.lineage.dataset_fingerprint
    return dataset if same and "split" in dataset.columns else None


def baseline_of(
    workspace: Workspace,
    bundle: Bundle,
    rows: LabelledRows,
    *,
    wanted: bool = True,
    progress: Progress = Silent(),
) -> Baseline:
    """Return the linear model's scores of the rows; of a linear model, those of always saying the same.

    The linear model is trained once for each version of a dataset and kept in the workspace's cache.
    """
    if not wanted:
        return Baseline(kind="none", says="No baseline was asked for.", rows=None)
    dataset = training_data(workspace, bundle)
    if dataset is None:
        said = f"There is no baseline: {bundle.manifest.lineage.dataset}, which the model learned from, is not here."
        return Baseline(kind="none", says=said, rows=None)
    if bundle.task.problem_type == "token_classification":
        return Baseline(kind="none", says="There is no linear baseline for spans of text.", rows=None)
    if bundle.manifest.family == "linear":
        says = "The model is the linear one itself, so it is held against always answering by how frequent labels are."
        return Baseline(kind="majority", says=says, rows=_majority(dataset, bundle.task, rows))
    try:
        run = linear_baseline(workspace, dataset, parents=bundle.manifest.task.parents, progress=progress)
    except TamisError as error:
        return Baseline(kind="none", says=f"The linear baseline could not be trained: {error.message}", rows=None)
    says = "The baseline is a linear model of words and their pieces, trained in seconds on the same rows."
    return Baseline(kind="linear", says=says, rows=score_rows(Classifier.open(run.bundle), rows))


def _majority(dataset: Dataset, task: Task, rows: LabelledRows) -> ScoredRows:
    table = dataset.table(["label", "split"])
    labels = table.filter(pc.fill_null(pc.equal(table["split"], TRAIN), False))["label"]
    strata = task.strata(labels.combine_chunks())
    known = int((strata.sizes > 0).sum())
    counts = np.bincount(strata.codes, minlength=len(task.label_set) + 1)[: len(task.label_set)]
    share = (counts + 0.5) / (known + 1)
    logits = np.log(share) if task.exclusive else np.log(share / (1 - share))
    count = len(rows.ids)
    raw = RawScores(
        logits=np.tile(logits.astype(np.float32), (count, 1)),
        pooled=None,
        tokens=np.zeros(count, np.int32),
        cut=np.zeros(count, np.bool_),
        empty=np.zeros(count, np.bool_),
    )
    return scored(rows, task, raw, model="majority")
