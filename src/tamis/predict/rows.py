"""Rows: which columns of a source a model reads as text and as id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tamis.core import Progress, Schema, Silent, UsageError, did_you_mean
from tamis.data import RoleChoice, RowReader, Source, SourceOptions, open_source, rows_of
from tamis.predict.classifier import Classifier

_OTHERS = ("label", "group", "time", "split", "weight", "annotator")


def open_rows(
    classifier: Classifier,
    source: str,
    *,
    kind: str | None = None,
    text: tuple[str, ...] = (),
    id_column: str | None = None,
    cache: Path | None = None,
    progress: Progress = Silent(),
) -> RowReader:
    """Return the reader of a source's texts and ids.

    Columns that are not named are those that the model was trained on, where the source has them, else a guess.
    """
    opened = open_source(source, kind=kind, options=SourceOptions(cache=cache), progress=progress)
    return text_rows(opened, classifier.bundle.manifest.schema_, text=text, id_column=id_column)


def text_rows(
    opened: Source, trained: Schema, *, text: tuple[str, ...] = (), id_column: str | None = None
) -> RowReader:
    """Return the reader of the texts and ids of a source that is open; `trained` is how the model's data was read."""
    try:
        return rows_of(opened, roles=RoleChoice(text=text, id=id_column, none=_OTHERS), schema=trained)
    except UsageError as error:
        if error.hint is not None and "--text COLUMN" in error.hint:
            raise UsageError(error.message, hint="name it with --text-column COLUMN") from None
        raise


def same_rows(opened: Source, like: Schema) -> RowReader:
    """Return the reader of a source whose texts and ids stand in the very columns of another one."""
    none = (*_OTHERS, "id") if like.id is None else _OTHERS
    return rows_of(opened, roles=RoleChoice(text=like.text, template=like.template, id=like.id, none=none))


def check_kept(reader: RowReader, keep: Sequence[str]) -> None:
    """Raise a UsageError when a column that is to be kept is not there."""
    names = reader.empty.column_names
    for name in keep:
        if name not in names:
            raise UsageError(f"no column {name!r} to keep. Columns: {', '.join(names)}.{did_you_mean(name, names)}")
