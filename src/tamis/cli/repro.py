"""`tamis repro`: does a run's record make the same model again?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.core import Workspace


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("repro")(repro)


def repro(
    run: Annotated[str, typer.Argument(help="A training, as in `tamis runs list`, or a version: docs@champion.")],
    as_json: output.Json = False,
) -> None:
    """Train again by a run's record, in a place of its own, and compare what both models say of every row.

    Exit code 3 when the scores are not the same, bit for bit.

    Example: tamis repro reviews-linear-1

    Example: tamis repro reviews@1
    """
    from tamis.core import CheckFailed
    from tamis.pipeline import reproduce

    workspace = output.workspace()
    run = _run_of(workspace, run) if "@" in run else run
    found = reproduce(workspace, run, progress=output.progress())
    if as_json:
        output.print_json(found.to_dict())
    else:
        print(found.verdict)
        for difference in found.differences:
            print(f"  not as it was: {difference}")
    if not found.same:
        raise CheckFailed(f"{run} did not come out the same")


def _run_of(workspace: Workspace, ref: str) -> str:
    """The training that made a version."""
    from tamis.core import UsageError
    from tamis.registry import open_registry
    from tamis.train import find_run

    version = open_registry(workspace).state().version(ref)
    name = version.facts.get("run")
    if not name or find_run(workspace, name).fingerprint != version.facts["fingerprint"]:
        raise UsageError(f"the training that made {version.ref} is not in this workspace")
    return str(name)
