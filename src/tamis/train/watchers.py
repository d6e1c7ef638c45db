"""Watchers: everybody who hears of a run while it is made: its journal, its profile, the trackers, and who asked."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tamis.core import Progress, Workspace
from tamis.train.events import Event, Listener
from tamis.train.journal import Journal
from tamis.train.profile import Profiler, write_profile
from tamis.train.record import METRICS, Run, save_run
from tamis.train.tracking import Trackers
from tamis.train.usage import Usage


@dataclass(frozen=True)
class Watchers:
    """Those who watch one stretch of work on a run."""

    journal: Journal
    profiler: Profiler
    trackers: Trackers
    say: Listener
    progress: Progress
    seed: int
    """Whose seed notes are of that belong to none."""
    started: float

    @classmethod
    def of(cls, workspace: Workspace, run: Run, *, say: Listener, progress: Progress) -> Watchers:
        """Return the watchers of a run, ready to hear."""
        seed = run.settings["train"]["seed"]
        journal = Journal.of(run.path / METRICS, warnings=run.warnings)

        def note(event: Event) -> None:
            journal.hear(event, seed=seed)
            say(event)

        trackers = Trackers.of(workspace, run, tuple(run.settings["train"]["trackers"]), note)
        return cls(journal, Profiler(Usage().start()), trackers, say, progress, seed, time.monotonic())

    def hear(self, event: Event, *, seed: int) -> None:
        """Pass on what happens to one seed's model."""
        self.journal.hear(event, seed=seed)
        self.profiler.hear(event)
        self.trackers.hear(event, seed)
        self.say(event)

    def note(self, event: Event) -> None:
        """Pass on what concerns the whole run."""
        self.journal.hear(event, seed=self.seed)
        self.say(event)

    def close(self, run: Run) -> Run:
        """Write down how the run ended, and wait until the trackers have it too."""
        seconds = time.monotonic() - self.started
        self.profiler.usage.stop()
        ended = save_run(
            run.model_copy(
                update={
                    "seconds": round(run.seconds + seconds, 3),
                    "epochs": self.journal.epochs,
                    "warnings": self.journal.warnings,
                }
            )
        )
        write_profile(self.profiler.profile(ended, seconds=seconds), ended.path)
        self.trackers.close(ended, self.progress)
        told = ended.model_copy(
            update={"warnings": self.journal.warnings}
        )  # the trackers may have had to say something
        return ended if told == ended else save_run(told)
