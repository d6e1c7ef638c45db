"""Predictions as a table, and the files that hold them: Parquet, JSON lines and CSV with the same rows."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from tamis.core import Prediction, UsageError, did_you_mean
from tamis.data import write_csv

SUFFIXES = (".parquet", ".jsonl", ".csv")
_OWN = ("id", "label", "labels", "score", "reason", "model", "scores")


def check_target(path: Path) -> None:
    """Raise a UsageError when predictions cannot be written to a file of this name."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"cannot tell from its name what {path.name} is to be. Endings: {', '.join(SUFFIXES)}."
            f"{did_you_mean(path.suffix or path.name, SUFFIXES)}"
        )
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")


def prediction_table(
    predictions: Sequence[Prediction], kept: pa.Table, *, outputs: Sequence[str], several: bool
) -> pa.Table:
    """Return predictions as a table; `several` puts lists under `labels` where else one name is under `label`."""
    kind = pa.list_(pa.string()) if several else pa.string()
    scores = pa.StructArray.from_arrays(
        [pa.array([each.scores[name] for each in predictions], pa.float64()) for name in outputs], names=list(outputs)
    )
    columns: dict[str, Any] = {
        "id": pa.array([each.id for each in predictions], pa.string()),
        "labels" if several else "label": pa.array([each.label for each in predictions], kind),
        "score": pa.array([each.score for each in predictions], pa.float64()),
        "reason": pa.array([each.reason for each in predictions], pa.string()),
        "model": pa.array([each.model for each in predictions], pa.string()),
        "scores": scores,
    }
    columns |= {kept_name(name): kept[name] for name in kept.column_names}
    return pa.table(columns)


def kept_name(name: str) -> str:
    """What a column of the source is called beside a prediction: its name, unless the prediction has one like it."""
    return f"source_{name}" if name in _OWN else name


def write_predictions(
    tables: Callable[[], Iterator[pa.Table]], schema: pa.Schema, file: BinaryIO, *, suffix: str, scores: bool
) -> None:
    """Write tables of predictions; `scores` gives each score a column `score_NAME` of its own.

    JSON lines hold what `Prediction.to_dict` says, and then the columns that were kept.
    """
    if suffix == ".jsonl":
        text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
        for table in tables():
            text.writelines(f"{line}\n" for line in _lines(table, scores=scores))
        text.flush()
        text.detach()
        return
    shape = _shaped(schema.empty_table(), suffix=suffix, scores=scores).schema
    shaped = (_shaped(table, suffix=suffix, scores=scores).cast(shape) for table in tables())
    reader = pa.RecordBatchReader.from_batches(shape, (batch for table in shaped for batch in table.to_batches()))
    if suffix == ".csv":
        write_csv(reader, file)
        return
    import pyarrow.parquet as pq

    with pq.ParquetWriter(file, shape, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)


def _shaped(table: pa.Table, *, suffix: str, scores: bool) -> pa.Table:
    if not scores:
        return table.drop_columns("scores") if suffix == ".csv" else table
    place = table.column_names.index("scores")
    whole = table["scores"].combine_chunks()
    names = [field.name for field in whole.type]
    own = [pa.field(f"score_{name}", pa.float64()) for name in names]
    columns, fields = list(table.columns), list(table.schema)
    columns[place : place + 1] = [whole.field(number) for number in range(len(names))]
    fields[place : place + 1] = own
    return pa.table(columns, schema=pa.schema(fields))


def _lines(table: pa.Table, *, scores: bool) -> Iterator[str]:
    several = "labels" in table.column_names
    label = "labels" if several else "label"
    own = {"id", label, "score", "reason", "model", "scores"}
    for row in table.to_pylist():
        said = row[label]
        values = Prediction(
            id=row["id"],
            label=tuple(said) if isinstance(said, list) else said,
            several=several,
            scores=row["scores"],
            score=row["score"],
            reason=row["reason"],
            model=row["model"],
        ).to_dict()
        if scores:
            values |= {f"score_{name}": score for name, score in row["scores"].items()}
            del values["scores"]
        values |= {name: value for name, value in row.items() if name not in own}
        yield json.dumps(values, ensure_ascii=False, default=str)
