"""DatasetWriter: rows in, one immutable version out, or nothing at all."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tamis.core import (
    DataError,
    LabelSet,
    Schema,
    Workspace,
    abandoned,
    draft_folder,
    fingerprint,
    publish,
    write_atomic,
)
from tamis.data.dataset import (
    MANIFEST,
    REJECTS,
    REJECTS_SCHEMA,
    Dataset,
    Manifest,
    Parent,
    Part,
    check_name,
    dataset_versions,
    open_dataset,
)
from tamis.data.rowhash import RowHash

_PART_ROWS = 1_000_000
_GROUP_ROWS = 131_072
_WAITING_REJECTS = 10_000


class DatasetWriter:
    """Streams tables with canonical columns into a draft; `commit` makes it a version in one step.

    Used as a context manager: leaving the block without a commit, or dying in it, leaves no version. Rows are hashed
    and written by two threads of their own, one row group at a time, so that whoever reads them need not wait.
    """

    def __init__(
        self,
        workspace: Workspace,
        name: str,
        *,
        schema: Schema,
        source: Mapping[str, Any],
        task: str | None = None,
        labels: Sequence[str] | None = None,
        cleaning: Sequence[Any] = (),
        parents: Sequence[Parent] = (),
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        self._workspace, self._name = workspace, check_name(name)
        self._schema, self._source, self._task, self._labels = schema, dict(source), task, labels
        self._cleaning, self._parents, self._notes = tuple(cleaning), tuple(parents), dict(notes or {})
        self._stack = ExitStack()
        self._hash = RowHash()
        self._parts: list[Part] = []
        self._file: pq.ParquetWriter | None = None
        self._arrow: pa.Schema | None = None
        self._waiting: list[pa.Table] = []
        self._jobs: list[Future[None]] = []
        self._label_counts: Counter[str] = Counter()
        self._split_counts: Counter[str] = Counter()
        self._rows = self._part_rows = self._labelled = self._textless = self._rejected = 0
        self._rejects: list[dict[str, Any]] = []
        self._rejects_file: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        home = self._workspace.datasets / self._name
        for draft in abandoned(home):
            shutil.rmtree(draft, ignore_errors=True)
        self._draft = self._stack.enter_context(draft_folder(home))
        self._hasher = self._stack.enter_context(ThreadPoolExecutor(1, "tamis-hash"))
        self._parquet = self._stack.enter_context(ThreadPoolExecutor(1, "tamis-parquet"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # of a draft that is thrown away, it does not matter what could not be written
            for job in self._jobs:
                job.exception()
            for file in (self._file, self._rejects_file):
                if file is not None:
                    file.close()
        self._file = self._rejects_file = None
        self._stack.close()

    @property
    def rows(self) -> int:
        """Rows written so far."""
        return self._rows

    @property
    def rejected(self) -> int:
        """Rows rejected so far."""
        return self._rejected

    def write(self, table: pa.Table) -> None:
        """Append rows; every table has the columns and types of the first one."""
        if self._arrow is None:
            self._arrow = table.schema.remove_metadata()
        if not table.schema.equals(self._arrow, check_metadata=True):
            table = table.select(self._arrow.names).cast(self._arrow)
        self._rows += table.num_rows
        self._waiting.append(table)
        if sum(map(len, self._waiting)) >= _GROUP_ROWS:
            self._flush()

    def reject(self, *, source: str, row: int, reason: str, content: str = "") -> None:
        """Keep a row that could not be read: where it stood (row 1 is the first), why, and what stood there."""
        self._rejects.append({"source": source, "row": row, "reason": reason, "content": content[:2000]})
        self._rejected += 1
        if len(self._rejects) >= _WAITING_REJECTS:
            self._flush_rejects()

    def reject_batches(self) -> Iterator[pa.Table]:
        """Yield the rejected rows; none can be added afterwards."""
        if not self._rejected:
            return
        self._close_rejects()
        with pq.ParquetFile(self._draft / REJECTS) as file:
            for batch in file.iter_batches():
                yield pa.Table.from_batches([batch])

    def commit(self) -> tuple[Dataset, bool]:
        """Return the new version and True, or the version that these very rows are already and False.

        That is the newest version or, for rows that come from outside, one that the newest was made from. Rows that
        only an abandoned version holds become a version again: a dataset's bare name means its newest one.
        """
        if self._arrow is None:
            raise DataError(f"no readable row in {self._source.get('uri', 'the source')}; {self.rejected} rejected")
        self._flush()
        self._finish_jobs()
        self._close_part()
        task = self._task or _task_of(self._arrow)
        labels = LabelSet(self._labels) if self._labels else LabelSet.from_values(self._label_counts)
        content = fingerprint(
            {
                "rows": self._hash.hexdigest(),
                "roles": self._schema.model_dump(mode="json"),
                "task": task,
                "labels": labels.names,
                "cleaning": self._cleaning,
            }
        )
        versions = dataset_versions(self._workspace, self._name)
        for before in self._current(versions):
            if before.manifest.fingerprint == content:
                return before, False
        if self._rejected:
            self._close_rejects()
        number = versions[-1] + 1 if versions else 1
        while True:
            manifest = Manifest(
                name=self._name,
                version=number,
                fingerprint=content,
                created=datetime.now(UTC),
                task=task,
                labels=labels.names,
                label_counts={name: self._label_counts[name] for name in labels},
                schema_=self._schema,
                columns={field.name: str(field.type) for field in self._arrow},
                rows=self._rows,
                labelled=self._labelled,
                textless=self._textless,
                rejected=self.rejected,
                split_counts=dict(sorted(self._split_counts.items())),
                source=self._source,
                cleaning=self._cleaning,
                parents=self._parents,
                notes=self._notes,
                parts=tuple(self._parts),
            )
            write_atomic(self._draft / MANIFEST, manifest.model_dump_json(indent=2) + "\n")
            target = self._workspace.datasets / self._name / f"v{number}"
            try:
                publish(self._draft, target)
                return Dataset(target, manifest), True
            except FileExistsError:  # another import was quicker; ours is the next version
                number += 1

    def _current(self, versions: Sequence[int]) -> Iterator[Dataset]:
        """Yield the newest version and, when the rows come from outside, those it was made from."""
        waiting = list(versions[-1:])
        while waiting:
            dataset = open_dataset(self._workspace, f"{self._name}@{waiting.pop()}")
            yield dataset
            if not self._parents:
                own = (parent for parent in dataset.manifest.parents if parent.name == self._name)
                waiting.extend(parent.version for parent in own if parent.version in versions)

    def _flush(self) -> None:
        """Hand the waiting rows to the two threads, after they have done with those before."""
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        self._waiting = []
        self._finish_jobs()
        self._jobs = [self._hasher.submit(self._account, table), self._parquet.submit(self._store, table)]

    def _finish_jobs(self) -> None:
        for job in self._jobs:
            job.result()
        self._jobs = []

    def _account(self, table: pa.Table) -> None:
        self._count(table)
        self._hash.add(table)

    def _store(self, table: pa.Table) -> None:
        if self._file is None or self._part_rows >= _PART_ROWS:
            self._next_part(table)
        assert self._file is not None
        self._file.write_table(table, row_group_size=2 * _GROUP_ROWS)
        self._part_rows += table.num_rows

    def _flush_rejects(self) -> None:
        path = self._draft / REJECTS
        self._rejects_file = self._rejects_file or pq.ParquetWriter(path, REJECTS_SCHEMA, compression="zstd")
        if self._rejects:
            self._rejects_file.write_table(pa.Table.from_pylist(self._rejects, REJECTS_SCHEMA))
            self._rejects = []

    def _close_rejects(self) -> None:
        self._flush_rejects()
        if self._rejects_file is not None:
            self._rejects_file.close()
            self._rejects_file = None

    def _next_part(self, table: pa.Table) -> None:
        self._close_part()
        (self._draft / "data").mkdir(exist_ok=True)
        assert self._arrow is not None
        path = self._draft / "data" / f"part-{len(self._parts):05d}.parquet"
        # lz4 and not zstd: files are half as large again, but an import takes an eighth less time
        self._file = pq.ParquetWriter(path, self._arrow, compression="lz4", use_dictionary=_repeating(table) or False)
        self._path, self._part_rows = path, 0

    def _close_part(self) -> None:
        if self._file is None:
            return
        self._file.close()
        self._file = None
        self._parts.append(
            Part(
                file=str(Path("data") / self._path.name),
                rows=self._part_rows,
                bytes=self._path.stat().st_size,
            )
        )

    def _count(self, table: pa.Table) -> None:
        if "text" in table.column_names:
            empty = pc.equal(pc.binary_length(table["text"]), 0)
            self._textless += pc.sum(pc.fill_null(empty, True)).as_py() or 0
        if "split" in table.column_names:
            self._split_counts.update(_counts(table["split"]))
        if "label" not in table.column_names:
            return
        column = table["label"]
        self._labelled += len(column) - column.null_count
        if pa.types.is_list(column.type):
            column = pc.list_flatten(column)
            if pa.types.is_struct(column.type):
                column = pc.struct_field(column, "label")
        self._label_counts.update(_counts(column))


def derive(
    workspace: Workspace,
    dataset: Dataset,
    change: Callable[[pa.Table], pa.Table] | None,
    *,
    operation: str,
    task: str | None = None,
    labels: Sequence[str] | None = None,
    cleaning: Sequence[Any] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> tuple[Dataset, bool]:
    """Return a new version of `dataset` whose batches went through `change`, which remembers its parent.

    `change` is called with the rows in order, a batch at a time, and may drop, add or alter rows and columns.
    `labels` None keeps the label set; an empty one is taken anew from the rows.
    """
    old = dataset.manifest
    parent = Parent(name=old.name, version=old.version, fingerprint=old.fingerprint, operation=operation)
    with DatasetWriter(
        workspace,
        old.name,
        schema=old.schema_,
        source=old.source,
        task=task or old.task,
        labels=labels if labels is not None else old.labels,
        cleaning=old.cleaning if cleaning is None else cleaning,
        parents=[parent],
        notes={**old.notes, **(notes or {})},
    ) as writer:
        for batch in dataset.batches():
            table = pa.Table.from_batches([batch])
            writer.write(change(table) if change else table)
        return writer.commit()


def _repeating(table: pa.Table) -> list[str]:
    """The columns whose values repeat; of the others a dictionary would only cost time and memory."""
    return [
        field.name
        for field in table.schema
        if field.name not in ("id", "text")
        and (not pa.types.is_string(field.type) or pc.count_distinct(table[field.name]).as_py() * 10 <= len(table))
    ]


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    counted = pc.value_counts(column.cast(pa.string()))
    pairs = zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)
    return {value: count for value, count in pairs if value is not None}


def _task_of(schema: pa.Schema) -> str:
    if "label" not in schema.names:
        return "none"
    kind = schema.field("label").type
    if not pa.types.is_list(kind):
        return "single_label"
    return "spans" if pa.types.is_struct(kind.value_type) else "multi_label"
