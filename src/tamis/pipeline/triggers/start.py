"""Start: brings the run of a trigger to its end, once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from tamis.core import DataError, Executor, UsageError, Workspace
from tamis.pipeline.engine import run_graph
from tamis.pipeline.graph import Graph
from tamis.pipeline.lock import holder_of
from tamis.pipeline.plan import plan
from tamis.pipeline.read import read_graph
from tamis.pipeline.standard import standard_graph
from tamis.pipeline.state import Event
from tamis.pipeline.store import RunStore, run_names
from tamis.pipeline.triggers.config import TriggerSettings
from tamis.pipeline.triggers.memory import Firing
from tamis.pipeline.triggers.watch import Ran


def start_firing(
    workspace: Workspace,
    firing: Firing,
    settings: TriggerSettings,
    *,
    executor: Executor | None = None,
    on_event: Callable[[str, Event], object] = lambda run, event: None,
) -> Ran:
    """Run the pipeline of a trigger to its end and return how it ended; a run of it that had begun is gone on with.

    One that failed is over, as anything else would try it again and again. `on_event` hears the run's name too.
    """
    if (holder := holder_of(workspace)) is not None:
        raise UsageError(f"{holder} runs in this workspace", hint="the run of the trigger waits for it")
    command = f"trigger {firing.id}"
    store = _begun(workspace, command)
    if store is None:
        graph, given = _graph(workspace, settings), _given(firing, settings)
        steps = [each.name for each in plan(graph, given)]  # what cannot begin leaves no run that would be gone on with
        beside = (workspace.root / settings.pipeline).parent if settings.pipeline else None
        store = RunStore.create(workspace, graph, given, steps=steps, beside=beside, command=command)
    state = store.state()
    if state.status not in ("finished", "failed"):
        name = store.name
        state = run_graph(
            store.workspace,
            store.graph,
            store.given,
            store=store,
            executor=executor,
            on_event=lambda event: on_event(name, event),
        )
    return Ran(run=state.name, outcome=f"{state.status}: {state.why}" if state.why else state.status)


def _begun(workspace: Workspace, command: str) -> RunStore | None:
    """The run that carries this name, if a process began it before it died or was stopped."""
    for name in reversed(run_names(workspace)):
        with contextlib.suppress(DataError):  # a damaged record of another run is no reason to fail
            store = RunStore(workspace, name)
            if store.record.command == command:
                return store
    return None


def _graph(workspace: Workspace, settings: TriggerSettings) -> Graph:
    return read_graph(workspace.root / settings.pipeline) if settings.pipeline else standard_graph(workspace)


def _given(firing: Firing, settings: TriggerSettings) -> dict[str, Any]:
    files = {settings.files_to: list(firing.files)} if settings.files_to else {}
    return {**settings.given, **files}
