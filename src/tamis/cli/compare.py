"""`tamis compare`: is one model better than another?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.core import Workspace
    from tamis.evaluate import Comparison, Difference, LabelledRows
    from tamis.models import Bundle

_SHOWN = 3
_MOST_PARTS = 20


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare")(compare)


def compare(
    first: Annotated[
        str, typer.Argument(metavar="A", help="A model: a run, a version (docs@3), a folder, or a .tamis file.")
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="The model to hold against it.")],
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA]",
            help="A dataset, `dataset:split`, or a labelled file (default: the test split that A was split from).",
        ),
    ] = None,
    label: Annotated[str | None, typer.Option(help="The label column, where DATA is a file.")] = None,
    by: Annotated[
        list[str] | None, typer.Option("--by", metavar="COLUMN", help="Compare on each value of a column, too.")
    ] = None,
    slices: Annotated[
        list[str] | None, typer.Option("--slice", metavar="SQL", help='Compare on some rows: "old: age > 60".')
    ] = None,
    require: Annotated[
        Literal["better", "not-worse"] | None, typer.Option(help="What B must be, or exit code 3.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the result as one page.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    as_json: output.Json = False,
) -> None:
    """Tell whether model B is better than model A on the same rows, by how much, and on which.

    Example: tamis train reviews --family linear --name second train.class_weights=balanced

    Example: tamis compare reviews-linear-1 second --html compare.html
    """
    from dataclasses import replace

    from tamis import evaluate
    from tamis.core import CheckFailed, UsageError, write_atomic
    from tamis.predict import open_classifier
    from tamis.registry import find_model

    if html is not None and html.exists() and not force:
        raise UsageError(f"{html} is there already", hint="add --force to replace it")
    workspace = output.workspace()
    settings = workspace.config.of(evaluate.EvaluateSettings)
    progress = output.progress()
    bundles = [find_model(workspace, name) for name in (first, second)]
    rows = _same_rows(workspace, bundles, data, label)
    scored = [
        evaluate.score_rows(open_classifier(workspace, bundle), some)
        for bundle, some in zip(bundles, rows, strict=True)
    ]
    if scored[0].model == scored[1].model:
        scored = [replace(some, model=name) for some, name in zip(scored, (first, second), strict=True)]
    parts = [*evaluate.by_length(scored[0], unit="words" if bundles[0].manifest.family == "linear" else "tokens")]
    for column in by or ():
        parts += evaluate.by_column(scored[0], column)
    found = evaluate.compare_models(
        *scored,
        parts=parts + evaluate.by_conditions(scored[0], slices or [], workspace),
        least=settings.slice_rows,
        resamples=settings.resamples,
        confidence=settings.confidence,
        seed=settings.seed,
        notes=_learned_from(bundles, rows[0]),
        progress=progress,
    )
    if html is not None:
        write_atomic(html, evaluate.comparison_page(found).html())
    if as_json:
        output.print_json(found.to_dict())
    else:
        _print(found)
        if html is not None:
            print(f"written: {html}")
    if require is not None and found.better != "second" and (require == "better" or found.better == "first"):
        raise CheckFailed(f"{second} is {'worse' if found.better == 'first' else 'not better'}: {found.verdict}")


def _same_rows(workspace: Workspace, bundles: list[Bundle], data: str | None, label: str | None) -> list[LabelledRows]:
    """The rows as each model takes them; without a name, the test rows of the first model's dataset for both."""
    from tamis.evaluate import read_labelled

    one, other = bundles
    rows = read_labelled(workspace, one, data, label=label)
    source = data if rows.dataset is None or data is not None else rows.name
    return [rows, read_labelled(workspace, other, source, label=label)]


def _learned_from(bundles: list[Bundle], rows: LabelledRows) -> list[str]:
    """What to say of a model that learned from another version than the one it is judged on."""
    if rows.dataset is None:
        return []
    return [
        f"{bundle.name} learned from {bundle.manifest.lineage.dataset} and is judged on {rows.name}: if some of these "
        "rows taught it, this flatters it"
        for bundle in bundles
        if bundle.manifest.lineage.dataset_fingerprint != rows.dataset.manifest.fingerprint
    ]


def _print(found: Comparison) -> None:
    from tamis.evaluate import label_in_words
    from tamis.evaluate import p_in_words as p

    print(f"{found.verdict}\n")
    for note in found.notes:
        print(f"note: {note}")
    output.print_table(
        ["measure", "A", "B", "B less A", ""],
        [
            [
                one.measure,
                f"{one.first:.3f}",
                f"{one.second:.3f}",
                _difference(one),
                {"second": "better", "first": "worse", "neither": ""}[one.better],
            ]
            for one in found.distinct
        ],
        title=f"A {found.first}, B {found.second}: {found.rows:,} rows of {found.data}",
    )
    parts = [*found.labels, *found.slices]
    output.print_table(
        ["part", "rows", "B less A", "gained", "lost", "p"],
        [
            [
                f"{part.by} {part.name}",
                part.rows,
                _difference(part.difference),
                part.mcnemar.gained,
                part.mcnemar.lost,
                p(part.p),
            ]
            for part in parts[:_MOST_PARTS]
        ],
    )
    if len(parts) > _MOST_PARTS:
        print(f"and {len(parts) - _MOST_PARTS:,} more: --html or --json shows them all")
    for gained in (True, False):
        rows = [row for row in found.changed if row.gained is gained]
        if rows:
            print(f"{len(rows):,} row{'s' * (len(rows) > 1)} {'gained' if gained else 'lost'}")
            for row in rows[:_SHOWN]:
                line = " ".join(row.text.split())
                said = f"{label_in_words(row.first)} → {label_in_words(row.second)}"
                print(f"  · {row.id}: {said}\n    {line if len(line) <= 150 else line[:148] + ' …'}")


def _difference(one: Difference) -> str:
    return f"{one.by.value:+.3f} ({one.by.low:+.3f} to {one.by.high:+.3f})"
