"""`tamis evaluate` on a real linear model: its own test split, other splits, files, and what is wrong with them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tamis.core import UsageError, Workspace
from tamis.data import open_dataset
from tamis.evaluate import read_labelled
from tamis.evaluate.baseline import baseline_of, training_data
from tamis.models import find_bundle, open_bundle
from tamis.predict import Classifier

TOPICS = {"sea": "wave boat tide sail harbour fish", "land": "road field hill farm horse tree"}


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Workspace:
    """A workspace with a split dataset and a linear model of it."""
    from tamis.cli.main import main

    root = tmp_path_factory.mktemp("trained")
    (root / "tamis.yaml").write_text("train:\n  trackers: []\n")
    random = np.random.default_rng(5)
    rows = []
    for number in range(160):
        topic = ["sea", "land"][number % 2]
        words = [*random.choice(TOPICS[topic].split(), 3), *random.choice(["the", "of", "a", "and", "old", "new"], 5)]
        if random.random() < 0.12:
            words = [*random.choice(TOPICS["land" if topic == "sea" else "sea"].split(), 4)]
        rows.append(f"{number},{number % 5},{' '.join(words)} {number},{topic}")
    (root / "topics.csv").write_text("\n".join(["id,stars,text,label", *rows]) + "\n")
    for words in (
        ["data", "import", str(root / "topics.csv"), "--name", "topics", "--label", "label"],
        ["data", "split", "topics"],
        ["train", "topics", "--family", "linear"],
    ):
        with pytest.raises(SystemExit) as stop:
            main(["--workspace", str(root), *words])
        assert not stop.value.code
    return Workspace(root)


@pytest.fixture
def workspace(trained, tmp_path) -> Workspace:
    """A copy of the trained workspace."""
    shutil.copytree(trained.root, tmp_path / "work")
    return Workspace(tmp_path / "work")


@pytest.fixture
def evaluate(tamis) -> Callable[..., dict]:
    """Runs `tamis evaluate … --json` and returns what it printed."""

    def run(*words):
        outcome = tamis("evaluate", *words, "--json", "--no-pictures", "--resamples", "100")
        assert outcome.code == 0, outcome.err
        return json.loads(outcome.out, parse_constant=pytest.fail)

    return run


def test_a_run_is_judged_on_its_own_test_split(evaluate, workspace):
    said = evaluate()
    test = open_dataset(workspace, "topics").manifest.split_counts["test"]
    assert (said["source"], said["scored"], said["run"]) == ("topics@2:test", test, "topics-linear-1")
    score = said["scores"]["accuracy"]["model"]
    assert 0.6 < score["low"] < score["value"] <= score["high"] <= 1
    assert said["baseline"] == "majority"
    assert said["scores"]["accuracy"]["difference"]["low"] > 0
    folder = workspace.runs / "topics-linear-1" / "evaluation" / "topics@2-test"
    assert {file.name for file in folder.iterdir()} == {"evaluation.html", "evaluation.json"}


def test_the_numbers_travel_in_the_bundle_and_the_texts_do_not(evaluate, workspace):
    said = evaluate("topics-linear-1")
    bundle = open_bundle(workspace.runs / "topics-linear-1" / "bundle")  # hashes hold
    inside = json.loads((bundle.path / "evaluation.json").read_text())
    assert inside["scores"] == said["scores"]
    assert "evaluation.json" in bundle.manifest.files
    assert inside["mistakes"] == []
    assert Classifier.open(bundle).predict(["the wave and the tide of a harbour"])[0].label == "sea"


def test_other_rows_leave_the_bundle_as_it_is(evaluate, workspace, tmp_path):
    before = (workspace.runs / "topics-linear-1" / "bundle" / "tamis.json").read_bytes()
    said = evaluate("topics-linear-1", "topics:train", "-o", tmp_path / "out")
    assert "learned from these very rows" in said["warnings"][0]
    assert (workspace.runs / "topics-linear-1" / "bundle" / "tamis.json").read_bytes() == before
    assert (tmp_path / "out" / "evaluation.html").exists()


def test_slices_by_column_and_condition(evaluate):
    said = evaluate("topics-linear-1", "topics:all", "--by", "stars", "--slice", "old: text LIKE '%old%'")
    shown = [[each["name"] for each in slices["shown"]] for slices in said["slices"]]
    assert sorted(shown[0]) == list("01234")
    assert shown[1] == ["old"]
    assert said["leaked"]["shown"][0]["rows"] == 112  # those of the training split


def test_a_labelled_file_is_judged_by_its_own_columns(evaluate, tmp_path):
    file = tmp_path / "new.csv"
    lines = [f"the wave and a tide of the old boat {n},sea" for n in range(40)]
    lines += ["the old hill and a new farm of a tree,land", "hill road,sky", "tide,"]
    file.write_text("\n".join(["text,label", *lines]) + "\n")
    said = evaluate("topics-linear-1", file)
    assert (said["rows"], said["scored"]) == (43, 41)
    warned = "\n".join(said["warnings"])
    assert "1 row with labels that the model never learned ('sky') is left out" in warned
    assert "1 row of 43 without a label is left out" in warned
    assert said["scores"]["accuracy"]["model"]["value"] == 1
    assert said["scores"]["accuracy"]["model"]["low"] < 1
    renamed = tmp_path / "other.csv"
    renamed.write_text(file.read_text().replace("text,label", "text,truth", 1))
    assert evaluate("topics-linear-1", renamed, "--label", "truth")["scored"] == 41


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nobody"], 2, "no model 'nobody'"),
        (["topics-linear-1", "tpics"], 2, "no dataset 'tpics'.*Did you mean 'topics'"),
        (["topics-linear-1", "topics:tset"], 2, "no split 'tset'.*Splits: .*test"),
        (["topics-linear-1", "topics", "--label", "x"], 2, "--label goes with a file"),
        (["topics-linear-1", "--by", "star"], 2, "no column 'star'.*Did you mean 'stars'"),
        (["topics-linear-1", "--slice", "x: star >"], 2, "--slice 'x'"),
        (["topics-linear-1", "topics@1"], 0, ""),
    ],
)
def test_what_is_asked_wrongly_is_told(tamis, words, code, message):
    outcome = tamis("evaluate", *words, "--no-pictures")
    assert outcome.code == code, outcome.err
    import re

    assert re.search(message, outcome.err.replace("\n", " "), re.DOTALL)


def test_a_file_without_labels_is_refused(tamis, tmp_path):
    (tmp_path / "bare.csv").write_text("text\nwave\nboat\n")
    outcome = tamis("evaluate", "topics-linear-1", tmp_path / "bare.csv")
    assert outcome.code == 2
    assert "--label COLUMN" in outcome.err
    (tmp_path / "strange.csv").write_text("text,label\nwave,sky\nboat,sky\n")
    outcome = tamis("evaluate", "topics-linear-1", tmp_path / "strange.csv")
    assert outcome.code == 2
    assert "no row of" in outcome.err
    assert "has a label that the model knows ('land', 'sea')" in outcome.err


def test_a_folder_with_other_things_is_not_written_into(tamis, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thing.txt").write_text("")
    outcome = tamis("evaluate", "topics-linear-1", "-o", tmp_path / "mine")
    assert outcome.code == 2
    assert "no evaluation" in outcome.err


def test_the_terminal_shows_scores_essence_and_page(tamis):
    outcome = tamis("evaluate", "topics-linear-1", "--no-pictures", "--resamples", "100")
    assert "Macro-F1" in outcome.out
    assert "majority baseline" in outcome.out
    assert "· Of 24 rows of topics@2:test" in outcome.out
    assert "! Only 24 rows have a label" in outcome.out
    assert "evaluation.html" in outcome.out


def test_the_linear_baseline_is_trained_once_and_kept(workspace):
    bundle = find_bundle(workspace, "topics-linear-1")
    other = replace(bundle, manifest=bundle.manifest.model_copy(update={"family": "encoder"}))
    rows = read_labelled(workspace, bundle)
    first = baseline_of(workspace, other, rows)
    assert first.kind == "linear"
    runs = list((workspace.cache / "baselines").glob("*/.tamis/runs/*/run.json"))
    written = [run.stat().st_mtime_ns for run in runs]
    again = baseline_of(workspace, other, rows)
    assert [run.stat().st_mtime_ns for run in runs] == written
    assert len(list((workspace.cache / "baselines").glob("*/.tamis/runs/*/run.json"))) == 1
    assert np.array_equal(again.rows.logits, first.rows.logits)
    assert np.allclose(first.rows.logits, Classifier.open(bundle).raw(rows.texts).logits)
    assert not (workspace.runs / "topics-linear-2").exists()


def test_without_the_training_rows_there_is_no_baseline(workspace):
    bundle = find_bundle(workspace, "topics-linear-1")
    rows = read_labelled(workspace, bundle, "topics:validation")
    shutil.rmtree(workspace.datasets / "topics")
    assert training_data(workspace, bundle) is None
    found = baseline_of(workspace, bundle, rows)
    assert (found.kind, found.rows) == ("none", None)
    assert "topics@2, which the model learned from, is not here" in found.says
    with pytest.raises(UsageError, match="not in this workspace"):
        read_labelled(workspace, bundle)
