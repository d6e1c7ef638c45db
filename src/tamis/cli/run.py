"""`tamis run`: the whole way from a source to a served model, or a pipeline of one's own, as one reproducible graph."""

from __future__ import annotations

import contextlib
import re
import signal
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from tamis.cli import output
from tamis.cli.run_screen import Following, print_state, watching

if TYPE_CHECKING:
    from tamis.core import Executor, Workspace
    from tamis.pipeline import Graph, Instance, RunState, RunStore

_PARAMETER = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)


class _StartsByDefault(TyperGroup):
    """`tamis run` and `tamis run mine.yaml epochs=2` are `tamis run start …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h")):
            args = ["start", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_StartsByDefault,
    help="Run the whole pipeline: what `tamis.yaml` implies, or a file. Without a command it is `start`, and "
    "takes what `tamis run start --help` lists: --explain, --only, --from, --force.",
    rich_markup_mode=None,
    epilog="A run of the pipeline is run-1, run-2…; the trainings in it are listed by `tamis runs`.",
)

RunName = Annotated[str | None, typer.Argument(help="A run, as in `tamis run list` (default: the latest).")]
ExecutorName = Annotated[
    str | None, typer.Option(help="Where steps run: local (processes of this machine) or ray. [default: threads here]")
]
Force = Annotated[
    list[str] | None, typer.Option(metavar="STEP", help="Run it anew though nothing changed; may be repeated.")
]


PIPELINES = (".yaml", ".yml", ".json")
"""How the file of a pipeline ends."""

RUN_SAYS = {
    "waiting": "has not begun",
    "running": "runs",
    "finished": "is done",
    "failed": "failed",
    "cancelled": "was stopped",
    "interrupted": "was cut short",
}
"""Where a run stands, as the rest of a sentence."""


def add_commands(main: typer.Typer) -> None:
    """Add the commands."""
    main.add_typer(app, name="run")


@app.command("start")
def start(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PIPELINE.yaml] [NAME=VALUE]…",
            help="A declared pipeline (default: the standard one), and values for its parameters.",
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Only say for each step whether it would run, and why.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="STEP", help="Only this step, on what the steps before it made; may be repeated."),
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="STEP", help="Run this step and all after it anew.")
    ] = None,
    force: Force = None,
    executor: ExecutorName = None,
    as_json: output.Json = False,
) -> None:
    """Run a pipeline: every step whose code, inputs, parameters or environment changed, several at once.

    Ends with 3 where a gate or a check did not hold. Ctrl-C stops it; `tamis run resume` goes on.

    Example: tamis run start --explain pipeline.source=dataset:reviews

    Example: tamis run pipeline.source=dataset:reviews pipeline.families=[linear] --only import
    """
    from tamis.core import UsageError
    from tamis.pipeline import RunStore, forecast, named, plan

    workspace, opened = output.workspace(), open_executor(executor)
    graph, given, beside = _graph(workspace, words or [])
    instances = plan(graph, given)
    forced = named(instances, output.several(force)) | _from(from_, instances)
    alone = named(instances, output.several(only))
    if explain:
        if alone:
            raise UsageError("--explain tells of all steps, and --only runs some", hint="leave one of them out")
        told = forecast(workspace, graph, given, force=forced)
        if as_json:
            output.print_json([{"step": each.step, "verdict": each.verdict, "why": each.why} for each in told])
        else:
            output.print_table(["step", "", "why"], [[each.step, each.verdict, each.why] for each in told])
        return
    _free(workspace)
    command = " ".join(["tamis run", *(words or []), *workspace.overrides])
    names = [each.name for each in instances]
    store = RunStore.create(workspace, graph, given, steps=names, beside=beside, command=command)
    run_and_show(store, executor=opened, force=forced, only=alone, as_json=as_json)


@app.command("resume")
def resume(name: RunName = None, executor: ExecutorName = None, as_json: output.Json = False) -> None:
    """Go on with a run that was killed, stopped or failed: what is done stays done.

    Example: tamis run resume
    """
    store = _as_it_began(output.workspace(), name)
    state = store.state()
    if not state.can_be_resumed and state.status != "waiting":
        _nothing_to_do(state, f"{store.name} {RUN_SAYS[state.status]}: there is nothing to go on with", as_json=as_json)
        return
    run_and_show(store, executor=open_executor(executor), as_json=as_json)


@app.command("retry")
def retry(name: RunName = None, executor: ExecutorName = None, as_json: output.Json = False) -> None:
    """Try the failed steps of a run again, and then what waits for them.

    Example: tamis run retry
    """
    store = _as_it_began(output.workspace(), name)
    state = store.state()
    failed = [step.name for step in state.steps.values() if step.status == "failed"]
    if not failed:
        _nothing_to_do(state, f"no step of {store.name} failed", as_json=as_json)
        return
    run_and_show(store, executor=open_executor(executor), force=failed, as_json=as_json)


@app.command("cancel")
def cancel(
    name: Annotated[str | None, typer.Argument(help="A run (default: the one that runs now).")] = None,
    as_json: output.Json = False,
) -> None:
    """Stop a run of another process: its steps end in good order, and it can be resumed.

    Example: tamis run cancel
    """
    import time

    from tamis.pipeline import cancel_flag, find_run, holder_of

    workspace = output.workspace()
    holder = holder_of(workspace)
    if holder is None or name not in (None, holder.run):
        if name is None:
            print("null" if as_json else "nothing runs in this workspace now")
        else:
            state = find_run(workspace, name).state()
            _nothing_to_do(state, f"{name} {RUN_SAYS[state.status]}: it does not run now", as_json=as_json)
        return
    store = find_run(workspace, holder.run)
    until = time.monotonic() + _CANCEL_SECONDS
    while (now := holder_of(workspace)) is not None and now.run == store.name and time.monotonic() < until:
        # again and again: it may have begun just now, and taken away what asked an earlier one to stop
        cancel_flag(store.path).touch()
        time.sleep(0.1)
    state = store.state()
    if as_json:
        output.print_json(state_dict(state))
    elif state.status == "running":
        print(f"{state.name} was asked to stop; its steps take their time: tamis run watch {state.name}")
    else:
        on = f": tamis run resume {state.name} goes on" if state.can_be_resumed else ""  # it may have ended just now
        print(f"{state.name} {RUN_SAYS[state.status]}{on}")


_CANCEL_SECONDS = 20.0


def run_and_show(
    store: RunStore,
    *,
    executor: Executor | None = None,
    force: Collection[str] = (),
    only: Collection[str] = (),
    as_json: bool = False,
) -> None:
    """Run a run to its end before the reader's eyes, and end with its exit code."""
    from tamis.pipeline import run_graph

    following = Following(store.name, store.graph.name, store.record.steps)
    for event in store.events():
        following.hear(event)
    try:
        with ends_in_good_order(), prints_aside(as_json), watching(following, quiet=as_json):
            state = run_graph(
                store.workspace,
                store.graph,
                store.given,
                store=store,
                executor=executor,
                force=force,
                only=only,
                on_event=following.hear,
            )
    except KeyboardInterrupt:
        print(f"stopped; `tamis run resume {store.name}` goes on", file=sys.stderr)
        raise typer.Exit(130) from None
    if as_json:
        output.print_json(state_dict(state))
    else:
        print_state(following, state)
        print_end(state)
    raise typer.Exit(exit_code(state))


def prints_aside(as_json: bool) -> contextlib.AbstractContextManager[object]:
    """While steps run: what they print is no part of the JSON."""
    return contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()


def print_end(state: RunState, *, asked: bool = False) -> None:
    """Print how a run ended, and what to do next; who asked how it was reads on stdout what failed, too."""
    from tamis.core import CheckFailed, UsageError
    from tamis.pipeline import said_seconds

    counts: dict[str, int] = {}
    for step in state.steps.values():
        counts[said(step.status)] = counts.get(said(step.status), 0) + 1
    took = said_seconds(state.seconds) if state.started else ""
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    print(f"\n{state.name} {RUN_SAYS[state.status]}{f' after {took}' if took else ''}: {told}")
    for step in state.steps.values():
        if step.status == "failed":
            print(f"{step.name} failed: {step.why}", file=sys.stdout if asked else sys.stderr)
    if state.can_be_resumed:
        if state.exit_code in (UsageError.exit_code, CheckFailed.exit_code):
            print("once that is mended, start anew: a run that is resumed keeps the parameters that it began with")
        print(f"next: tamis run resume {state.name} · tamis run graph {state.name} -o run.html")
    elif ref := _awaits(state):
        print(f"next: tamis models approve {ref} --reason … · then run again")


def _awaits(state: RunState) -> str | None:
    """The version that a run made, where somebody has to approve it before it is deployed."""
    made = [value for step in state.steps.values() for value in step.outputs.items()]
    refs = [value["ref"] for _, value in made if isinstance(value, dict) and value.get("kind") == "version"]
    return refs[-1] if refs and ("status", "pending") in made else None


def state_dict(state: RunState) -> dict[str, Any]:
    """Return where a run stands, for machines."""
    return {
        "run": state.name,
        "status": state.status,
        "why": state.why,
        "started": state.started,
        "finished": state.finished,
        "seconds": state.seconds,
        "exit_code": exit_code(state),
        "steps": [
            {
                "step": step.name,
                "status": step.status,
                "why": step.why,
                "seconds": step.seconds,
                "tries": step.attempts,
                "says": step.says,
                "share": step.share,
                "outputs": step.outputs,
            }
            for step in state.steps.values()
        ],
    }


def exit_code(state: RunState) -> int:
    """Return what the command line ends with."""
    return state.exit_code or (1 if state.can_be_resumed or state.status == "waiting" else 0)


def said(status: str) -> str:
    """Return a state in words: a run is done, and a step is as before."""
    from tamis.pipeline import WORDS

    return WORDS[status]  # type: ignore[index]


def find(workspace: Workspace, name: str | None) -> RunStore:
    """Return a run by its name, or the latest."""
    from tamis.core import UsageError
    from tamis.pipeline import find_run, run_names

    if name is None:
        names = run_names(workspace)
        if not names:
            raise UsageError("the pipeline has not run here yet", hint="tamis run")
        name = names[-1]
    return find_run(workspace, name)


def _as_it_began(workspace: Workspace, name: str | None) -> RunStore:
    """A run to go on with; it keeps its settings, and other ones are refused."""
    from tamis.core import UsageError

    store = find(workspace, name)
    if others := [each for each in workspace.overrides if each not in store.record.overrides]:
        raise UsageError(
            f"{store.name} goes on with the settings that it began with, so {' '.join(others)} would have no effect",
            hint=f"leave it out, or begin a new run: tamis run … {' '.join(others)}",
        )
    return store


def open_executor(name: str | None) -> Executor | None:
    """Return who runs the steps; None: this process does."""
    from tamis.core import plugins

    opened: Executor | None = plugins.load("executor", name)() if name else None
    return opened


def _graph(workspace: Workspace, words: list[str]) -> tuple[Graph, dict[str, str], Path | None]:
    """The pipeline that is meant, the parameters that are given, and the folder of its file."""
    from tamis.core import UsageError, did_you_mean
    from tamis.pipeline import read_graph, standard_graph

    given = dict(word.split("=", 1) for word in words if _PARAMETER.fullmatch(word))
    files = [word for word in words if not _PARAMETER.fullmatch(word)]
    if len(files) > 1:
        raise UsageError(f"one pipeline at a time, not {' and '.join(files)}", hint="parameters read NAME=VALUE")
    if not files:
        return standard_graph(workspace), given, None
    if not Path(files[0]).is_file():
        near = did_you_mean(files[0], [command.name or "" for command in app.registered_commands])
        raise UsageError(f"{files[0]!r} is no command of `tamis run` and no file.{near}", hint="tamis run --help")
    if Path(files[0]).suffix not in PIPELINES:
        raise UsageError(
            f"{files[0]} is no pipeline: that is a file {', '.join(PIPELINES)}",
            hint=f"rows are a source: tamis run pipeline.source={files[0]}",
        )
    return read_graph(Path(files[0])), given, Path(files[0]).parent


def _from(step: str | None, instances: Sequence[Instance]) -> frozenset[str]:
    """A step, and all that come after it."""
    from tamis.pipeline import named

    found = named(instances, [step] if step else [])
    for each in instances:  # each stands after those it needs
        if found.intersection(each.needs):
            found |= {each.name}
    return found


def _nothing_to_do(state: RunState, why: str, *, as_json: bool) -> None:
    if as_json:
        output.print_json(state_dict(state))
    else:
        print(why)


def _free(workspace: Workspace) -> None:
    """Refuse to make a run that could not begin."""
    from tamis.core import UsageError
    from tamis.pipeline import holder_of

    if (holder := holder_of(workspace)) is not None:
        raise UsageError(f"{holder} runs in this workspace", hint="tamis run watch · tamis run cancel")


@contextlib.contextmanager
def ends_in_good_order() -> Iterator[None]:
    """Let SIGTERM stop a run as Ctrl-C does, so that its steps can end."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
