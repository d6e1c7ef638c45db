"""train_model: from a dataset to a run with its bundle."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tamis.core import Progress, Silent, Workspace
from tamis.data import Dataset
from tamis.decide import DecideSettings, check_goal
from tamis.models import BundleManifest, EngineChoice, Lineage, TaskSpec
from tamis.train.assemble import finish_bundle
from tamis.train.begin import finished_run, new_run, run_to_resume
from tamis.train.class_weights import label_weights
from tamis.train.config import TrainSettings
from tamis.train.events import Event, Listener, Noted
from tamis.train.families import FAMILIES
from tamis.train.family import Assignment
from tamis.train.lock import hold
from tamis.train.material import Material, read_material
from tamis.train.origin import run_fingerprint
from tamis.train.precision import choose_arithmetic
from tamis.train.record import BUNDLE, Run, read_run, save_run, spread_of
from tamis.train.room import require_room
from tamis.train.seeds import fit_best, still_to_fit
from tamis.train.watchers import Watchers
from tamis.train.workers import Workers, join_workers

SEEDS, CHECKPOINTS = "seeds", "checkpoints"


def train_model(
    workspace: Workspace,
    dataset: Dataset,
    settings: TrainSettings | None = None,
    *,
    name: str | None = None,
    resume: bool = False,
    force: bool = False,
    progress: Progress = Silent(),
    on_event: Listener | None = None,
) -> Run:
    """Return the run that trained a model on a dataset's splits, published with its bundle.

    A run with the same fingerprint that is finished is returned as it is unless `force`; `resume` goes on with one that
    was killed. `on_event` hears every step, epoch and note. Under torchrun all processes train the one model.
    """
    settings = settings or workspace.config.of(TrainSettings)
    FAMILIES[settings.family].check(settings)
    workers = _workers(settings)
    if not workers.first:
        return _help(workspace, dataset, settings, workers)
    return train_with(
        workers, workspace, dataset, settings, name=name, resume=resume, force=force, progress=progress, say=on_event
    )


def train_with(
    workers: Workers,
    workspace: Workspace,
    dataset: Dataset,
    settings: TrainSettings,
    *,
    name: str | None = None,
    resume: bool = False,
    force: bool = False,
    progress: Progress = Silent(),
    say: Listener | None = None,
) -> Run:
    """Do what `train_model` does in the first of these workers, which may be the only one."""
    decide = workspace.config.of(DecideSettings)
    told = {"train": settings.model_dump(mode="json"), "decide": decide.model_dump(mode="json")}
    family, say = FAMILIES[settings.family], say or (lambda event: None)
    print_ = run_fingerprint(
        dataset=dataset.manifest.fingerprint, settings=told, starts_from=family.starts_from(settings)
    )
    if not force and (same := finished_run(workspace, print_, name)):
        say(Noted(kind="same", message=f"{same.name} is this very run: same rows, settings, code and seed"))
        workers.gather((same.path, False))
        return same
    material = read_material(dataset, parents=settings.parents)
    check_goal(material.task, decide)
    label_weights(material.task, material.train, settings.class_weights)  # its error names the nearest label
    require_room(workspace.state, family.bytes_needed(settings), what=f"a run of the family {settings.family}")
    run = run_to_resume(workspace, print_, name, say) if resume else None
    run = run or new_run(workspace, dataset, material, print_, told, name)
    with hold(run.path):
        shutil.rmtree(
            run.path / BUNDLE, ignore_errors=True
        )  # of a run that was killed between publishing and saying so
        watchers = Watchers.of(workspace, run, say=say, progress=progress)
        save_run(run.model_copy(update={"status": "running", "error": None}))
        workers.gather((run.path, True))
        try:
            finished = _make(workspace, dataset, settings, decide, material, run, watchers, resume=resume)
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt)
            said = "stopped by hand" if stopped else f"{type(error).__name__}: {error}"
            watchers.close(_ended(run, status="stopped" if stopped else "failed", error=said))
            raise
        closed = watchers.close(finished)
    for leftover in (SEEDS, CHECKPOINTS):
        shutil.rmtree(run.path / leftover, ignore_errors=True)
    workers.wait()
    return closed


def _make(
    workspace: Workspace,
    dataset: Dataset,
    settings: TrainSettings,
    decide: DecideSettings,
    material: Material,
    run: Run,
    watchers: Watchers,
    *,
    resume: bool,
) -> Run:
    """Fit, choose, calibrate and publish."""
    for sentence in material.warnings:
        watchers.note(Noted(kind="data", message=sentence))
    assignment = _assignments(
        workspace, settings, material, run.path, resume=resume, emit=watchers.hear, progress=watchers.progress
    )
    manifest = manifest_of(run, dataset, material)
    best, scores = fit_best(settings, assignment, run.path / SEEDS, manifest, emit=watchers.note)
    _, report = finish_bundle(best, material, decide, into=run.path / BUNDLE)
    for sentence in report.notes:
        watchers.note(Noted(kind="decide", message=sentence))
    return _ended(
        run,
        status="finished",
        validation=best.validation,
        notes=dict(best.fitted.notes),
        seeds=tuple(scores),
        spread=spread_of([seed.validation for seed in scores]),
    )


def _workers(settings: TrainSettings) -> Workers:
    """Return this process's place among those that torchrun started; alone, without asking torch."""
    if os.environ.get("WORLD_SIZE", "1") == "1":
        return Workers()
    return join_workers(choose_arithmetic(settings.device, settings.precision).device)


def _help(workspace: Workspace, dataset: Dataset, settings: TrainSettings, workers: Workers) -> Run:
    """Do the share of a process that is not the first: fit with the others, write nothing, and return their run."""
    folder, to_do = workers.gather(None)[0]
    family = FAMILIES[settings.family]
    if to_do and family.shared:
        material = read_material(dataset, parents=settings.parents)
        assignment = _assignments(workspace, settings, material, folder, resume=True)
        for seed in still_to_fit(settings, folder / SEEDS):
            with tempfile.TemporaryDirectory(prefix="tamis-") as draft:
                family.fit(assignment(seed, Path(draft)))
    if to_do:
        workers.wait()
    return read_run(folder)


def _assignments(
    workspace: Workspace,
    settings: TrainSettings,
    material: Material,
    folder: Path,
    *,
    resume: bool,
    emit: Callable[..., None] | None = None,
    progress: Progress = Silent(),
) -> Callable[[int, Path], Assignment]:
    """Return what gives each seed its work."""

    def nobody(event: Event, *, seed: int) -> None:
        """Nobody hears the processes that only help."""

    return lambda seed, draft: Assignment(
        task=material.task,
        train=material.train,
        validation=material.validation,
        settings=settings,
        seed=seed,
        draft=draft,
        checkpoints=folder / CHECKPOINTS / str(seed),
        cache=workspace.cache,
        resume=resume,
        emit=partial(emit or nobody, seed=seed),
        progress=progress,
    )


def manifest_of(run: Run, dataset: Dataset, material: Material) -> BundleManifest:
    """Return what a run's bundle says before anything was decided."""
    return BundleManifest(
        name=f"{run.name}.{run.fingerprint[:4]}",
        family=run.family,
        task=TaskSpec.of(material.task),
        schema_=dataset.manifest.schema_,
        cleaning=dataset.manifest.cleaning,
        engine=EngineChoice(name="none", file=""),
        lineage=Lineage(
            run=run.name,
            fingerprint=run.fingerprint,
            dataset=run.dataset,
            dataset_fingerprint=run.dataset_fingerprint,
            tamis=run.tamis,
            git_commit=run.git_commit,
            created=run.started,
            settings=run.settings,
        ),
    )


def _ended(run: Run, **changes: Any) -> Run:
    return run.model_copy(update={**changes, "finished": datetime.now(UTC)})
