"""`tamis runs`: the trainings of this workspace, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.train import Run

app = typer.Typer(help="The trainings of this workspace.", no_args_is_help=True, rich_markup_mode=None)

RunName = Annotated[str, typer.Argument(help="A run, as in `tamis runs list`.")]


def add_commands(main: typer.Typer) -> None:
    """Add the commands."""
    main.add_typer(app, name="runs")


@app.command("list")
def list_(
    dataset: Annotated[str | None, typer.Option(help="Only the runs on this dataset.")] = None,
    as_json: output.Json = False,
) -> None:
    """List the trainings of this workspace, oldest first.

    Example: tamis runs list
    """
    from tamis.train import list_runs

    runs = [run for run in list_runs(output.workspace()) if dataset is None or _is_on(run, dataset)]
    if as_json:
        output.print_json([run.to_dict() for run in runs])
    elif not runs:
        print("there are no runs yet: tamis train DATASET")
    else:
        output.print_table(
            ["run", "dataset", "state", "validation", "started"],
            [[run.name, run.dataset, run.state, _main_score(run), _when(run)] for run in runs],
        )


@app.command("show")
def show(name: RunName, as_json: output.Json = False) -> None:
    """Show everything that made a run, and what came of it.

    Example: tamis runs show reviews-linear-1
    """
    from tamis.train import find_run

    run = find_run(output.workspace(), name)
    if as_json:
        output.print_json(run.to_dict())
        return
    facts: dict[str, Any] = {
        "state": run.state if run.error is None else f"{run.state}: {run.error}",
        "dataset": f"{run.dataset} ({', '.join(f'{count:,} {split}' for split, count in run.rows.items())})",
        "family": run.family,
        "started": _when(run),
        "seconds": run.seconds,
        "fingerprint": run.fingerprint,
        "commit": run.git_commit,
        "tamis": run.tamis,
        **run.environment,
        **{name: _said(value) for name, value in run.host.items()},
        **{f"seed {seed.seed}": _scores(seed.validation) for seed in run.seeds if len(run.seeds) > 1},
        **{name: _said(value) for name, value in run.notes.items()},
    }
    output.print_table(["", run.name], [[name, value] for name, value in facts.items() if value not in (None, "")])
    if run.validation:
        output.print_table(["validation", "score"], [[name, value] for name, value in run.validation.items()])
    changed = _changed_settings(run)
    if changed:
        output.print_table(["setting", "value"], [[name, value] for name, value in changed.items()])
    for sentence in run.warnings:
        print(sentence)
    print(f"its folder: {run.path}")


@app.command("compare")
def compare(
    names: Annotated[list[str] | None, typer.Argument(help="Two runs or more (default: all).")] = None,
    as_json: output.Json = False,
) -> None:
    """Show in what runs differ: their settings and their scores.

    Example: tamis runs compare reviews-linear-1 reviews-linear-1
    """
    from tamis.core import UsageError
    from tamis.train import compare_runs, find_run, list_runs

    workspace = output.workspace()
    runs = [find_run(workspace, name) for name in names] if names else list_runs(workspace)
    if len(runs) < 2:
        raise UsageError(f"there is {len(runs)} run: comparing takes two", hint="tamis runs list")
    table = compare_runs(runs)
    if as_json:
        output.print_json({"runs": [run.name for run in runs], **table})
        return
    headers = [run.name for run in runs]
    if table["settings"]:
        output.print_table(["setting", *headers], [[key, *map(_said, row)] for key, row in table["settings"].items()])
    else:
        print("the settings are the same")
    output.print_table(["validation", *headers], [[key, *row] for key, row in table["validation"].items()])


@app.command("best")
def best(
    dataset: Annotated[str | None, typer.Argument(help="A dataset (default: every dataset of the workspace).")] = None,
    as_json: output.Json = False,
) -> None:
    """Name the finished run with the best main score on validation.

    Example: tamis runs best reviews
    """
    from tamis.train import best_run

    run = best_run(output.workspace(), dataset)
    if as_json:
        output.print_json(run.to_dict())
    else:
        print(f"{run.name}  {run.main_metric} {run.score:.4f} on the validation rows of {run.dataset}")


def _is_on(run: Run, dataset: str) -> bool:
    return dataset in (run.dataset, run.dataset.partition("@")[0])


def _main_score(run: Run) -> str | None:
    return None if run.score is None else f"{run.main_metric} {run.score:.4f}"


def _when(run: Run) -> str:
    return f"{run.started.astimezone():%m-%d %H:%M}"


def _scores(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in scores.items())


def _said(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return value


def _changed_settings(run: Run) -> dict[str, object]:
    """The settings that are not the default."""
    from tamis.train import TrainSettings

    usual = TrainSettings().model_dump(mode="json")
    return {name: _said(value) for name, value in run.settings["train"].items() if usual.get(name) != value}
