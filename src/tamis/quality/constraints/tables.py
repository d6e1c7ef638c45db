"""The four tables of a verification: metrics, constraint results, success metrics, suggestions; as TSV and Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tamis.core import atomic_file
from tamis.quality.constraints.assertion import Value, shown
from tamis.quality.constraints.measure import Measured
from tamis.quality.constraints.suggest import Suggestion
from tamis.quality.constraints.verify import Verification

if TYPE_CHECKING:
    import pyarrow as pa


def verification_tables(verification: Verification, suggestions: Sequence[Suggestion] = ()) -> dict[str, pa.Table]:
    """Return the tables by name.

    `metrics` has all that was asked for, also what could not be measured, with the reason; `success_metrics` only what
    has a value, in the columns that Deequ's users know.
    """
    import pyarrow as pa

    measured, results = verification.measured, verification.results
    computed = [one for one in measured if one.value is not None]
    return {
        "metrics": pa.table(
            {
                "dataset": pa.array([verification.dataset] * len(measured), pa.string()),
                **_key(measured),
                "where": pa.array([one.where for one in measured], pa.string()),
                "value": pa.array([_number(one.value) for one in measured], pa.float64()),
                "text": pa.array([_text(one.value) for one in measured], pa.string()),
                "good": pa.array([one.good for one in measured], pa.int64()),
                "rows": pa.array([one.rows for one in measured], pa.int64()),
                "problem": pa.array([one.problem for one in measured], pa.string()),
            }
        ),
        "constraint_results": pa.table(
            {
                name: pa.array([getattr(one, name) for one in results], pa.string())
                for name in ("constraint", "severity", "status", "message", "metric")
            }
            | {
                "value": pa.array([_number(one.value) for one in results], pa.float64()),
                "examples": pa.array([", ".join(one.examples) for one in results], pa.string()),
                "reason": pa.array([one.reason for one in results], pa.string()),
            }
        ),
        "success_metrics": pa.table(
            {**_key(computed), "value": pa.array([shown(one.value) for one in computed], pa.string())}
        ),
        "suggestions": pa.table(
            {
                "column": pa.array([", ".join(one.constraint.of) for one in suggestions], pa.string()),
                "constraint": pa.array([one.constraint.title for one in suggestions], pa.string()),
                "current_value": pa.array([one.value for one in suggestions], pa.string()),
                "reason": pa.array([one.reason for one in suggestions], pa.string()),
            }
        ),
    }


def write_tables(tables: Mapping[str, pa.Table], folder: Path) -> list[Path]:
    """Write each table as TSV and as Parquet, and return the files."""
    import polars as pl
    import pyarrow.parquet as pq

    written = []
    for name, table in tables.items():
        for suffix in (".tsv", ".parquet"):
            path = folder / f"{name}{suffix}"
            with atomic_file(path) as file:
                if suffix == ".tsv":
                    pl.DataFrame(table).write_csv(file, separator="\t")
                else:
                    pq.write_table(table, file)
            written.append(path)
    return written


def _key(measured: Sequence[Measured]) -> dict[str, pa.Array]:
    import pyarrow as pa

    return {
        "entity": pa.array([one.entity for one in measured], pa.string()),
        "instance": pa.array([one.instance for one in measured], pa.string()),
        "name": pa.array([one.name for one in measured], pa.string()),
    }


def _number(value: Value | None) -> float | None:
    return value if isinstance(value, float) else None


def _text(value: Value | None) -> str | None:
    return value if isinstance(value, str) else None
