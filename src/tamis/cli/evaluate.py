"""`tamis evaluate`: how good is the model really?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.core import Workspace
    from tamis.evaluate import EvaluateSettings, Evaluation, Written

_TOLD = ("accuracy", "subset_accuracy", "exact_rows", "macro_f1", "weighted_f1", "micro_f1", "quadratic_kappa", "mae",
         "hierarchy_consistency", "log_loss", "ece")  # fmt: skip

_VERDICTS = {"better": "better", "worse": "WORSE", "open": "not sure", "same": "the same"}


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evaluate")(evaluate)


def evaluate(
    model: Annotated[
        str | None,
        typer.Argument(help="A run, a version (docs@3, docs@champion), a folder or .tamis file. [default: newest run]"),
    ] = None,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA]", help="A dataset, dataset:split, or a labelled file. [default: the model's own test split]"
        ),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where to write. [default: the run's folder]")
    ] = None,
    by: Annotated[list[str] | None, typer.Option("--by", help="A column to slice by; may be repeated, or a,b.")] = None,
    slices: Annotated[
        list[str] | None,
        typer.Option("--slice", metavar="NAME: SQL", help='A slice, as in "loved: stars > 3"; may be repeated.'),
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="The label column of a file.")] = None,
    baseline: Annotated[
        bool | None, typer.Option("--baseline/--no-baseline", help="Whether to train and show the linear baseline.")
    ] = None,
    pictures: Annotated[bool, typer.Option("--pictures/--no-pictures", help="Whether to write the PNG files.")] = True,
    resamples: Annotated[
        int | None, typer.Option("--resamples", min=100, help="How many bootstrap draws an interval is made of.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Of the draws.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder with other files in it.")] = False,
    as_json: output.Json = False,
) -> None:
    """Judge a model on labelled rows: every number with its interval, and the linear baseline beside it.

    Writes evaluation.html, evaluation.json and pictures. See docs/evaluating.md for how to read them.

    Example: tamis evaluate reviews-linear-1

    Example: tamis evaluate reviews-linear-1 reviews:validation --by stars --slice "loved: stars > 2" -o judged
    """
    from tamis import evaluate as chapter
    from tamis.predict import open_classifier
    from tamis.registry import find_model

    workspace = output.workspace()
    settings = _settings(workspace, baseline=baseline, resamples=resamples, seed=seed)
    bundle = find_model(workspace, model)
    rows = chapter.read_labelled(workspace, bundle, data, label=label, progress=output.progress())
    target = folder or chapter.evaluation_folder(workspace, bundle, rows.name)
    chapter.check_folder(target, force=force or folder is None)
    evaluation = chapter.evaluate_model(
        workspace,
        open_classifier(workspace, bundle),
        rows,
        by=[name.strip() for each in by or () for name in each.split(",") if name.strip()],
        conditions=slices or (),
        settings=settings,
        progress=output.progress(),
    )
    written = chapter.write_evaluation(evaluation, target, pictures=pictures)
    if data is None and chapter.is_run(workspace, bundle):
        chapter.keep_in_bundle(evaluation, bundle)
    if as_json:
        files = [written.page, written.json, *written.pictures]
        output.print_json({**evaluation.to_dict(), "files": [str(file) for file in files]})
    else:
        _print(evaluation, written)


def _settings(workspace: Workspace, **flags: object) -> EvaluateSettings:
    """Return the workspace's settings with the flags that were given."""
    from tamis.evaluate import EvaluateSettings

    given: dict[str, Any] = {name: value for name, value in flags.items() if value is not None}
    return EvaluateSettings.model_validate(workspace.config.of(EvaluateSettings).model_dump() | given)


def _print(evaluation: Evaluation, written: Written) -> None:
    from tamis.evaluate import measure_span, measure_text, measure_title

    against = evaluation.baseline != "none"
    rows = []
    for name in _TOLD:
        score = evaluation.scores.get(name)
        if score is None:
            continue
        row = [measure_title(name), measure_text(score.model.value, name=name), measure_span(score.model, name=name)]
        if against:
            row.append(measure_text(score.baseline.value, name=name) if score.baseline else "–")
            row.append(_VERDICTS.get(score.verdict, "–"))
        rows.append(row)
    headers = ["", "score", f"likely ({evaluation.confidence * 100:.0f} %)"]
    headers += [f"{evaluation.baseline} baseline", "the model is"] if against else []
    output.print_table(headers, rows, title=f"{evaluation.run or evaluation.model} on {evaluation.source}")
    for sentence in evaluation.essence:
        print(f"· {sentence}")
    for warning in evaluation.warnings:
        print(f"! {warning}")
    if written.missing:
        print(written.missing)
    print(f"The page: {written.page.resolve().as_uri()}")
