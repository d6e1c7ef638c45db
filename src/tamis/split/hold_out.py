"""Hold-out: given rows that become the test split of a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import DataError, Progress, UsageError, Workspace, did_you_mean
from tamis.data import Dataset, RoleChoice, dataset_names, import_dataset, open_dataset, open_source

_OPTIONAL = ("id", "group", "time", "weight", "annotator")


def open_hold_out(workspace: Workspace, dataset: Dataset, source: str, *, progress: Progress) -> Dataset:
    """Return the dataset that `source` names, or import it as a file into `NAME-hold-out` with the same roles."""
    names = dataset_names(workspace)
    if source.partition("@")[0] in names:
        return open_dataset(workspace, source)
    if "/" not in source and "." not in source and not Path(source).exists():
        listed = ", ".join(names)
        raise UsageError(
            f"no dataset and no file is named {source!r}. Datasets: {listed}.{did_you_mean(source, names)}"
        )
    name = f"{dataset.name}-hold-out"
    if dataset.manifest.schema_.label_form == "spans":
        found = import_dataset(workspace, source, name=name, progress=progress).dataset
    else:
        roles = _roles(dataset, open_source(source).head().column_names)
        found = import_dataset(workspace, source, name=name, roles=roles, progress=progress).dataset
    assert found is not None  # only a dry run has none
    return found


def _roles(dataset: Dataset, columns: Sequence[str]) -> RoleChoice:
    """The dataset's roles; those that the hold-out has no column for are played by nobody."""
    schema = dataset.manifest.schema_
    one_hot = schema.label_form == "one_hot"
    played: dict[str, str | None] = {
        role: name if (name := getattr(schema, role)) in columns else None for role in _OPTIONAL
    }
    return RoleChoice(
        text=schema.text,
        template=schema.template,
        label=() if one_hot else schema.label,
        one_hot=schema.label if one_hot else (),
        labels_delimiter=schema.delimiter,
        id=played["id"],
        group=played["group"],
        time=played["time"],
        weight=played["weight"],
        annotator=played["annotator"],
        task=None if dataset.manifest.task == "none" else dataset.manifest.task,
        none=("split", *(role for role, name in played.items() if name is None)),
    )


def hold_out_table(dataset: Dataset, hold_out: Dataset) -> tuple[pa.Table, int]:
    """Return the hold-out's rows with the columns of `dataset`, and how many ids had to be told apart.

    Columns that only the hold-out has are left away; those that only the dataset has are empty.
    """
    first = next(dataset.batches(rows=1)).schema
    columns = {}
    for field in first:
        if field.name == "split":
            continue
        if field.name not in hold_out.columns:
            columns[field.name] = pa.nulls(hold_out.rows, field.type)
            continue
        column = hold_out.table([field.name])[field.name]
        try:
            columns[field.name] = column.cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"column {field.name!r} is {field.type} in {dataset.ref} and {column.type} in {hold_out.ref}: {error}"
            ) from None
    table = pa.table(columns)
    if "label" in first.names and table["label"].null_count == len(table):
        raise DataError(
            f"no row of the hold-out {hold_out.ref} has a label", hint="a test without labels judges nothing"
        )
    if "id" not in first.names:
        return table, 0
    taken = pc.is_in(table["id"], value_set=pc.unique(dataset.table(["id"])["id"]))
    renamed = pc.if_else(taken, pc.binary_join_element_wise("hold-out", table["id"], "-"), table["id"])
    return table.set_column(table.column_names.index("id"), "id", renamed), int(pc.sum(taken).as_py() or 0)


def unknown_labels(dataset: Dataset, hold_out: Dataset) -> Counter[str]:
    """Return the hold-out's labels that the dataset does not have, with their rows."""
    counts = hold_out.manifest.label_counts
    return Counter({name: count for name, count in counts.items() if count and name not in dataset.label_set})
