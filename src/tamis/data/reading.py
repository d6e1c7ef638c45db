"""Reading: the rows of a source as a dataset would hold them, without making one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from tamis.core import Progress, Schema, Silent
from tamis.data.canonical import canonical_table, kept_as_written
from tamis.data.roles import RoleChoice, Roles, choose_roles
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.registry import open_source
from tamis.data.sources.source import KeepsWriting, Reject, Source, StartOver


@dataclass(frozen=True)
class ReadRows:
    """The next rows of a source, and those among them that cannot be read."""

    rows: pa.Table
    """Under canonical names: id, text, label…"""
    source: pa.Table
    """The same rows under the source's own names."""
    rejects: Sequence[Reject]


@dataclass(frozen=True)
class RowReader:
    """A source with its roles chosen, ready to be read from the start."""

    opened: Source
    roles: Roles

    @property
    def empty(self) -> pa.Table:
        """A table with the source's own columns, and no rows."""
        return self.opened.head().slice(0, 0)

    def batches(self, progress: Progress = Silent()) -> Iterator[ReadRows]:
        """Yield all rows in order, in flat memory."""
        schema = self.roles.schema
        if isinstance(self.opened, KeepsWriting):
            self.opened.keep_as_written(kept_as_written(schema))
        given = 0  # rows and rejects that went out before a late row made the source start over
        while True:
            number, passed = 1, 0
            try:
                for batch in self.opened.batches(progress):
                    here = len(batch.table) + len(batch.rejects)
                    passed += here
                    if passed > given:
                        given = passed
                        rows = canonical_table(batch, schema, first_number=number)
                        yield ReadRows(rows, batch.table, batch.rejects)
                    number += here
                return
            except StartOver:
                continue


def read_rows(
    source: str,
    *,
    kind: str | None = None,
    options: SourceOptions | None = None,
    roles: RoleChoice | None = None,
    schema: Schema | None = None,
    progress: Progress = Silent(),
) -> RowReader:
    """Return the reader of a source's rows: of any file, folder or address that can be imported.

    `schema` is how another source of the kind was read: its text and id columns are taken where this one has them too
    and `roles` says nothing else. Whatever is then not said is guessed.
    """
    return rows_of(open_source(source, kind=kind, options=options, progress=progress), roles=roles, schema=schema)


def rows_of(opened: Source, *, roles: RoleChoice | None = None, schema: Schema | None = None) -> RowReader:
    """Return the reader of a source that is open; `roles` and `schema` are those of `read_rows`."""
    choice, head = roles or RoleChoice(), opened.head()
    if schema is not None:
        choice = _as_before(choice, schema, head.column_names)
    return RowReader(opened, choose_roles(head, choice=choice, given=opened.schema))


def _as_before(choice: RoleChoice, schema: Schema, names: Sequence[str]) -> RoleChoice:
    if not choice.text and choice.template is None and set(schema.text) <= set(names):
        choice = replace(choice, text=schema.text, template=schema.template)
    if choice.id is None and "id" not in choice.none and schema.id in names:
        choice = replace(choice, id=schema.id)
    return choice
