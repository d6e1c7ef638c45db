"""`tamis predict`: text in, predictions out."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.core import Prediction
    from tamis.predict import Classifier, FileResult

_SHOWN = 60  # characters of a text in the table
READING = "Reading (found out when not given)"

# what `tamis batch` and `tamis serve` are asked as well
Model = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", help="A run, a version (docs@3, docs@champion), a folder or .tamis file. [default: newest run]"
    ),
]
EngineName = Annotated[
    str | None, typer.Option(help="onnxruntime, openvino or torch. [default: what the model recorded as quickest]")
]
Device = Annotated[str | None, typer.Option(help="cpu, cuda or mps; a GPU needs the engine torch.")]
TextColumn = Annotated[
    str | None, typer.Option(help="The column of text; several are joined: title,body.", rich_help_panel=READING)
]
IdColumn = Annotated[str | None, typer.Option(help="The column that names the row.", rich_help_panel=READING)]


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("predict")(predict)


def predict(
    source: Annotated[
        str | None, typer.Argument(metavar="FILE", help="Any file, folder or address that can be imported; - is stdin.")
    ] = None,
    target: Annotated[Path | None, typer.Option("--output", "-o", help="A .parquet, .jsonl or .csv file.")] = None,
    model: Model = None,
    text: Annotated[list[str] | None, typer.Option("--text", help="A text to look at; may be repeated.")] = None,
    scores: Annotated[
        bool, typer.Option("--scores", help="Show all scores; in files each label's is a column of its own.")
    ] = False,
    keep: Annotated[
        list[str] | None, typer.Option(help="A column of FILE to pass through; may be repeated, or a,b.")
    ] = None,
    engine: EngineName = None,
    device: Device = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    kind: Annotated[str | None, typer.Option(help="What FILE is: csv, jsonl, text…", rich_help_panel=READING)] = None,
    as_json: output.Json = False,
) -> None:
    """Say which labels texts have, how sure the model is, and where it keeps silent.

    Every row of FILE gets one row, in order. A run that was interrupted goes on where it was when it is given again.
    Rows that cannot be read go to a file beside the output, with their number and the reason. From stdin, each line is
    a text, or a JSON object with `text` and maybe `id`; the predictions go to stdout as JSON lines.

    Example: tamis predict reviews.csv --model reviews-linear-1 -o predictions.parquet

    Example: tamis predict --text "a tender film" --text "slow and loud"
    """
    from tamis.core import UsageError
    from tamis.predict import Classifier, PredictSettings, check_target
    from tamis.registry import find_model

    if (source is None) == (not text):
        raise UsageError("give a FILE, - for stdin, or --text", hint='as in: tamis predict --text "a tender film"')
    if source is not None and source != "-" and target is None:
        raise UsageError(f"where should the predictions of {source} go?", hint="name a file: -o predictions.parquet")
    if target is not None and source in (None, "-"):
        given = "--text" if source is None else "-"
        raise UsageError(f"{given} prints its predictions; -o goes with a FILE", hint="write `> predictions.jsonl`")
    for name, value in (("--keep", keep), ("--text-column", text_column), ("--id-column", id_column), ("--kind", kind)):
        if value is not None and target is None:
            raise UsageError(f"{name} says how to read a FILE, and there is none")
    workspace = output.workspace()
    if target is not None:
        check_target(target)
    settings = workspace.config.of(PredictSettings)
    classifier = Classifier.open(
        find_model(workspace, model),
        engine=engine or settings.engine,
        threads=settings.threads,
        batch_tokens=settings.batch_tokens,
        device=device or settings.device,
    )
    if text:
        _print_predictions(text, classifier, scores=scores, as_json=as_json)
    elif target is None:
        _predict_stdin(classifier, scores=scores)
    else:
        assert source is not None
        result = _predict_file(
            classifier,
            source,
            target,
            scores=scores,
            keep=output.several(keep),
            text_column=text_column,
            id_column=id_column,
            kind=kind,
        )
        _print_result(result, as_json=as_json)


def _predict_file(
    classifier: Classifier,
    source: str,
    target: Path,
    *,
    scores: bool,
    keep: tuple[str, ...],
    text_column: str | None,
    id_column: str | None,
    kind: str | None,
) -> FileResult:
    from tamis.predict import open_rows, predict_file

    reader = open_rows(
        classifier,
        source,
        kind=kind,
        text=output.several([text_column] if text_column else None),
        id_column=id_column,
        cache=output.workspace().cache,
        progress=output.progress(),
    )
    try:
        return predict_file(classifier, reader, target, scores=scores, keep=keep, progress=output.progress())
    except KeyboardInterrupt:
        print("the same command goes on where this one stopped", file=sys.stderr)
        raise


def _predict_stdin(classifier: Classifier, *, scores: bool) -> None:
    from tamis.predict import arriving_lines

    rejected = 0
    for lines in arriving_lines(sys.stdin.buffer):
        for reject in lines.rejects:
            print(f"stdin, line {reject.row:,}: {reject.reason}: {reject.content!r}", file=sys.stderr)
        rejected += len(lines.rejects)
        for each in classifier.predict(lines.texts, lines.ids):
            print(json.dumps(_values(each, scores=scores), ensure_ascii=False))
        sys.stdout.flush()
    if rejected:
        print(f"{rejected:,} lines were left out.", file=sys.stderr)


def _values(prediction: Prediction, *, scores: bool) -> dict[str, object]:
    values = prediction.to_dict()
    if scores:
        values |= {f"score_{name}": score for name, score in prediction.scores.items()}
        del values["scores"]
    return values


def _print_predictions(texts: list[str], classifier: Classifier, *, scores: bool, as_json: bool) -> None:
    predictions = classifier.predict(texts)
    if as_json:
        output.print_json([_values(each, scores=scores) for each in predictions])
        return
    headers = ["text", "label", "score", "reason", *(["scores"] if scores else [])]
    rows = [
        [
            text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…",
            ", ".join(each.label) or "none" if isinstance(each.label, tuple) else each.label,
            each.score,
            each.reason,
            *([_listed(each.scores)] if scores else []),
        ]
        for text, each in zip(texts, predictions, strict=True)
    ]
    output.print_table(headers, rows)


def _listed(scores: Mapping[str, float]) -> str:
    """The scores, highest first: columns of their own would not fit the screen."""
    ordered = sorted(scores.items(), key=lambda score: -score[1])
    return "\n".join(f"{score:.4f} {name}" for name, score in ordered)


def _print_result(result: FileResult, *, as_json: bool) -> None:
    if as_json:
        output.print_json(vars(result))
        return
    resumed = f", {result.resumed:,} of them by an earlier run" if result.resumed else ""
    print(f"{result.target}: {result.rows:,} rows predicted by {result.model} ({result.engine}){resumed}.")
    rows = [[reason, count, f"{count / result.rows:.1%}"] for reason, count in result.reasons.items()]
    if rows:
        output.print_table(["reason", "rows", "share"], rows)
    if result.rejects is not None:
        print(f"{result.rejected:,} rows could not be read: {result.rejects}")
