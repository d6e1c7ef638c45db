"""SavedQuery: a question in SQL with a name, asked of any dataset that has its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from tamis.core import UsageError, Workspace, did_you_mean, write_atomic
from tamis.data.catalog import read_catalog
from tamis.data.dataset import dataset_names, open_dataset
from tamis.data.translate import parse

_HEADER = re.compile(r"--\s?(.*)")
_PARAMETER = re.compile(r"param\s+(\w+)\s*=\s*([^:]*?)\s*(?::\s*(.*))?")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_ANY = "dataset"  # the table that a saved query asks, whichever it is


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A value that the asker may set: `$n` in the SQL."""

    name: str
    default: Any
    about: str


@dataclass(frozen=True, kw_only=True)
class SavedQuery:
    """The SQL of a `.sql` file, and what the comment at its head says of it."""

    name: str
    about: str
    sql: str
    needs: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = field(default=())
    own: bool = False
    """True for the workspace's own ones, False for those that came with Tamis."""

    @property
    def asks_any(self) -> bool:
        """True when the query is about `dataset`, which the asker names."""
        return re.search(rf"\b{_ANY}\b", self.sql) is not None


def saved_queries(workspace: Workspace | None = None) -> dict[str, SavedQuery]:
    """Return the saved queries by name: those of Tamis, and the workspace's own, which go before."""
    found = {}
    for entry in files("tamis.data").joinpath("saved_queries").iterdir():
        if entry.name.endswith(".sql"):
            name = entry.name.removesuffix(".sql")
            found[name] = _read(name, entry.read_text(encoding="utf-8"), own=False)
    own = sorted(_folder(workspace).glob("*.sql")) if workspace else []
    found.update({path.stem: _read(path.stem, path.read_text(encoding="utf-8"), own=True) for path in own})
    return dict(sorted(found.items()))


def saved_query(name: str, workspace: Workspace | None = None) -> SavedQuery:
    """Return one saved query; the error names the nearest."""
    known = saved_queries(workspace)
    if name not in known:
        raise UsageError(f"no saved query {name!r}. Saved: {', '.join(known)}.{did_you_mean(name, known)}")
    return known[name]


def save_query(workspace: Workspace, name: str, sql: str, *, about: str = "") -> Path:
    """Keep a query under a name in the workspace's `queries/` and return its file; a name is never taken twice."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a query: use small letters, digits, '-' and '_'")
    path = _folder(workspace) / f"{name}.sql"
    if path.exists():
        raise UsageError(f"there is a query {name!r} already: {path}", hint="take another name, or edit that file")
    head = f"-- {' '.join(about.split())}\n" if about else ""
    write_atomic(path, f"{head}{sql.strip().rstrip(';')}\n")
    return path


def bind_query(
    query: SavedQuery, workspace: Workspace, *, dataset: str | None = None, values: Mapping[str, Any] | None = None
) -> str:
    """Return the query's SQL (as DuckDB writes it) about `dataset`, with its parameters filled in.

    Values become literals of the parsed query, never pieces of its text.
    """
    values = _values(query, values or {})
    if query.asks_any and dataset is None and _ANY not in dataset_names(workspace):
        names = ", ".join(dataset_names(workspace)) or "none yet"
        raise UsageError(f"{query.name} asks about any dataset: name one with --on NAME. Datasets: {names}")
    if dataset is not None:
        _require_columns(query, workspace, dataset)
    if not values and (dataset is None or not query.asks_any):
        return query.sql  # as it was written
    from sqlglot import exp

    def fill(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Table) and node.name == _ANY and not node.db and dataset is not None:
            node.set("this", exp.to_identifier(dataset, quoted=True))
        elif isinstance(node, (exp.Parameter, exp.Placeholder)):
            name = node.name or (node.this.name if isinstance(node.this, exp.Expr) else "")
            if name in values:
                return exp.convert(values[name])
        return node

    return parse(query.sql).transform(fill).sql(dialect="duckdb", pretty=True)


def _values(query: SavedQuery, given: Mapping[str, Any]) -> dict[str, Any]:
    known = {parameter.name: parameter.default for parameter in query.parameters}
    for name in given:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise UsageError(f"{query.name} has no parameter {name!r}. It has: {listed}.{did_you_mean(name, known)}")
        if isinstance(known[name], int) and not isinstance(given[name], int):
            raise UsageError(f"{query.name}: {name} is a whole number, not {given[name]!r}")
    return {**known, **given}


def _require_columns(query: SavedQuery, workspace: Workspace, dataset: str) -> None:
    ref = open_dataset(workspace, dataset).ref
    columns = {column.lower() for column in read_catalog(workspace).tables[ref].columns}
    for column in query.needs:
        if column not in columns:
            raise UsageError(
                f"{query.name} needs a column {column!r}, which {ref} does not have. Columns: "
                f"{', '.join(sorted(columns))}.{did_you_mean(column, columns)}"
            )


def _read(name: str, text: str, *, own: bool) -> SavedQuery:
    about: list[str] = []
    needs: tuple[str, ...] = ()
    parameters: list[Parameter] = []
    lines = text.splitlines()
    head = 0
    while head < len(lines) and (match := _HEADER.fullmatch(lines[head])):
        said = match.group(1).strip()
        if parameter := _PARAMETER.fullmatch(said):
            default = yaml.safe_load(parameter.group(2))
            parameters.append(Parameter(name=parameter.group(1), default=default, about=parameter.group(3) or ""))
        elif said.startswith("needs:"):
            needs = tuple(column.strip() for column in said.removeprefix("needs:").split(",") if column.strip())
        elif said:
            about.append(said)
        head += 1
    return SavedQuery(
        name=name,
        about=" ".join(about),
        sql="\n".join(lines[head:]).strip().rstrip(";"),
        needs=needs,
        parameters=tuple(parameters),
        own=own,
    )


def _folder(workspace: Workspace) -> Path:
    return workspace.root / "queries"
