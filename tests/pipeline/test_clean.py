"""Old runs go, and nothing that a run that can be resumed needs."""

from __future__ import annotations

from typing import Any

import pytest

from tamis.core import UsageError, Workspace
from tamis.pipeline import Graph, RunState, RunStore, Step, clean_runs, find_run, run_graph, run_names

GRAPH = Graph(
    name="small",
    steps=(
        Step(name="write", uses="plain_steps:write"),
        Step(name="learn", uses="plain_steps:learn", inputs={"file": "write.file"}),
    ),
)


def run(workspace: Workspace, graph: Graph = GRAPH, **changes: Any) -> RunState:
    steps = tuple(step.model_copy(update={"parameters": changes.get(step.name, {})}) for step in graph.steps)
    graph = graph.model_copy(update={"steps": steps})
    return run_graph(workspace, graph, {}, store=RunStore.create(workspace, graph, {}))


def test_the_newest_stay_and_what_only_the_old_ones_did_is_forgotten(workspace):
    run(workspace, learn={"epochs": 1})
    run(workspace, learn={"epochs": 2})
    run(workspace, learn={"epochs": 3})
    assert len(RunStore(workspace, "run-3").made.entries()) == 4
    cleaned = clean_runs(workspace, keep=1)
    assert (cleaned.runs, cleaned.steps) == (("run-1", "run-2"), 2)
    assert cleaned.bytes > 1000
    assert run_names(workspace) == ["run-3"]
    assert (workspace.root / "linear-1.txt").exists(), "what steps made is not touched"
    again = run(workspace, learn={"epochs": 3})
    assert again.name == "run-4", "numbers are not given twice"
    assert [step.status for step in again.steps.values()] == ["cached", "cached"]
    assert clean_runs(workspace, keep=20) == type(cleaned)()


def test_a_run_that_can_be_resumed_keeps_what_it_needs(workspace):
    failing = Graph(
        name="failing",
        steps=(
            *GRAPH.steps,
            Step(name="fail", uses="plain_steps:fail_at_first", after=("learn",)),
        ),
    )
    assert run(workspace, failing).status == "failed"
    run(workspace, write={"text": "other", "name": "other.txt"}, learn={"seed": 2})
    run(workspace, write={"text": "third", "name": "third.txt"}, learn={"seed": 3})
    cleaned = clean_runs(workspace, keep=1)
    assert cleaned.runs == ("run-2",)
    store = find_run(workspace, "run-1")
    resumed = run_graph(workspace, store.graph, store.given, store=store)
    assert [step.status for step in resumed.steps.values()] == ["cached", "cached", "failed"]
    assert clean_runs(workspace, keep=1, also=["run-1"]).runs == ("run-1",), "unless it is named"
    assert run_names(workspace) == ["run-3"]


def test_a_run_stays_in_whose_folder_lies_what_another_uses(workspace):
    inside = ".tamis/pipeline/runs/run-1/report.txt"
    run(workspace, write={"name": inside})
    run(workspace, write={"name": inside})
    assert clean_runs(workspace, keep=1).runs == ()
    assert run_names(workspace) == ["run-1", "run-2"]
    run(workspace, write={"text": "b"})
    assert clean_runs(workspace, keep=1).runs == ("run-1", "run-2")


def test_reports_stay_as_long_as_a_run_that_stays_names_them(workspace):
    first, second = (f".tamis/pipeline/checks/{name}/check.json" for name in ("one", "two"))
    for report in (first, second):
        (workspace.root / report).parent.mkdir(parents=True)
        run(workspace, write={"name": report, "text": report})
    assert clean_runs(workspace, keep=2).bytes == 0
    assert clean_runs(workspace, keep=1).runs == ("run-1",)
    assert not (workspace.root / first).parent.exists()
    assert (workspace.root / second).read_text() == second


def test_nobody_cleans_while_somebody_runs(workspace):
    run(workspace)
    with (
        find_run(workspace, "run-1").hold(command="tamis run"),
        pytest.raises(UsageError, match=r"run-1 \(process .*\) runs in this workspace"),
    ):
        clean_runs(workspace, keep=0)
    with pytest.raises(UsageError, match="no run 'run-7'"):
        clean_runs(workspace, also=["run-7"])


def test_what_cannot_be_read_is_left_to_be_looked_at(workspace):
    run(workspace)
    run(workspace, write={"text": "b"})
    (workspace.pipeline / "runs" / "run-1" / "run.json").write_text("{")
    assert clean_runs(workspace, keep=0).runs == ("run-2",)
    assert run_names(workspace) == ["run-1"]


def test_the_command_takes_names(workspace, tamis):
    run(workspace)
    run(workspace, write={"text": "b"})
    assert "no run 'run-9'" in tamis("run", "clean", "run-9").err
    assert tamis("run", "clean", "run-1").out.startswith("removed: run-1 (")
    assert run_names(workspace) == ["run-2"]
