"""`tamis data label-errors`: which labels are likely wrong?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.data import Dataset
    from tamis.evaluate import LabelErrors
    from tamis.models import Bundle

_SHOWN = 10


def add_commands(data_app: typer.Typer) -> None:
    """Add this file's command to `tamis data`."""
    data_app.command("label-errors")(label_errors)


def label_errors(
    name: Annotated[str, typer.Argument(help="A dataset, as in `reviews` or `reviews@2`.")],
    out: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The rows to review: .csv or .parquet.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the result as one page.")] = None,
    family: Annotated[
        Literal["linear", "probe", "encoder"], typer.Option(help="Which kind of model judges; linear takes seconds.")
    ] = "linear",
    folds: Annotated[int, typer.Option(min=2, help="How many models judge, each the rows it did not see.")] = 5,
    model: Annotated[str, typer.Option(help="A trained model that judges the rows of test instead.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    as_json: output.Json = False,
) -> None:
    """Find labels that are likely wrong, in train and test apart, with the label each should perhaps have.

    All labelled rows are judged by models that did not see them, nor their near-duplicates, nor their group.

    Example: tamis data label-errors reviews -o review.csv --html label-errors.html
    """
    from tamis import evaluate
    from tamis.core import UsageError, write_atomic
    from tamis.data import open_dataset
    from tamis.features import FeatureSettings
    from tamis.predict import open_classifier
    from tamis.registry import find_model
    from tamis.train import TrainSettings

    if out is not None and out.suffix.lower() not in (".csv", ".parquet"):
        raise UsageError(f"--output {out}: rows to review are written as .csv or .parquet")
    for file in (out, html):
        if file is not None and file.exists() and not force:
            raise UsageError(f"{file} is there already", hint="add --force to replace it")
    workspace = output.workspace()
    dataset = open_dataset(workspace, name)
    bundle = find_model(workspace, model) if model else None
    settings = workspace.config.of(TrainSettings).model_copy(update={"family": family})
    found = evaluate.find_label_errors(
        dataset,
        evaluate.trained_judge(settings, cleaning=dataset.manifest.cleaning),
        name=family if family == "linear" else f"{family} ({settings.backbone})",
        folds=folds,
        seed=workspace.config.of(evaluate.EvaluateSettings).seed,
        parents=settings.parents,
        threshold=workspace.config.of(FeatureSettings).near_duplicate_threshold,
        model=None if bundle is None else open_classifier(workspace, bundle),
        model_name=model,
        notes=[] if bundle is None else _other_rows(bundle, dataset),
        progress=output.progress(),
    )
    if out is not None:
        _write(found, out)
    if html is not None:
        write_atomic(html, evaluate.label_errors_page(found).html())
    if as_json:
        output.print_json(found.to_dict())
        return
    _print(found)
    for file in (out, html):
        if file is not None:
            print(f"written: {file}")


def _other_rows(bundle: Bundle, dataset: Dataset) -> list[str]:
    lineage = bundle.manifest.lineage
    if lineage.dataset_fingerprint == dataset.manifest.fingerprint:
        return []
    return [
        f"{bundle.name} learned from {lineage.dataset}, and this is {dataset.ref}: if its test rows taught the model, "
        "the model does not doubt them"
    ]


def _write(found: LabelErrors, path: Path) -> None:
    from tamis.core import atomic_file
    from tamis.data import write_csv, write_parquet

    reader = found.table().to_reader()
    if path.suffix.lower() == ".parquet":
        write_parquet(reader, path)
        return
    with atomic_file(path) as file:
        write_csv(reader, file)


def _print(found: LabelErrors) -> None:
    from tamis.core.charts import percent
    from tamis.evaluate import label_in_words

    share = percent(len(found.suspects) / found.rows)
    print(
        f"{found.dataset}: {len(found.suspects):,} of {found.rows:,} labels ({share}) look wrong; judge: {found.judge}"
    )
    for note in found.notes:
        print(f"note: {note}")
    output.print_table(
        ["split", "rows", "in doubt", "judge agrees with", "if all were mended"],
        [
            [
                split.split,
                split.rows,
                split.suspects,
                percent(split.score),
                f"{percent(split.lowest)} to {percent(split.highest)}",
            ]
            for split in found.splits
        ],
    )
    for suspect in found.suspects[:_SHOWN]:
        line = " ".join(suspect.text.split())
        print(
            f"{suspect.split} row {suspect.row} ({suspect.id}): {label_in_words(suspect.given)} "
            f"({suspect.probability_given:.2f}) → {label_in_words(suspect.suggested)} "
            f"({suspect.probability_suggested:.2f})\n    {line if len(line) <= 150 else line[:148] + ' …'}"
        )
    if len(found.suspects) > _SHOWN:
        print(f"and {len(found.suspects) - _SHOWN:,} more: -o review.csv writes them all")
