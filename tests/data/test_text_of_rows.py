"""The text of one row is what an import would have made of it."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tamis.core import Schema
from tamis.data.canonical import canonical_table
from tamis.data.sources.source import Batch

ROWS = [
    {"title": "A day", "body": "It rained."},
    {"title": None, "body": "It rained."},
    {"title": "A day", "body": None},
    {"title": None, "body": None},
    {"title": "", "body": "{title}"},
]


@pytest.mark.parametrize(
    "schema",
    [
        Schema(text=("title",)),
        Schema(text=("title", "body")),
        Schema(text=("body", "title"), template="{body} ({title}), {body}"),
        Schema(text=("title",), template="<{title}>"),
    ],
    ids=["one", "joined", "template", "template of one"],
)
def test_a_row_has_the_text_that_a_dataset_would_hold(schema):
    table = pa.Table.from_pylist(ROWS, pa.schema([("title", pa.string()), ("body", pa.string())]))
    stored = canonical_table(Batch(table), schema, first_number=1)["text"].to_pylist()
    assert [schema.text_of(row) for row in ROWS] == stored
