"""`tamis init`, `doctor`, `config`: the workspace and the machine it stands on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tamis.cli import output

config_app = typer.Typer(help="The settings of this workspace.", no_args_is_help=True, rich_markup_mode=None)


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the main program."""
    app.command("init")(init)
    app.command("doctor")(doctor)
    app.add_typer(config_app, name="config")


def init(folder: Annotated[Path, typer.Argument(help="The folder of the new workspace.")] = Path()) -> None:
    """Make a workspace: a folder with a tamis.yaml in which every setting stands with its default.

    Example: tamis init reviews
    """
    import shlex

    from tamis.core import create_workspace

    workspace = create_workspace(folder)
    print(f"a workspace in {workspace.root}")
    there = "" if workspace.root == Path.cwd() else f"cd {shlex.quote(str(folder))} && "
    print(f"next: {there}tamis data import demo:docstrings --name docs · tamis run pipeline.source=demo:docstrings")


def doctor(as_json: output.Json = False) -> None:
    """Tell what works on this machine, and the exact command that adds what is missing.

    Example: tamis doctor
    """
    from dataclasses import asdict

    from tamis.core.doctor import examine

    parts = examine(output.context.workspace_folder or Path.cwd())
    if as_json:
        output.print_json([asdict(part) for part in parts])
    else:
        output.print_table(
            ["", "part", "found", "to add it"],
            [[_MARKS[part.state], part.name, part.found, part.add] for part in parts],
        )
    if any(part.state == "broken" for part in parts):
        raise typer.Exit(1)


_MARKS = {"works": "✓", "missing": "·", "broken": "✗"}


@config_app.command("show")
def show_config(as_json: output.Json = False) -> None:
    """Print every setting with its value, overrides included.

    Example: tamis config show
    """
    import yaml

    values = output.workspace().config.to_dict()
    output.print_json(values) if as_json else print(yaml.safe_dump(values, sort_keys=False), end="")


@config_app.command("schema")
def show_schema(
    pipeline: Annotated[bool, typer.Option("--pipeline", help="That of pipeline.yaml instead.")] = False,
) -> None:
    """Print the JSON Schema of tamis.yaml, for editors.

    Example: tamis config schema > tamis.schema.json
    """
    if pipeline:
        from tamis.pipeline import graph_schema

        output.print_json(graph_schema())
    else:
        from tamis.core import config_schema

        output.print_json(config_schema())
