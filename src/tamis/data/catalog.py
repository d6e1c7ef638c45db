"""Catalog: every dataset version of a workspace as an SQL table, with its columns and partitions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamis.core import Workspace
from tamis.data.config import DataSettings
from tamis.data.dataset import REJECTS, REJECTS_SCHEMA, Dataset, dataset_names, dataset_versions, open_dataset
from tamis.data.sql import DuckDBEngine
from tamis.data.translate import translate

if TYPE_CHECKING:
    import pyarrow as pa

DATABASE = "main"
_STORED = "/stored"  # behind a table's name: its files as they are. No dataset can be called that.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?")


@dataclass(frozen=True, kw_only=True)
class Partition:
    """One piece of a table: a Parquet file of it, or the rows of one split."""

    kind: str
    name: str
    rows: int
    bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class CatalogTable:
    """What SQL can ask by one name."""

    name: str
    dataset: str
    files: tuple[Path, ...]
    rows: int
    columns: Mapping[str, str]
    """Every column with its type, the source's own names among them."""
    also: Mapping[str, str] = field(default_factory=dict)
    """The source's name of a column, and the SQL that stands for it."""
    partitions: tuple[Partition, ...] = ()
    database: str = DATABASE

    def select_from(self, stored: str) -> str:
        """Return the SELECT that shows every column, where `stored` is the name of the files as they are."""
        more = "".join(f", {sql} AS {quote(name)}" for name, sql in self.also.items())
        return f"SELECT *{more} FROM {quote(stored)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON-ready values."""
        return {
            "database": self.database,
            "table": self.name,
            "dataset": self.dataset,
            "rows": self.rows,
            "columns": dict(self.columns),
            "partitions": [vars(partition) for partition in self.partitions],
            "files": [str(file) for file in self.files],
        }


@dataclass(frozen=True)
class Catalog:
    """The tables of a workspace by name: `reviews` is the newest version, `reviews@1` a certain one."""

    tables: Mapping[str, CatalogTable]

    @property
    def files(self) -> dict[str, Sequence[Path]]:
        """What a SqlEngine takes as `tables`."""
        return {name + _STORED: table.files for name, table in self.tables.items()}

    def views(self, dialect: str = "duckdb") -> dict[str, str]:
        """What a SqlEngine takes as `views`."""
        selects = {name: table.select_from(name + _STORED) for name, table in self.tables.items()}
        if dialect == "duckdb":
            return selects
        return {name: translate(select, write=dialect) for name, select in selects.items()}


def read_catalog(workspace: Workspace) -> Catalog:
    """Return all tables that SQL can name in a workspace.

    A dataset `reviews` is there as `reviews` (its newest version), each version as `"reviews@1"`, and what an import
    could not read as `reviews__rejects`.
    """
    tables: dict[str, CatalogTable] = {}
    for name in dataset_names(workspace):
        versions = [open_dataset(workspace, f"{name}@{number}") for number in dataset_versions(workspace, name)]
        tables[name] = catalog_table(versions[-1], name)
        for dataset in versions:
            tables[dataset.ref] = catalog_table(dataset, dataset.ref)
        for dataset in versions:
            rejects = dataset.path / REJECTS
            if rejects.exists():
                for table in {f"{dataset.ref}__rejects", *([f"{name}__rejects"] if dataset is versions[-1] else [])}:
                    tables[table] = CatalogTable(
                        name=table,
                        dataset=dataset.ref,
                        files=(rejects,),
                        rows=dataset.manifest.rejected,
                        columns={column.name: str(column.type) for column in REJECTS_SCHEMA},
                    )
    return Catalog(tables)


def catalog_table(dataset: Dataset, name: str) -> CatalogTable:
    """Return a dataset version as the table `name`."""
    manifest = dataset.manifest
    stored = {column.lower() for column in dataset.columns}
    columns, also = dict(dataset.columns), {}
    for role, source in manifest.schema_.renamed.items():
        if source.lower() in stored or role not in dataset.columns:
            continue  # SQL knows no case: `Text` is `text`
        also[source] = quote(role)
        columns[source] = dataset.columns[role]
        if role == "label" and manifest.task in ("single_label", "ordinal") and _are_numbers(manifest.labels):
            # stars are kept as names of classes; under the source's name they are the numbers they were
            also[source] = (
                f"CAST({quote(role)} AS DOUBLE)"
                if _any_fraction(manifest.labels)
                else (f"CAST({quote(role)} AS BIGINT)")
            )
            columns[source] = "double" if _any_fraction(manifest.labels) else "int64"
    partitions = [
        Partition(kind="file", name=part.file, rows=part.rows, bytes=part.bytes) for part in manifest.parts
    ] + [Partition(kind="split", name=split, rows=rows) for split, rows in manifest.split_counts.items()]
    return CatalogTable(
        name=name,
        dataset=dataset.ref,
        files=tuple(dataset.parts),
        rows=dataset.rows,
        columns=columns,
        also=also,
        partitions=tuple(partitions),
    )


def query_datasets(workspace: Workspace, sql: str, *, dialect: str = "duckdb") -> pa.Table:
    """Return the rows of a query over the workspace's datasets by name; `dialect` is what it is written in."""
    with stream_query(workspace, sql, dialect=dialect) as reader:
        return reader.read_all()


@contextmanager
def stream_query(workspace: Workspace, sql: str, *, dialect: str = "duckdb") -> Iterator[pa.RecordBatchReader]:
    """Yield the rows of a query a batch at a time, in flat memory."""
    catalog = read_catalog(workspace)
    written = sql if dialect == "duckdb" else translate(sql, read=dialect, write="duckdb")
    with sql_engine(workspace).stream(written, catalog.files, views=catalog.views()) as reader:
        yield reader


def sql_engine(workspace: Workspace) -> DuckDBEngine:
    """Return the engine of this machine with the workspace's limits."""
    settings = workspace.config.of(DataSettings)
    return DuckDBEngine(
        memory_gib=settings.sql_memory_gib, threads=settings.sql_threads, temp_folder=workspace.cache / "sql"
    )


def quote(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _are_numbers(labels: Sequence[str]) -> bool:
    return bool(labels) and all(_NUMBER.fullmatch(label) for label in labels)


def _any_fraction(labels: Sequence[str]) -> bool:
    return any("." in label for label in labels)
