"""Begin: which run a training is: one that is finished already, one to go on with, or a new one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import tamis
from tamis.core import UsageError, Workspace
from tamis.data import Dataset
from tamis.train.events import Listener, Noted
from tamis.train.material import Material
from tamis.train.origin import code_fingerprint, environment, git_commit, host
from tamis.train.record import Run, find_run, list_runs, new_run_folder


def finished_run(workspace: Workspace, print_: str, name: str | None) -> Run | None:
    """Return the newest finished run with a fingerprint, and with a name if one is asked for."""
    for run in reversed(list_runs(workspace)):
        if run.fingerprint == print_ and run.status == "finished" and name in (None, run.name):
            return run
    return None


def run_to_resume(workspace: Workspace, print_: str, name: str | None, say: Listener) -> Run | None:
    """Return the run to go on with: the one that was named, or the newest with the fingerprint that is not finished."""
    if name is not None:
        run = find_run(workspace, name)
        if run.status == "finished":
            raise UsageError(f"the run {name!r} is finished: there is nothing to go on with", hint="leave out --resume")
        if run.fingerprint != print_:
            raise UsageError(
                f"{name} cannot go on: its rows, settings or code were others",
                hint=f"`tamis runs show {name}` tells them; without --resume a new run begins",
            )
        return run
    for run in reversed(list_runs(workspace)):
        if run.fingerprint == print_ and run.state not in ("finished", "running"):
            say(Noted(kind="resume", message=f"going on with {run.name}"))
            return run
    say(Noted(kind="resume", message="no run of these rows and settings was cut short: a new one begins"))
    return None


def new_run(
    workspace: Workspace,
    dataset: Dataset,
    material: Material,
    print_: str,
    settings: Mapping[str, Any],
    name: str | None,
) -> Run:
    """Return the record of a new run, whose folder is there."""
    family = settings["train"]["family"]
    folder = new_run_folder(workspace, f"{dataset.name}-{family}", name=name)
    return Run(
        name=folder.name,
        status="running",
        fingerprint=print_,
        dataset=dataset.ref,
        dataset_fingerprint=dataset.manifest.fingerprint,
        family=family,
        settings=dict(settings),
        tamis=tamis.__version__,
        code=code_fingerprint(),
        environment=dict(environment()),
        git_commit=git_commit(workspace.root),
        host=host(),
        started=datetime.now(UTC),
        rows=material.counts,
        main_metric=material.task.main_metric,
        path=folder,
    )
