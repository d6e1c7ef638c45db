"""SourceOptions: what a reader may be told; whatever is not told, it finds out from the input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """Everything the command line can say about reading; each reader takes what concerns it."""

    encoding: str | None = None
    """utf-8, cp1252, iso-8859-1, utf-16…"""
    delimiter: str | None = None
    """What stands between the fields of a line: `,`, `;`, a tab…"""
    quoting: str = "auto"
    """auto, minimal (quotes enclose fields) or none (a quote is a letter like any other)."""
    header: bool | None = None
    """Whether the first line holds names; None: look."""
    null_values: tuple[str, ...] = ()
    """Words that mean `missing` besides the empty field."""
    records: str | None = None
    """Where in a JSON document the list of records is: `data.items`."""
    label_prefix: str = "__label__"
    """What marks a label in fastText lines."""
    query: str | None = None
    """The SQL to run on a database."""
    table: str | None = None
    """A whole table of a database."""
    split: str | None = None
    """The split of a hub data set: train, test…"""
    subset: str | None = None
    """The configuration of a hub data set."""
    password: str | None = None
    password_file: Path | None = None
    """A file with one `name.pdf,password` a line, or just a password to try on every file."""
    ocr: bool = False
    """Read pages without a text layer by optical character recognition."""
    ocr_language: str = "eng"
    """The language of those pages, as tesseract names it: eng, deu, eng+fra…"""
    per: str = "document"
    """What a row is when documents have pages: document or page."""
    workers: int | None = None
    """Processes that read at the same time; None: as many as there are processors."""
    executor: str = "local"
    """Who runs these processes: local, ray…"""
    cache: Path | None = None
    """The folder for what was read before; None: keep nothing."""

    def given(self) -> Mapping[str, Any]:
        """Return what was said and is no secret."""
        secret = {"password", "password_file", "workers", "executor", "cache"}
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in secret and getattr(self, field.name) != field.default
        }
