"""`tamis serve-keys`: who may ask the server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tamis.cli import output

_app = typer.Typer(help="Add, list and remove API keys of `tamis serve`.", no_args_is_help=True)
_DEFAULT = Path("serve-keys.txt")


def add_commands(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(_app, name="serve-keys")


@_app.command("add")
def add(name: Annotated[str, typer.Argument(metavar="NAME", help="Who gets the key; the log shows it.")]) -> None:
    """Make a key and print it, once: the file keeps only its hash.

    The file is `serve.keys_file`, or serve-keys.txt beside tamis.yaml. A server that runs takes the key after a second.

    Example: tamis serve-keys add ann
    """
    from tamis.serve import add_key

    path, named = _file()
    print(add_key(path, name))
    if not named:
        print(f"`tamis serve serve.keys_file={path.name}` asks for it", file=sys.stderr)


@_app.command("list")
def show(json: output.Json = False) -> None:
    """Show whose keys there are.

    Example: tamis serve-keys list
    """
    from tamis.serve import read_keys

    path, _ = _file()
    keys = read_keys(path) if path.exists() else []
    if json:
        output.print_json([{"name": each.name, "made": each.made} for each in keys])
    else:
        output.print_table(["name", "made"], [(each.name, each.made) for each in keys])


@_app.command("remove")
def remove(name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key ends.")]) -> None:
    """End a key; a server that runs refuses it within a second.

    Example: tamis serve-keys add bob

    Example: tamis serve-keys remove bob
    """
    from tamis.serve import remove_key

    remove_key(_file()[0], name)


def _file() -> tuple[Path, bool]:
    """The file of keys, and whether the settings name it."""
    from tamis.serve import ServeSettings

    workspace = output.workspace(lazy=True)
    named = workspace.config.of(ServeSettings).keys_file
    return workspace.root / (named or _DEFAULT), named is not None
