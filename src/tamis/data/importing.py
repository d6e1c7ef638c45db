"""Import: reads a source into a new version of a dataset, or into nothing when too much of it cannot be read."""

from __future__ import annotations

import csv
import errno
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from tamis.core import CheckFailed, DataError, Progress, Silent, UsageError, Workspace, atomic_file
from tamis.data.canonical import canonical_table, kept_as_written
from tamis.data.config import DataSettings
from tamis.data.dataset import Dataset, check_name
from tamis.data.ids import IdCheck
from tamis.data.roles import RoleChoice, Roles, choose_roles
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.registry import open_source
from tamis.data.sources.source import KeepsWriting, Reject, Source, StartOver
from tamis.data.writer import DatasetWriter

EMPTY_LINE = "empty line"  # loses nothing, so it never makes an import fail
_SHOWN_REJECTS = 5
_STOP_EARLY_REJECTS = 100_000


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """What an import did: the version, whether it is new, and what one should know of it."""

    dataset: Dataset | None
    """None after a dry run."""
    new: bool
    """False: a version with these very rows was there already, and is the one in `dataset`."""
    source: str
    kind: str
    options: dict[str, Any]
    roles: Roles
    rejects: list[Reject] = field(default_factory=list)
    """The first rejected rows; `dataset.rejects()` has all."""
    repeated_ids: int = 0
    """Rows whose id another row had before; theirs was made unique with their row number."""
    repeated_examples: tuple[str, ...] = ()
    head: pa.Table | None = None
    """The first rows as they are (or, after a dry run, would be) stored."""


def import_dataset(
    workspace: Workspace,
    source: str,
    *,
    name: str,
    kind: str | None = None,
    options: SourceOptions | None = None,
    roles: RoleChoice | None = None,
    max_rejects: str | float | None = None,
    dry_run: bool = False,
    progress: Progress = Silent(),
) -> ImportResult:
    """Return the dataset version that holds the rows of `source`: a file, a glob, a folder, an address.

    What is not said is found out: kind, encoding, delimiter, roles. Rows that cannot be read are kept aside with their
    number and the reason; CheckFailed when they are more than `max_rejects` (a share, `2%`, or a number of rows).

    >>> import_dataset(Workspace.find(), "reviews.csv", name="reviews")  # doctest: +SKIP
    """
    check_name(name)
    settings = workspace.config.of(DataSettings)
    limit = reject_limit(settings.max_rejects if max_rejects is None else max_rejects)
    options = replace(options or SourceOptions(), cache=(options and options.cache) or workspace.cache)
    opened = open_source(source, kind=kind, options=options, progress=progress)
    head = opened.head()
    chosen = choose_roles(head, choice=roles, given=opened.schema)
    if isinstance(opened, KeepsWriting):
        opened.keep_as_written(kept_as_written(chosen.schema))
    if dry_run:
        first = next(iter(opened.batches(Silent())), None)
        shown = None if first is None else canonical_table(first, chosen.schema, first_number=1).slice(0, 5)
        return ImportResult(
            dataset=None,
            new=False,
            source=opened.uri,
            kind=opened.kind,
            options=dict(opened.options),
            roles=chosen,
            head=shown,
        )
    ids = IdCheck()
    with _clear_disk_errors():
        while True:
            try:
                dataset, new, rejects = _read_all(workspace, opened, name, chosen, ids, limit, progress)
                break
            except StartOver:
                continue
    return ImportResult(
        dataset=dataset,
        new=new,
        source=opened.uri,
        kind=opened.kind,
        options=dict(opened.options),
        roles=chosen,
        rejects=rejects,
        repeated_ids=ids.repeated,
        repeated_examples=ids.examples,
    )


def reject_limit(value: str | float) -> tuple[float | None, int | None]:
    """Return (share, None) or (None, rows) for `0.01`, `"2%"` or `"10"`.

    >>> reject_limit("2%"), reject_limit("10"), reject_limit(0.01)
    ((0.02, None), (None, 10), (0.01, None))
    """
    text = str(value).strip()
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text):
        share = float(match[1]) / 100
    elif re.fullmatch(r"\d+", text):
        return (None, int(text))
    elif re.fullmatch(r"\d*\.\d+|\d+(\.\d+)?e-\d+", text):
        share = float(text)
    else:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError(f"--max-rejects is a share (0.01 or 1%) or a number of rows (10), not {text!r}")
    return (share, None)


def _read_all(
    workspace: Workspace,
    opened: Source,
    name: str,
    roles: Roles,
    ids: IdCheck,
    limit: tuple[float | None, int | None],
    progress: Progress,
) -> tuple[Dataset, bool, list[Reject]]:
    """Read the source from its start into a draft, and make that a version."""
    described = {"uri": opened.uri, "kind": opened.kind, "options": dict(opened.options)}
    rejects: list[Reject] = []
    counted = 0
    ids.restart()
    with DatasetWriter(workspace, name, schema=roles.schema, source=described, task=roles.task) as writer:
        for batch in opened.batches(progress):
            for reject in batch.rejects:
                counted += reject.reason != EMPTY_LINE
                if len(rejects) < _SHOWN_REJECTS:
                    rejects.append(reject)
                writer.reject(source=reject.source, row=reject.row, reason=reject.reason, content=reject.content)
            if len(batch.table):
                table = canonical_table(batch, roles.schema, first_number=writer.rows + writer.rejected + 1)
                writer.write(ids.unique(table, batch.numbers) if roles.schema.id is not None else table)
            if counted > _STOP_EARLY_REJECTS and _too_many(counted, writer.rows, limit):
                break
        if _too_many(counted, writer.rows, limit):
            raise _refused(workspace, writer, name, opened, rejects, counted, limit)
        if ids.found_repeats():
            raise StartOver
        if not writer.rows:
            raise DataError(
                f"no readable row in {opened.uri}; {writer.rejected:,} rejected{_listed(rejects)}",
                hint="look at the file's first lines; --delimiter, --quoting, --encoding and --kind say how to read it",
            )
        dataset, new = writer.commit()
    return dataset, new, rejects


def _too_many(counted: int, rows: int, limit: tuple[float | None, int | None]) -> bool:
    share, most = limit
    return counted > (most if most is not None else (share or 0.0) * (rows + counted))


def _refused(
    workspace: Workspace,
    writer: DatasetWriter,
    name: str,
    opened: Source,
    rejects: Sequence[Reject],
    counted: int,
    limit: tuple[float | None, int | None],
) -> CheckFailed:
    path = workspace.state / "rejects" / f"{name}.csv"
    _save(writer, path)
    share, most = limit
    allowed = f"{most:,} are" if most is not None else f"{share:.2%} are"
    total = writer.rows + counted
    tips = [f"all of them: {path}"]
    if any("quote" in reject.reason for reject in rejects):
        tips.append("if quotes are letters in this file: --quoting none")
    if any("UTF-8" in reject.reason for reject in rejects):
        tips.append("if it is not UTF-8: --encoding cp1252")
    tips.append(f"to import the rest all the same: --max-rejects {-(-counted * 100 // total)}%")
    return CheckFailed(
        f"{counted:,} of {total:,} rows of {opened.uri} cannot be read ({counted / total:.2%}; {allowed} allowed); "
        f"nothing was imported{_listed(rejects)}",
        hint="\n  ".join(tips),
    )


def _save(writer: DatasetWriter, path: Path) -> None:
    import io

    with atomic_file(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        rows = csv.writer(text)
        rows.writerow(["source", "row", "reason", "content"])
        for table in writer.reject_batches():
            rows.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
        text.flush()
        text.detach()


def _listed(rejects: Sequence[Reject]) -> str:
    """The first rejects, one a line."""
    several = len({reject.source for reject in rejects}) > 1
    return "".join(
        f"\n  {f'{reject.source}, ' if several else ''}row {reject.row:,}: {reject.reason}"
        + (f": {reject.content[:80]!r}" if reject.content else "")
        for reject in rejects
    )


@contextmanager
def _clear_disk_errors() -> Iterator[None]:
    """Say in plain words that the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise DataError(
                "no room left on the disk for the dataset; nothing was kept",
                hint="free some space, or make the workspace on a larger disk; what is there already is unharmed",
            ) from None
        raise
