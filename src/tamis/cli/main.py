"""`tamis`: puts the chapters' commands together, and turns errors into one clear message and an exit code."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

if TYPE_CHECKING:
    from tamis.core import TamisError

# no library that Tamis uses may phone home
for _switch in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY"):
    os.environ.setdefault(_switch, "1")

import typer

from tamis import __version__
from tamis.cli import (
    batch,
    behave,
    captures,
    compare,
    constraints,
    data,
    data_import,
    demo,
    evaluate,
    explore,
    export,
    features,
    label_errors,
    models,
    output,
    predict,
    quality,
    repro,
    run,
    run_look,
    run_triggers,
    runs,
    serve,
    serve_keys,
    split,
    sql,
    train,
    workspace,
)

_OVERRIDE = re.compile(r"[a-z_]+(\.[a-z_0-9]+)+=.*", re.DOTALL)

app = typer.Typer(
    name="tamis",
    help="Sorts text: from raw documents to a classifier you can trust, and round again.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"max_content_width": 120},  # a wide terminal has room for whole sentences
    pretty_exceptions_enable=False,
    add_completion=False,
    epilog="Any setting can be given on the command line, as in: tamis data split reviews split.seed=7",
)
app.add_typer(data.app, name="data")
data_import.add_commands(data.app)
sql.add_commands(data.app)
constraints.add_commands(data.app)
split.add_commands(data.app)
quality.add_commands(data.app)
features.add_commands(data.app)
label_errors.add_commands(data.app)
workspace.add_commands(app)
explore.add_commands(app)
for chapter in (
    run,
    train,
    runs,
    predict,
    batch,
    evaluate,
    compare,
    behave,
    export,
    models,
    repro,
    serve,
    captures,
    serve_keys,
):
    chapter.add_commands(app)
run_look.add_commands(run.app)
run_triggers.add_commands(run.app)
demo.add_commands(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"tamis {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    workspace_folder: Annotated[
        Path | None,
        typer.Option("--workspace", "-w", envvar="TAMIS_WORKSPACE", help="The folder with tamis.yaml."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    output.context.workspace_folder = workspace_folder


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command line and exit: 0 done, 1 failed, 2 wrong use, 3 a gate or check did not hold."""
    given = sys.argv[1:] if arguments is None else arguments
    words, overrides = _split_overrides(given)
    output.context.overrides = overrides
    code: str | int | None = 0
    try:
        try:
            app(words, prog_name="tamis")
        except SystemExit as stop:
            code = stop.code
        sys.stdout.flush()  # now, while a full disk can still be told
    except _user_error() as error:  # looked up when there is an error: `--help` need not load the core
        print(f"tamis: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("tamis: stopped; nothing half-done was kept", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # `tamis … | head` is no mistake
            where = f": {error.filename}" if error.filename else ""
            print(f"tamis: {error.strerror or error}{where}", file=sys.stderr)
        with contextlib.suppress(OSError):  # what is still in the buffer has nowhere to go
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(code)


def _user_error() -> type[TamisError]:
    from tamis.core import TamisError

    return TamisError


def _split_overrides(words: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Take `section.key=value` words out of a command line; what follows `--` is left alone."""
    stop = words.index("--") if "--" in words else len(words)
    overrides = tuple(word for word in words[:stop] if _OVERRIDE.fullmatch(word))
    return [word for word in words[:stop] if word not in overrides] + words[stop:], overrides
