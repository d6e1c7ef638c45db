"""`tamis train`: from a dataset to a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.core import Workspace
    from tamis.train import Run, TrainSettings


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
    with watching(quiet=as_json) as watch:
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
    if as_json:
        output.print_json(run.to_dict())
    else:
        _print(run)


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


def _print(run: Run) -> None:
    rows = [[metric, value, *_spread(run, metric)] for metric, value in run.validation.items()]
    several = len(run.seeds) > 1
    if rows:
        headers = ["validation", run.name, *([f"mean of {len(run.seeds)} seeds", "±"] if several else [])]
        output.print_table(headers, rows)
    told = ", ".join(f"{count:,} {split}" for split, count in run.rows.items())
    print(f"{run.name}: {run.family} on {run.dataset} ({told} rows) in {run.seconds:.1f} s")
    print(f"the bundle: {run.path / 'bundle'}")
    print(f"next: tamis evaluate {run.name} · tamis predict FILE --model {run.name}")


def _spread(run: Run, metric: str) -> list[object]:
    return list(run.spread.get(metric, (None, None))) if len(run.seeds) > 1 else []
