"""Last: what a step made when it was last done, whatever has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tamis.core import DataError, Workspace
from tamis.pipeline.artefacts import artefacts_in, is_there
from tamis.pipeline.resolve import DONE
from tamis.pipeline.reuse import read_outputs
from tamis.pipeline.state import StepState
from tamis.pipeline.store import RunStore, run_names


def last_made(workspace: Workspace, graph: str, step: str) -> tuple[str, Mapping[str, Any]] | None:
    """Return the last run of a graph in which a step was done and what it made, if that is still there."""
    for name in reversed(run_names(workspace)):
        try:
            store = RunStore(workspace, name)
            state = store.state().steps.get(step) if store.graph.name == graph else None
        except DataError:  # a damaged record of long ago is no reason to fail
            continue
        if state is not None and (outputs := still_there(workspace, state)) is not None:
            return name, outputs
    return None


def still_there(workspace: Workspace, state: StepState) -> Mapping[str, Any] | None:
    """Return what a step made in a run, if it was done there and all of that is as it was."""
    if state.status not in DONE or not all(is_there(workspace, it) for it in artefacts_in(state.outputs)):
        return None
    return read_outputs(state.outputs)
