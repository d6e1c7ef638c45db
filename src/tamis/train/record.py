"""Run: the record of one training, as `run.json` holds it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tamis.core import DataError, UsageError, Workspace, did_you_mean, write_atomic
from tamis.models import Bundle, open_bundle
from tamis.train.lock import is_held

RECORD = "run.json"
METRICS = "metrics.jsonl"
BUNDLE = "bundle"

Status = Literal["running", "finished", "failed", "stopped"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Epoch(_Record):
    """What one pass over the rows brought."""

    seed: int
    epoch: int
    step: int
    train_loss: float | None
    """None where it was no finite number."""
    validation: dict[str, float] = {}
    best: bool


class SeedScores(_Record):
    """How one of several models did."""

    seed: int
    validation: dict[str, float]
    seconds: float


class Run(_Record):
    """Everything that made a model, and what came of it. Its folder holds `metrics.jsonl` and the bundle besides."""

    format: int = 1
    name: str
    status: Status
    fingerprint: str
    """Of data, settings, code, environment and seed: the same fingerprint, the same predictions."""
    dataset: str
    """`reviews@2`."""
    dataset_fingerprint: str
    family: str
    settings: dict[str, Any]
    """The `train` and `decide` sections, resolved."""
    tamis: str
    code: str
    """The fingerprint of Tamis's own sources."""
    environment: dict[str, str]
    """Python and the libraries that have a say in the result, with their versions."""
    git_commit: str | None = None
    """Of the user's own repository, where the workspace lies in one."""
    host: dict[str, Any] = {}
    started: datetime
    finished: datetime | None = None
    seconds: float = 0
    """All stretches of work together, where a run was resumed."""
    rows: dict[str, int] = {}
    """How many labelled rows each split gave."""
    epochs: tuple[Epoch, ...] = ()
    validation: dict[str, float] = {}
    """The kept model's scores on the validation rows."""
    main_metric: str = ""
    """The score that choices go by."""
    seeds: tuple[SeedScores, ...] = ()
    spread: dict[str, tuple[float, float]] = {}
    """Of several seeds, each score's mean and standard deviation."""
    notes: dict[str, Any] = {}
    """What the training measured: share of cut rows, padding waste, tokens a second…"""
    warnings: tuple[str, ...] = ()
    error: str | None = None
    path: Path = Field(default=Path(), exclude=True)
    """The run's folder; it is not stored, for a workspace may move."""

    @property
    def score(self) -> float | None:
        """The main score on validation, or None without validation rows."""
        return self.validation.get(self.main_metric)

    @property
    def interrupted(self) -> bool:
        """True when the run says that it is running but nobody trains there."""
        return self.status == "running" and not is_held(self.path)

    @property
    def bundle(self) -> Bundle:
        """The model that the run made."""
        if self.status != "finished":
            raise UsageError(f"the run {self.name!r} has no model: it is {self.state}")
        return open_bundle(self.path / BUNDLE)

    @property
    def state(self) -> str:
        """The status in words, with the truth about runs that were killed."""
        return "interrupted" if self.interrupted else self.status

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values, with where it is."""
        return {**self.model_dump(mode="json"), "status": self.state, "path": str(self.path)}


def save_run(run: Run) -> Run:
    """Write a run's record into its folder in one step, and return it."""
    write_atomic(run.path / RECORD, run.model_dump_json(indent=2) + "\n")
    return run


def read_run(folder: Path) -> Run:
    """Return the record in a run's folder."""
    try:
        run = Run.model_validate_json((folder / RECORD).read_bytes())
    except FileNotFoundError:
        raise DataError(f"no {RECORD} in {folder}: this is no run") from None
    except ValidationError as error:
        raise DataError(f"{folder / RECORD} is damaged: {error}") from None
    return run.model_copy(update={"path": folder})


def list_runs(workspace: Workspace) -> list[Run]:
    """Return the runs of a workspace, oldest first."""
    folders = (path.parent for path in workspace.runs.glob(f"*/{RECORD}")) if workspace.runs.is_dir() else ()
    return sorted((read_run(folder) for folder in folders), key=lambda run: (run.started, run.name))


def find_run(workspace: Workspace, name: str) -> Run:
    """Return a run by its name."""
    if _NAME.fullmatch(name) and (workspace.runs / name / RECORD).exists():
        return read_run(workspace.runs / name)
    names = [run.name for run in list_runs(workspace)]
    known = f"Runs: {', '.join(names)}." if names else "There are none yet: `tamis train DATASET`."
    raise UsageError(f"no run {name!r} in this workspace. {known}{did_you_mean(name, names)}")


def new_run_folder(workspace: Workspace, stem: str, *, name: str | None = None) -> Path:
    """Make and return the folder of a new run: `<stem>-1`, `<stem>-2`…, or the name that was asked for."""
    if name is not None:
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} cannot name a run: use letters, digits, '.', '-' and '_'")
        folder = workspace.runs / name
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            raise UsageError(
                f"there is a run {name!r} already", hint="runs are never replaced: give another --name, or none"
            ) from None
        return folder
    taken = [_number(path.name, stem) for path in workspace.runs.glob(f"{stem}-*")] if workspace.runs.is_dir() else []
    number = max(taken, default=0) + 1
    while True:
        folder = workspace.runs / f"{stem}-{number}"
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:  # somebody else was quicker
            number += 1


def spread_of(scores: list[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """Return the mean and the standard deviation of each score over several models.

    >>> spread_of([{"f1": 0.5}, {"f1": 0.7}])
    {'f1': (0.6, 0.141421)}
    """
    import statistics

    shared = [name for name in scores[0] if all(name in other for other in scores)] if len(scores) > 1 else []
    columns = {name: [other[name] for other in scores] for name in shared}
    return {name: (round(statistics.fmean(c), 6), round(statistics.stdev(c), 6)) for name, c in columns.items()}


def _number(name: str, stem: str) -> int:
    tail = name.removeprefix(f"{stem}-")
    return int(tail) if tail.isdigit() else 0
