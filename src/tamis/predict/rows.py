"""Rows: which columns of a source a model reads as text and as id."""

from __future__ import annotations

from pathlib import Path

from tamis.core import Progress, Silent, UsageError
from tamis.data import RoleChoice, RowReader, SourceOptions, read_rows
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
    try:
        return read_rows(
            source,
            kind=kind,
            options=SourceOptions(cache=cache),
            roles=RoleChoice(text=text, id=id_column, none=_OTHERS),
            schema=classifier.bundle.manifest.schema_,
            progress=progress,
        )
    except UsageError as error:
        if error.hint is not None and "--text COLUMN" in error.hint:
            raise UsageError(error.message, hint="name it with --text-column COLUMN") from None
        raise
