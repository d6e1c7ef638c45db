"""Unknown text: planted clusters are told, known text is let through."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from tamis.core import DataError, LabelSet, Schema, UsageError
from tamis.decide import Decider, DecideSettings, Unknown, fit_decider
from tamis.models import BundleManifest, EngineChoice, Lineage, TaskSpec, open_bundle, seal_bundle
from tamis.tasks import MASKED, MultiLabel, SingleLabel

WIDTH = 16


def clusters(count, *, labels=4, seed=0, strange=0):
    """Rows round one centre a label, and rows far from all of them; scores fall with the distance."""
    rng = np.random.default_rng(seed)
    centres = np.eye(WIDTH)[: labels + 1] * 6
    truth = np.concatenate([rng.integers(0, labels, count), np.full(strange, labels)])
    pooled = centres[truth] + rng.normal(size=(count + strange, WIDTH))
    logits = (pooled @ centres[:labels].T) / 6
    return logits.astype(np.float32), pooled.astype(np.float32), truth


def decide(task, decider, logits, pooled):
    ids = [str(row) for row in range(len(logits))]
    return decider.decide(task, logits, ids=ids, empty=np.zeros(len(logits), np.bool_), pooled=pooled)


@pytest.mark.parametrize("method", ["auto", "energy", "mahalanobis", "neighbours"])
@pytest.mark.parametrize("labels", [2, 4])
def test_planted_clusters_are_told(method, labels):
    task = SingleLabel(LabelSet("abcd"[:labels]))
    train, cal = clusters(600, labels=labels, seed=1), clusters(400, labels=labels, seed=2)
    fitted = fit_decider(
        task, cal[0], cal[2], DecideSettings(unknown=method), pooled=cal[1], train_pooled=train[1], train_truth=train[2]
    )
    logits, pooled, _ = clusters(500, labels=labels, seed=3, strange=100)
    told = np.array([p.reason == "unknown_text" for p in decide(task, fitted.decider, logits, pooled)])
    assert told[:500].mean() < 0.06
    assert told[500:].mean() > (0.5 if method == "energy" else 0.9)
    report = fitted.report.unknown
    assert report.method == fitted.decider.unknown.method
    assert bool(report.auroc) == (labels > 2)
    assert report.known_told <= 0.021


def test_auto_takes_what_tells_left_out_labels_best():
    task = SingleLabel(LabelSet("abcd"))
    _, pooled, truth = clusters(400)
    noise = np.random.default_rng(0).normal(size=(400, 4))
    fitted = fit_decider(task, noise, truth, DecideSettings(unknown="auto"), pooled=pooled)
    areas = fitted.report.unknown.auroc
    assert fitted.decider.unknown.method != "energy"
    assert areas["energy"] < 0.6 < 0.9 < areas[fitted.report.unknown.method]
    fitted = fit_decider(task, noise, truth, DecideSettings(unknown="auto"))
    assert fitted.decider.unknown is None
    assert "no way tells labels left out from the others (the best: energy" in fitted.report.unknown.reason


def test_labels_of_which_a_text_may_have_several():
    task = MultiLabel(LabelSet("abcd"))
    train, cal = clusters(600, seed=1), clusters(400, seed=2)
    settings = DecideSettings(unknown="auto")
    fitted = fit_decider(
        task,
        cal[0] - 3,
        np.eye(4)[cal[2]],
        settings,
        pooled=cal[1],
        train_pooled=train[1],
        train_truth=np.eye(4)[train[2]],
    )
    logits, pooled, _ = clusters(300, seed=3, strange=100)
    told = [p.reason == "unknown_text" for p in decide(task, fitted.decider, logits - 3, pooled)]
    assert np.mean(told[:300]) < 0.06
    assert np.mean(told[300:]) > 0.8


@pytest.mark.parametrize("method", ["mahalanobis", "neighbours"])
def test_embeddings_lie_beside_the_json_and_come_back(method, tmp_path):
    task = SingleLabel(LabelSet("abcd"))
    logits, pooled, truth = clusters(400)
    decider = fit_decider(task, logits, truth, DecideSettings(unknown=method), pooled=pooled).decider
    decider.save(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["unknown.safetensors"]
    back = Decider.model_validate_json(decider.model_dump_json())
    assert back == decider
    with pytest.raises(DataError, match=r"not loaded\n  call decider.load"):
        decide(task, back, logits, pooled)
    assert decide(task, back.load(tmp_path), logits, pooled) == decide(task, decider, logits, pooled)
    with pytest.raises(DataError, match="tells unknown text by its embedding"):
        decide(task, decider, logits, None)


def test_a_bundle_holds_them(tmp_path):
    task = SingleLabel(LabelSet("abcd"))
    logits, pooled, truth = clusters(400)
    decider = fit_decider(task, logits, truth, DecideSettings(unknown="neighbours"), pooled=pooled).decider
    lineage = Lineage(
        run="r-1", fingerprint="f", dataset="d@1", dataset_fingerprint="d", tamis="0", created=datetime.now(UTC)
    )
    manifest = BundleManifest(
        name="r-1",
        family="encoder",
        task=TaskSpec.of(task),
        schema_=Schema(text=("text",)),
        decider=decider,
        engine=EngineChoice(name="torch", file="model.safetensors"),
        lineage=lineage,
    )
    (tmp_path / "model.safetensors").write_bytes(b"")
    seal_bundle(tmp_path, manifest)
    opened = open_bundle(tmp_path).manifest
    assert set(opened.files) == {"model.safetensors", "unknown.safetensors"}
    assert decide(task, opened.decider, logits, pooled) == decide(task, decider, logits, pooled)
    (tmp_path / "unknown.safetensors").write_bytes(b"other")
    with pytest.raises(DataError, match=r"unknown.safetensors of the bundle .* is not the file that was sealed"):
        open_bundle(tmp_path)


def test_damaged_embeddings_are_told(tmp_path):
    from safetensors.numpy import save_file

    unknown = Unknown(method="neighbours", threshold=0.5)
    with pytest.raises(DataError, match=r"no unknown.safetensors in"):
        unknown.load(tmp_path)
    (tmp_path / "unknown.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(DataError, match="is damaged"):
        unknown.load(tmp_path)
    save_file({"means": np.zeros(2)}, tmp_path / "unknown.safetensors")
    with pytest.raises(DataError, match=r"holds \['means'\], not \['references'\]"):
        unknown.load(tmp_path)


def test_embeddings_are_asked_for_where_there_are_none():
    task = SingleLabel(LabelSet("abcd"))
    logits, _, truth = clusters(100)
    with pytest.raises(UsageError, match=r"decide.unknown=neighbours needs the embeddings of an encoder"):
        fit_decider(task, logits, truth, DecideSettings(unknown="neighbours"))
    few = fit_decider(task, logits[:9], truth[:9], DecideSettings(unknown="energy"))
    assert few.decider.unknown is None
    assert few.report.unknown.reason == "9 rows are too few to say what is known"
    masked = np.where(np.arange(100) < 50, MASKED, truth)
    assert fit_decider(task, logits, masked, DecideSettings(unknown="energy")).report.rows == 50
