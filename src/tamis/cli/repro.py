"""`tamis repro`: does a run's record make the same model again?"""

from __future__ import annotations

from typing import Annotated

import typer

from tamis.cli import output


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("repro")(repro)


def repro(
    run: Annotated[str, typer.Argument(help="A training, as in `tamis runs list`.")], as_json: output.Json = False
) -> None:
    """Train again by a run's record, in a place of its own, and compare what both models say of every row.

    Exit code 3 when the scores are not the same, bit for bit.

    Example: tamis repro reviews-linear-1
    """
    from tamis.core import CheckFailed
    from tamis.pipeline import reproduce

    found = reproduce(output.workspace(), run, progress=output.progress())
    if as_json:
        output.print_json(found.to_dict())
    else:
        print(found.verdict)
        for difference in found.differences:
            print(f"  not as it was: {difference}")
    if not found.same:
        raise CheckFailed(f"{run} did not come out the same")
