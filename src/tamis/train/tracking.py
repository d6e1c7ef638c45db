"""Tracking: tells the trackers of a run in threads of their own: training waits for none, and fails with none."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tamis.core import MissingExtra, Progress, Tracker, Workspace, plugins
from tamis.train.events import EpochDone, Event, Listener, Noted, StepDone
from tamis.train.journal import STEP_SECONDS
from tamis.train.record import METRICS, RECORD, Run

log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 120.0

Call = Callable[[Tracker], None]


@dataclass
class Trackers:
    """Everybody who hears of a run besides its own folder. What goes wrong there is noted and never ends the run."""

    lines: list[_Line]
    several_seeds: bool
    _last: float = 0.0

    @classmethod
    def of(cls, workspace: Workspace, run: Run, names: tuple[str, ...], note: Listener) -> Trackers:
        """Return the trackers by name; UsageError for a name that nobody has."""
        lines = []
        for name in names:
            if name not in plugins.found("tracker"):
                plugins.load("tracker", name)  # its error lists the names there are
            lines.append(_Line(name, workspace.state, run, note))
        return cls(lines, several_seeds=run.settings["train"]["seeds"] > 1)

    def hear(self, event: Event, seed: int) -> None:
        """Pass on the numbers of a step or an epoch."""
        metrics, step = _numbers(event)
        if metrics and not self._too_soon(event):
            named = {f"seed{seed}.{name}": value for name, value in metrics.items()} if self.several_seeds else metrics
            for line in self.lines:
                line.log(named, step)

    def close(self, run: Run, progress: Progress) -> None:
        """Hand over what the run left in its folder, and wait until everybody has written it."""
        final = {f"final.{name}": value for name, value in run.validation.items()}
        last = run.epochs[-1].step if run.epochs else 0
        kept = [run.path / name for name in (RECORD, METRICS, "profile.json", "profile.html")]
        kept = [path for path in kept if path.exists()]
        if run.status == "finished":
            kept.append(run.path / "bundle")
        for line in self.lines:
            line.finish(run, final, last, kept)
        for line in self.lines:
            with progress.track(f"telling {line.name}", total=None, unit="runs"):
                line.join()

    def _too_soon(self, event: Event) -> bool:
        now = time.monotonic()
        if not isinstance(event, StepDone) or now - self._last >= STEP_SECONDS or event.step in (1, event.steps):
            self._last = now
            return False
        return True


@dataclass
class _Line:
    """The line to one tracker. It is loaded with the first call: when training is under way, not before."""

    name: str
    state: Path
    run: Run
    note: Listener
    _calls: queue.SimpleQueue[Call | None] = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None

    def put(self, call: Call) -> None:
        """Hand over a call; it is made later."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"tamis-{self.name}", daemon=True)
            self._thread.start()
        self._calls.put(call)

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Hand over numbers."""
        self.put(lambda tracker: tracker.log(self.run.name, metrics, step=step))

    def attach(self, path: Path) -> None:
        """Hand over a file or folder."""
        self.put(lambda tracker: tracker.attach(self.run.name, path))

    def finish(self, run: Run, final: Mapping[str, float], step: int, kept: list[Path]) -> None:
        """Hand over the end of the run."""
        if final:
            self.log(final, step)
        for path in kept:
            self.attach(path)
        self.put(lambda tracker: tracker.finish(run.name, status=run.status))
        self._calls.put(None)

    def join(self) -> None:
        """Wait until every call was made, but not for ever."""
        if self._thread is not None:
            self._thread.join(_PATIENCE_SECONDS)
            if self._thread.is_alive():
                self.note(Noted(kind="tracker", message=f"{self.name} was not waited for any longer; it may lack much"))

    def _work(self) -> None:
        try:
            tracker: Tracker = plugins.load("tracker", self.name)(self.state)
            tracker.start(self.run.name, parameters=_parameters(self.run))
            while call := self._calls.get():
                call(tracker)
        except MissingExtra as missing:
            log.info("%s", missing)
        except Exception as error:  # whatever an outside system can come up with
            log.debug("tracker %s", self.name, exc_info=True)
            self.note(Noted(kind="tracker", message=f"{self.name} does not hear of this run any more: {error}"))


def _numbers(event: Event) -> tuple[dict[str, float], int]:
    if isinstance(event, StepDone):
        seconds = sum(event.seconds.values())
        speed = {"tokens_per_second": event.tokens / seconds} if seconds else {}
        rates = {"learning_rate": event.learning_rate, "gradient_norm": event.gradient_norm}
        return {"train.loss": event.loss, **rates, **speed}, event.step
    if isinstance(event, EpochDone):
        scores = {f"validation.{name}": value for name, value in event.validation.items()}
        return {"train.epoch_loss": event.train_loss, "epoch": float(event.epoch), **scores}, event.step
    return {}, 0


def _parameters(run: Run) -> dict[str, Any]:
    facts = {"dataset": run.dataset, "dataset_fingerprint": run.dataset_fingerprint, "fingerprint": run.fingerprint}
    return {**facts, "git_commit": run.git_commit, "family": run.family, "tamis": run.tamis, **run.settings}
