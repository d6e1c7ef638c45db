"""train_model: what makes a run, what it leaves behind, and what it says of bad data before any work is done."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple

import numpy as np
import pytest

from tamis.core import DataError, TamisError, UsageError, Workspace, write_atomic
from tamis.models import open_bundle
from tamis.predict import Classifier
from tamis.train import Noted, TrainSettings, find_run, list_runs, train_model
from tamis.train.lock import hold
from tamis.train.record import RECORD

LINEAR = TrainSettings(family="linear", trackers=())
GOOD, BAD = (
    ["a fine film", "a warm and fine play", "what a joy"],
    ["a dull film", "a cold and dull play", "what a bore"],
)
SPLITS = ["train"] * 4 + ["validation"] * 1 + ["test"] * 1


@pytest.fixture
def reviews(make_dataset):
    """24 rows of two labels, in three splits."""
    text = [f"{words} {number}" for number in range(4) for words in (*GOOD, *BAD)]
    label = [name for _ in range(4) for name in ["good"] * 3 + ["bad"] * 3]
    split = [SPLITS[(number // 2) % 6] for number in range(24)]
    return make_dataset(text=text, label=label, split=split)


@pytest.fixture
def heard():
    return []


def notes(heard):
    return [event.message for event in heard if isinstance(event, Noted)]


def test_a_run_leaves_a_record_and_a_bundle_that_answers(workspace, reviews):
    run = train_model(workspace, reviews, LINEAR)
    assert run.name == "reviews-linear-1"
    assert run.status == "finished"
    assert run.rows == {"train": 16, "validation": 4}
    assert run.main_metric == "macro_f1"
    assert run.score == 1.0
    assert run == find_run(workspace, "reviews-linear-1")
    assert {path.name for path in run.path.iterdir()} == {"run.json", "bundle", "lock", "profile.json", "profile.html"}
    bundle = open_bundle(run.path / "bundle")
    assert bundle.manifest.lineage.run == run.name
    assert bundle.manifest.lineage.fingerprint == run.fingerprint
    assert bundle.name == f"reviews-linear-1.{run.fingerprint[:4]}"
    assert bundle.manifest.notes["validation"] == run.validation
    said = Classifier.open(bundle).predict(["a fine joy", "a dull bore"])
    assert [prediction.label for prediction in said] == ["good", "bad"]


def test_the_same_run_is_not_done_twice_unless_forced(workspace, reviews, heard):
    first = train_model(workspace, reviews, LINEAR)
    again = train_model(workspace, reviews, LINEAR, on_event=heard.append)
    assert again == first
    assert notes(heard) == ["reviews-linear-1 is this very run: same rows, settings, code and seed"]
    forced = train_model(workspace, reviews, LINEAR, force=True)
    assert forced.name == "reviews-linear-2"
    assert forced.fingerprint == first.fingerprint
    texts = reviews.table(["text"])["text"].to_pylist()
    one, other = (Classifier.open(run.bundle).raw(texts).logits for run in (first, forced))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("change", "same"),
    [({"seed": 7}, False), ({"class_weights": "balanced"}, False), ({"trackers": ("tensorboard",)}, True)],
    ids=str,
)
def test_what_changes_the_numbers_changes_the_fingerprint(workspace, reviews, change, same):
    first = train_model(workspace, reviews, LINEAR)
    other = train_model(workspace, reviews, LINEAR.model_copy(update=change), force=True)
    assert (first.fingerprint == other.fingerprint) is same


def test_other_rows_are_another_run(workspace, make_dataset, reviews):
    first = train_model(workspace, reviews, LINEAR)
    table = reviews.table()
    changed = make_dataset(
        text=["another text", *table["text"].to_pylist()[1:]], label=table["label"], split=table["split"]
    )
    assert changed.version == 2
    assert train_model(workspace, changed, LINEAR).fingerprint != first.fingerprint


def test_a_name_is_taken_once(workspace, reviews):
    assert train_model(workspace, reviews, LINEAR, name="stars").name == "stars"
    with pytest.raises(UsageError, match="there is a run 'stars' already"):
        train_model(workspace, reviews, LINEAR, name="stars", force=True)
    with pytest.raises(UsageError, match="'../stars' cannot name a run"):
        train_model(workspace, reviews, LINEAR, name="../stars")
    assert not (workspace.state / "stars").exists()


def test_the_record_tells_where_a_run_came_from(workspace, reviews):
    import subprocess

    for words in (["init", "-q"], ["add", "tamis.yaml"], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words], cwd=workspace.root, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=workspace.root, check=True, capture_output=True, text=True
    ).stdout.strip()
    run = train_model(workspace, reviews, LINEAR)
    assert run.git_commit == head
    assert run.dataset == "reviews@1"
    assert run.dataset_fingerprint == reviews.manifest.fingerprint
    assert {"python", "numpy", "scikit-learn"} <= set(run.environment)
    assert run.host["cores"] >= 1
    assert run.settings["train"]["family"] == "linear"
    assert run.finished > run.started
    (workspace.root / "tamis.yaml").write_text("train: {trackers: [], seed: 3}\n")
    changed = train_model(workspace, reviews, LINEAR, force=True)
    assert changed.git_commit == f"{head}+", "a + says that files were changed since"


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (RuntimeError("no more paper"), "failed", "RuntimeError: no more paper"),
        (KeyboardInterrupt(), "stopped", "by hand"),
    ],
    ids=["failed", "stopped"],
)
def test_a_run_that_breaks_says_so_and_keeps_no_half_bundle(workspace, make_dataset, reviews, error, state, said):
    def break_off(event):
        raise error

    table = reviews.table()
    gappy = make_dataset(  # what it is told of first is the row without label
        "gappy", text=table["text"], label=[None, *table["label"].to_pylist()[1:]], split=table["split"]
    )
    with pytest.raises(type(error)):
        train_model(workspace, gappy, LINEAR, on_event=break_off)
    (run,) = list_runs(workspace)
    assert run.state == state
    assert said in run.error
    assert {path.name for path in run.path.iterdir()} & {"bundle", "seeds"} == set()
    with pytest.raises(UsageError, match=f"has no model: it is {state}"):
        _ = run.bundle
    assert train_model(workspace, gappy, LINEAR, resume=True).name == run.name


def test_a_weight_for_a_label_that_is_none_is_told_before_the_work(workspace, reviews):
    with pytest.raises(UsageError, match="class_weights: there is no label 'god'.*Did you mean 'good'"):
        train_model(workspace, reviews, LINEAR.model_copy(update={"class_weights": {"god": 2.0}}))
    assert list_runs(workspace) == []


def killed(workspace: Workspace, name: str, *, bundle: bool = False) -> None:
    """Make a finished run look as it does after a kill: before its bundle was published, or just after."""
    folder = workspace.runs / name
    record = json.loads((folder / RECORD).read_text())
    write_atomic(folder / RECORD, json.dumps(record | {"status": "running", "finished": None}))
    if not bundle:
        shutil.rmtree(folder / "bundle")


@pytest.mark.parametrize("bundle", [False, True], ids=["before", "after"])
def test_a_killed_run_goes_on_under_its_name(workspace, reviews, heard, bundle):
    first = train_model(workspace, reviews, LINEAR)
    logits = Classifier.open(first.bundle).raw(["a fine film"]).logits
    killed(workspace, first.name, bundle=bundle)
    assert find_run(workspace, first.name).state == "interrupted"
    resumed = train_model(workspace, reviews, LINEAR, resume=True, on_event=heard.append)
    assert notes(heard) == ["going on with reviews-linear-1"]
    assert resumed.name == first.name
    assert resumed.status == "finished"
    np.testing.assert_array_equal(Classifier.open(resumed.bundle).raw(["a fine film"]).logits, logits)


def test_a_run_with_other_settings_does_not_go_on(workspace, reviews, heard):
    first = train_model(workspace, reviews, LINEAR)
    killed(workspace, first.name)
    with pytest.raises(UsageError, match="reviews-linear-1 cannot go on: its rows, settings or code were others"):
        train_model(workspace, reviews, LINEAR.model_copy(update={"seed": 3}), name=first.name, resume=True)
    other = train_model(workspace, reviews, LINEAR.model_copy(update={"seed": 3}), resume=True, on_event=heard.append)
    assert other.name == "reviews-linear-2"
    assert notes(heard) == ["no run of these rows and settings was cut short: a new one begins"]


def test_a_finished_run_is_never_gone_on_with(workspace, reviews):
    first = train_model(workspace, reviews, LINEAR)
    with pytest.raises(UsageError, match="the run 'reviews-linear-1' is finished: there is nothing to go on with"):
        train_model(workspace, reviews, LINEAR, name=first.name, resume=True, force=True)
    assert find_run(workspace, first.name).bundle.name == first.bundle.name


def test_two_processes_do_not_train_one_run(workspace, reviews):
    first = train_model(workspace, reviews, LINEAR)
    killed(workspace, first.name)
    with hold(first.path):
        assert find_run(workspace, first.name).state == "running"
        with pytest.raises(UsageError, match="is being trained by another process"):
            train_model(workspace, reviews, LINEAR, name=first.name, resume=True)


@pytest.mark.slow  # importing MLflow
def test_what_a_tracker_cannot_do_is_noted_and_ends_nothing(workspace, reviews, heard):
    (workspace.state / "mlflow.db").mkdir(parents=True)  # a folder where the database should be
    run = train_model(
        workspace, reviews, LINEAR.model_copy(update={"trackers": ("tensorboard", "mlflow")}), on_event=heard.append
    )
    assert run.status == "finished"
    assert any("mlflow does not hear of this run any more" in message for message in notes(heard))
    assert any("mlflow" in warning for warning in find_run(workspace, run.name).warnings)
    assert list((run.path / "tensorboard").glob("events.*"))


def test_a_tracker_that_nobody_has_is_told_before_the_work(workspace, reviews):
    with pytest.raises(UsageError, match="no tracker named 'mlfow'"):
        train_model(workspace, reviews, LINEAR.model_copy(update={"trackers": ("mlfow",)}))


# --- bad data, each with its message


def test_without_splits_the_command_that_makes_them_is_named(workspace, make_dataset):
    dataset = make_dataset(text=["a", "b"], label=["x", "y"])
    with pytest.raises(DataError, match=r"reviews@1 has no splits(.|\n)*tamis data split reviews"):
        train_model(workspace, dataset, LINEAR)
    assert list_runs(workspace) == []


def test_without_training_rows(workspace, make_dataset):
    dataset = make_dataset(text=["a", "b"], label=["x", "y"], split=["test", "test"])
    with pytest.raises(DataError, match="reviews@1 has no training rows"):
        train_model(workspace, dataset, LINEAR)


def test_without_labels(workspace, make_dataset):
    with pytest.raises(DataError, match="has no label column, so there is nothing to learn"):
        train_model(workspace, make_dataset("bare", text=["a", "b"], split=["train"] * 2), LINEAR)
    dataset = make_dataset(text=["a", "b", "c"], label=[None, None, "x"], split=["train", "train", "test"])
    with pytest.raises(DataError, match="none of the 2 training rows of reviews@1 has a label"):
        train_model(workspace, dataset, LINEAR)


def test_with_one_class_only(workspace, make_dataset):
    dataset = make_dataset(text=["a", "b", "c"], label=["x", "x", "y"], split=["train", "train", "test"])
    with pytest.raises(DataError, match="every training row of reviews@1 has the one label 'x'"):
        train_model(workspace, dataset, LINEAR)


def test_with_empty_texts_only(workspace, make_dataset):
    dataset = make_dataset(text=["", " ", None], label=["x", "y", "y"], split=["train"] * 3)
    with pytest.raises(DataError, match="all 3 labelled training rows of reviews@1 have no text"):
        train_model(workspace, dataset, LINEAR)


def test_missing_labels_and_texts_are_left_out_and_counted(workspace, make_dataset, reviews, heard):
    table = reviews.table()
    text, label = table["text"].to_pylist(), table["label"].to_pylist()
    text[0], label[1], label[2] = "", None, None
    gappy = make_dataset("gappy", text=text, label=label, split=table["split"])
    run = train_model(workspace, gappy, LINEAR, on_event=heard.append)
    assert run.rows["train"] == 13
    assert notes(heard)[:2] == ["2 train rows without a label left out", "1 train row without text left out"]
    assert list(run.warnings[:2]) == notes(heard)[:2]


def test_a_class_with_one_training_row_is_trained_and_warned_of(workspace, make_dataset, reviews, heard):
    table = reviews.table()
    text, label, split = (table[name].to_pylist() for name in ("text", "label", "split"))
    lonely = make_dataset("lonely", text=[*text, "so so"], label=[*label, "mixed"], split=[*split, "train"])
    run = train_model(workspace, lonely, LINEAR, on_event=heard.append)
    assert run.status == "finished"
    assert any("'mixed' has one training row: too few to learn from" in message for message in notes(heard))


def test_labels_that_only_validation_has_are_named(workspace, make_dataset, reviews, heard):
    table = reviews.table()
    text, label, split = (table[name].to_pylist() for name in ("text", "label", "split"))
    odd = make_dataset("odd", text=[*text, "so so"], label=[*label, "mixed"], split=[*split, "validation"])
    run = train_model(workspace, odd, LINEAR, on_event=heard.append)
    assert any("validation has labels that no training row has: 'mixed'" in message for message in notes(heard))
    assert run.score < 1, "such a row counts as wrong"


def test_a_split_without_validation_is_trained_and_warned_of(workspace, make_dataset, reviews, heard):
    table = reviews.table()
    split = ["train" if name == "validation" else name for name in table["split"].to_pylist()]
    bare = make_dataset("bare", text=table["text"], label=table["label"], split=split)
    run = train_model(workspace, bare, LINEAR, on_event=heard.append)
    assert run.score is None
    assert any("bare@1 has no labelled validation rows" in message for message in notes(heard))


def test_a_full_disk_is_told_before_the_work(workspace, reviews, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 1_000_000))
    with pytest.raises(
        TamisError, match=r"a run of the family linear needs about \d+ MB on the disk of .*1 MB are free"
    ):
        train_model(workspace, reviews, LINEAR)
    assert list_runs(workspace) == []


def test_calibration_takes_its_own_split_if_there_is_one(workspace, make_dataset, reviews):
    table = reviews.table()
    split = ["calibration" if name == "test" else name for name in table["split"].to_pylist()]
    dataset = make_dataset("apart", text=table["text"], label=table["label"], split=split)
    assert train_model(workspace, dataset, LINEAR).rows == {"train": 16, "validation": 4, "calibration": 4}
