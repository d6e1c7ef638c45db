"""Readers: the tables of what can be read, and `open_source`, which picks from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tamis.core import Progress, Silent, UsageError, did_you_mean
from tamis.data.sources.columnar import read_arrow, read_parquet
from tamis.data.sources.conll import read_conll
from tamis.data.sources.database import open_database, read_duckdb, read_sqlite
from tamis.data.sources.delimited import read_delimited
from tamis.data.sources.doccano import read_doccano
from tamis.data.sources.docstrings import DocstringSource
from tamis.data.sources.fasttext import read_fasttext
from tamis.data.sources.hub import open_hub
from tamis.data.sources.json_rows import read_json, read_json_lines
from tamis.data.sources.label_studio import read_label_studio
from tamis.data.sources.location import Input, locate
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.pdf import read_pdf
from tamis.data.sources.plain_text import read_plain_text
from tamis.data.sources.sniff import more_exact_kind
from tamis.data.sources.source import Source

Reader = Callable[[list[Input], SourceOptions], Source]
"""Opens files of one kind; it looks only at what it needs to say what they are."""


def _demo(source: str, options: SourceOptions) -> Source:
    if source != DocstringSource.uri:
        raise UsageError(f"no demo data {source!r}; there is {DocstringSource.uri}")
    return DocstringSource()


READERS: dict[str, Reader] = {
    "csv": read_delimited,
    "tsv": read_delimited,
    "pdf": read_pdf,
    "json": read_json,
    "jsonl": read_json_lines,
    "parquet": read_parquet,
    "arrow": read_arrow,
    "text": read_plain_text,
    "fasttext": read_fasttext,
    "conll": read_conll,
    "label-studio": read_label_studio,
    "doccano": read_doccano,
    "sqlite": read_sqlite,
    "duckdb": read_duckdb,
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
    "hf": open_hub,
    "sqlite": open_database,
    "duckdb": open_database,
    "postgresql": open_database,
    "postgres": open_database,
}
"""Sources that are no files, by the word before their first colon: they get the whole address."""


def open_source(
    source: str, *, kind: str | None = None, options: SourceOptions | None = None, progress: Progress = Silent()
) -> Source:
    """Return the reader for what `source` names: a file, a glob, a folder, an address.

    The kind is `kind` when given, else it follows from the scheme, else from the files' names.
    """
    options = options or SourceOptions()
    if kind is not None and kind not in READERS:
        raise UsageError(f"no kind {kind!r}. Kinds: {', '.join(sorted(READERS))}.{did_you_mean(kind, READERS)}")
    scheme = source.partition(":")[0] if ":" in source else ""
    if kind is None and scheme in SCHEMES:
        return SCHEMES[scheme](source, options)
    inputs = locate(
        source, suffixes=[suffix for suffix, named in SUFFIXES.items() if kind in (None, named)], progress=progress
    )
    return READERS[kind or _kind_of(inputs, source)](inputs, options)


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
