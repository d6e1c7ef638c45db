"""The probe: each row through the encoder once, and a head on what came out."""

from __future__ import annotations

import numpy as np
import pytest

from tamis.core import LabelSet
from tamis.models import fit_head
from tamis.tasks import MultiLabel, Ordinal
from tamis.train.probe import fit_probe
from tamis.train.rows import TrainingRows


def test_a_head_finds_what_separates(tiny):
    random = np.random.default_rng(0)
    features = random.normal(3, 5, (400, 8)).astype(np.float32)
    targets = (features @ np.arange(8) > 84).astype(np.int64)
    head = fit_head(features[:300], targets[:300], tiny.good_or_bad(), validation=(features[300:], targets[300:]))
    right = head.logits(features[300:]).argmax(1) == targets[300:]
    assert right.mean() > 0.95


def test_a_probe_learns(tiny, tmp_path):
    given = tiny.assignment(tmp_path, {}, rows=400)
    fit_probe(given)
    assert tiny.scores(given.draft)["accuracy"] > 0.6


def test_rows_are_embedded_once(tiny, tmp_path):
    given = tiny.assignment(tmp_path, {})
    fit_probe(given)
    stored = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache" / "embeddings").glob("*/values.npy")}
    assert len(stored) == 2
    weights = (given.draft / "model.safetensors").read_bytes()
    fit_probe(given)
    assert {
        path: path.stat().st_mtime_ns for path in (tmp_path / "cache" / "embeddings").glob("*/values.npy")
    } == stored
    assert (given.draft / "model.safetensors").read_bytes() == weights


@pytest.mark.parametrize("kind", [Ordinal, MultiLabel])
def test_every_task_has_a_probe(tiny, tmp_path, kind):
    task = kind(LabelSet(["1", "2", "3"]))
    labels = [str(number % 3 + 1) for number in range(40)]
    given = [[label] for label in labels] if kind is MultiLabel else labels
    rows = TrainingRows.of([f"w{label} w{n}" for n, label in enumerate(labels)], given, task)
    for validation in (rows, TrainingRows.of([], [], task)):
        given = tiny.assignment(tmp_path, {}, task=task, train=rows, validation=validation)
        fit_probe(given)
        assert task.main_metric in tiny.scores(given.draft, rows, task)
