"""`tamis models card` and `tamis models mirror`: what others are shown of a version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tamis.cli import output


def add_commands(models: typer.Typer) -> None:
    """Add the commands."""
    models.command("card")(card)
    models.command("mirror")(mirror)


def card(
    ref: Annotated[
        str, typer.Argument(metavar="VERSION", help="A version: docs@3, docs@champion, or docs (its champion).")
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it there, too.")] = None,
) -> None:
    """Write the card of a version from all that is known of it, print it, and put it into its bundle as README.md.

    It is Markdown with the front matter of the Hugging Face hub: scores with intervals, slices, thresholds and what
    they cost, limits, data, lineage, time and energy, and who decided what.

    Example: tamis models card reviews@1 -o card.md
    """
    from tamis.core import write_atomic
    from tamis.registry import keep_card

    written = keep_card(output.workspace(), ref)
    if out is None:
        print(written, end="")
    else:
        write_atomic(out, written)
        print(f"the card of {ref}: {out}")


def mirror(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="MIRROR", help="Default: registry.mirrors, or else mlflow.")
    ] = None,
) -> None:
    """Bring MLflow to what the registry says: versions with their numbers, aliases, who decided what and why.

    It may be repeated at any time; what is right there already is left alone. `registry.mirrors: [mlflow]` does it
    after every change.

    Example: tamis models mirror
    """
    from tamis.registry import RegistrySettings, open_registry, show_in_mirrors

    workspace = output.workspace()
    wanted = names or list(workspace.config.of(RegistrySettings).mirrors) or ["mlflow"]
    registry = open_registry(workspace)
    for name in show_in_mirrors(workspace, registry, wanted):
        print(f"{name} shows what the registry says of {', '.join(registry.state().models) or 'no model yet'}")
    if "mlflow" in wanted:
        print(f"look at them: mlflow ui --backend-store-uri sqlite:///{workspace.state / 'mlflow.db'}")
