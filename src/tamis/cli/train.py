"""`tamis train`: from a dataset to a bundle."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.core import Progress, Workspace
    from tamis.data import Dataset
    from tamis.train import Run, TrainSettings

_CHEAP_ROWS = 50_000


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)


def train(
    dataset: Annotated[str, typer.Argument(help="A dataset with splits, as in `reviews` or `reviews@2`.")],
    family: Annotated[
        Literal["linear", "probe", "encoder"] | None,
        typer.Option(help="linear: seconds; probe: a frozen encoder with a new head; encoder: fine-tuning."),
    ] = None,
    backbone: Annotated[
        str | None, typer.Option(help="What probe and encoder start from: minilm, a model folder, or a hub id.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The run's name (default: DATASET-FAMILY-NUMBER).")] = None,
    epochs: Annotated[int | None, typer.Option(help="The most often each row is read.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed, another model.")] = None,
    seeds: Annotated[int | None, typer.Option(help="How many models to train; the best is kept.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was cut short.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Train again even if this very run is finished.")] = False,
    as_json: output.Json = False,
) -> None:
    """Train a model on a dataset's splits, calibrate it, and publish it as a bundle.

    Example: tamis train reviews --family linear

    Example: tamis train reviews --family linear --name stars train.seed=7
    """
    from tamis.cli.live import watching
    from tamis.data import open_dataset
    from tamis.train import train_model

    workspace = output.workspace()
    flags = {"family": family, "backbone": backbone, "epochs": epochs, "seed": seed, "seeds": seeds}
    settings = _settings(workspace, **flags)
    opened = open_dataset(workspace, dataset)
    first = os.environ.get("RANK", "0") == "0"  # of those that torchrun starts, one tells
    with watching(quiet=as_json, silent=not first) as watch:
        run = train_model(
            workspace,
            opened,
            settings,
            name=name,
            resume=resume,
            force=force,
            progress=watch,
            on_event=watch.hear,
        )
        baseline = _baseline(workspace, opened, run, watch) if first else None
    if not first:
        return
    if as_json:
        linear = None if baseline is None else baseline.validation
        output.print_json({**run.to_dict(), "linear_baseline": linear})
    else:
        _print(run, baseline)


def _settings(workspace: Workspace, **flags: object) -> TrainSettings:
    """Return the workspace's settings with the flags that were given."""
    from pydantic import ValidationError

    from tamis.core import UsageError
    from tamis.train import TrainSettings

    given: dict[str, Any] = {name: value for name, value in flags.items() if value is not None}
    try:
        return TrainSettings.model_validate(workspace.config.of(TrainSettings).model_dump() | given)
    except ValidationError as error:
        problems = [f"--{p['loc'][0]} {p['input']}: {p['msg'][0].lower()}{p['msg'][1:]}" for p in error.errors()]
        raise UsageError("\n".join(problems)) from None


def _baseline(workspace: Workspace, dataset: Dataset, run: Run, progress: Progress) -> Run | None:
    """Train the linear model on the same rows, where that takes seconds: no neural score without it."""
    from tamis.train import linear_baseline

    if run.family == "linear" or sum(run.rows.values()) > _CHEAP_ROWS or not run.validation:
        return None
    with progress.track("the linear baseline", total=None, unit="rows"):
        return linear_baseline(workspace, dataset, parents=run.settings["train"]["parents"])


def _print(run: Run, baseline: Run | None) -> None:
    headers = ["validation", run.name]
    rows: list[list[object]] = [[metric, value] for metric, value in run.validation.items()]
    if len(run.seeds) > 1:
        headers += [f"mean of {len(run.seeds)} seeds", "±"]
        rows = [[*row, *run.spread.get(str(row[0]), (None, None))] for row in rows]
    if baseline is not None:
        headers.append("linear baseline")
        rows = [[*row, baseline.validation.get(str(row[0]))] for row in rows]
    if rows:
        output.print_table(headers, rows)
    told = ", ".join(f"{count:,} {split}" for split, count in run.rows.items())
    print(f"{run.name}: {run.family} on {run.dataset} ({told} rows) in {run.seconds:.1f} s")
    if tokens := _tokens(run):
        print(tokens)
    print(f"the bundle: {run.path / 'bundle'}")
    print(f"next: tamis evaluate {run.name} · tamis predict FILE --model {run.name}")


def _tokens(run: Run) -> str:
    """What the training measured of its tokens; nothing for a model of words."""
    told, notes = [], run.notes
    if "padding_share" in notes:
        most = run.settings["train"]["batch_tokens"]
        told.append(f"{notes['tokens_a_second']:,.0f} a second in passes of at most {most:,}")
        told.append(f"{notes['padding_share']:.1%} of them padding")
    if "cut_share" in notes:
        told.append(f"{notes['cut_share']:.1%} of the training texts cut")
    return f"tokens: {', '.join(told)}" if told else ""
