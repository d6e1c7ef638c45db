"""`tamis data verify`: the declared constraints of a dataset, and suggestions for new ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.core import Workspace
    from tamis.data import Dataset
    from tamis.quality import Suggestion, Verification

_MARK = {"success": "holds", "failure": "FAILS", "not enough history": "not enough history"}


def add_commands(data_app: typer.Typer) -> None:
    """Add this file's command to `tamis data`."""
    data_app.command("verify")(verify)


def verify(
    name: Annotated[str, typer.Argument(help="A dataset, as in `reviews` or `reviews@2`.")],
    file: Annotated[
        Path | None, typer.Option("--constraints", help="Read this file instead of constraints.yaml.")
    ] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Print constraints that this version keeps, as YAML ready to use.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the four tables to this folder, as TSV and Parquet.")
    ] = None,
    remember: Annotated[
        bool, typer.Option("--remember/--no-remember", help="Keep what was measured, for later versions.")
    ] = True,
    as_json: output.Json = False,
) -> None:
    """Verify the constraints on a dataset; exit code 3 when one of severity error does not hold.

    Example: tamis data verify reviews --suggest > constraints.yaml
    """
    from tamis.core import UsageError
    from tamis.data import open_dataset
    from tamis.quality import constraints_of, suggest_constraints, suggestions_yaml, verify_constraints

    workspace = output.workspace()
    dataset = open_dataset(workspace, name)
    suggestions = suggest_constraints(workspace, dataset, progress=output.progress()) if suggest or out else []
    constraints = constraints_of(workspace, dataset.name, file=file)
    if suggest:
        if as_json:
            output.print_json([_suggested(one) for one in suggestions])
        else:
            print(suggestions_yaml(suggestions, dataset=dataset.ref), end="")
        if out is None:
            return
    elif not constraints:
        raise UsageError(
            f"no constraint is declared about {dataset.name}",
            hint=f"begin with: tamis data verify {dataset.name} --suggest > constraints.yaml",
        )
    verification = verify_constraints(workspace, dataset, constraints=constraints, remember=remember)
    if out is not None:
        _write(verification, suggestions, out)
    if suggest:
        return
    if as_json:
        output.print_json(verification.to_dict())
    else:
        show_verification(verification)
    raise_for(verification)


def verify_imported(workspace: Workspace, dataset: Dataset, *, quiet: bool = False) -> None:
    """Verify the declared constraints of a version that was just imported; CheckFailed when one does not hold.

    Nothing happens when none is declared. The version stays, whatever the outcome.
    """
    from tamis.quality import verify_constraints

    verification = verify_constraints(workspace, dataset)
    if verification.results and not quiet:
        show_verification(verification)
    raise_for(verification, kept=True)


def show_verification(verification: Verification) -> None:
    """Print the results, those that do not hold first."""
    order = {"failure": 0, "not enough history": 1, "success": 2}
    results = sorted(verification.results, key=lambda one: (order[one.status], one.severity))
    if results:
        output.print_table(
            ["", "constraint", "found"],
            [
                [
                    _MARK[one.status] if one.severity == "error" or one.status != "failure" else "warning",
                    one.constraint,
                    one.message + (f"; for example id {', '.join(one.examples)}" if one.examples else ""),
                ]
                for one in results
            ],
            title=f"Constraints on {verification.dataset}, {verification.rows:,} rows",
        )
    if only := [one for one in verification.measured if one.name not in {result.metric for result in results}]:
        output.print_table(["measured", "value"], [[one.name, one.value or one.problem] for one in only])
    held = sum(one.status == "success" for one in results)
    failed, warned = len(verification.failed), len(verification.warned)
    unknown = sum(one.status == "not enough history" for one in results)
    told = [f"{held} of {len(results)} hold", f"{failed} failed", f"{warned} with a warning"]
    print(", ".join([*told, f"{unknown} without enough history"] if unknown else told))


def raise_for(verification: Verification, *, kept: bool = False) -> None:
    """Raise CheckFailed when a constraint of severity error does not hold."""
    from tamis.core import CheckFailed

    if verification.failed:
        what = "; ".join(f"{one.constraint}: {one.message}" for one in verification.failed[:3])
        more = f" and {len(verification.failed) - 3} more" if len(verification.failed) > 3 else ""
        count = len(verification.failed)
        raise CheckFailed(
            f"{count} constraint{' does' if count == 1 else 's do'} not hold of {verification.dataset}: {what}{more}",
            hint=f"{verification.dataset} is kept, so that you can look at it" if kept else None,
        )


def _write(verification: Verification, suggestions: list[Suggestion], folder: Path) -> None:
    from tamis.core import write_atomic
    from tamis.quality import suggestions_yaml, verification_tables, write_tables

    written = write_tables(verification_tables(verification, suggestions), folder)
    write_atomic(folder / "suggestions.yaml", suggestions_yaml(suggestions, dataset=verification.dataset))
    print(f"{len(written)} files of tables and suggestions.yaml in {folder}", file=sys.stderr)


def _suggested(suggestion: Suggestion) -> dict[str, object]:
    constraint = suggestion.constraint.model_dump(mode="json", exclude_defaults=True)
    return {"constraint": constraint, "reason": suggestion.reason, "current_value": suggestion.value}
