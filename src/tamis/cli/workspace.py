"""`tamis init`, `doctor`, `config`: the workspace and the machine it stands on."""

from __future__ import annotations

import typer

from tamis.cli import output

config_app = typer.Typer(help="The settings of this workspace.", no_args_is_help=True, rich_markup_mode=None)


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the main program."""
    app.add_typer(config_app, name="config")


@config_app.command("show")
def show_config(as_json: output.Json = False) -> None:
    """Print every setting with its value, overrides included.

    Example: tamis config show
    """
    import yaml

    values = output.workspace().config.to_dict()
    output.print_json(values) if as_json else print(yaml.safe_dump(values, sort_keys=False), end="")


@config_app.command("schema")
def show_schema() -> None:
    """Print the JSON Schema of tamis.yaml, for editors.

    Example: tamis config schema > tamis.schema.json
    """
    from tamis.core import config_schema

    output.print_json(config_schema())
