"""A run that is killed, at whatever moment, goes on to the same result, and nothing half-written is ever read."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tamis.core import Workspace
from tamis.pipeline import RunState, find_artefact, run_names

HERE = Path(__file__).parent
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


def start(workspace: Workspace, graph: str, *run: str, kill_after_seconds: float | None = None) -> float:
    """Run a graph in a process of its own, to its end or until it is killed, and return the seconds that it took."""
    words = [sys.executable, str(HERE / "killed_run.py"), str(workspace.root), graph, *run]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        began = time.monotonic()
        if kill_after_seconds is None:
            assert process.stdout.readline() == "done\n", process.stderr.read()
            return time.monotonic() - began
        time.sleep(kill_after_seconds)
        process.kill()
        return kill_after_seconds


def survives(program: Any, folder: Path, graph: str, *, kills: int, each: int, seed: int) -> None:
    """Kill runs at random moments, several times `each`, and let each of them go on to its end."""
    draw = random.Random(seed)
    undisturbed = new_workspace(folder / "undisturbed", SETTINGS[graph])
    seconds = start(undisturbed, graph)
    expected = what_was_made(undisturbed, program.find_run(undisturbed, "run-1").state())
    done, interrupted = 0, 0
    while done < kills:
        workspace = new_workspace(folder / f"killed-{done}", SETTINGS[graph])
        for _ in range(min(each, kills - done)):
            start(workspace, graph, *run_names(workspace), kill_after_seconds=draw.uniform(0, seconds))
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
