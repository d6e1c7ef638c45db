"""`tamis data`: import, list and show datasets."""

from __future__ import annotations

from typing import Annotated

import typer

from tamis.cli import output

app = typer.Typer(
    help="Datasets: import, list, show, check, clean, split, sql.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_datasets(as_json: output.Json = False) -> None:
    """List the datasets of this workspace.

    Example: tamis data list
    """
    from tamis.data import dataset_names, open_dataset

    workspace = output.workspace()
    found = [open_dataset(workspace, name) for name in dataset_names(workspace)]
    if as_json:
        output.print_json([dataset.manifest.model_dump(mode="json") for dataset in found])
        return
    output.print_table(
        ["name", "version", "rows", "task", "labels", "rejected", "fingerprint"],
        [
            [
                d.name,
                d.version,
                d.rows,
                d.manifest.task,
                len(d.label_set),
                d.manifest.rejected,
                d.manifest.fingerprint[:12],
            ]
            for d in found
        ],
    )


@app.command("show")
def show_dataset(
    name: Annotated[str, typer.Argument(help="A dataset, as in `reviews` or `reviews@2`.")],
    as_json: output.Json = False,
) -> None:
    """Show one version of a dataset: its columns, labels, counts and where it came from.

    Example: tamis data show reviews
    """
    from tamis.data import open_dataset

    dataset = open_dataset(output.workspace(), name)
    if as_json:
        output.print_json(dataset.manifest.model_dump(mode="json"))
        return
    output.print_table(["column", "type"], list(dataset.columns.items()), title=dataset.ref)
