"""train_model: from a dataset to a run with its bundle."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import tamis
from tamis.core import Progress, Silent, UsageError, Workspace
from tamis.data import Dataset
from tamis.decide import DecideSettings, check_goal
from tamis.models import BundleManifest, EngineChoice, Lineage, TaskSpec
from tamis.train.assemble import finish_bundle
from tamis.train.candidate import Candidate
from tamis.train.config import TrainSettings
from tamis.train.events import Event, Listener, Noted
from tamis.train.families import FAMILIES
from tamis.train.family import Assignment
from tamis.train.journal import Journal
from tamis.train.lock import hold
from tamis.train.material import Material, read_material
from tamis.train.origin import code_fingerprint, environment, git_commit, host, run_fingerprint
from tamis.train.profile import Profiler, write_profile
from tamis.train.record import (
    BUNDLE,
    METRICS,
    Run,
    SeedScores,
    Status,
    find_run,
    list_runs,
    new_run_folder,
    save_run,
    spread_of,
)
from tamis.train.room import require_room
from tamis.train.seeds import fit_best
from tamis.train.tracking import Trackers
from tamis.train.usage import Usage

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
    was killed. `on_event` hears every step, epoch and note.
    """
    settings = settings or workspace.config.of(TrainSettings)
    decide = workspace.config.of(DecideSettings)
    told = {"train": settings.model_dump(mode="json"), "decide": decide.model_dump(mode="json")}
    family = FAMILIES[settings.family]
    family.check(settings)
    print_ = run_fingerprint(
        dataset=dataset.manifest.fingerprint, settings=told, starts_from=family.starts_from(settings)
    )
    say = on_event or (lambda event: None)
    if not force and (same := _finished(workspace, print_, name)):
        say(Noted(kind="same", message=f"{same.name} is this very run: same rows, settings, code and seed"))
        return same
    material = read_material(dataset, parents=settings.parents)
    check_goal(material.task, decide)
    run = _unfinished(workspace, print_, name, say) if resume else None
    require_room(workspace.state, family.bytes_needed(settings), what=f"a run of the family {settings.family}")
    if run is None:
        folder = new_run_folder(workspace, f"{dataset.name}-{settings.family}", name=name)
        run = Run(
            name=folder.name,
            status="running",
            fingerprint=print_,
            dataset=dataset.ref,
            dataset_fingerprint=dataset.manifest.fingerprint,
            family=settings.family,
            settings=told,
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
    with hold(run.path):
        job = _Job(workspace, dataset, settings, decide, material, run, resume=resume, progress=progress, say=say)
        return job.done()


@dataclass
class _Job:
    """One stretch of work on a run."""

    workspace: Workspace
    dataset: Dataset
    settings: TrainSettings
    decide: DecideSettings
    material: Material
    run: Run
    resume: bool
    progress: Progress
    say: Listener

    def __post_init__(self) -> None:
        self.journal = Journal(self.run.path / METRICS, epochs=list(self.run.epochs), warnings=[*self.run.warnings])
        self.trackers = Trackers.of(self.workspace, self.run, self.settings.trackers, self._note)
        self.profiler = Profiler(Usage().start())
        self.clock = time.monotonic()

    def done(self) -> Run:
        """Do the work and return the finished run; what goes wrong is in the record as well."""
        save_run(self.run.model_copy(update={"status": "running", "error": None}))
        try:
            for sentence in self.material.warnings:
                self._note(Noted(kind="data", message=sentence))
            seeds = self.run.path / SEEDS
            best, scores = fit_best(self.settings, self._assignment, seeds, self._manifest(), emit=self._note)
            _, report = finish_bundle(best, self.material, self.decide, into=self.run.path / BUNDLE)
            for sentence in report.notes:
                self._note(Noted(kind="decide", message=sentence))
        except KeyboardInterrupt:
            self._close("stopped", error="stopped by hand")
            raise
        except BaseException as error:
            self._close("failed", error=f"{type(error).__name__}: {error}")
            raise
        run = self._close("finished", best=best, scores=scores)
        for leftover in (SEEDS, CHECKPOINTS):
            shutil.rmtree(self.run.path / leftover, ignore_errors=True)
        return run

    def _assignment(self, seed: int, draft: Path) -> Assignment:
        return Assignment(
            task=self.material.task,
            train=self.material.train,
            validation=self.material.validation,
            settings=self.settings,
            seed=seed,
            draft=draft,
            checkpoints=self.run.path / CHECKPOINTS / str(seed),
            cache=self.workspace.cache,
            resume=self.resume,
            emit=partial(self._hear, seed=seed),
            progress=self.progress,
        )

    def _hear(self, event: Event, *, seed: int) -> None:
        self.journal.hear(event, seed=seed)
        self.profiler.hear(event)
        self.trackers.hear(event, seed)
        self.say(event)

    def _note(self, event: Event) -> None:
        self.journal.hear(event, seed=self.settings.seed)
        self.say(event)

    def _manifest(self) -> BundleManifest:
        """What the bundle says before anything was decided."""
        manifest = self.dataset.manifest
        return BundleManifest(
            name=f"{self.run.name}.{self.run.fingerprint[:4]}",
            family=self.run.family,
            task=TaskSpec.of(self.material.task),
            schema_=manifest.schema_,
            cleaning=manifest.cleaning,
            engine=EngineChoice(name="none", file=""),
            lineage=Lineage(
                run=self.run.name,
                fingerprint=self.run.fingerprint,
                dataset=self.run.dataset,
                dataset_fingerprint=self.run.dataset_fingerprint,
                tamis=self.run.tamis,
                git_commit=self.run.git_commit,
                created=self.run.started,
                settings=self.run.settings,
            ),
        )

    def _close(
        self,
        status: Status,
        *,
        error: str | None = None,
        best: Candidate | None = None,
        scores: Sequence[SeedScores] = (),
    ) -> Run:
        changes: dict[str, Any] = {
            "status": status,
            "error": error,
            "finished": datetime.now(UTC),
            "seconds": round(self.run.seconds + time.monotonic() - self.clock, 3),
            "epochs": tuple(self.journal.epochs),
            "warnings": tuple(self.journal.warnings),
        }
        if best is not None:
            changes |= {
                "validation": best.validation,
                "notes": dict(best.fitted.notes),
                "seeds": tuple(scores),
                "spread": spread_of([seed.validation for seed in scores]),
            }
        self.profiler.usage.stop()
        run = save_run(self.run.model_copy(update=changes))
        write_profile(self.profiler.profile(run, seconds=time.monotonic() - self.clock), run.path)
        self.trackers.close(run, self.progress)
        told = run.model_copy(update={"warnings": tuple(self.journal.warnings)})
        return run if told == run else save_run(told)


def _finished(workspace: Workspace, print_: str, name: str | None) -> Run | None:
    for run in reversed(list_runs(workspace)):
        if run.fingerprint == print_ and run.status == "finished" and name in (None, run.name):
            return run
    return None


def _unfinished(workspace: Workspace, print_: str, name: str | None, say: Listener) -> Run | None:
    """Return the run to go on with: the one that was named, or the newest with the same fingerprint."""
    if name is not None:
        run = find_run(workspace, name)
        if run.fingerprint != print_:
            raise UsageError(
                f"{name} cannot go on: its rows, settings or code were others",
                hint=f"`tamis runs show {name}` tells them; without --resume a new run begins",
            )
        return run
    for run in reversed(list_runs(workspace)):
        if run.fingerprint == print_ and run.status != "finished" and (run.status != "running" or run.interrupted):
            say(Noted(kind="resume", message=f"going on with {run.name}"))
            return run
    say(Noted(kind="resume", message="no run of these rows and settings was cut short: a new one begins"))
    return None
