"""Readers: the tables of what can be read, and `open_source`, which picks from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from tamis.core import Progress, Silent, UsageError, did_you_mean
from tamis.data.sources.delimited import read_delimited
from tamis.data.sources.docstrings import DocstringSource
from tamis.data.sources.location import Input, locate
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.sniff import more_exact_kind
from tamis.data.sources.source import Source

Reader = Callable[[list[Input], SourceOptions], Source]
"""Opens files of one kind; it looks only at what it needs to say what they are."""


def _later(file: str, function: str) -> Callable[..., Source]:
    """A function of a neighbouring file, imported when it is called: PDF, DuckDB and polars take their time."""

    def read(*arguments: Any) -> Source:
        opened: Source = getattr(import_module(f"tamis.data.sources.{file}"), function)(*arguments)
        return opened

    return read


def _demo(source: str, options: SourceOptions) -> Source:
    if source != DocstringSource.uri:
        raise UsageError(f"no demo data {source!r}; there is {DocstringSource.uri}")
    return DocstringSource()


READERS: dict[str, Reader] = {
    "csv": read_delimited,
    "tsv": read_delimited,
    "pdf": _later("pdf", "read_pdf"),
    "json": _later("json_rows", "read_json"),
    "jsonl": _later("json_rows", "read_json_lines"),
    "parquet": _later("columnar", "read_parquet"),
    "arrow": _later("columnar", "read_arrow"),
    "text": _later("plain_text", "read_plain_text"),
    "fasttext": _later("fasttext", "read_fasttext"),
    "conll": _later("conll", "read_conll"),
    "label-studio": _later("label_studio", "read_label_studio"),
    "doccano": _later("doccano", "read_doccano"),
    "sqlite": _later("database", "read_sqlite"),
    "duckdb": _later("database", "read_duckdb"),
}
"""Readers by kind (`--kind`)."""

SUFFIXES: dict[str, str] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".pdf": "pdf",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".txt": "text",
    ".ft": "fasttext",
    ".fasttext": "fasttext",
    ".conll": "conll",
    ".iob": "conll",
    ".iob2": "conll",
    ".bio": "conll",
    ".db": "sqlite",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".duckdb": "duckdb",
}
"""The kind that a file's name tells."""

SCHEMES: dict[str, Callable[[str, SourceOptions], Source]] = {
    "demo": _demo,
    "hf": _later("hub", "open_hub"),
    "sqlite": _later("database", "open_database"),
    "duckdb": _later("database", "open_database"),
    "postgresql": _later("database", "open_database"),
    "postgres": _later("database", "open_database"),
}
"""Sources that are no files, by the word before their first colon: they get the whole address."""


def open_source(
    source: str, *, kind: str | None = None, options: SourceOptions | None = None, progress: Progress = Silent()
) -> Source:
    """Return the reader for what `source` names: a file, a glob, a folder, an address.

    The kind is `kind` when given, else it follows from the scheme, else from the files' names.
    """
    options = options or SourceOptions()
    if (opened := _by_scheme(source, kind, options)) is not None:
        return opened
    inputs = _inputs(source, kind, progress)
    return READERS[kind or _kind_of(inputs, source)](inputs, options)


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One of the files that a source consists of, to be read by itself."""

    uri: str
    bytes: int | None
    """Its packed size; None: it is no file, or not known."""
    open: Callable[[], Source]


def source_files(
    source: str, *, kind: str | None = None, options: SourceOptions | None = None, progress: Progress = Silent()
) -> list[SourceFile]:
    """Return the files that `source` names, sorted by name; what is no file (a database) stands as one.

    They are of one kind, as for `open_source`, which reads them as one.
    """
    options = options or SourceOptions()
    if (opened := _by_scheme(source, kind, options)) is not None:
        return [SourceFile(uri=opened.uri, bytes=None, open=lambda: opened)]
    inputs = _inputs(source, kind, progress)
    read = READERS[kind or _kind_of(inputs, source)]
    return [SourceFile(uri=each.uri, bytes=each.bytes, open=partial(read, [each], options)) for each in inputs]


def _by_scheme(source: str, kind: str | None, options: SourceOptions) -> Source | None:
    if kind is not None and kind not in READERS:
        raise UsageError(f"no kind {kind!r}. Kinds: {', '.join(sorted(READERS))}.{did_you_mean(kind, READERS)}")
    scheme = source.partition(":")[0] if ":" in source else ""
    return SCHEMES[scheme](source, options) if kind is None and scheme in SCHEMES else None


def _inputs(source: str, kind: str | None, progress: Progress) -> list[Input]:
    suffixes = [suffix for suffix, named in SUFFIXES.items() if kind in (None, named)]
    return locate(source, suffixes=suffixes, progress=progress)


def _kind_of(inputs: list[Input], source: str) -> str:
    kinds = Counter(SUFFIXES.get(each.suffix) for each in inputs)
    if len(kinds) == 1 and None not in kinds:
        return more_exact_kind(inputs[0], str(next(iter(kinds))))
    if 2 * kinds["pdf"] > kinds.total():  # papers come with their index or data; the reader says what it leaves aside
        return "pdf"
    listed = ", ".join(sorted(READERS))
    if None in kinds:
        odd = next(each for each in inputs if each.suffix not in SUFFIXES)
        raise UsageError(
            f"cannot tell what {odd.uri} is from its name",
            hint=f"name what it is with --kind KIND: {listed}",
        )
    counts = ", ".join(f"{count} {name}" for name, count in kinds.most_common())
    raise UsageError(
        f"{source} holds files of several kinds: {counts}",
        hint="narrow it, as in 'folder/*.csv', or read all as one kind with --kind",
    )
