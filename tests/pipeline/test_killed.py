"""A run that is killed, at whatever moment, goes on to the same result, and nothing half-written is ever read."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tamis.core import DataError, Workspace
from tamis.pipeline import Event, RunState, RunStore, find_artefact, find_run, run_graph, run_names
from tamis.train import find_run as find_training
from tamis.train import read_metrics

HERE = Path(__file__).parent
MORE = 10
SETTINGS = {
    "small": "",
    "real": "train: {trackers: []}\nevaluate: {resamples: 100}\n",
}  # a chapter with settings is loaded
WORDS = ["film", "story", "of", "minutes", "a", "the", "and", "is"]
TOLD = (["good", "warm", "bright", "tender"], ["bad", "slow", "loud", "thin"])


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that runs the graphs, here and in the processes that are killed."""
    monkeypatch.syspath_prepend(HERE)
    import killed_run  # type: ignore[import-not-found]

    return killed_run


def new_workspace(folder: Path, settings: str) -> Workspace:
    """A workspace with 60 rows to learn from, the same ones always."""
    folder.mkdir()
    (folder / "tamis.yaml").write_text(settings)
    draw = random.Random(1)
    rows = [
        f"{row},{' '.join(draw.choices(WORDS, k=5) + draw.choices(TOLD[row % 2], k=3))} {row},{row % 2}"
        for row in range(60)
    ]
    (folder / "rows.csv").write_text("id,text,label\n" + "\n".join(rows) + "\n")
    return Workspace(folder)


def what_was_made(workspace: Workspace, state: RunState) -> dict[str, Any]:
    """All that the steps made: values and fingerprints, of a model its weights too, and not what it is called."""
    assert state.status == "finished", state.why

    def told(value: Any) -> Any:
        if not isinstance(value, dict) or "fingerprint" not in value:
            return value
        weights = find_artefact(workspace, "bundle", value["ref"]).fingerprint if value["kind"] == "run" else ""
        return value["fingerprint"], weights

    return {step.name: {name: told(value) for name, value in step.outputs.items()} for step in state.steps.values()}


def start(workspace: Workspace, graph: str, *run: str, wait: Callable[[], object] | None = None) -> float:
    """Run a graph in a process of its own, to its end or until `wait` returns, and return the seconds that it took."""
    words = [sys.executable, str(HERE / "killed_run.py"), str(workspace.root), graph, *run]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        began = time.monotonic()
        if wait is None:
            assert process.stdout.readline() == "done\n", process.stderr.read()
        else:
            wait()
            process.kill()
        return time.monotonic() - began


def survives(program: Any, folder: Path, graph: str, *, kills: int, each: int, seed: int) -> None:
    """Kill runs at random moments, several times `each`, and let each of them go on to its end."""
    draw = random.Random(seed)
    undisturbed = new_workspace(folder / "undisturbed", SETTINGS[graph])
    seconds = start(undisturbed, graph)
    expected = what_was_made(undisturbed, program.find_run(undisturbed, "run-1").state())
    done = interrupted = 0
    while done < kills or (not interrupted and done < kills + MORE):  # on a busy machine some come too early or late
        workspace = new_workspace(folder / f"killed-{done}", SETTINGS[graph])
        for _ in range(each):
            start(workspace, graph, *run_names(workspace), wait=lambda: time.sleep(draw.uniform(0, seconds)))
            done += 1
            names = run_names(workspace)
            before = program.find_run(workspace, names[0]).state() if names else None
            interrupted += before is not None and before.status == "interrupted"
        after = program.run(workspace, program.GRAPHS[graph], *names)
        assert what_was_made(workspace, after) == expected
        assert run_names(workspace) == ["run-1"], "it went on, and did not begin anew"
        for step in before.steps.values() if before is not None else ():
            if step.status in ("finished", "cached"):
                assert after.steps[step.name].status == "cached", "it was finished, and was done again"
    assert interrupted, "no kill came in time"


def test_three_moments(program, tmp_path):
    survives(program, tmp_path, "small", kills=3, each=1, seed=11)


@pytest.mark.slow
@pytest.mark.parametrize(("graph", "kills", "each"), [("small", 12, 3), ("real", 8, 4)])
def test_twenty_moments(program, tmp_path, graph, kills, each):
    survives(program, tmp_path, graph, kills=kills, each=each, seed=20)


@pytest.mark.slow
def test_a_training_goes_on_from_its_checkpoint(program, tmp_path, backbone):
    settings = (
        f"train: {{trackers: [], backbone: '{backbone()}', epochs: 12, patience: 0}}\nevaluate: {{resamples: 100}}\n"
    )
    undisturbed = new_workspace(tmp_path / "undisturbed", settings)
    expected = what_was_made(undisturbed, program.run(undisturbed, program.ENCODER))
    workspace = new_workspace(tmp_path / "killed", settings)

    def in_the_middle() -> None:
        until = time.monotonic() + 120
        while not [*workspace.runs.glob("*/checkpoints/*/step-*-epoch-0003")] and time.monotonic() < until:
            time.sleep(0.001)

    start(workspace, "encoder", wait=in_the_middle)
    before = program.find_run(workspace, "run-1").state()
    assert before.steps["train[family=encoder]"].status == "interrupted"
    after = program.run(workspace, program.ENCODER, "run-1")
    assert after.steps["split"].status == "cached"
    assert what_was_made(workspace, after) == expected, "the same bits"
    run = find_training(workspace, after.steps["train[family=encoder]"].outputs["run"]["ref"])
    said = [line["message"] for line in read_metrics(run.path / "metrics.jsonl") if line["event"] == "note"]
    assert any(message.startswith("going on at epoch") for message in said), said


def test_a_disk_that_fills_up_in_the_middle(program, tmp_path):
    """What a full disk is to whoever writes: files may not grow any more, from the second step on."""
    workspace = new_workspace(tmp_path / "here", "")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def full(event: Event) -> None:
        if event.what == "finished" and event.step == "letters[seed=1]":
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))

    store = RunStore.create(workspace, program.SMALL, {})
    try:
        with pytest.raises(DataError, match="no room left on the disk for .*; the steps that are finished are kept"):
            run_graph(workspace, program.SMALL, {}, store=store, on_event=full)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert store.state().status == "interrupted"
    after = program.run(workspace, program.SMALL, "run-1")
    assert (after.status, after.steps["letters[seed=1]"].status) == ("finished", "cached")


def test_a_second_run_is_told_who_is_there(program, tmp_path):
    workspace = new_workspace(tmp_path / "here", "")
    words = [sys.executable, str(HERE / "killed_run.py"), str(workspace.root), "small"]
    store = RunStore.create(workspace, program.SMALL, {})
    with store.hold(command="tamis run"):
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"run-1 (process {os.getpid()}, since" in done.stderr
    assert find_run(workspace, "run-2").events() == []
