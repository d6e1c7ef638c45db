"""LabelledRows: the rows a model is judged on, from a split of a dataset or from any labelled file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import Progress, Schema, Silent, UsageError, Workspace
from tamis.data import Dataset, RoleChoice, SourceOptions, dataset_names, open_dataset, read_rows
from tamis.models import Bundle
from tamis.tasks import Task

TEST, ALL = "test", "all"
_ROLES = ("id", "text", "label")
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class LabelledRows:
    """Rows with what somebody said of them. A label of None: nobody said anything."""

    name: str
    """What they are called: `reviews@2:test`, or the file."""
    ids: list[str]
    texts: list[str]
    """As they came; a missing text is empty."""
    labels: pa.Array
    """As the task takes them; labels that the model does not know are None."""
    columns: pa.Table
    """All other columns under their canonical names: group, time, split, and whatever else there is."""
    dataset: Dataset | None = None
    """Where they came from, when that is a dataset."""
    split: str | None = None
    warnings: tuple[str, ...] = ()


def read_labelled(
    workspace: Workspace,
    bundle: Bundle,
    source: str | None = None,
    *,
    label: str | None = None,
    progress: Progress = Silent(),
) -> LabelledRows:
    """Return the rows that `source` names: a dataset, `dataset:split`, or any file that can be imported.

    Without it, the test split of the dataset the model learned from. A dataset with a test split stands for that split;
    `dataset:all` takes every row. `label` names the label column of a file.
    """
    if source is None:
        return of_dataset(_own(workspace, bundle), None, bundle.task)
    ref, _, split = source.partition(":")
    names = dataset_names(workspace)
    if ref.partition("@")[0] in names or not any(sign in source for sign in "./\\:"):
        if label is not None:
            raise UsageError(f"--label goes with a file; {ref} has its label column already")
        return of_dataset(open_dataset(workspace, ref), split or None, bundle.task)
    return _of_file(source, bundle, label, workspace, progress)


def of_dataset(dataset: Dataset, split: str | None, task: Task) -> LabelledRows:
    """Return the rows of one split (default: test, where there is one) of a dataset."""
    if "label" not in dataset.columns:
        raise UsageError(f"{dataset.ref} has no labels: nothing says what is right")
    splits = dataset.manifest.split_counts
    if split is None:
        split = TEST if TEST in splits else ALL
        if split == ALL and splits:
            raise UsageError(
                f"{dataset.ref} has no test split. Splits: {', '.join(splits)}.",
                hint=f"name what to judge on, as in `{dataset.name}:{next(iter(splits))}`, or `{dataset.name}:all`",
            )
    table = dataset.table()
    if split != ALL:
        if split not in splits:
            known = f"Splits: {', '.join(splits)}." if splits else "It has none: `tamis data split` makes them."
            raise UsageError(f"no split {split!r} in {dataset.ref}. {known}")
        table = table.filter(pc.fill_null(pc.equal(table["split"], split), False))
    return _rows(table, task, name=f"{dataset.ref}:{split}", dataset=dataset, split=None if split == ALL else split)


def _own(workspace: Workspace, bundle: Bundle) -> Dataset:
    ref = bundle.manifest.lineage.dataset
    try:
        return open_dataset(workspace, ref)
    except UsageError as error:
        raise UsageError(
            f"{bundle.name} learned from {ref}, which is not in this workspace: {error.message}",
            hint="name the rows to judge on: `tamis evaluate MODEL FILE`, or a dataset",
        ) from None


def _of_file(source: str, bundle: Bundle, label: str | None, workspace: Workspace, progress: Progress) -> LabelledRows:
    from tamis.data import open_source

    options = SourceOptions(cache=workspace.cache)
    names = open_source(source, options=options).head().column_names
    schema = bundle.manifest.schema_
    reader = read_rows(source, options=options, roles=_choice(schema, names, label), schema=schema, progress=progress)
    if not reader.roles.schema.label:
        raise UsageError(
            f"no column of {source} looks like labels. Columns: {', '.join(names)}.", hint="name it: --label COLUMN"
        )
    tables, rejected = [], 0
    for batch in reader.batches(progress):
        tables.append(batch.rows)
        rejected += len(batch.rejects)
    table = pa.concat_tables(tables, promote_options="permissive") if tables else _nothing()
    told = (f"{_counted(rejected, 'row')} of {source} could not be read and {_are(rejected)} left out",)
    return _rows(table, bundle.task, name=source, warnings=told if rejected else ())


def _choice(schema: Schema, names: list[str], label: str | None) -> RoleChoice:
    """The roles of the model's own data, where the file has such columns; nothing else is guessed but the label."""
    kept = {role: name for role in ("group", "time") if (name := getattr(schema, role)) in names}
    none = [role for role in ("group", "time", "split", "weight", "annotator") if role not in kept]
    same = bool(schema.label) and set(schema.label) <= set(names)
    several = schema.label_form == "one_hot" and same and label is None
    chosen = (label,) if label else schema.label if same and not several else ()
    return RoleChoice(
        label=chosen,
        one_hot=schema.label if several else (),
        labels_delimiter=(schema.delimiter or ",") if chosen and schema.label_form == "delimited" else None,
        none=tuple(none),
        **kept,
    )


def _rows(
    table: pa.Table,
    task: Task,
    *,
    name: str,
    dataset: Dataset | None = None,
    split: str | None = None,
    warnings: tuple[str, ...] = (),
) -> LabelledRows:
    labels = table["label"].combine_chunks()
    labels, told = _known_labels(labels, task)
    rows = len(table)
    unlabelled = labels.null_count - told[1]
    said = list(warnings)
    if told[0]:
        said.append(told[0])
    if unlabelled:
        said.append(f"{_counted(unlabelled, 'row')} of {rows:,} without a label {_are(unlabelled)} left out")
    if labels.null_count == rows:
        raise UsageError(
            f"no row of {name} has a label that the model knows ({_listed(list(task.label_set))})",
            hint="evaluation needs rows whose label is known; `tamis predict` takes rows without",
        )
    return LabelledRows(
        name=name,
        ids=table["id"].to_pylist(),
        texts=[text or "" for text in table["text"].to_pylist()],
        labels=labels,
        columns=table.select([column for column in table.column_names if column not in _ROLES]),
        dataset=dataset,
        split=split,
        warnings=tuple(said),
    )


def _known_labels(labels: pa.Array, task: Task) -> tuple[pa.Array, tuple[str, int]]:
    """The labels with None where a row bears one that the model does not know, and what is to be said of that."""
    if isinstance(labels, pa.ChunkedArray):
        labels = pa.concat_arrays(labels.chunks)
    several = pa.types.is_list(labels.type) or pa.types.is_large_list(labels.type)
    names = labels.flatten() if several else labels
    if pa.types.is_struct(names.type):
        names = pc.struct_field(names, "label")
    strange = pc.and_(pc.is_valid(names), pc.invert(pc.is_in(names, pa.array(task.label_set.names, pa.string()))))
    rows = np.asarray(strange)
    if not rows.any():
        return labels, ("", 0)
    if several:
        rows = np.isin(np.arange(len(labels)), np.asarray(pc.list_parent_indices(labels))[rows])
    seen = pc.unique(names.filter(strange)).to_pylist()
    count = int(rows.sum())
    told = (
        f"{_counted(count, 'row')} with labels that the model never learned ({_listed(seen)}) {_are(count)} left out: "
        "it can only be wrong on them"
    )
    return pc.if_else(pa.array(~rows), labels, pa.scalar(None, labels.type)), (told, count)


def _nothing() -> pa.Table:
    return pa.table({name: pa.array([], pa.string()) for name in _ROLES})


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(repr, names[:_SHOWN])) + more
