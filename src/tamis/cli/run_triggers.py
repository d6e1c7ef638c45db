"""`tamis run triggers|on-triggers|alarm`: what starts a run by itself."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli import output
from tamis.cli.run import ExecutorName, ends_in_good_order, open_executor, prints_aside
from tamis.cli.run_screen import print_line

if TYPE_CHECKING:
    from tamis.pipeline import Event, Firing, Look, Ran, Seen, TriggerSettings

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def add_commands(run: typer.Typer) -> None:
    """Add the commands."""
    run.command("triggers")(triggers)
    run.command("on-triggers")(on_triggers)
    run.command("alarm")(alarm)


def triggers(as_json: output.Json = False) -> None:
    """Show each trigger: what it watches, how it stands, its last run and when it is due.

    Example: tamis run triggers
    """
    from tamis.core import TamisError
    from tamis.pipeline import PipelineSettings, cool_until, look_at, read_memory

    workspace, now = output.workspace(), datetime.now(UTC)
    rows = []
    for name, settings in workspace.config.of(PipelineSettings).triggers.items():
        memory, look, problem = None, None, ""
        try:
            memory = read_memory(workspace, name)
            look = look_at(workspace, settings, memory.cursor if memory else {}, now=now)
        except (TamisError, OSError) as error:  # the others are shown all the same
            problem = str(error)
        cool = cool_until(settings, memory)
        pending = memory.pending if memory else None
        rows.append(
            {
                "trigger": name,
                "watches": f"{settings.watched} {getattr(settings, settings.watched)}",
                "stands": f"a run is under way or waits: {pending.why}" if pending else problem or _stands(look),
                "last": memory.last.model_dump(mode="json") if memory and memory.last else None,
                "next": look.next if look else None,
                "cools_down_until": cool if cool and cool > now else None,
                "begun": memory.since if memory else None,
            }
        )
    if as_json:
        output.print_json(rows)
    elif not rows:
        print("there are no triggers: write some under pipeline.triggers in tamis.yaml, see docs/triggers.md")
    else:
        output.print_table(
            ["trigger", "watches", "stands", "last run", "next"],
            [[row["trigger"], row["watches"], row["stands"], _last(row["last"]), _at(row["next"])] for row in rows],
        )
        if not any(row["begun"] for row in rows):
            print("nobody has looked yet: tamis run on-triggers")


def on_triggers(
    once: Annotated[bool, typer.Option("--once", help="Look once and end: for a cron of the system.")] = False,
    every: Annotated[str, typer.Option(help="How often to look: 30s, 5m, 1h.")] = "30s",
    executor: ExecutorName = None,
    as_json: output.Json = False,
) -> None:
    """Watch the triggers and run what is due, until it is told to stop; each event starts exactly one run.

    What was there before the first look starts nothing. --once ends with 1 when a run failed or a trigger has a
    problem. With --json each look is a line of JSON for each trigger.

    Example: tamis run on-triggers --once 'pipeline.triggers.nightly={cron: 0 3 * * *}'
    """
    from tamis.core import TamisError, UsageError, Workspace
    from tamis.pipeline import PipelineSettings, Seen, check_triggers, start_firing

    workspace = output.workspace()
    pause = _seconds(every)
    if not workspace.config.of(PipelineSettings).triggers:
        raise UsageError("there are no triggers", hint="write some under pipeline.triggers in tamis.yaml")
    opened = open_executor(executor)

    def start(firing: Firing, settings: TriggerSettings) -> Ran:
        told: set[str] = set()

        def hear(run: str, event: Event) -> None:
            if run not in told:
                told.add(run)
                print(f"{firing.trigger} starts {run}: {firing.why}", file=sys.stderr, flush=True)
            print_line(event)

        with prints_aside(as_json):
            return start_firing(workspace, firing, settings, executor=opened, on_event=hear)

    said: dict[str, str] | None = None

    def look() -> Iterator[Seen]:
        try:
            yield from check_triggers(workspace, start=start, clock=lambda: datetime.now(UTC))
        except TamisError as error:
            if said is None:
                raise
            yield Seen(trigger="all triggers", note="", problem=str(error))  # who watches waits until it is mended

    try:
        with ends_in_good_order():
            while True:
                workspace = Workspace(workspace.root, workspace.overrides)  # its settings may have changed
                lines: dict[str, str] = {}
                troubled = False
                for seen in look():
                    troubled |= bool(seen.problem) or (seen.fired is not None and seen.fired.outcome != "finished")
                    line = lines[seen.trigger] = _line(seen)
                    if as_json:
                        _print_json_line(seen)
                    elif seen.fired or said is None or line != said.get(seen.trigger):
                        print(line, flush=True)
                said = lines
                if once:
                    raise typer.Exit(1 if troubled else 0)
                time.sleep(pause)
    except KeyboardInterrupt:
        print("stopped; what was under way goes on with the next `tamis run on-triggers`", file=sys.stderr)
        raise typer.Exit(130) from None


def alarm(
    name: Annotated[str, typer.Argument(help="What it is about, as triggers name it: drift.")],
    why: Annotated[str, typer.Option(help="What was seen.")] = "",
    as_json: output.Json = False,
) -> None:
    """Raise an alarm for the triggers to see, from a monitor of one's own.

    Example: tamis run alarm drift --why "p = 0.001 for the words of last week"
    """
    from tamis.pipeline import raise_alarm

    now = datetime.now(UTC)
    raise_alarm(output.workspace(), name, why=why, now=now)
    if as_json:
        output.print_json({"alarm": name, "why": why, "at": now})
    else:
        print(f"the alarm {name} is in the captures")


def _stands(look: Look | None) -> str:
    return (look.why or look.note) if look else ""


def _seconds(text: str) -> float:
    from tamis.core import UsageError

    found = _SPAN.fullmatch(text.strip())
    if not found or not float(found[1]):
        raise UsageError(f"--every {text!r} is no time", hint="write 30s, 5m or 1h")
    return float(found[1]) * _UNITS[found[2] or "s"]


def _line(seen: Seen) -> str:
    if seen.fired is not None:
        return f"{seen.trigger}: {seen.fired.run or 'no run'} {seen.fired.outcome}".strip()
    return f"{seen.trigger}: {seen.problem or seen.note}"


def _print_json_line(seen: Seen) -> None:
    import json

    fired = seen.fired.model_dump(mode="json") if seen.fired else None
    print(json.dumps({"trigger": seen.trigger, "note": seen.note, "problem": seen.problem, "fired": fired}), flush=True)


def _last(fired: object) -> str | None:
    return f"{fired['run'] or 'none'}, {fired['outcome'].partition(':')[0]}" if isinstance(fired, dict) else None


def _at(moment: object) -> str | None:
    if not isinstance(moment, datetime):
        return None
    away = moment - datetime.now(UTC)
    soon = f", in {int(away.total_seconds() // 60)} min" if timedelta(0) < away < timedelta(hours=2) else ""
    return f"{moment.astimezone():%m-%d %H:%M}{soon}"
