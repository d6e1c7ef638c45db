"""RunStore: one run of a pipeline on disk, with what may be used again from all runs of its workspace.

.tamis/pipeline/
  lock          who runs here now
  made.db       what steps made, by key; it may be deleted at any time
  runs/run-3/   graph.json, run.json (what it was given), events.jsonl (what happened, a line each)
  checks/       reports on data, by the fingerprint of the dataset
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json, to_jsonable_python

import tamis
from tamis.core import DataError, UsageError, Workspace, did_you_mean, draft_folder, publish, write_atomic
from tamis.pipeline.artefacts import artefacts_in, is_there
from tamis.pipeline.graph import Graph
from tamis.pipeline.keys import StepKey
from tamis.pipeline.lock import hold, holder_of
from tamis.pipeline.made import MADE, Entry, Made
from tamis.pipeline.reuse import Reuse, find_made, write_outputs
from tamis.pipeline.room import full_disk_told
from tamis.pipeline.state import Event, RunState, state_of

GRAPH, RECORD, EVENTS = "graph.json", "run.json", "events.jsonl"
_STEM = "run-"
_FORMAT = 1
_SYNCED = frozenset({"finished", "failed", "cancelled"})
"""What is on the disk before anything else happens; the rest may wait for the next of these."""


class RunRecord(BaseModel):
    """What a run was given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = _FORMAT
    name: str
    given: dict[str, Any]
    """The parameters, as they were given."""
    overrides: tuple[str, ...] = ()
    """Settings from the command line, `train.epochs=2`."""
    steps: tuple[str, ...] = ()
    """What there is to do, in order."""
    force: tuple[str, ...] = ()
    """Steps that were asked to run anew."""
    only: tuple[str, ...] = ()
    """Steps that were asked to run alone; none: all run."""
    beside: str = "."
    """The folder of the pipeline's file, seen from the workspace: modules with steps of one's own may lie there."""
    command: str = ""
    created: datetime
    tamis: str


class RunStore:
    """One run of a workspace's pipeline: its graph, what it was given, what happened, and what may be used again."""

    def __init__(
        self, workspace: Workspace, name: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.name = name
        self.path = runs_folder(workspace) / name
        self.record: RunRecord = _record(self.path)
        self.workspace = Workspace(workspace.root, self.record.overrides)
        self.made = Made(workspace.pipeline / MADE)
        self._now = now
        self._turn = threading.Lock()
        self._file: int | None = None
        self._last_at: datetime | None = None

    @classmethod
    def create(
        cls,
        workspace: Workspace,
        graph: Graph,
        given: Mapping[str, Any],
        *,
        steps: Collection[str] | None = None,
        beside: Path | None = None,
        command: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> RunStore:
        """Return the store of a new run, whose folder appears whole.

        `steps` are their names after fan-out, and `beside` is where modules with steps of one's own are looked for
        before the workspace's folder.
        """
        if steps is None:
            steps = [step.name for step in graph.steps if not step.for_each]
        number = max((_number(path) for path in _run_folders(workspace)), default=0)
        with full_disk_told(runs_folder(workspace)):
            while True:
                number += 1
                record = RunRecord(
                    name=f"{_STEM}{number}",
                    given=to_jsonable_python(dict(given)),
                    overrides=workspace.overrides,
                    steps=tuple(steps),
                    beside=os.path.relpath((beside or workspace.root).resolve(), workspace.root.resolve()),
                    command=command,
                    created=now(),
                    tamis=tamis.__version__,
                )
                with draft_folder(runs_folder(workspace)) as draft:
                    (draft / GRAPH).write_text(graph.model_dump_json(indent=1) + "\n", encoding="utf-8")
                    (draft / RECORD).write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
                    (draft / EVENTS).touch()
                    with contextlib.suppress(FileExistsError):  # somebody else was quicker
                        publish(draft, runs_folder(workspace) / record.name)
                        return cls(workspace, record.name, now=now)

    @cached_property
    def graph(self) -> Graph:
        """The graph as it was when the run began."""
        try:
            return Graph.model_validate_json((self.path / GRAPH).read_bytes())
        except (OSError, ValidationError) as error:
            raise DataError(f"{self.path / GRAPH} is damaged: {error}") from None

    @property
    def given(self) -> Mapping[str, Any]:
        """The parameters that the run was given."""
        return self.record.given

    @property
    def own_code(self) -> tuple[Path, ...]:
        """Where modules with steps of one's own are looked for."""
        return self.workspace.root / self.record.beside, self.workspace.root

    def plan_is(self, steps: Collection[str], *, force: Collection[str] = (), only: Collection[str] = ()) -> None:
        """Remember the names of the steps after fan-out, those to run anew, and those to run alone."""
        asked = {
            "steps": tuple(steps),
            "force": tuple(sorted({*self.record.force, *force})),
            "only": tuple(sorted(only)) or self.record.only,
        }
        record = self.record.model_copy(update=asked)
        if record != self.record:
            self.record = record
            with full_disk_told(self.path):
                write_atomic(self.path / RECORD, self.record.model_dump_json(indent=1) + "\n")

    @contextlib.contextmanager
    def hold(self, *, command: str = "") -> Iterator[None]:
        """Hold the workspace for this run; a UsageError names who else runs in it."""
        with hold(self.workspace, self.name, command=command or self.record.command or "tamis run"):
            yield

    def append(self, event: Event) -> Event:
        """Write down what happened, and return it as it was written.

        A clock that was set back does not change the order: nothing happens before what happened before it.
        """
        with self._turn, full_disk_told(self.path / EVENTS):
            file = self._opened()
            if self._last_at is not None and event.at < self._last_at:
                event = event.model_copy(update={"at": self._last_at})
            line = event.model_dump_json().encode() + b"\n"
            size = os.fstat(file).st_size
            try:
                while line:  # a disk that is almost full takes a part, and then refuses
                    line = line[os.write(file, line) :]
                if event.what in _SYNCED or not event.step:
                    os.fsync(file)
            except OSError:
                os.ftruncate(file, size)  # no half line stays
                raise
            self._last_at = event.at
        return event

    def events(self) -> list[Event]:
        """Return what happened, oldest first; a last line that a kill cut short is left out."""
        try:
            lines = (self.path / EVENTS).read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        events = []
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                events.append(Event.model_validate_json(line))
            except ValidationError as error:
                if not any(lines[number:]):
                    break
                first = error.errors(include_url=False)[0]
                place = ".".join(map(str, first["loc"])) or "the whole"
                raise DataError(
                    f"{self.path / EVENTS}, line {number} is damaged: {place}: {first['msg']}",
                    hint="take the line out: the steps that are finished are known from elsewhere",
                ) from None
        return events

    @property
    def events_bytes(self) -> int:
        """How long the record of events is: who watches it need not read it while that stays."""
        try:
            return (self.path / EVENTS).stat().st_size
        except FileNotFoundError:
            return 0

    def state(self) -> RunState:
        """Return where the run stands; one whose process is gone is interrupted."""
        while True:
            size = self.events_bytes
            state = state_of(self.name, self.record.steps, self.events())
            holder = holder_of(self.workspace) if state.status == "running" else None
            if state.status != "running" or (holder is not None and holder.run == self.name):
                return state
            if size == self.events_bytes:  # else it came to its end just now
                break
        steps = {
            name: replace(step, status="interrupted") if step.status == "running" else step
            for name, step in state.steps.items()
        }
        return replace(state, status="interrupted", steps=steps)

    def reuse(self, step: str, key: StepKey, *, expires_hours: float | None = None) -> Reuse:
        """Return what a step made before under this key, if all of it is still there as it was, and why or why not."""
        return find_made(
            self.workspace,
            self.made,
            step,
            key,
            now=self._now(),
            expires_hours=expires_hours,
            earlier=self._earlier,
        )

    def keep(self, step: str, key: StepKey, outputs: Mapping[str, Any], *, seconds: float = 0.0) -> None:
        """Let others use what a step made; a DataError when something of it is not there."""
        for artefact in artefacts_in(outputs):
            if not is_there(self.workspace, artefact):
                raise DataError(f"step {step!r} says that it made {artefact.kind} {artefact.ref}, and it is not there")
        if not key.fingerprint:
            return
        self.made.keep(
            Entry(
                key=key,
                step=step,
                run=self.name,
                at=self._now(),
                seconds=seconds,
                outputs=write_outputs(outputs),
            )
        )

    def close(self) -> None:
        """Let go of the files."""
        with self._turn:
            if self._file is not None:
                os.close(self._file)
                self._file = None
        self.made.close()

    def _opened(self) -> int:
        """The file of events, at its end; what a kill cut short is taken off."""
        if self._file is None:
            self._earlier  # noqa: B018  # what was before is read before anything is added
            self._last_at = max((event.at for event in self.events()), default=None)
            self._file = os.open(self.path / EVENTS, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
            content = (self.path / EVENTS).read_bytes()
            os.ftruncate(self._file, content.rfind(b"\n") + 1)
        return self._file

    @cached_property
    def _earlier(self) -> RunState | None:
        """Where this run stood before it went on, or the run before it stands."""
        own = self.state()
        return own if own.started is not None else last_run(self.workspace, before=self.name)


def run_names(workspace: Workspace) -> list[str]:
    """Return the names of a workspace's runs, oldest first."""
    return [path.name for path in sorted(_run_folders(workspace), key=_number)]


def find_run(workspace: Workspace, name: str) -> RunStore:
    """Return a run by its name."""
    names = run_names(workspace)
    if name not in names:
        known = f"Runs: {', '.join(names)}." if names else "There are none yet: `tamis run`."
        raise UsageError(f"no run {name!r} of the pipeline. {known}{did_you_mean(name, names)}")
    return RunStore(workspace, name)


def last_run(workspace: Workspace, *, before: str = "") -> RunState | None:
    """Return where the newest run stands, or the one before another; None where there is none that can be read."""
    names = run_names(workspace)
    names = names[: names.index(before)] if before in names else names
    if not names:
        return None
    try:
        return RunStore(workspace, names[-1]).state()
    except DataError:
        return None


def _record(path: Path) -> RunRecord:
    try:
        content = from_json((path / RECORD).read_bytes())
        if isinstance(content, dict) and content.get("format") != _FORMAT:
            raise DataError(
                f"{path / RECORD} has format {str(content.get('format'))[:40]}; this Tamis reads format {_FORMAT}",
                hint="a newer Tamis made it: pip install --upgrade tamis",
            )
        return RunRecord.model_validate(content)
    except (OSError, ValueError) as error:
        raise DataError(f"{path / RECORD} is damaged: {error}") from None


def runs_folder(workspace: Workspace) -> Path:
    """Return the folder of the runs of a workspace's pipeline."""
    return workspace.pipeline / "runs"


def checks_folder(workspace: Workspace) -> Path:
    """Return the folder of the reports of data checks, one folder for each dataset."""
    return workspace.pipeline / "checks"


def _run_folders(workspace: Workspace) -> list[Path]:
    runs = runs_folder(workspace)
    folders = runs.glob(f"{_STEM}*/{RECORD}") if runs.is_dir() else ()
    return [path.parent for path in folders if path.parent.name.removeprefix(_STEM).isdigit()]


def _number(path: Path) -> int:
    return int(path.name.removeprefix(_STEM))
