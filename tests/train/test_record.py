"""Run records on disk: read back, listed, damaged; the lock and the journal beside them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from tamis.core import DataError, UsageError
from tamis.train import EpochDone, Noted, StepDone, best_run, compare_runs, find_run, list_runs, read_metrics
from tamis.train.journal import Journal
from tamis.train.lock import hold, is_held
from tamis.train.record import Run, new_run_folder, read_run, save_run, spread_of

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(workspace):
    """A function that stores a finished run."""

    def make(name, *, minutes=0, dataset="reviews@1", score=0.5, status="finished", **train):
        folder = workspace.runs / name
        folder.mkdir(parents=True)
        return save_run(
            Run(
                name=name,
                status=status,
                fingerprint=name,
                dataset=dataset,
                dataset_fingerprint="d",
                family="linear",
                settings={"train": {"seed": 0, **train}, "decide": {}},
                tamis="0.1.0",
                code="c",
                environment={},
                started=START + timedelta(minutes=minutes),
                main_metric="macro_f1",
                validation={} if score is None else {"macro_f1": score},
                path=folder,
            )
        )

    return make


def step(number, *, steps=10, loss=0.5):
    return StepDone(
        step=number, steps=steps, epoch=1, loss=loss, learning_rate=0.1, gradient_norm=1.0, rows=2, tokens=8,
        padded_tokens=9, seconds={"forward": 0.1},
    )  # fmt: skip


def epoch(number, score=0.5, *, loss=0.1):
    return EpochDone(epoch=number, step=number * 5, train_loss=loss, validation={"macro_f1": score}, best=True)


def test_a_record_comes_back_as_it_was(store, workspace):
    run = store("reviews-linear-1")
    assert read_run(run.path) == run
    assert find_run(workspace, "reviews-linear-1") == run
    assert "path" not in (run.path / "run.json").read_text()


def test_runs_are_listed_oldest_first(store, workspace):
    assert list_runs(workspace) == []
    for name, minutes in (("b", 1), ("c", 2), ("a", 3)):
        store(name, minutes=minutes)
    assert [run.name for run in list_runs(workspace)] == ["b", "c", "a"]


def test_a_run_that_is_not_there_is_told_with_those_that_are(store, workspace):
    with pytest.raises(UsageError, match="There are none yet: `tamis train DATASET`"):
        find_run(workspace, "reviews-linear-1")
    store("reviews-linear-1")
    with pytest.raises(UsageError, match=r"no run 'review-linear-1'.*Did you mean 'reviews-linear-1'"):
        find_run(workspace, "review-linear-1")
    with pytest.raises(UsageError, match="no run"):
        find_run(workspace, "../runs/reviews-linear-1")


def test_a_damaged_record_is_told(store):
    run = store("r")
    (run.path / "run.json").write_text('{"name": 3}')
    with pytest.raises(DataError, match=r"run\.json is damaged"):
        read_run(run.path)


def test_names_count_on_and_two_writers_get_two(workspace):
    assert [new_run_folder(workspace, "docs-linear").name for _ in range(3)] == [f"docs-linear-{n}" for n in (1, 2, 3)]
    (workspace.runs / "docs-linear-10").mkdir()
    assert new_run_folder(workspace, "docs-linear").name == "docs-linear-11"
    assert new_run_folder(workspace, "docs-linear-2").name == "docs-linear-2-1"


def test_a_run_is_interrupted_when_nobody_holds_it(store):
    run = store("r", status="running")
    assert run.state == "interrupted"
    with hold(run.path):
        assert is_held(run.path)
        assert run.state == "running"
        with pytest.raises(UsageError, match="is being trained by another process"), hold(run.path):
            pass
    assert run.state == "interrupted"


def test_the_best_run_is_of_the_newest_version_and_of_equals_the_oldest(store, workspace):
    with pytest.raises(UsageError, match="no finished run on reviews has a validation score"):
        best_run(workspace, "reviews")
    store("old", dataset="reviews@1", score=0.9)
    store("low", dataset="reviews@2", score=0.6, minutes=1)
    store("first", dataset="reviews@2", score=0.7, minutes=2)
    store("second", dataset="reviews@2", score=0.7, minutes=3)
    store("failed", dataset="reviews@2", score=0.99, minutes=4, status="failed")
    store("unscored", dataset="reviews@3", score=None, minutes=5)
    assert best_run(workspace, "reviews").name == "first"
    assert best_run(workspace, "reviews@1").name == "old"
    store("other", dataset="docs@1", score=0.1, minutes=6)
    assert best_run(workspace, "docs").name == "other"


def test_comparing_shows_what_differs_only(store):
    runs = [store("a", epochs=3, freeze="none"), store("b", epochs=5, freeze="none", score=0.6)]
    table = compare_runs(runs)
    assert table["settings"] == {"train.epochs": [3, 5]}
    assert table["validation"]["macro_f1"] == [0.5, 0.6]


def test_the_journal_keeps_epochs_and_notes_and_few_of_many_steps(tmp_path):
    journal = Journal.of(tmp_path / "metrics.jsonl")
    for number in range(1, 101):
        journal.hear(step(number, steps=100, loss=math.nan if number == 100 else 0.5), seed=0)
    journal.hear(epoch(1), seed=0)
    journal.hear(Noted(kind="a", message="look here"), seed=0)
    journal.hear(Noted(kind="a", message="look here"), seed=1)
    lines = read_metrics(tmp_path / "metrics.jsonl")
    steps = [line for line in lines if line["event"] == "step"]
    assert [steps[0]["step"], steps[-1]["step"]] == [1, 100]
    assert len(steps) < 20, "steps that follow quicker than five a second share a line"
    assert steps[-1]["loss"] is None, "JSON knows no NaN"
    assert journal.warnings == ("look here",)
    assert [kept.epoch for kept in journal.epochs] == [1]


def test_an_epoch_that_is_done_again_after_a_kill_counts_once(tmp_path):
    path = tmp_path / "metrics.jsonl"
    first = Journal.of(path)
    first.hear(epoch(1, 0.4), seed=0)
    first.hear(epoch(2, 0.5, loss=math.nan), seed=0)
    path.write_text(path.read_text() + '{"event": "epo')  # what a kill leaves
    second = Journal.of(path)
    assert [(kept.epoch, kept.validation["macro_f1"]) for kept in second.epochs] == [(1, 0.4), (2, 0.5)]
    assert second.epochs[1].train_loss is None
    second.hear(epoch(2, 0.6), seed=0)
    second.hear(epoch(1, 0.1), seed=1)
    assert [(kept.seed, kept.epoch, kept.validation["macro_f1"]) for kept in second.epochs] == [
        (0, 1, 0.4),
        (0, 2, 0.6),
        (1, 1, 0.1),
    ]


def test_the_spread_is_of_scores_that_all_have():
    assert spread_of([{"f1": 0.5}]) == {}
    assert spread_of([{"f1": 0.5, "mae": 1.0}, {"f1": 0.7}]) == {"f1": (0.6, 0.141421)}
