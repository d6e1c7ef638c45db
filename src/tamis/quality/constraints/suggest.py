"""Suggests constraints from the data, each with the reason; they hold of the data they come from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from tamis.core import Progress, Silent, SqlEngine, Workspace
from tamis.data import CatalogTable, Dataset, catalog_table, sql_engine
from tamis.quality.constraints import expressions as sql
from tamis.quality.constraints.constraint import Constraint
from tamis.quality.constraints.kinds import DataType
from tamis.quality.constraints.measure import Measured, ask, measure, to_dialect

_MOST_CATEGORIES = 30
_LEAST_ROWS = 20  # fewer rows say little about what must hold
_TYPES: tuple[DataType, ...] = ("integer", "number", "boolean", "date", "timestamp")


@dataclass(frozen=True)
class Suggestion:
    """A constraint that the data would keep, and why one would ask for it."""

    constraint: Constraint
    reason: str
    value: str
    """What was found."""


def suggest_constraints(
    workspace: Workspace,
    dataset: Dataset,
    *,
    engine: SqlEngine | None = None,
    progress: Progress = Silent(),
) -> list[Suggestion]:
    """Return constraints that hold of a dataset version and are worth keeping for the next ones."""
    engine = engine or sql_engine(workspace)
    table = catalog_table(dataset, dataset.name)
    columns = [name for name, kind in table.columns.items() if not sql.is_nested(kind) and name not in _twins(table)]
    with progress.track("looking at columns", total=2, unit="scans") as advance:
        found = measure(_profile(columns, table), table, engine=engine)
        advance(1)
        candidates = [name for name in columns if _may_be_category(name, found, dataset.rows)]
        categories = _categories(candidates, table, engine)
        exact = measure(
            [
                Constraint(metric="uniqueness", column=name)
                for name in columns
                if _may_be_key(name, found, dataset.rows)
            ],
            table,
            engine=engine,
        )
        advance(1)
    suggestions = [*_of_size(dataset)]
    for name in columns:
        suggestions += _of_column(name, table.columns[name], found | exact, categories.get(name), dataset.rows)
    return [
        Suggestion(
            one.constraint.model_copy(update={"dataset": dataset.name, "reason": one.reason}), one.reason, one.value
        )
        for one in suggestions
    ]


def suggestions_yaml(suggestions: Iterable[Suggestion], *, dataset: str) -> str:
    """Return suggestions as the text of a constraints.yaml."""
    listed = [one.constraint.model_dump(mode="json", exclude_defaults=True) for one in suggestions]
    body = yaml.safe_dump({"constraints": listed}, sort_keys=False, allow_unicode=True, width=110)
    return f"# Suggested from {dataset}. Keep what must hold, loosen what may change, drop the rest.\n{body}"


def _twins(table: CatalogTable) -> set[str]:
    """The canonical names of columns that the source's name shows too: one of both is enough."""
    named = {source.lower() for source in table.also}
    return {
        role
        for role in ("id", "text", "label", "group", "time", "split", "weight", "annotator")
        if role not in named and any(role in expression for expression in table.also.values())
    }


def _profile(columns: Sequence[str], table: CatalogTable) -> Iterator[Constraint]:
    for name in columns:
        kind = table.columns[name]
        yield Constraint(metric="completeness", column=name)
        yield Constraint(metric="approx_distinct_count", column=name)
        if sql.is_number(kind) and not kind.startswith("bool"):
            yield Constraint(metric="min", column=name)
            yield Constraint(metric="max", column=name)
        elif kind in ("string", "large_string"):
            yield Constraint(metric="min_length", column=name)
            yield Constraint(metric="max_length", column=name)
            for wanted in _TYPES:
                yield Constraint(metric="data_type", column=name, type=wanted)


def _of_size(dataset: Dataset) -> Iterator[Suggestion]:
    rows = dataset.rows
    expected = f"between {rows // 2} and {2 * rows}"
    yield Suggestion(
        Constraint(metric="size", expect=expected, severity="warning"),
        f"{dataset.ref} has {rows:,} rows; half or twice as many deserve a look",
        f"{rows:,}",
    )


def _of_column(
    name: str, kind: str, found: Mapping[str, Measured], categories: Mapping[str, int] | None, rows: int
) -> Iterator[Suggestion]:
    yield from _completeness(name, found[f"completeness({name})"])
    unique = found.get(f"uniqueness({name})")
    if unique is not None and unique.value == 1.0 and rows >= 2:
        yield Suggestion(Constraint(metric="uniqueness", column=name, expect="== 1"), "no value occurs twice", "1")
    if sql.is_number(kind) and not kind.startswith("bool"):
        yield from _range(name, found, categories)
    elif kind.startswith(("date", "timestamp")):
        return  # the days seen so far say nothing of those to come
    elif categories and rows >= _LEAST_ROWS and not _reads_as(name, ("date", "timestamp"), found):
        yield _category(name, list(categories))
    elif kind in ("string", "large_string"):
        yield from _text(name, found, rows)


def _completeness(name: str, found: Measured) -> Iterator[Suggestion]:
    share = found.value
    if not isinstance(share, float) or not found.rows:
        return
    if share == 1.0:
        yield Suggestion(Constraint(metric="completeness", column=name, expect="== 1"), "no value is missing", "1")
    elif share >= 0.2:
        # what a sample of this size may have by chance (95 %), as Deequ does
        least = share - 1.96 * math.sqrt(share * (1 - share) / found.rows)
        floor = math.floor(least * 100) / 100
        yield Suggestion(
            Constraint(metric="completeness", column=name, expect=f">= {floor:.2f}"),
            f"{share:.1%} of the values are there; less than {floor:.0%} would be no chance",
            f"{share:.4f}",
        )


def _range(name: str, found: Mapping[str, Measured], categories: Mapping[str, int] | None) -> Iterator[Suggestion]:
    low, high = found[f"min({name})"].value, found[f"max({name})"].value
    if not isinstance(low, float) or not isinstance(high, float):
        return
    whole = low == int(low) and high == int(high) if math.isfinite(low) and math.isfinite(high) else False
    if categories and whole and len(categories) <= _MOST_CATEGORIES and high - low < 2 * len(categories):
        reason = f"{len(categories)} different whole numbers from {low:g} to {high:g}: a scale"
        yield Suggestion(Constraint(metric="min", column=name, expect=f">= {low:g}"), reason, f"{low:g}")
        yield Suggestion(Constraint(metric="max", column=name, expect=f"<= {high:g}"), reason, f"{high:g}")
    elif low >= 0:
        yield Suggestion(
            Constraint(metric="min", column=name, expect=">= 0"),
            f"no value is negative; the smallest is {low:g}",
            f"{low:g}",
        )


def _category(name: str, values: Sequence[str]) -> Suggestion:
    return Suggestion(
        Constraint(metric="containment", column=name, values=tuple(values), expect="== 1"),
        "one value only" if len(values) == 1 else f"{len(values)} different values only",
        ", ".join(values[:5]) + (" …" if len(values) > 5 else ""),
    )


def _text(name: str, found: Mapping[str, Measured], rows: int) -> Iterator[Suggestion]:
    if rows >= _LEAST_ROWS and (wanted := _reads_as(name, _TYPES, found)):
        yield Suggestion(
            Constraint(metric="data_type", column=name, type=wanted, expect="== 1"),
            f"every text reads as {wanted}",
            "1",
        )
        return
    shortest, longest = found[f"min_length({name})"].value, found[f"max_length({name})"].value
    if not isinstance(shortest, float) or not isinstance(longest, float):
        return
    if shortest >= 1:
        yield Suggestion(
            Constraint(metric="min_length", column=name, expect=">= 1"), "no text is empty", f"{shortest:g}"
        )
    if shortest == longest and rows >= _LEAST_ROWS:
        yield Suggestion(
            Constraint(metric="max_length", column=name, expect=f"== {longest:g}"),
            f"every text has {longest:g} characters",
            f"{longest:g}",
        )
    else:
        most = 2 * longest
        yield Suggestion(
            Constraint(metric="max_length", column=name, expect=f"<= {most:g}", severity="warning"),
            f"the longest text has {longest:,.0f} characters; twice that would be odd",
            f"{longest:g}",
        )


def _reads_as(name: str, types: Sequence[DataType], found: Mapping[str, Measured]) -> DataType | None:
    """The first type that every text of a column reads as."""
    shares = {wanted: found.get(f"data_type({name}, {wanted})") for wanted in types}
    return next((wanted for wanted, share in shares.items() if share and share.value == 1.0), None)


def _may_be_category(name: str, found: Mapping[str, Measured], rows: int) -> bool:
    distinct = found[f"approx_distinct_count({name})"].value
    return isinstance(distinct, float) and 0 < distinct <= 1.2 * _MOST_CATEGORIES and distinct <= max(rows / 5, 1)


def _may_be_key(name: str, found: Mapping[str, Measured], rows: int) -> bool:
    distinct = found[f"approx_distinct_count({name})"].value
    return isinstance(distinct, float) and distinct >= 0.8 * rows


def _categories(names: Sequence[str], table: CatalogTable, engine: SqlEngine) -> dict[str, dict[str, int]]:
    """The values of columns that have few, the commonest first; one statement for all."""
    if not names:
        return {}
    parts = [
        f"SELECT {place} AS place, {sql.as_text(sql.column(name, table.columns), table.columns[name])} AS v, "
        f"COUNT(*) AS n FROM tamis_rows WHERE {sql.column(name, table.columns)} IS NOT NULL GROUP BY 2"
        for place, name in enumerate(names)
    ]
    rows: list[dict[str, Any]] = ask(to_dialect(" UNION ALL ".join(parts), engine.dialect), table, engine)
    rows.sort(key=lambda row: (row["place"], -row["n"], str(row["v"])))
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for row in rows:
        found[names[row["place"]]][row["v"]] = row["n"]
    return {name: values for name, values in found.items() if len(values) <= _MOST_CATEGORIES}
