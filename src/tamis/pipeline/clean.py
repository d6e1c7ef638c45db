"""Clean: old runs go, what was remembered of steps that no run that stays names, and the reports that nobody names."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tamis.core import DataError, Workspace, abandoned
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.artefacts import artefacts_in, is_below
from tamis.pipeline.lock import hold
from tamis.pipeline.made import MADE, Made
from tamis.pipeline.state import RunState
from tamis.pipeline.store import RunStore, checks_folder, find_run, run_names, runs_folder

KEEP = 20


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """What was removed."""

    runs: tuple[str, ...] = ()
    steps: int = 0
    """How many steps' results are forgotten; datasets, runs and models that they made stay where they are."""
    bytes: int = 0
    """Of records and reports."""


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
        kept = [step for name in stay if (state := states[name]) for step in state.steps.values()]
        keys = {step.key for step in kept}
        made = Made(workspace.pipeline / MADE)
        try:
            entries = made.entries()
            needed = [entry for entry in entries if entry.key.fingerprint in keys]
            made.forget([entry.key.fingerprint for entry in entries if entry.key.fingerprint not in keys])
        finally:
            made.close()
        used = list(artefacts_in([*(step.outputs for step in kept), *(entry.outputs for entry in needed)]))
        runs, checks = runs_folder(workspace), checks_folder(workspace)
        stay |= {name for name in states if name not in also and _holds(workspace, runs / name, used)}
        go = [name for name in states if name not in stay]
        reports = [path for path in checks.iterdir() if not _holds(workspace, path, used)] if checks.is_dir() else []
        freed = 0
        for folder in [*(runs / name for name in go), *reports]:
            freed += _size(folder)
            shutil.rmtree(folder)
        for draft in abandoned(runs):
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


def _holds(workspace: Workspace, folder: Path, artefacts: Collection[Artefact]) -> bool:
    return any(is_below(workspace, each, folder) for each in artefacts)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
