"""What would run, and why, before anything runs; and what then does."""

from __future__ import annotations

from typing import Any

import pytest

from tamis.core import Workspace
from tamis.pipeline import Graph, Parameter, RunState, RunStore, Step, forecast, run_graph


def graph_of(*more: Step, **changes: dict[str, Any]) -> Graph:
    """Write, learn, judge; `learn={"cache": False}` changes a step."""
    steps = (
        Step(name="write", uses="plain_steps:write", parameters={"text": "${text}"}),
        Step(name="learn", uses="plain_steps:learn", inputs={"file": "write.file"}, parameters={"epochs": "${epochs}"}),
        Step(name="judge", uses="plain_steps:judge", inputs={"file": "learn.file"}),
    )
    return Graph(
        name="small",
        parameters={"text": Parameter(type="str", default="a"), "epochs": Parameter(type="int", default=3)},
        steps=(*(step.model_copy(update=changes.get(step.name, {})) for step in steps), *more),
    )


def run(workspace: Workspace, graph: Graph, **given: Any) -> RunState:
    return run_graph(workspace, graph, given, store=RunStore.create(workspace, graph, given))


def told(
    workspace: Workspace, graph: Graph, *, force: tuple[str, ...] = (), **given: Any
) -> dict[str, tuple[str, str]]:
    return {each.step: (each.verdict, each.why) for each in forecast(workspace, graph, given, force=force)}


def test_nothing_ran_yet(workspace):
    assert told(workspace, graph_of()) == dict.fromkeys(("write", "learn", "judge"), ("runs", "it never ran"))
    assert not workspace.pipeline.exists(), "to look leaves no trace"


def test_nothing_changed(workspace):
    run(workspace, graph_of())
    expected = dict.fromkeys(("write", "learn", "judge"), ("cached", "nothing changed since run-1"))
    assert told(workspace, graph_of()) == expected
    state = run(workspace, graph_of())
    assert {name: (step.status, step.why) for name, step in state.steps.items()} == expected


def test_a_parameter_in_the_middle_runs_nothing_before_it(workspace):
    run(workspace, graph_of())
    assert told(workspace, graph_of(), epochs=2) == {
        "write": ("cached", "nothing changed since run-1"),
        "learn": ("runs", "epochs was 3 and is 2"),
        "judge": ("depends", "runs if learn makes something else than before"),
    }
    state = run(workspace, graph_of(), epochs=2)
    assert [step.status for step in state.steps.values()] == ["cached", "finished", "finished"]
    assert state.steps["learn"].why == "epochs was 3 and is 2"
    assert state.steps["judge"].why == "the file linear-1.txt is not what it was"


def test_an_output_that_came_out_the_same_stops_what_would_follow(workspace):
    run(workspace, graph_of())
    again = told(workspace, graph_of(), force=("write",))
    assert again["write"] == ("runs", "it was asked to run anew")
    assert again["learn"] == ("depends", "runs if write makes something else than before")
    graph = graph_of()
    state = run_graph(workspace, graph, {}, store=RunStore.create(workspace, graph, {}), force=("write",))
    assert [step.status for step in state.steps.values()] == ["finished", "cached", "cached"]


def test_what_is_known_of_a_step_is_told_though_its_inputs_are_not(workspace):
    run(workspace, graph_of())
    changed = told(workspace, graph_of(), text="b", epochs=2)
    assert changed["learn"] == ("runs", "epochs was 3 and is 2")
    run(workspace, graph_of(), epochs=2)
    assert told(workspace, graph_of(), text="b", epochs=3)["learn"][0] == "depends", "it ran with 3, before"


def test_what_it_made_is_gone(workspace):
    run(workspace, graph_of())
    (workspace.root / "linear-1.txt").unlink()
    assert told(workspace, graph_of())["learn"] == ("runs", "what it made is gone or changed: file linear-1.txt")
    assert told(workspace, graph_of())["write"][0] == "cached"
    state = run(workspace, graph_of())
    assert [step.status for step in state.steps.values()] == ["cached", "finished", "cached"]


def test_conditions_and_what_hangs_on_them(workspace):
    deploy = Step(name="deploy", uses="plain_steps:judge", inputs={"file": "judge.file"}, when="learn.score >= 0.9")
    after = Step(name="after", uses="plain_steps:judge", inputs={"file": "deploy.file"})
    graph = graph_of(deploy, after)
    assert told(workspace, graph)["deploy"] == ("depends", "runs if learn.score >= 0.9")
    run(workspace, graph)
    assert told(workspace, graph)["deploy"][0] == "skipped"
    assert "learn.score >= 0.9 does not hold" in told(workspace, graph)["deploy"][1]
    assert told(workspace, graph)["after"] == ("skipped", "it uses what deploy makes, which was skipped")
    assert told(workspace, graph, epochs=2)["deploy"] == ("depends", "runs if learn.score >= 0.9")


def test_steps_that_run_every_time_or_only_when_one_fails(workspace):
    help_ = Step(name="help", uses="plain_steps:say")
    graph = graph_of(help_, learn={"cache": False, "on_failure": "help"})
    run(workspace, graph)
    assert told(workspace, graph)["learn"] == ("runs", "it runs every time")
    assert told(workspace, graph)["help"] == ("depends", "runs if a step fails that names it in on_failure")


def test_what_would_fail_is_told(workspace):
    text = Step(name="text", uses="plain_steps:judge", inputs={"file": "write.length"})
    run(workspace, graph_of())
    verdict, why = told(workspace, graph_of(text))["text"]
    assert verdict == "runs"
    assert why.startswith("it would fail: the input 'file' takes an artefact")


@pytest.mark.parametrize("hours", [1.0, None])
def test_expiry(workspace, hours):
    graph = graph_of(write={"expires_hours": hours})
    run(workspace, graph)
    assert told(workspace, graph)["write"][0] == "cached"
