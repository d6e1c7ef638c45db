"""Node: one box of the picture of a graph, and what it stands below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tamis.pipeline.check import links
from tamis.pipeline.graph import Graph, Step
from tamis.pipeline.state import RunState, Status, StepState

_MOST = 5
"""So many steps of one fan-out stand side by side; more of them are one box."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A step, or all steps that one was fanned out to."""

    name: str
    title: str
    detail: str = ""
    """What it was fanned out over: `family=linear, seed=1`."""
    status: Status = "waiting"
    why: str = ""
    seconds: float = 0.0
    count: int = 1
    """How many steps it stands for."""
    above: tuple[str, ...] = ()


def nodes_of(graph: Graph, state: RunState | None = None) -> list[Node]:
    """Return the boxes of a graph in its order, as a run left them; without a run all of them wait."""
    by_step: dict[str, list[Node]] = {}
    for step in graph.steps:
        states = [each for each in (state.steps.values() if state else ()) if base_name(each.name) == step.name]
        states = states or [StepState(name=step.name)]
        by_step[step.name] = [_all_of(step, states)] if len(states) > _MOST else [_one_of(each) for each in states]
    failures = {step.on_failure: step.name for step in graph.steps if step.on_failure in by_step}
    found: list[Node] = []
    for step in graph.steps:
        before = [*links(step), *([failures[step.name]] if step.name in failures else [])]
        for node in by_step[step.name]:
            above = tuple(
                other.name for each in before for other in by_step.get(each, ()) if _together(node.name, other.name)
            )
            found.append(replace(node, above=above))
    return found


def base_name(name: str) -> str:
    """Return the name of the step in the graph: `train` of `train[family=linear]`."""
    return name.partition("[")[0]


def _together(one: str, other: str) -> bool:
    """Whether two steps are at one place of what both fan out over: `[seed=1]` and `[family=linear,seed=1]`."""
    ours, theirs = _places(one), _places(other)
    return all(ours[axis] == theirs[axis] for axis in ours.keys() & theirs.keys())


def _places(name: str) -> dict[str, str]:
    over = name.partition("[")[2].removesuffix("]")
    return {axis: value for axis, equals, value in (each.partition("=") for each in over.split(",")) if equals}


def _one_of(state: StepState) -> Node:
    title, _, over = state.name.partition("[")
    return Node(
        name=state.name,
        title=title,
        detail=over.removesuffix("]").replace(",", ", "),
        status=state.status,
        why=state.why,
        seconds=state.seconds,
    )


_LOUDEST: Sequence[Status] = (
    "failed", "running", "interrupted", "cancelled", "waiting", "finished", "cached", "skipped",
)  # fmt: skip


def _all_of(step: Step, states: Sequence[StepState]) -> Node:
    """One box for many: it looks like the one that most needs to be seen."""
    counts = {status: sum(each.status == status for each in states) for status in _LOUDEST}
    return Node(
        name=step.name,
        title=step.name,
        detail=", ".join(step.for_each),
        status=next(status for status in _LOUDEST if counts[status]),
        why=", ".join(f"{count} {WORDS[status]}" for status, count in counts.items() if count),
        seconds=sum(each.seconds for each in states),
        count=len(states),
    )


WORDS: dict[Status, str] = {
    "waiting": "waiting",
    "running": "running",
    "finished": "done",
    "cached": "as before",
    "skipped": "skipped",
    "failed": "failed",
    "cancelled": "cancelled",
    "interrupted": "interrupted",
}
"""What people read for each state."""
