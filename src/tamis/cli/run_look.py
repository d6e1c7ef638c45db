"""`tamis run list|show|watch|graph|clean`: what the runs of the pipeline did, also while another process runs one."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamis.cli import output
from tamis.cli.run import PIPELINES, RunName, exit_code, find, print_end, said, state_dict
from tamis.cli.run_screen import Following, print_state, watching

if TYPE_CHECKING:
    from tamis.pipeline import RunState, RunStore

_LOOK_SECONDS = 0.3
_LOOK_ANYWAY_SECONDS = 2.0
"""A process that is killed writes nothing more."""
_BEGIN_SECONDS = 10.0
"""A run whose process died before it began would be waited for for ever."""


def add_commands(run: typer.Typer) -> None:
    """Add the commands."""
    run.command("list")(list_)
    run.command("show")(show)
    run.command("watch")(watch)
    run.command("graph")(graph)
    run.command("clean")(clean)


def list_(
    most: Annotated[int, typer.Option("--most", min=1, help="So many, the latest.")] = 20,
    as_json: output.Json = False,
) -> None:
    """List the runs of the pipeline, oldest first.

    Example: tamis run list
    """
    from tamis.core import DataError
    from tamis.pipeline import find_run, run_names, said_seconds

    workspace = output.workspace()
    names = run_names(workspace)
    states: dict[str, RunState] = {}
    graphs: dict[str, str] = {}
    for name in names[-most:]:
        try:
            store = find_run(workspace, name)
            states[name], graphs[name] = store.state(), store.graph.name
        except DataError as error:  # the others are listed all the same
            print(f"{name}: {error}", file=sys.stderr)
    if as_json:
        output.print_json([state_dict(state) for state in states.values()])
    elif not names:
        print("the pipeline has not run here yet: tamis run")
    else:
        output.print_table(
            ["run", "pipeline", "state", "steps", "as before", "started", "took"],
            [
                [
                    state.name,
                    graphs[state.name],
                    said(state.status),
                    f"{_count(state, 'finished', 'cached', 'skipped')} of {len(state.steps)}",
                    _count(state, "cached"),
                    f"{state.started.astimezone():%m-%d %H:%M}" if state.started else None,
                    said_seconds(state.seconds) if state.started else None,
                ]
                for state in states.values()
            ],
        )
        if len(names) > most:
            print(f"and {len(names) - most:,} older ones: --most {len(names)}")


def show(name: RunName = None, as_json: output.Json = False) -> None:
    """Show each step of a run: its state, its time, its reason, and what it made.

    Example: tamis run show
    """
    store = find(output.workspace(), name)
    state = store.state()
    if as_json:
        output.print_json(
            {**state_dict(state), "given": dict(store.given), "overrides": list(store.record.overrides),
             "only": list(store.record.only), "force": list(store.record.force),
             "command": store.record.command, "folder": store.path}
        )  # fmt: skip
        return
    following = _followed(store)
    print_state(following, state)
    print_end(state, asked=True)
    made = [
        [step.name, output_name, _shown(value)]
        for step in state.steps.values()
        for output_name, value in step.outputs.items()
    ]
    if made:
        output.print_table(["step", "made", ""], made)
    for word, value in {**store.given, **dict(each.split("=", 1) for each in store.record.overrides)}.items():
        print(f"given: {word}={value}")
    for word, names in {"alone": store.record.only, "anew": store.record.force}.items():
        if names:
            print(f"run {word}: {', '.join(names)}")
    print(f"its folder: {store.path}")


def watch(name: RunName = None, as_json: output.Json = False) -> None:
    """Watch a run of another process until it ends; the end and the exit code are that run's.

    Example: tamis run watch
    """
    store = find(output.workspace(), name)
    following = _followed(store, events=False)
    seen, began = 0, time.monotonic()
    looked: tuple[int, float] | None = None
    with watching(following, quiet=as_json):
        while True:
            size, now = store.events_bytes, time.monotonic()
            if looked is not None and looked[0] == size and now - looked[1] < _LOOK_ANYWAY_SECONDS:
                time.sleep(_LOOK_SECONDS)
                continue
            looked = (size, now)
            state = store.state()
            events = store.events()
            for event in events[seen:]:
                following.hear(event)
            seen = len(events)
            begins = state.status == "waiting" and time.monotonic() - began < _BEGIN_SECONDS
            if state.status != "running" and not begins:
                break
            time.sleep(_LOOK_SECONDS)
    if as_json:
        output.print_json(state_dict(state))
    else:
        print_state(following, state)
        print_end(state)
    raise typer.Exit(exit_code(state))


def graph(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[RUN|PIPELINE.yaml]", help="A run (default: the latest) or a pipeline's file."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A .svg, .mmd (Mermaid) or .html file. [default: Mermaid here]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    as_json: output.Json = False,
) -> None:
    """Draw the steps and what they use, with the state of each; .html is a page with times, reasons and results.

    Without a run yet it is the graph that `tamis.yaml` implies.

    Example: tamis run graph -o graph.svg pipeline.source=dataset:reviews

    Example: tamis run graph pipeline.source=dataset:reviews
    """
    from tamis.core import UsageError, write_atomic
    from tamis.pipeline import draw_mermaid, draw_svg, nodes_of, read_graph, run_names, run_page, standard_graph

    workspace = output.workspace()
    store = None
    if name is not None and Path(name).suffix in PIPELINES:
        drawn, state = read_graph(Path(name)), None
    elif name is None and not run_names(workspace):
        drawn, state = standard_graph(workspace), None
    else:
        store = find(workspace, name)
        drawn, state = store.graph, store.state()
    nodes = nodes_of(drawn, state)
    if as_json:
        output.print_json(
            [{"step": node.name, "status": node.status, "count": node.count, "after": node.above} for node in nodes]
        )
        return
    if to is None:
        print(draw_mermaid(nodes), end="")
        return
    if to.exists() and not force:
        raise UsageError(f"{to} is there already", hint="--force replaces it")
    if to.suffix == ".svg":
        write_atomic(to, draw_svg(nodes, title=state.name if state else drawn.name))
    elif to.suffix in (".mmd", ".mermaid"):
        write_atomic(to, draw_mermaid(nodes))
    elif to.suffix == ".html":
        if store is None:
            raise UsageError("a page is about a run, and there is none yet", hint="draw the graph as .svg or .mmd")
        write_atomic(to, run_page(store).html())
    else:
        raise UsageError(f"what picture is {to.name}?", hint="name a .svg, .mmd or .html file")
    print(to)


def clean(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]…", help="Runs to remove though they could be resumed.")
    ] = None,
    keep: Annotated[int, typer.Option(min=0, help="So many of the newest runs stay.")] = 20,
    as_json: output.Json = False,
) -> None:
    """Remove the records of old runs, and what is remembered of steps that only they ran.

    Datasets, trainings and models that they made stay, and so do runs that can be resumed and are not named.

    Example: tamis run clean --keep 5
    """
    from tamis.pipeline import clean_runs

    cleaned = clean_runs(output.workspace(), keep=keep, also=names or ())
    if as_json:
        output.print_json(vars(cleaned))
    else:
        print(f"removed: {', '.join(cleaned.runs) or 'no run'} ({cleaned.bytes:,} bytes); forgot {cleaned.steps} steps")


def _followed(store: RunStore, *, events: bool = True) -> Following:
    following = Following(store.name, store.graph.name, store.record.steps)
    for event in store.events() if events else ():
        following.hear(event)
    return following


def _count(state: RunState, *statuses: str) -> int:
    return sum(step.status in statuses for step in state.steps.values())


def _shown(value: Any) -> str:
    """What a step made, in one line: an artefact by its kind and name."""
    from tamis.pipeline import said_value

    if isinstance(value, dict) and {"kind", "ref"} <= value.keys():
        return f"{value['kind']} {value['ref']}"
    return said_value(value)
