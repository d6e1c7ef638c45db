"""Dataset: an immutable version of rows on disk, Parquet parts beside a `dataset.json`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from tamis.core import DataError, LabelSet, Schema, UsageError, Workspace, did_you_mean

if TYPE_CHECKING:
    import polars as pl

MANIFEST = "dataset.json"
REJECTS = "rejects.parquet"

# A span of a text, for `spans` tasks: character offsets, end exclusive.
Span = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())])

REJECTS_SCHEMA = pa.schema(
    [("source", pa.string()), ("row", pa.int64()), ("reason", pa.string()), ("content", pa.string())]
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Record):
    """One Parquet file of a dataset."""

    file: str
    rows: int
    bytes: int


class Parent(_Record):
    """The version a version was made from, and how."""

    name: str
    version: int
    fingerprint: str
    operation: str


class Manifest(_Record):
    """What `dataset.json` says."""

    format: int = 1
    name: str
    version: int
    fingerprint: str
    """Of the rows, the roles, the task and the cleaning: equal content has an equal fingerprint."""
    created: datetime
    task: str
    """single_label, multi_label, ordinal, spans, or `none` when no row has a label role."""
    labels: tuple[str, ...]
    """The label set in its fixed order."""
    label_counts: dict[str, int]
    schema_: Schema
    columns: dict[str, str]
    """Stored columns with their Arrow types."""
    rows: int
    labelled: int
    textless: int
    """Rows whose text is missing or empty; they are kept."""
    rejected: int
    split_counts: dict[str, int] = {}
    source: dict[str, Any]
    """Where the rows came from: uri, kind, and the options that reading took."""
    cleaning: tuple[Any, ...] = ()
    """The declared text cleaning steps; the stored text is as it came."""
    parents: tuple[Parent, ...] = ()
    notes: dict[str, Any] = {}
    """What an operation wishes to remember: split settings, rejected duplicates…"""
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Dataset:
    """One version of a dataset. Its rows never change; every operation makes a new version."""

    path: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.manifest.name

    @property
    def version(self) -> int:
        """The version's number, from 1."""
        return self.manifest.version

    @property
    def ref(self) -> str:
        """The version's full name: `reviews@2`."""
        return f"{self.name}@{self.version}"

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.manifest.rows

    @cached_property
    def label_set(self) -> LabelSet:
        """The labels in their saved order."""
        return LabelSet(self.manifest.labels)

    @property
    def columns(self) -> Mapping[str, str]:
        """Column names with their Arrow types."""
        return self.manifest.columns

    @property
    def parts(self) -> list[Path]:
        """The Parquet files in row order."""
        return [self.path / part.file for part in self.manifest.parts]

    def scan(self) -> pl.LazyFrame:
        """Return the rows as a polars query that reads only what it needs."""
        import polars as pl

        return pl.scan_parquet(self.parts)

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return columns (default: all) as one Arrow table in memory."""
        self._require(columns)
        import pyarrow.dataset as pads  # takes half a second to import

        rows = pads.dataset([str(part) for part in self.parts], format="parquet")
        return rows.to_table(columns=None if columns is None else list(columns))

    def batches(self, columns: Sequence[str] | None = None, *, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order, at most `rows` at a time, in flat memory."""
        self._require(columns)
        for part in self.parts:
            with pq.ParquetFile(part) as file:
                yield from file.iter_batches(batch_size=rows, columns=None if columns is None else list(columns))

    def rejects(self) -> pa.Table:
        """Return the rows that could not be read: source, row number, reason, what stood there."""
        path = self.path / REJECTS
        return pq.read_table(path) if path.exists() else REJECTS_SCHEMA.empty_table()

    def _require(self, columns: Sequence[str] | None) -> None:
        for column in columns or ():
            if column not in self.columns:
                raise UsageError(
                    f"no column {column!r} in {self.ref}. Columns: {', '.join(self.columns)}."
                    f"{did_you_mean(column, self.columns)}"
                )


def dataset_names(workspace: Workspace) -> list[str]:
    """Return the names of the workspace's datasets."""
    folders = workspace.datasets.iterdir() if workspace.datasets.is_dir() else ()
    return sorted(folder.name for folder in folders if dataset_versions(workspace, folder.name))


def dataset_versions(workspace: Workspace, name: str) -> list[int]:
    """Return the version numbers of a dataset, oldest first."""
    folder = workspace.datasets / check_name(name)
    found = folder.glob(f"v*/{MANIFEST}")
    return sorted(int(path.parent.name[1:]) for path in found if path.parent.name[1:].isdigit())


def open_dataset(workspace: Workspace, ref: str) -> Dataset:
    """Return `name` (its newest version) or `name@2`."""
    name, at, version = ref.partition("@")
    versions = dataset_versions(workspace, name)
    if not versions:
        names = dataset_names(workspace)
        known = (
            f"Datasets: {', '.join(names)}." if names else "There are none yet: `tamis data import SOURCE --name N`."
        )
        raise UsageError(f"no dataset {name!r} in this workspace. {known}{did_you_mean(name, names)}")
    if at and (not version.isdigit() or int(version) not in versions):
        raise UsageError(f"no version {version!r} of {name!r}. Versions: {', '.join(map(str, versions))}")
    return read_dataset(workspace.datasets / name / f"v{version or versions[-1]}")


def read_dataset(path: Path) -> Dataset:
    """Return the dataset version in a folder."""
    try:
        manifest = Manifest.model_validate_json((path / MANIFEST).read_bytes())
    except ValueError as error:
        raise DataError(f"{path / MANIFEST} is damaged: {error}", hint="import the source again") from None
    return Dataset(path, manifest)


def check_name(name: str) -> str:
    """Return a dataset name that can be a folder and an SQL name, or say what is wrong with it."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a dataset: use letters, digits, '-' and '_', starting with no sign")
    return name
