"""`tamis data list` and `tamis data show`: which datasets there are, and what is in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.data import Dataset

app = typer.Typer(
    help="Datasets: import, list, show, check, clean, split, sql, label errors.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_MOST_LABELS = 30


@app.command("list")
def list_datasets(
    everything: Annotated[bool, typer.Option("--all", help="All versions, not only the newest of each.")] = False,
    as_json: output.Json = False,
) -> None:
    """List the datasets of this workspace.

    Example: tamis data list
    """
    from tamis.data import dataset_names, dataset_versions, open_dataset

    workspace = output.workspace()
    found = [
        open_dataset(workspace, f"{name}@{version}")
        for name in dataset_names(workspace)
        for version in (dataset_versions(workspace, name) if everything else dataset_versions(workspace, name)[-1:])
    ]
    if as_json:
        output.print_json([dataset.manifest.model_dump(mode="json") for dataset in found])
        return
    if not found:
        print("No datasets yet. `tamis data import SOURCE --name NAME` makes one; `demo:docstrings` is always there.")
        return
    headers = ["name", "version", "rows", "task", "labels", "rejected", "made by", "created"]
    output.print_table(headers, [_line(dataset) for dataset in found])


@app.command("show")
def show_dataset(
    name: Annotated[str, typer.Argument(help="A dataset, as in `reviews` or `reviews@2`.")],
    as_json: output.Json = False,
) -> None:
    """Show one version of a dataset: its columns and roles, labels, counts, first rows and where it came from.

    Example: tamis data show reviews
    """
    from tamis.data import open_dataset

    dataset = open_dataset(output.workspace(), name)
    if as_json:
        output.print_json(dataset.manifest.model_dump(mode="json"))
        return
    print("\n".join(_facts(dataset)))
    output.print_table(["column", "type", "from"], _columns(dataset), title="Columns")
    _print_counts(dataset)
    from tamis.cli.data_import import print_rows

    for batch in dataset.batches(rows=3):
        import pyarrow as pa

        print_rows(pa.Table.from_batches([batch]), title="First rows")
        break


def _line(dataset: Dataset) -> list[object]:
    manifest = dataset.manifest
    made = manifest.parents[-1].operation.partition(";")[0] if manifest.parents else "import"
    created = manifest.created.strftime("%Y-%m-%d")
    labels = len(dataset.label_set)
    return [
        dataset.name,
        dataset.version,
        dataset.rows,
        manifest.task,
        labels,
        manifest.rejected,
        made,
        created,
    ]


def _facts(dataset: Dataset) -> list[str]:
    from tamis.cli.data_import import describe_options

    manifest = dataset.manifest
    size = sum(part.bytes for part in manifest.parts)
    lines = [
        f"{dataset.ref}: {manifest.rows:,} rows, {size / 1e6:,.1f} MB in {len(manifest.parts)} Parquet file(s)",
        f"  fingerprint  {manifest.fingerprint}",
        f"  created      {manifest.created:%Y-%m-%d %H:%M} UTC",
        f"  folder       {dataset.path}",
        f"  task         {manifest.task}",
    ]
    if manifest.task != "none" or manifest.labelled:
        lines.append(f"  labelled     {manifest.labelled:,} rows")
    lines.append(f"  textless     {manifest.textless:,} rows")
    lines.append(f"  rejected     {manifest.rejected:,} rows")
    source = manifest.source
    options = describe_options(dict(source.get("options", {})))
    lines.append(f"  source       {source.get('uri', 'unknown')}: {source.get('kind', 'unknown')}{options}")
    for note in source.get("options", {}).get("notes", ()):
        lines.append(f"               {note}")
    if manifest.schema_.template:
        lines.append(f"  template     {manifest.schema_.template}")
    for parent in manifest.parents:
        lines.append(f"  parent       {parent.name}@{parent.version}, by {parent.operation}")
    if manifest.cleaning:
        lines.append(f"  cleaning     {len(manifest.cleaning)} steps")
    for key, value in manifest.notes.items():
        text = str(value)
        lines.append(f"  note         {key}: {text if len(text) <= 90 else text[:89] + '…'}")
    return lines


def _columns(dataset: Dataset) -> list[list[object]]:
    schema = dataset.manifest.schema_
    comes_from = {role: name for role, name in schema.renamed.items() if name != role}
    if "text" not in schema.renamed:
        comes_from["text"] = ", ".join(schema.text)
    if schema.label and "label" not in schema.renamed:
        comes_from["label"] = f"{', '.join(schema.label)} ({schema.label_form})"
    if schema.id is None:
        comes_from["id"] = "the row's number"
    return [[name, kind, comes_from.get(name, "")] for name, kind in dataset.columns.items()]


def _print_counts(dataset: Dataset) -> None:
    manifest = dataset.manifest
    counts = manifest.label_counts
    if counts:
        what = "spans" if manifest.task == "spans" else "rows"
        total = max(1, sum(counts.values()) if what == "spans" else manifest.labelled)
        order = counts.items() if len(counts) <= _MOST_LABELS else sorted(counts.items(), key=lambda pair: -pair[1])
        rows: list[list[object]] = [[label, count, f"{count / total:.1%}"] for label, count in order][:_MOST_LABELS]
        more = f", the {_MOST_LABELS} most frequent of {len(counts):,}" if len(counts) > _MOST_LABELS else ""
        output.print_table(["label", what, "share"], rows, title=f"Labels{more}")
    if manifest.split_counts:
        output.print_table(
            ["split", "rows", "share"],
            [[split, count, f"{count / manifest.rows:.1%}"] for split, count in manifest.split_counts.items()],
            title="Splits",
        )
