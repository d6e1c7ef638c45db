"""Plain text: one document a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import Schema
from tamis.data.sources.files import Files
from tamis.data.sources.lines import Lines, encodings_of, line_blocks
from tamis.data.sources.location import Input
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.source import Batch, Reject, Source


def read_plain_text(inputs: list[Input], options: SourceOptions) -> Source:
    """Return the reader of files with one document a line; empty lines are rejected by their number."""
    return Files(inputs, _PlainText(options, encodings_of(inputs, asked=options.encoding)))


def filled_lines(lines: Lines, name: str) -> tuple[pa.Array, np.ndarray, list[Reject]]:
    """Return the lines that hold more than space, their numbers, and the others as rejects."""
    empty = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(lines.values)), 0)
    rejects = list(lines.rejects)
    numbers = np.arange(lines.first, lines.first + len(lines.values))
    blank = pc.fill_null(empty, False).to_numpy(zero_copy_only=False)
    rejects += [Reject(source=name, row=row, reason="empty line") for row in numbers[blank].tolist()]
    rejects.sort(key=lambda reject: reject.row)
    keep = pc.fill_null(pc.invert(empty), False)
    return lines.values.filter(keep), numbers[keep.to_numpy(zero_copy_only=False)], rejects


@dataclass
class _PlainText:
    told: SourceOptions
    encoding: str
    kind: str = "text"

    def schema(self, columns: pa.Schema) -> Schema:
        return Schema(text=("text",))

    def options(self) -> Mapping[str, Any]:
        return {"encoding": self.encoding}

    def columns(self, each: Input) -> pa.Schema:
        return pa.schema([("text", pa.string())])

    def read(self, each: Input, columns: pa.Schema) -> Iterator[tuple[Batch, int]]:
        read = 0
        for lines in line_blocks(each, encoding=self.told.encoding):
            read += lines.bytes
            texts, numbers, rejects = filled_lines(lines, each.uri)
            yield Batch(pa.table({"text": texts}), rejects, pa.array(numbers)), read
