"""Bare texts: rows to explore from a text file, one text a line, or from the command line."""

from __future__ import annotations

from pathlib import Path

from tamis.core import DataError, UsageError
from tamis.explore.rows import Rows

_TABLES = {
    ".csv",
    ".tsv",
    ".json",
    ".jsonl",
    ".ndjson",
    ".parquet",
    ".arrow",
    ".feather",
    ".gz",
    ".zip",
    ".pdf",
    ".xlsx",
}


def read_text_file(path: Path) -> Rows:
    """Return the lines of a text file as rows; empty lines are no texts."""
    if path.suffix.lower() in _TABLES:
        name = "".join(sign if sign.isalnum() else "-" for sign in path.stem).strip("-") or "mine"
        raise UsageError(
            f"{path} is not plain text", hint=f"`tamis data import {path} --name {name}`, then `tamis explore {name}`"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 text: {error.reason} at byte {error.start}",
            hint="`tamis data import` reads files in other encodings",
        ) from None
    lines = [line for line in text.splitlines() if line.strip()]
    return Rows.of_texts(lines, name=path.name)
