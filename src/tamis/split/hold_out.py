"""Hold-out: given rows that become the test split of a dataset."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import DataError, Progress, Workspace
from tamis.data import Dataset, open_dataset


def open_hold_out(workspace: Workspace, dataset: Dataset, source: str, *, progress: Progress) -> Dataset:
    """Return the dataset that `source` names."""
    return open_dataset(workspace, source)


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
