"""The live screen of a run: every step with its state, its time and its reason; plain lines where nobody looks."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from tamis.pipeline import Event, RunState, StepState

_SIGNS = {
    "waiting": ("·", "dim"),
    "running": ("●", "cyan"),
    "finished": ("✓", "green"),
    "cached": ("✓", "blue"),
    "skipped": ("–", "dim"),
    "failed": ("✗", "bold red"),
    "cancelled": ("■", "yellow"),
    "interrupted": ("■", "yellow"),
}
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_BAR = 14
_DONE = ("finished", "cached", "skipped")
_TELLING_SHARE, _TELLING_SECONDS = 0.02, 3.0
"""Of less work nobody can tell how long the rest will take."""


class Following:
    """What is known of a run from its events, as they come."""

    def __init__(self, run: str, graph: str, steps: Sequence[str]) -> None:
        self.run, self.graph, self.steps = run, graph, steps
        self.began: dict[str, datetime] = {}
        self.tell: Callable[[Event], None] | None = None
        self._work: dict[str, tuple[Event, Event]] = {}
        """What each step told of its work first, and last."""
        self._events: list[Event] = []
        self._state: RunState | None = None

    def hear(self, event: Event) -> None:
        """Take in what happened."""
        if event.what == "progress":  # of these only the latest matters
            self._events = [each for each in self._events if each.what != "progress" or each.step != event.step]
            first, last = self._work.get(event.step, (event, event))
            self._work[event.step] = (event if (event.share or 0) < (last.share or 0) else first, event)
        self._events.append(event)
        if event.what in ("started", "retried"):
            self.began[event.step] = event.at
            self._work.pop(event.step, None)
        self._state = None
        if self.tell is not None:
            self.tell(event)

    @property
    def state(self) -> RunState:
        """Where the run stands."""
        from tamis.pipeline import state_of

        if self._state is None:
            self._state = state_of(self.run, self.steps, self._events)
        return self._state

    def seconds(self, step: StepState, now: datetime) -> float:
        """How long a step took, or has taken until now."""
        if step.status == "running" and step.name in self.began:
            return max((now - self.began[step.name]).total_seconds(), 0.0)
        return step.seconds

    def seconds_left(self, step: StepState, now: datetime) -> float | None:
        """How long what a step does just now will take at the pace it had; None while nobody can tell."""
        if step.share is None or step.name not in self._work:
            return None
        first, last = self._work[step.name]
        done, took = step.share - (first.share or 0), (last.at - first.at).total_seconds()
        if done < _TELLING_SHARE or took < _TELLING_SECONDS:
            return None
        return max(took / done * (1 - step.share) - (now - last.at).total_seconds(), 0.0)


@contextlib.contextmanager
def watching(following: Following, *, quiet: bool) -> Iterator[None]:
    """Show a run while the block goes on: a screen on a terminal, else a line for each thing that happens."""
    if quiet:
        yield
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True, highlight=False)
        with Live(_Screen(following), console=console, transient=True, refresh_per_second=8):
            yield
    else:
        following.tell = print_line
        yield


def print_state(following: Following, state: RunState) -> None:
    """Print how a run ended, step by step; of one whose process is gone only `state` knows that."""
    from rich.console import Console

    console = Console(highlight=False)
    for line in _lines(following, list(state.steps.values()), now=datetime.now(UTC), width=console.width):
        console.print(line)


@dataclass(frozen=True)
class _Screen:
    following: Following

    def __rich_console__(self, console: Any, options: Any) -> Iterator[RenderableType]:
        now, width = datetime.now(UTC), options.max_width
        every = list(self.following.state.steps.values())
        running = sum(step.status == "running" for step in every)  # they may take two lines
        steps = _folded(every, room=options.max_height - 4 - running)
        yield ""
        yield _heading(self.following, now=now, width=width)
        yield ""
        yield from _lines(self.following, steps, now=now, width=width)
        yield ""


def _heading(following: Following, *, now: datetime, width: int) -> Text:
    from rich.text import Text

    from tamis.pipeline import said_seconds

    steps = following.state.steps.values()
    over = sum(step.status not in ("waiting", "running") for step in steps)
    began = following.began.get("")
    right = Text.assemble(
        (f"{over} of {len(steps)} steps  ", "dim"),
        (said_seconds(max((now - began).total_seconds(), 0)) if began else "", "bold"),
    )
    left = Text.assemble((f" {following.run}", "bold"), (f"  {following.graph}", "dim"))
    left.truncate(max(width - right.cell_len - 2, 8), overflow="ellipsis", pad=True)
    return left.append(" ").append_text(right)


def _lines(following: Following, steps: Sequence[StepState | str], *, now: datetime, width: int) -> Iterator[Text]:
    """A line for each step; where there is little room what a step says just now gets a line of its own."""
    from rich.text import Text

    real = [step for step in steps if not isinstance(step, str)]
    times = {step.name: _time(following, step, now) for step in real}
    names = min(max((len(step.name) for step in real), default=0), max(width * 2 // 5, 16))
    room = max(map(len, times.values()), default=0)
    for step in steps:
        if isinstance(step, str):
            yield Text(f"    {step}", style="dim italic")
            continue
        sign, colour = _SIGNS[step.status]
        if step.status == "running":
            sign = _SPINNER[int(now.timestamp() * 8) % len(_SPINNER)]
        idle = step.status in ("waiting", "skipped")
        name = Text(step.name, style="dim" if idle else "bold" if step.status in ("running", "failed") else "")
        name.truncate(names, overflow="ellipsis", pad=True)
        line = Text.assemble((f" {sign}  ", colour), name, (f"  {times[step.name]:>{room}}  ", "dim"))
        said = _said(step, left=following.seconds_left(step, now))
        if step.status == "running" and step.says and line.cell_len + said.cell_len > width:
            yield line
            line = Text("    ")
        line.append_text(said)
        line.truncate(width, overflow="ellipsis")
        yield line


def _time(following: Following, step: StepState, now: datetime) -> str:
    from tamis.pipeline import said_seconds

    if step.status == "cached":
        return "as before"
    return "" if step.status in ("waiting", "skipped", "interrupted") else said_seconds(following.seconds(step, now))


def _said(step: StepState, *, left: float | None) -> Text:
    """What a step says now, or why it is where it is."""
    from rich.text import Text

    from tamis.pipeline import said_seconds

    if step.status == "running" and step.says:
        if step.share is None:
            return Text(step.says)
        full = round(step.share * _BAR)
        bar = Text.assemble(("━" * full, "cyan"), ("━" * (_BAR - full), "bright_black"))
        bar.append(f" {step.share * 100:3.0f} %  ", style="bold")
        if left is not None:
            bar.append(f"{f'{left:.0f} s' if left < 60 else said_seconds(round(left, -1))} left  ")
        return bar.append(step.says)
    if step.status == "failed":
        return Text(step.why.strip().partition("\n")[0], style="red")
    return Text(step.why.strip().partition("\n")[0], style="dim")


def _folded(steps: Sequence[StepState], *, room: int) -> list[StepState | str]:
    """As many steps as there is room for: those at work stay, those at rest become a line."""
    shown: list[StepState | str] = list(steps)
    if len(shown) <= room:
        return shown
    waiting = [step for step in steps if step.status == "waiting"]
    done = [step for step in steps if step.status in _DONE]
    more = len(shown) - room + 2
    gone = done[:more]
    gone += waiting[max(len(waiting) - (more - len(gone)), 0) :] if len(gone) < more else []
    before = sum(step.status in _DONE for step in gone)
    after = len(gone) - before
    kept: list[StepState | str] = [step for step in steps if step not in gone]
    return [*([f"{before} more done"] if before else []), *kept, *([f"{after} more waiting"] if after else [])]


def print_line(event: Event) -> None:
    """What happened, as a line on stderr; what a step does just now is left out."""
    from tamis.pipeline import said_seconds

    if event.what == "progress" or (not event.step and event.what == "finished"):
        return
    who = event.step or "the run"
    said = {
        "started": "begins",
        "finished": f"done in {said_seconds(event.seconds)}",
        "cached": "as before",
        "skipped": "skipped",
        "failed": "failed",
        "retried": "tried again",
        "cancelled": "cancelled",
    }[event.what]
    told = event.why and event.what != "finished" and (event.step or event.what != "failed")  # its step told why
    why = f": {event.why.strip()}" if told else ""
    print(f"{who} {said}{why}", file=sys.stderr, flush=True)
