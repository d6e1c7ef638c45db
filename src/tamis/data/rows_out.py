"""Writes the rows of a query as CSV or Parquet, a batch at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from tamis.core import atomic_file


def write_csv(reader: pa.RecordBatchReader, file: IO[bytes] | Any) -> int:
    """Write rows with a header and return how many there were; nothing stands for NULL, and "" for an empty text."""
    from pyarrow import csv

    nested = [column.name for column in reader.schema if pa.types.is_nested(column.type)]
    schema = pa.schema(
        [(column.name, pa.string() if column.name in nested else column.type) for column in reader.schema]
    )
    rows = 0
    with csv.CSVWriter(file, schema) as writer:
        for batch in reader:
            writer.write_batch(_flat(batch, schema) if nested else batch)
            rows += batch.num_rows
    return rows


def write_parquet(reader: pa.RecordBatchReader, path: Path) -> int:
    """Write rows to a Parquet file, whole or not at all, and return how many there were."""
    import pyarrow.parquet as pq

    rows = 0
    with atomic_file(path) as file, pq.ParquetWriter(file, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _flat(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Lists and structs as JSON, since a CSV cell holds one text."""
    columns = [
        column
        if column.type == target.type
        else pa.array(
            [
                None if value is None else json.dumps(value, ensure_ascii=False, default=str)
                for value in column.to_pylist()
            ],
            pa.string(),
        )
        for column, target in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
