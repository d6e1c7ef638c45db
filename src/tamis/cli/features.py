"""`tamis data clean`: declare how a dataset's text is cleaned, and see what that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.data import Dataset
    from tamis.features import Cleaner


def add_commands(data_app: typer.Typer) -> None:
    """Add this file's command to `tamis data`."""
    data_app.command("clean")(clean)


def clean(
    name: Annotated[str | None, typer.Argument(help="A dataset, as in `reviews` or `reviews@2`.")] = None,
    steps: Annotated[
        str | None,
        typer.Option(
            help="Steps, with options where needed: 'html, {urls: {replace: URL}}, whitespace'. "
            "Default: `features.cleaning` of tamis.yaml. 'none' takes all steps away."
        ),
    ] = None,
    preview: Annotated[
        int | None, typer.Option(min=0, help="Show this many rows before and after, and record nothing.")
    ] = None,
    list_steps: Annotated[bool, typer.Option("--list", help="List the steps there are.")] = False,
    as_json: output.Json = False,
) -> None:
    """Record how a dataset's text is cleaned, as a new version. The stored text stays as it came.

    Whoever reads the dataset (checks, training, serving) applies these very steps.

    Example: tamis data clean reviews --steps html,urls,whitespace --preview 5
    """
    from tamis.core import UsageError
    from tamis.data import open_dataset
    from tamis.features import Cleaner, cleaning_in_words, record_cleaning

    if list_steps:
        _list_steps(as_json)
        return
    if name is None:
        raise UsageError("which dataset?", hint="tamis data clean NAME --steps html,urls,whitespace, or --list")
    workspace = output.workspace()
    cleaner = Cleaner.from_spec(_spec(steps))
    dataset = open_dataset(workspace, name)
    if preview is not None:
        _show(dataset, cleaner, preview, as_json)
        return
    cleaned, new = record_cleaning(workspace, dataset, cleaner)
    if as_json:
        output.print_json({"dataset": cleaned.ref, "new": new, "cleaning": cleaner.spec})
        return
    done = f"{cleaned.ref}: {cleaning_in_words(cleaner)}"
    print(done if new else f"nothing to do: {cleaned.ref} is cleaned like that already")


def _spec(steps: str | None) -> list[Any]:
    import yaml

    from tamis.core import UsageError
    from tamis.features import FeatureSettings

    if steps is None:
        return list(output.workspace().config.of(FeatureSettings).cleaning)
    if steps.strip().lower() in ("", "none"):
        return []
    try:
        spec = yaml.safe_load(f"[{steps}]")
    except yaml.YAMLError:
        raise UsageError(
            f"--steps cannot be read: {steps}", hint="it looks like html,urls or 'html, {urls: {replace: URL}}'"
        ) from None
    return list(spec)


def _list_steps(as_json: bool) -> None:
    from tamis.features import STEPS

    if as_json:
        output.print_json({name: step.model_json_schema() for name, step in STEPS.items()})
        return
    rows = [[name, step.summary, " ".join(step.model_fields)] for name, step in STEPS.items()]
    output.print_table(["step", "what it takes care of", "options"], rows)
    print("They run in this order, however they are listed.")


def _show(dataset: Dataset, cleaner: Cleaner, wanted: int, as_json: bool) -> None:
    """Count the rows that change, and show the first few of them around the place where they do."""
    shown: list[dict[str, Any]] = []
    changed = emptied = row = 0
    with output.progress().track("cleaning", total=dataset.rows, unit="rows") as advance:
        for batch in dataset.batches(["text"]):
            before = batch.column(0).to_pylist()
            after = cleaner.clean_many(before)
            for old, new in zip(before, after, strict=True):
                row += 1
                if old is None or old == new:
                    continue
                changed += 1
                emptied += not new
                if len(shown) < wanted:
                    shown.append({"row": row, "before": old, "after": new})
            advance(len(before))
    if as_json:
        output.print_json(
            {
                "dataset": dataset.ref,
                "cleaning": cleaner.spec,
                "rows": dataset.rows,
                "changed": changed,
                "emptied": emptied,
                "preview": shown,
            }
        )
        return
    if shown:
        cells = [[entry["row"], *_around(entry["before"], entry["after"])] for entry in shown]
        output.print_table(["row", "before", "after"], cells, title=f"{dataset.ref}, cleaned")
    left_empty = f", {emptied:,} of them empty then" if emptied else ""
    print(
        f"{changed:,} of {dataset.rows:,} rows change{left_empty}. Nothing was recorded: leave out --preview to do so."
    )


def _around(before: str, after: str, *, width: int = 160) -> tuple[str, str]:
    """Both texts from shortly before the place where they begin to differ, with line breaks and the like visible."""
    same = next((place for place, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(after))
    start = max(0, same - 30)

    def cut(text: str) -> str:
        piece = text[start : start + width]
        visible = "".join(
            character if character == " " or character.isprintable() else repr(character)[1:-1] for character in piece
        )
        return ("…" if start else "") + visible + ("…" if start + width < len(text) else "")

    return cut(before), cut(after)
