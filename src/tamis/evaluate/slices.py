"""Slices: how good is the model on short texts, in one group, for one value of a column, under an SQL condition?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import UsageError, Workspace, did_you_mean
from tamis.data import catalog_table, sql_engine
from tamis.evaluate.intervals import Bootstrap, Interval, interval, measure, only
from tamis.evaluate.rows import ScoredRows

Flags = npt.NDArray[np.bool_]
MOST_VALUES = 20
_BINS = 4
_RESAMPLES = 500


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Some of the rows, by what they have in common."""

    by: str
    """length, a column's name, or slice for a condition of one's own."""
    name: str
    rows: int
    """Of those with a label."""
    error: Interval
    """The share of rows whose answer is not exactly right."""
    score: Interval
    """The task's main measure."""
    baseline: Interval | None = None
    """The baseline's error."""


@dataclass(frozen=True, kw_only=True)
class Slices:
    """Slices that are big enough to say something, and the names of those that are not."""

    measure: str
    """What `score` is."""
    shown: tuple[Slice, ...]
    small: tuple[tuple[str, str, int], ...]
    """What it is by, its name, and how many rows it has."""
    least: int
    """How many labelled rows a slice needs."""


@dataclass(frozen=True)
class Part:
    """A slice before it is measured."""

    by: str
    name: str
    inside: Flags


def slices_of(
    rows: ScoredRows, parts: Sequence[Part], bootstrap: Bootstrap, *, least: int, baseline: ScoredRows | None = None
) -> Slices:
    """Return the measured slices, each with draws of its own rows."""
    shown, small = [], []
    for part in parts:
        inside = part.inside & rows.known
        count = int(inside.sum())
        if count < least:
            small.append((part.by, part.name, count))
        else:
            shown.append(_measured(rows, part, inside, bootstrap, baseline))
    return Slices(measure=rows.task.main_metric, shown=tuple(shown), small=tuple(small), least=least)


def _measured(rows: ScoredRows, part: Part, inside: Flags, bootstrap: Bootstrap, baseline: ScoredRows | None) -> Slice:
    draws = replace(bootstrap.within(inside), resamples=min(bootstrap.resamples, _RESAMPLES))
    name = rows.task.main_metric
    return Slice(
        by=part.by,
        name=part.name,
        rows=int(inside.sum()),
        error=error_of(rows.wrong[inside], draws),
        score=measure(only(rows.tally_of(inside), name), draws).overall[name],
        baseline=None if baseline is None else error_of(baseline.wrong[inside], draws),
    )


def error_of(wrong: npt.NDArray[np.float64], draws: Bootstrap) -> Interval:
    """Return the share of wrong rows."""
    if not len(wrong):
        return Interval(float("nan"), float("nan"), float("nan"))
    means = [(weights @ wrong) / np.maximum(weights.sum(1), 1) for weights in draws.weights()]
    right = interval("accuracy", 1 - float(wrong.mean()), 1 - np.concatenate(means), draws, rows=len(wrong))
    return Interval(1 - right.value, 1 - right.high, 1 - right.low)


def by_length(rows: ScoredRows, *, unit: str) -> Iterator[Part]:
    """Yield quarters of the rows from short to long, and the texts that were cut."""
    for name, inside in _bins(rows.tokens.astype(np.float64), ~rows.empty):
        yield Part("length", f"{name} {unit}", inside)
    if rows.cut.any():
        yield Part("length", "cut: longer than what the model reads", rows.cut)


def by_column(rows: ScoredRows, column: str) -> Iterator[Part]:
    """Yield a slice for each value of a column: the most frequent ones, quarters of numbers, months or years."""
    names = rows.columns.column_names
    if column not in names:
        known = f"Columns: {', '.join(names)}." if names else "There are no columns beside text and label."
        raise UsageError(f"no column {column!r} in {rows.name}. {known}{did_you_mean(column, names)}")
    for name, inside in values_of(rows.columns[column], column):
        yield Part(column, name, inside)


def values_of(values: pa.ChunkedArray, column: str) -> list[tuple[str, Flags]]:
    """Return the values of a column worth a slice, with the rows that have them."""
    kind = values.type
    if pa.types.is_nested(kind):
        raise UsageError(f"the column {column!r} holds {kind}, which has no plain values to slice by")
    distinct = pc.count_distinct(values).as_py()
    if (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)) and distinct > 10:
        numbers = np.asarray(pc.fill_null(values.cast(pa.float64(), safe=False), float("nan")))
        return list(_bins(numbers, np.isfinite(numbers)))
    if pa.types.is_temporal(kind) and distinct > MOST_VALUES and not pa.types.is_time(kind):
        months = pc.strftime(values, format="%Y-%m")
        values = months if pc.count_distinct(months).as_py() <= MOST_VALUES else pc.strftime(values, format="%Y")
    texts = values.cast(pa.string())
    counted = pc.value_counts(texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts).to_pylist()
    counted.sort(key=lambda entry: (-entry["counts"], str(entry["values"])))
    return [
        (
            "(none)" if entry["values"] is None else str(entry["values"]),
            np.asarray(
                pc.is_null(texts) if entry["values"] is None else pc.fill_null(pc.equal(texts, entry["values"]), False)
            ),
        )
        for entry in counted[:MOST_VALUES]
    ]


def by_conditions(rows: ScoredRows, conditions: Sequence[str], workspace: Workspace) -> list[Part]:
    """Return a slice for each `name: SQL condition`, asked of the rows' columns by DuckDB.

    Beside the columns it knows `words`, `wrong`, `confidence`, and `said` (what the model answered).
    """
    if not conditions:
        return []
    named = [_named(condition) for condition in conditions]
    table = _asked(rows)
    also = dict(catalog_table(rows.dataset, "rows").also) if rows.dataset is not None else {}
    more = "".join(
        f', {sql} AS "{name}"'
        for name, sql in also.items()
        if name.lower() not in {c.lower() for c in table.column_names}
    )
    parts = []
    with tempfile.TemporaryDirectory(prefix="tamis-slices-") as folder:
        import pyarrow.parquet as pq

        file = Path(folder) / "rows.parquet"
        pq.write_table(table, file)
        for name, condition in named:
            query = f"SELECT _row, COALESCE(CAST(({condition}\n) AS BOOLEAN), false) AS inside FROM rows"
            views = {"rows": f'SELECT *{more} FROM "rows/stored"'}
            try:
                found = sql_engine(workspace).query(query, {"rows/stored": [file]}, views=views)
            except UsageError as error:
                raise UsageError(f"--slice {name!r}: {error.message}", hint=error.hint) from None
            inside = np.zeros(len(rows), np.bool_)
            inside[np.asarray(found["_row"])] = np.asarray(found["inside"])
            parts.append(Part("slice", name, inside))
    return parts


def _named(condition: str) -> tuple[str, str]:
    name, colon, sql = condition.partition(":")
    if not colon or ":" in sql[:1]:  # `a::int > 3` names nothing
        name, sql = condition, condition
    if not sql.strip():
        raise UsageError(f"--slice {condition!r} has no condition", hint='write it as --slice "name: stars > 3"')
    return " ".join(name.split()), sql.strip()


def _asked(rows: ScoredRows) -> pa.Table:
    """The rows as SQL sees them."""
    own: dict[str, Any] = {
        "_row": np.arange(len(rows)),
        "id": rows.ids,
        "text": rows.texts,
        "label": rows.labels,
        "said": pa.array([_text(label) for label in rows.answers], pa.string()),
        "wrong": pa.array([None if np.isnan(flag) else bool(flag) for flag in rows.wrong], pa.bool_()),
        "confidence": pa.array([prediction.score for prediction in rows.predictions], pa.float64()),
        "words": [len(text.split()) for text in rows.texts],
    }
    table = pa.table(own)
    for name in rows.columns.column_names:
        if name.lower() not in own:
            table = table.append_column(name, rows.columns[name])
    return table


def _text(label: Any) -> str | None:
    if label is None or isinstance(label, str):
        return label
    return ", ".join(map(str, label))


def _bins(numbers: npt.NDArray[np.float64], asked: Flags) -> Iterator[tuple[str, Flags]]:
    """Bins of about equally many rows between round borders; fewer where many rows have one number."""
    if not asked.any():
        return
    values = numbers[asked]
    borders = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)[1:-1]))
    edges = [-np.inf, *[border for border in borders.tolist() if border < values.max()], np.inf]
    whole = bool((values == np.round(values)).all())
    for low, high in pairwise(edges):
        inside = asked & (numbers > low) & (numbers <= high)
        if inside.any():
            yield _span(low, high, whole=whole), inside


def _span(low: float, high: float, *, whole: bool) -> str:
    def said(number: float) -> str:
        return f"{number:,.0f}" if whole else f"{number:,.4g}"

    first = said(low + 1) if whole and np.isfinite(low) else said(low) if np.isfinite(low) else ""
    if not first:
        return f"up to {said(high)}" if np.isfinite(high) else "all"
    if not np.isfinite(high):
        return f"{first} and more" if whole else f"above {first}"
    return first if first == said(high) else f"{first} to {said(high)}"
