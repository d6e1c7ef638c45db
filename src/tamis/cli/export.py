"""`tamis export`: the quickest form of a model that is still the same model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.export import FormParity, Parity

_VERDICTS = {
    "yardstick": "trained",
    "same": "same",
    "within": "within",
    "unproven": "UNPROVEN",
    "worse": "WORSE",
    "absent": "not here",
}


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    model: Annotated[
        str | None,
        typer.Argument(help="A run, a version (docs@3, docs@champion), a folder or .tamis file. [default: newest run]"),
    ] = None,
    to: Annotated[Literal["onnx", "tamis", "folder"], typer.Option("--to", help="What to make of it.")] = "onnx",
    out: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PATH", help="Where to write; onnx: a folder or .tamis file, too."),
    ] = None,
    quantise: Annotated[
        list[str] | None, typer.Option("--quantise", help="onnx: int8 or bf16 as well; may be repeated.")
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option("--tolerance", min=0, max=1, help="The loss of the main score allowed. [default: 0.01]"),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", help="Labelled rows to compare on: a dataset or file. [default: the model's own]"),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Compare on fewer rows and time for some seconds only.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file or folder that exists.")] = False,
    as_json: output.Json = False,
) -> None:
    """Write a model as ONNX and choose its quickest engine, or pack it into one file.

    With --to onnx each engine is timed here and compared with the weights as trained. Exit code 3 when a form that was
    asked for may lose more than the tolerance. See docs/exporting.md for what the numbers mean.

    Example: tamis export reviews-linear-1 --to tamis -o reviews.tamis

    An encoder: tamis export reviews-encoder-1 --to onnx --quantise int8
    """
    from tamis import export as chapter
    from tamis.core import CheckFailed, UsageError
    from tamis.registry import find_model, is_version

    workspace = output.workspace()
    if to != "onnx" and (quantise or tolerance is not None or data is not None or quick):
        raise UsageError(f"--quantise, --tolerance, --data and --quick go with --to onnx, not with --to {to}")
    bundle = find_model(workspace, model)
    if to != "onnx":
        if out is None:
            raise UsageError(f"--to {to} needs a place to write to", hint=f"name it: -o {_example(bundle.name, to)}")
        written = (chapter.export_packed if to == "tamis" else chapter.export_folder)(bundle, out, force=force)
        output.print_json({"model": bundle.name, "written": str(written)}) if as_json else print(f"written: {written}")
        return
    if out is None and model is not None and Path(model).is_file():
        raise UsageError(f"{model} is one file, which is left as it is", hint="name where the result goes: -o PATH")
    if out is None and model is not None and is_version(workspace, model):
        raise UsageError(
            f"{model} is registered: it stays what was approved",
            hint="name where the result goes: -o PATH; and register that",
        )
    settings = workspace.config.of(chapter.ExportSettings)
    if tolerance is not None:
        settings = settings.model_copy(update={"tolerance": tolerance})
    exported = chapter.export_onnx(
        workspace,
        bundle,
        quantise=quantise or (),
        data=data,
        out=out,
        settings=settings,
        quick=quick,
        force=force,
        progress=output.progress(),
    )
    parity = exported.parity
    if as_json:
        output.print_json({"written": str(exported.path), **parity.model_dump(mode="json")})
    else:
        _print(parity)
        print(f"written: {exported.path}")
    if parity.refused:
        told = "; ".join(f"{form.name}: {form.says}" for form in parity.refused)
        raise CheckFailed(
            f"refused, and not in the bundle: {told}",
            hint="more labelled rows make the bound tighter (--data); --tolerance says how much may be lost",
        )


def _print(parity: Parity) -> None:
    output.print_table(
        ["form", "ms", "texts/s", "MB", "agree", "score", "ece", ""],
        [_line(form) for form in parity.forms],
        title=f"{parity.model} on {parity.rows:,} rows of {parity.data} (score: {parity.main_metric})",
    )
    for form in parity.forms:
        if form.verdict not in ("yardstick", "same"):
            print(f"{form.name}: {form.says}")
    for note in parity.notes:
        print(note)
    print(f"from now on {parity.model} is run by {parity.chosen.name} ({parity.chosen.file})")


def _line(form: FormParity) -> list[object]:
    speed, likeness = form.speed, form.likeness
    if speed is None or likeness is None or form.bytes is None:
        return [form.name, *["–"] * 6, _VERDICTS[form.verdict]]
    plain = form.verdict == "yardstick"
    return [
        form.name,
        f"{speed.p50_ms:.1f}",
        f"{speed.texts_per_second:,.0f}",
        f"{form.bytes / 1e6:.{0 if form.bytes > 1e7 else 1}f}",
        f"{100 * likeness.agreement:.1f}%",
        f"{likeness.metric:.4f}" if plain else f"{likeness.metric_change:+.4f}",
        f"{likeness.ece:.3f}" if plain else f"{likeness.ece_change:+.3f}",
        _VERDICTS[form.verdict] + (" ←" if form.chosen else ""),
    ]


def _example(name: str, to: str) -> str:
    stem = name.rpartition(".")[0] or name
    return f"{stem}.tamis" if to == "tamis" else f"{stem}/"
