"""Clean: old runs go, and what was remembered of steps that no run that stays names."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass

from tamis.core import DataError, Workspace, abandoned
from tamis.pipeline.artefacts import artefacts_in, is_below
from tamis.pipeline.lock import hold
from tamis.pipeline.made import MADE, Entry, Made
from tamis.pipeline.state import RunState
from tamis.pipeline.store import RunStore, find_run, run_names, runs_folder

KEEP = 20


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """What was removed."""

    runs: tuple[str, ...] = ()
    steps: int = 0
    """How many steps' results are forgotten; datasets, runs and models that they made stay where they are."""
    bytes: int = 0


def clean_runs(workspace: Workspace, *, keep: int = KEEP, also: Collection[str] = ()) -> Cleaned:
    """Remove the oldest runs but for the newest `keep`, and remember no more what only they did.

    A run that can be resumed stays, with all it needs, unless it is named in `also`; so does one in whose folder lies
    what a run that stays made use of. Nobody else may run meanwhile.
    """
    for name in also:
        find_run(workspace, name)
    with hold(workspace, "", command="tamis run clean"):
        states = {name: _state(workspace, name) for name in run_names(workspace)}
        newest = set(list(states)[-keep:] if keep else ())
        stay = {
            name
            for name, state in states.items()
            if name not in also and (name in newest or state is None or state.can_be_resumed)
        }
        made = Made(workspace.pipeline / MADE)
        try:
            keys = {step.key for name in stay if (state := states[name]) for step in state.steps.values()}
            entries = made.entries()
            needed = [entry for entry in entries if entry.key.fingerprint in keys]
            stay |= {name for name in states if name not in also and _is_used(workspace, name, needed)}
            go = [name for name in states if name not in stay]
            freed = sum(_size(workspace, name) for name in go)
            made.forget([entry.key.fingerprint for entry in entries if entry.key.fingerprint not in keys])
        finally:
            made.close()
        for name in go:
            shutil.rmtree(runs_folder(workspace) / name)
        for draft in abandoned(runs_folder(workspace)):
            shutil.rmtree(draft, ignore_errors=True)
    return Cleaned(runs=tuple(go), steps=len(entries) - len(needed), bytes=freed)


def _state(workspace: Workspace, name: str) -> RunState | None:
    """Where a run stands; None where that cannot be read: it is left to whoever wants to look at it."""
    try:
        store = RunStore(workspace, name)
    except DataError:
        return None
    try:
        return store.state()
    except DataError:
        return None
    finally:
        store.close()


def _is_used(workspace: Workspace, name: str, entries: Collection[Entry]) -> bool:
    folder = runs_folder(workspace) / name
    return any(is_below(workspace, it, folder) for entry in entries for it in artefacts_in(entry.outputs))


def _size(workspace: Workspace, name: str) -> int:
    files = (runs_folder(workspace) / name).rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())
