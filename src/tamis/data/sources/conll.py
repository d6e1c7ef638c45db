"""CoNLL: one token a line with its tag (IOB2), an empty line between sentences; entities become spans of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from tamis.core import DataError, Schema
from tamis.data.dataset import Span
from tamis.data.sources.files import Files
from tamis.data.sources.lines import line_blocks
from tamis.data.sources.location import Input
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.source import Batch, Reject, Source

_COLUMNS = pa.schema(
    [
        ("text", pa.string()),
        ("label", pa.list_(Span)),
        ("tokens", pa.list_(pa.string())),
        ("document", pa.string()),
    ]
)
_TAG = re.compile(r"O|[BIESLU]-.+")
_BATCH_SENTENCES = 10_000


def read_conll(inputs: list[Input], options: SourceOptions) -> Source:
    """Return the reader of CoNLL files: one row a sentence, its text the tokens joined by one space.

    The token is the first field of a line and the tag the last; `-DOCSTART-` lines number the documents. An `I-` tag
    that follows no entity of its type begins one, and is counted; IOBES and BILOU tags are read as well.
    """
    return Files(inputs, _Conll(options))


@dataclass
class _Conll:
    told: SourceOptions
    kind: str = "conll"
    _documents: set[str] = field(default_factory=set)
    _illegal: dict[str, int] = field(default_factory=dict)

    def schema(self, columns: pa.Schema) -> Schema:
        group = "document" if "document" in columns.names else None
        return Schema(text=("text",), label=("label",), label_form="spans", group=group)

    def options(self) -> Mapping[str, Any]:
        illegal = sum(self._illegal.values())
        return {"tags": "IOB2"} | ({"inside_tags_without_a_beginning": illegal} if illegal else {})

    def columns(self, each: Input) -> pa.Schema:
        """Look through the file for document borders and illegal tags."""
        illegal = sentences = 0
        borders = False
        for sentence in self._sentences(each):
            borders |= sentence.document > 0
            sentences += sentence.reason is None
            illegal += _spans(sentence.tokens, sentence.tags)[1] if sentence.reason is None else 0
        if not sentences:
            raise DataError(
                f"{each.uri} holds no sentence of tokens with tags", hint="a line reads: token<TAB>B-Disease"
            )
        self._illegal[each.uri] = illegal
        return _COLUMNS if borders else _COLUMNS.remove(_COLUMNS.get_field_index("document"))

    def read(self, each: Input, columns: pa.Schema) -> Iterator[tuple[Batch, int]]:
        rows: list[dict[str, Any]] = []
        numbers: list[int] = []
        rejects: list[Reject] = []
        read = 0
        for sentence in self._sentences(each):
            read = sentence.bytes
            if sentence.reason is not None:
                content = " ".join(sentence.tokens)
                rejects.append(Reject(source=each.uri, row=sentence.row, reason=sentence.reason, content=content))
                continue
            numbers.append(sentence.row)
            rows.append(
                {
                    "text": " ".join(sentence.tokens),
                    "label": _spans(sentence.tokens, sentence.tags)[0],
                    "tokens": sentence.tokens,
                    "document": f"{PurePosixPath(each.uri).name} {sentence.document}",
                }
            )
            if len(rows) >= _BATCH_SENTENCES:
                yield Batch(pa.Table.from_pylist(rows, columns), rejects, pa.array(numbers, pa.int64())), read
                rows, rejects, numbers = [], [], []
        yield Batch(pa.Table.from_pylist(rows, columns), rejects, pa.array(numbers, pa.int64())), read

    def _sentences(self, each: Input) -> Iterator[_Sentence]:
        return _sentences(each, self.told.encoding)


@dataclass
class _Sentence:
    row: int
    """Its number in the file, from 1."""
    document: int
    """The number of its document, from 1; 0: borders are not marked."""
    tokens: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    reason: str | None = None
    """Why it cannot be read."""
    bytes: int = 0


def _sentences(each: Input, encoding: str | None) -> Iterator[_Sentence]:
    sentence = _Sentence(1, 0)
    for fields, number, unreadable, read in _fields(each, encoding):
        border = bool(fields) and fields[0] == "-DOCSTART-"
        if border or (not fields and unreadable is None):
            document = sentence.document + border
            if sentence.tokens or sentence.reason:
                sentence.bytes = read
                yield sentence
                sentence = _Sentence(sentence.row + 1, document)
            sentence.document = document
            continue
        if unreadable is not None:
            sentence.reason = sentence.reason or f"line {number}: {unreadable}"
        elif len(fields) < 2:
            sentence.reason = sentence.reason or f"line {number}: expected a token and a tag, found {fields[0]!r} alone"
        elif not _TAG.fullmatch(fields[-1]):
            sentence.reason = sentence.reason or f"line {number}: {fields[-1]!r} is no tag like O, B-Disease, I-Disease"
        sentence.tokens.append(fields[0] if fields else "")
        sentence.tags.append(fields[-1] if fields else "")
        sentence.bytes = read
    if sentence.tokens or sentence.reason:
        yield sentence


def _fields(each: Input, encoding: str | None) -> Iterator[tuple[list[str], int, str | None, int]]:
    """The fields of each line, its number, why it is unreadable, and the packed bytes read."""
    read = 0
    for lines in line_blocks(each, encoding=encoding):
        read += lines.bytes
        unreadable = {reject.row: reject.reason for reject in lines.rejects}
        for number, line in enumerate(lines.values.to_pylist(), lines.first):
            if line is None:
                yield [], number, unreadable[number], read
            elif line.startswith("# ") and "\t" not in line:  # a comment, as in CoNLL-U
                continue
            else:
                yield line.split("\t") if "\t" in line else line.split(), number, None, read


def _spans(tokens: list[str], tags: list[str]) -> tuple[list[dict[str, Any]], int]:
    """The entities of a sentence, and how many tags continue what never began."""
    found: list[dict[str, Any]] = []
    illegal = start = 0
    open_label: str | None = None
    for token, tag in zip(tokens, tags, strict=True):
        sign, _, label = tag.partition("-")
        if sign in "IEL" and label:  # inside, end, last
            if open_label == label:
                found[-1]["end"] = start + len(token)
            else:
                illegal += sign == "I"
                found.append({"start": start, "end": start + len(token), "label": label})
            open_label = None if sign in "EL" else label
        elif label:  # begin, single, unit
            found.append({"start": start, "end": start + len(token), "label": label})
            open_label = label if sign == "B" else None
        else:
            open_label = None
        start += len(token) + 1
    return found, illegal
