"""JSON: objects as rows, from one document or one object a line; nested fields become columns with dotted names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import Schema
from tamis.data.sources.files import Files
from tamis.data.sources.json_elements import records
from tamis.data.sources.json_shape import JsonShape, extract, valid_objects
from tamis.data.sources.lines import line_blocks
from tamis.data.sources.location import Input
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.source import Batch, Reject, Source

Layout = Literal["lines", "document"]
Expand = Callable[[Mapping[str, Any]], list[Mapping[str, Any]]]
"""Makes rows out of one record."""

_BLOCK_LETTERS = 4 << 20
_FIRST_LINE_BYTES = 1 << 20
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Objects:
    """Objects that follow each other, as JSON text."""

    texts: pa.Array
    rows: np.ndarray
    """The number of each in its file."""
    rejects: list[Reject]
    bytes: int
    """The packed bytes read so far."""


@dataclass(frozen=True)
class _Broken:
    """Stands for a record that cannot be parsed."""

    reason: str


def read_json(inputs: list[Input], options: SourceOptions) -> Source:
    """Return the reader of .json files: one document, or (as many are) one object a line."""
    layouts = {each.uri: layout_of(each) for each in inputs}
    return Files(inputs, JsonFormat("json", options, layouts))


def read_json_lines(inputs: list[Input], options: SourceOptions) -> Source:
    """Return the reader of files with one object a line."""
    return Files(inputs, JsonFormat("jsonl", options, {each.uri: "lines" for each in inputs}))


@dataclass
class JsonFormat:
    """How a file of JSON objects is read: once to learn the columns, once more to take them out."""

    kind: str
    told: SourceOptions
    layouts: Mapping[str, Layout]
    expand: Expand | None = None
    found: Callable[[Input], Iterator[tuple[object, str, int]]] | None = None
    """Another way to find the records of a file: parsed, as they stand, packed bytes read so far."""
    _shapes: dict[str, JsonShape] = field(default_factory=dict)

    def schema(self, columns: pa.Schema) -> Schema | None:
        """JSON says nothing of roles."""
        return None

    def options(self) -> Mapping[str, Any]:
        """Return whether the objects stand one a line, and where in the document they are."""
        names = {"lines": "one object a line", "document": "one document"}
        layout = " and ".join(sorted({names[each] for each in self.layouts.values()}))
        told = {"layout": layout, "records": self.told.records}
        return {name: value for name, value in told.items() if value}

    def columns(self, each: Input) -> pa.Schema:
        """Return the columns of all objects of a file."""
        shape = JsonShape()
        for block in self.objects(each):
            shape.add(block.texts)
        self._shapes[each.uri] = shape
        return pa.schema([(column.name, column.type) for column in shape.columns])

    def read(self, each: Input, columns: pa.Schema) -> Iterator[tuple[Batch, int]]:
        """Yield the objects of a file as rows."""
        shape = self._shapes[each.uri].columns
        for block in self.objects(each):
            yield Batch(extract(block.texts, shape), block.rejects, pa.array(block.rows)), block.bytes

    def objects(self, each: Input) -> Iterator[Objects]:
        """Yield the objects of a file with what had to be rejected."""
        if self.expand is None and self.found is None and self.layouts[each.uri] == "lines":
            yield from _from_lines(each, self.told.encoding)
        else:
            yield from _from_records(each, self._records(each), self.expand or (lambda record: [record]))

    def _records(self, each: Input) -> Iterator[tuple[object, str, int]]:
        if self.found is not None:
            return self.found(each)
        if self.layouts[each.uri] == "document":
            return records(each, self.told.records)
        return _parsed_lines(each, self.told.encoding)


def layout_of(each: Input) -> Layout:
    """Return how a file is laid out: many with the suffix .json hold one object a line."""
    if each.suffix in (".jsonl", ".ndjson"):
        return "lines"
    with each.open() as stream:
        first = stream.readline(_FIRST_LINE_BYTES)
        while first.strip() in (b"", b"\xef\xbb\xbf") and first:
            first = stream.readline(_FIRST_LINE_BYTES)
        following = stream.read(_FIRST_LINE_BYTES).lstrip()
    try:
        value = json.loads(first.decode("utf-8-sig"))
    except ValueError:
        return "document"
    return "lines" if isinstance(value, dict) and following.startswith(b"{") else "document"


def _from_lines(each: Input, encoding: str | None) -> Iterator[Objects]:
    read = 0
    for lines in line_blocks(each, encoding=encoding):
        read += lines.bytes
        texts, rejects = lines.values, list(lines.rejects)
        fine = valid_objects(texts).to_numpy(zero_copy_only=False)
        for odd in np.flatnonzero(~fine & texts.is_valid().to_numpy(zero_copy_only=False)).tolist():
            text, row = texts[odd].as_py(), lines.first + odd
            repaired, reason = _mended(text)
            if repaired is None:
                rejects.append(Reject(source=each.uri, row=row, reason=reason, content=text))
            else:
                fine[odd] = True
                texts = pc.if_else(pa.array(np.arange(len(texts)) == odd), repaired, texts)
        rows = np.arange(lines.first, lines.first + len(texts))[fine]
        rejects.sort(key=lambda reject: reject.row)
        yield Objects(texts.filter(pa.array(fine)), rows, rejects, read)


def _mended(text: str) -> tuple[str | None, str]:
    """What the quick parser refused: the object in a form that it takes, or the reason why there is none."""
    if not text.strip():
        return None, "empty line"
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return None, f"not JSON: {error.msg[0].lower()}{error.msg[1:]} (at letter {error.pos + 1})"
    except RecursionError:
        return None, "not JSON that can be read: nested too deeply"
    if not isinstance(value, dict):
        return None, f"not an object but {_named(value)}"
    return _dumped(value), ""


def _from_records(each: Input, found: Iterator[tuple[object, str, int]], expand: Expand) -> Iterator[Objects]:
    texts: list[str] = []
    rows: list[int] = []
    rejects: list[Reject] = []
    letters = read = 0
    for row, (value, raw, read) in enumerate(found, 1):
        if not isinstance(value, dict):
            reason = value.reason if isinstance(value, _Broken) else f"not an object but {_named(value)}"
            rejects.append(Reject(source=each.uri, row=row, reason=reason, content=raw))
            continue
        try:
            made = expand(value)
        except ValueError as error:
            rejects.append(Reject(source=each.uri, row=row, reason=str(error), content=raw))
            continue
        texts += [_dumped(record) for record in made]
        rows += [row] * len(made)
        letters += len(raw)
        if letters > _BLOCK_LETTERS:
            yield Objects(pa.array(texts, pa.string()), np.array(rows), rejects, read)
            texts, rows, rejects, letters = [], [], [], 0
    yield Objects(pa.array(texts, pa.string()), np.array(rows), rejects, read)


def _parsed_lines(each: Input, encoding: str | None) -> Iterator[tuple[object, str, int]]:
    read = 0
    for lines in line_blocks(each, encoding=encoding):
        read += lines.bytes
        unreadable = {reject.row: reject for reject in lines.rejects}
        for row, text in enumerate(lines.values.to_pylist(), lines.first):
            if text is None:
                yield _Broken(unreadable[row].reason), unreadable[row].content, read
                continue
            mended, reason = _mended(text)
            yield (_Broken(reason), text, read) if mended is None else (json.loads(mended), mended, read)


def _dumped(value: object) -> str:
    # half a character, as of a cut-off emoji, has no place in any text file
    return _HALF_CHARACTER.sub("\ufffd", json.dumps(value, ensure_ascii=False))


def _named(value: object) -> str:
    if value is None:
        return "null"
    names = {list: "a list", str: "a string", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)
