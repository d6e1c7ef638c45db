"""The live view of a training: bars and curves on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.core.progress import Advance
    from tamis.train import EpochDone, Event, StepDone

_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 40
_LINE_SECONDS = 10.0


class Watch(Protocol):
    """Sees a training: the progress of long work, and every event."""

    def track(self, what: str, *, total: float | None, unit: str) -> AbstractContextManager[Advance]:
        """Open a bar for `what`."""
        ...

    def hear(self, event: Event) -> None:
        """Show an event."""
        ...


@contextlib.contextmanager
def watching(*, quiet: bool, silent: bool = False) -> Iterator[Watch]:
    """Yield what shows a training: notes only if `quiet`, a live view on a terminal, else lines on stderr."""
    if silent:
        yield _Silent()
    elif quiet:
        yield _Quiet()
    elif sys.stderr.isatty():
        with _Live() as live:
            yield live
    else:
        yield _Lines()


class _Silent:
    """Shows nothing."""

    def track(self, what: str, *, total: float | None, unit: str) -> AbstractContextManager[Advance]:
        return contextlib.nullcontext(lambda amount: None)

    def hear(self, event: Event) -> None:
        pass


class _Quiet(_Silent):
    """Shows only what a person must read, on stderr."""

    def hear(self, event: Event) -> None:
        from tamis.train import Noted

        if isinstance(event, Noted):
            print(event.message, file=sys.stderr)


class _Lines(_Quiet):
    """A line for each epoch, and one now and then within a long one."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def hear(self, event: Event) -> None:
        from tamis.train import EpochDone, StepDone

        super().hear(event)
        if isinstance(event, EpochDone):
            print(_epoch_line(event), file=sys.stderr, flush=True)
            self._last = time.monotonic()
        elif isinstance(event, StepDone) and time.monotonic() - self._last > _LINE_SECONDS:
            print(_step_line(event), file=sys.stderr, flush=True)
            self._last = time.monotonic()


class _Live:
    """A panel that is drawn again a few times a second: bar, loss curve, rate, speed, estimate, last validation."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._console = Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._losses: deque[float] = deque(maxlen=20_000)
        self._speed: deque[tuple[float, int]] = deque(maxlen=50)
        self._step: StepDone | None = None
        self._epoch: EpochDone | None = None
        self._task: Any = None
        self._live = Live(self, console=self._console, transient=True, refresh_per_second=4)

    def __enter__(self) -> _Live:
        self._live.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._live.stop()

    @contextlib.contextmanager
    def track(self, what: str, *, total: float | None, unit: str) -> Iterator[Advance]:
        task = self._bars.add_task(what, total=total, rate="")
        start, done = time.monotonic(), 0.0

        def advance(amount: float) -> None:
            nonlocal done
            done += amount
            seconds = max(time.monotonic() - start, 1e-3)
            self._bars.update(
                task, advance=amount, rate=f"{output.short(done)} {unit}, {output.short(done / seconds)}/s"
            )

        try:
            yield advance
        finally:
            self._bars.remove_task(task)

    def hear(self, event: Event) -> None:
        from tamis.train import EpochDone, Noted, StepDone

        if isinstance(event, StepDone):
            self._hear_step(event)
        elif isinstance(event, EpochDone):
            self._epoch = event
            self._console.print(_epoch_line(event))
        elif isinstance(event, Noted):
            self._console.print(event.message, style="yellow")

    def _hear_step(self, event: StepDone) -> None:
        if event.step == 1 or self._step is None or event.step < self._step.step:  # the next seed begins
            self._losses.clear()
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._task = self._bars.add_task("training", total=event.steps, rate="")
        self._step = event
        self._losses.append(event.loss)
        self._speed.append((time.monotonic(), event.tokens))
        self._bars.update(self._task, completed=event.step, total=event.steps, rate=f"epoch {event.epoch}")

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.text import Text

        parts: list[Any] = []
        if self._step is not None:
            parts.append(Text(f"loss {self._step.loss:8.4f}  {sparkline(self._losses)}"))
            speed = f", {output.short(self._tokens_per_second())} tokens/s" if len(self._speed) > 1 else ""
            parts.append(Text(f"rate {self._step.learning_rate:8.2e}  step {self._step.step}{speed}", style="dim"))
        if self._epoch is not None:
            parts.append(Text(_epoch_line(self._epoch), style="dim"))
        return Group(*parts, self._bars)

    def _tokens_per_second(self) -> float:
        seconds = self._speed[-1][0] - self._speed[0][0]
        return sum(tokens for _, tokens in list(self._speed)[1:]) / max(seconds, 1e-6)


def sparkline(values: Any, *, width: int = _WIDTH) -> str:
    """Return a curve in one line of text; each sign is the mean of its share of the values.

    >>> sparkline([4.0, 3.0, 2.0, 1.0])
    '█▆▃▁'
    """
    numbers = [value for value in values if value == value and abs(value) != float("inf")]
    if not numbers:
        return ""
    columns = min(width, len(numbers))
    means = []
    for column in range(columns):
        part = numbers[len(numbers) * column // columns : len(numbers) * (column + 1) // columns]
        means.append(sum(part) / len(part))
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join(_BLOCKS[round((mean - low) / span * (len(_BLOCKS) - 1))] for mean in means)


def _epoch_line(event: EpochDone) -> str:
    told = dict(list(event.validation.items())[:2]) | {k: v for k, v in event.validation.items() if k == "loss"}
    scores = "  ".join(f"{name} {value:.4g}" for name, value in told.items())  # the main score is the first
    best = "  (best so far)" if event.best and event.validation else ""
    return f"epoch {event.epoch}: loss {event.train_loss:.4g}{'  validation ' if scores else ''}{scores}{best}"


def _step_line(event: StepDone) -> str:
    return f"step {event.step} of {event.steps}: loss {event.loss:.4g}, rate {event.learning_rate:.2e}"
