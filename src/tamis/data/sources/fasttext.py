"""fastText: `__label__spam free money`, one document a line, with one label, several or none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from tamis.core import Schema
from tamis.data.sources.files import Files
from tamis.data.sources.lines import encodings_of, line_blocks
from tamis.data.sources.location import Input
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.plain_text import filled_lines
from tamis.data.sources.source import Batch, Source

_ONE = pa.schema([("text", pa.string()), ("label", pa.string())])
_SEVERAL = pa.schema([("text", pa.string()), ("label", pa.list_(pa.string()))])


def read_fasttext(inputs: list[Input], options: SourceOptions) -> Source:
    """Return the reader of fastText lines. The task is multi-label as soon as any line has two labels.

    Every word that begins with the prefix is a label, wherever it stands, as fastText itself has it.
    """
    return Files(inputs, _FastText(options, encodings_of(inputs, asked=options.encoding)))


@dataclass
class _FastText:
    told: SourceOptions
    encoding: str
    kind: str = "fasttext"

    def schema(self, columns: pa.Schema) -> Schema:
        several = pa.types.is_list(columns.field("label").type)
        return Schema(text=("text",), label=("label",), label_form="list" if several else "value")

    def options(self) -> Mapping[str, Any]:
        return {"encoding": self.encoding, "label_prefix": self.told.label_prefix}

    def columns(self, each: Input) -> pa.Schema:
        for lines in line_blocks(each, encoding=self.told.encoding):
            if pl.Series(lines.values).str.count_matches(self._pattern).gt(1).any():
                return _SEVERAL
        return _ONE

    def read(self, each: Input, columns: pa.Schema) -> Iterator[tuple[Batch, int]]:
        read = 0
        for lines in line_blocks(each, encoding=self.told.encoding):
            read += lines.bytes
            values, numbers, rejects = filled_lines(lines, each.uri)
            line = pl.Series("line", values, dtype=pl.String)
            prefix = re.escape(self.told.label_prefix)
            found = pl.select(
                text=line.str.replace_all(self._pattern, "").str.strip_chars(),
                label=line.str.extract_all(self._pattern).list.eval(pl.element().str.replace(rf"^\s*{prefix}", "")),
            )
            label: pl.Expr = pl.when(pl.col("label").list.len() > 0).then(pl.col("label"))
            if columns == _ONE:
                label = label.list.first()
            yield Batch(found.with_columns(label=label).to_arrow().cast(columns), rejects, pa.array(numbers)), read

    @property
    def _pattern(self) -> str:
        return rf"(?:^|\s+){re.escape(self.told.label_prefix)}\S+"
