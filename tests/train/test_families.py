"""Every family goes through train_model alike: a run, a bundle that answers, scores that agree with what it answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from tamis import TextClassifier
from tamis.core import DataError, UsageError, Workspace, plugins
from tamis.data import open_dataset
from tamis.predict import Classifier
from tamis.train import StepDone, TrainSettings, find_run, read_metrics, train_model
from tamis.train.origin import code_fingerprint

pytestmark = pytest.mark.slow  # importing torch and transformers
GOOD, BAD = ("good", "fine", "warm", "tender", "bright"), ("bad", "dull", "thin", "slow", "loud")
SPLITS = ["train", "train", "train", "validation", "test"]


@pytest.fixture(scope="module")
def backbone(tiny, tmp_path_factory):
    return tiny.write_backbone(tmp_path_factory.mktemp("backbone") / "bert")


@pytest.fixture
def films(make_dataset):
    """60 rows of two labels whose words tell them apart."""
    text = [f"a {words[n % 5]} film of w{n}" for n in range(30) for words in (GOOD, BAD)]
    label = ["good", "bad"] * 30
    return make_dataset("films", text=text, label=label, split=[SPLITS[(n // 2) % 5] for n in range(60)])


@pytest.fixture
def settings(backbone):
    def make(family, **changes):
        usual = {"epochs": 3, "batch_rows": 8, "learning_rate": 3e-3, "long_text": {"max_tokens": 32}, "trackers": ()}
        return TrainSettings.model_validate({"family": family, "backbone": str(backbone), **usual, **changes})

    return make


@pytest.mark.parametrize("family", ["linear", "probe", "encoder"])
def test_a_family_makes_a_bundle_whose_scores_are_those_it_serves(workspace, films, settings, family):
    run = train_model(workspace, films, settings(family))
    assert run.name == f"films-{family}-1"
    assert run.rows == {"train": 36, "validation": 12}
    classifier = Classifier.open(run.bundle)
    table = films.table(["text", "label", "split"])
    rows = table.filter(np.array([split == "validation" for split in table["split"].to_pylist()]))
    said = classifier.bundle.task.choose(
        classifier.bundle.task.probabilities(classifier.raw(rows["text"].to_pylist()).logits)
    )
    right = np.mean([one == other for one, other in zip(said, rows["label"].to_pylist(), strict=True)])
    assert run.validation["accuracy"] == pytest.approx(right)
    assert {"macro_f1", "accuracy", "log_loss"} <= set(run.validation)
    again = train_model(workspace, films, settings(family), force=True)
    assert again.fingerprint == run.fingerprint
    texts = table["text"].to_pylist()
    np.testing.assert_array_equal(Classifier.open(again.bundle).raw(texts).logits, classifier.raw(texts).logits)


def test_an_encoder_tells_its_steps_and_epochs(workspace, films, settings):
    heard = []
    run = train_model(workspace, films, settings("encoder"), on_event=heard.append)
    steps = [event for event in heard if isinstance(event, StepDone)]
    assert len(steps) == steps[-1].step == 3 * 5
    assert [epoch.epoch for epoch in run.epochs] == [1, 2, 3]
    lines = read_metrics(run.path / "metrics.jsonl")
    assert [line["epoch"] for line in lines if line["event"] == "epoch"] == [1, 2, 3]
    told = [line["step"] for line in lines if line["event"] == "step"]
    assert told[0] == 1
    assert told[-1] == 15, "the last step is always written"
    assert run.notes["padding_share"] < 0.03
    assert json.loads((run.path / "profile.json").read_text())["steps"] == 15


def test_the_backbone_is_part_of_the_fingerprint(workspace, films, settings, tiny, tmp_path):
    first = train_model(workspace, films, settings("probe"))
    other = tiny.write_backbone(tmp_path / "other", seed=5)
    assert train_model(workspace, films, settings("probe", backbone=str(other))).fingerprint != first.fingerprint


def test_seeds_give_a_mean_and_a_spread_and_the_best_is_kept(workspace, films, settings):
    run = train_model(workspace, films, settings("encoder", seed=4, seeds=3, epochs=1, average_seeds=True))
    assert [seed.seed for seed in run.seeds] == [4, 5, 6]
    scores = [seed.validation["macro_f1"] for seed in run.seeds]
    mean, deviation = run.spread["macro_f1"]
    assert mean == pytest.approx(np.mean(scores), abs=1e-6)
    assert deviation == pytest.approx(np.std(scores, ddof=1), abs=1e-6)
    assert run.score >= max(scores)
    assert any("the average of 3 seeds' weights" in warning for warning in run.warnings)
    assert not (run.path / "seeds").exists()


@pytest.mark.parametrize("family", ["probe", "encoder"])
def test_a_wrong_backbone_and_a_missing_gpu_are_told_before_anything_is_made(
    workspace, films, settings, family, tmp_path
):
    with pytest.raises(UsageError, match="no backbone '/nowhere/at/all': there is no such folder"):
        train_model(workspace, films, settings(family, backbone="/nowhere/at/all"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"config\.json"):
        train_model(workspace, films, settings(family, backbone=str(tmp_path / "empty")))
    import torch

    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="train.device is cuda, and there is none on this machine"):
            train_model(workspace, films, settings(family, device="cuda"))
    assert not workspace.runs.exists()


@pytest.mark.parametrize("family", ["probe", "encoder"])
def test_text_classifier_takes_every_family(backbone, films, family):
    table = films.table(["text", "label"])
    texts, labels = table["text"].to_pylist(), table["label"].to_pylist()
    model = TextClassifier(
        family=family, backbone=str(backbone), epochs=3, learning_rate=3e-3, batch_rows=8, max_tokens=32, validation=0.2
    ).fit(texts, labels)
    assert model.predict_proba(texts).shape == (60, 2)
    assert set(model.predict(texts)) <= {"good", "bad"}


def test_a_run_killed_in_the_middle_goes_on_to_the_same_weights(workspace, films, settings, backbone):
    """The command line is killed without warning, and resumed; the bundle is that of an undisturbed run."""
    words = [
        "train", "films", "--family", "encoder", "--backbone", str(backbone), "--epochs", "6", "train.batch_rows=8",
        "train.learning_rate=0.003", "train.long_text.max_tokens=32", "train.trackers=[]", "train.patience=0",
    ]  # fmt: skip
    command = [sys.executable, "-m", "tamis", "--workspace", str(workspace.root), *words]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([*command, "--name", "cut"], env=environment, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("epoch 2"):
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    process.stderr.close()
    cut = find_run(workspace, "cut")
    if cut.status == "finished":
        pytest.skip("this machine was quicker than the kill")
    assert cut.state == "interrupted"
    if cut.code != code_fingerprint():
        pytest.skip("somebody changed the sources while this test ran")
    same = settings("encoder", epochs=6, patience=0)
    resumed = train_model(workspace, films, same, resume=True)
    whole = train_model(workspace, films, same, force=True)
    assert (resumed.name, resumed.status) == ("cut", "finished")
    assert [epoch.epoch for epoch in resumed.epochs] == [1, 2, 3, 4, 5, 6]
    files = [(run.path / "bundle" / "model.safetensors").read_bytes() for run in (resumed, whole)]
    assert files[0] == files[1]
    assert resumed.validation == whole.validation


def test_two_processes_train_one_run(workspace, films, settings, backbone):
    words = [
        "train", "films", "--family", "encoder", "--backbone", str(backbone), "--epochs", "2", "train.batch_rows=8",
        "train.learning_rate=0.003", "train.long_text.max_tokens=32", "train.trackers=[]", "--json",
    ]  # fmt: skip
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "tamis"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*launch, "--workspace", str(workspace.root), *words],
        env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["notes"]["workers"] == 2
    alone = train_model(workspace, films, settings("encoder", epochs=2), force=True)
    for name, value in alone.validation.items():
        assert told["validation"][name] == pytest.approx(value, abs=1e-3)


def train_together(root, dataset, settings, rank, workers):
    run = train_model(Workspace(root), open_dataset(Workspace(root), dataset), settings)
    return rank, run.name, run.notes["workers"], run.validation


def test_a_group_on_ray_trains_one_run(workspace, films, settings, ray_cluster):
    chosen = settings("encoder", epochs=2)
    work = partial(train_together, workspace.root, "films", chosen)
    first, second = plugins.load("executor", "ray")(workers=2).run_group(work, 2)
    assert [first[0], second[0]] == [0, 1]
    assert first[1:] == second[1:]
    assert first[2] == 2
    alone = train_model(workspace, films, chosen, force=True)
    for name, value in alone.validation.items():
        assert first[3][name] == pytest.approx(value, abs=1e-3)
