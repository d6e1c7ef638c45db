"""Measures metrics on any SqlEngine: all aggregates in one scan, all groupings in a second statement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tamis.core import SqlEngine, TamisError
from tamis.data import CatalogTable, parse
from tamis.quality.constraints.assertion import Value
from tamis.quality.constraints.constraint import Constraint
from tamis.quality.constraints.plan import Grouping, Groups, Outcome, Plan, plan_metric

_ROWS, _STORED = "tamis_rows", "tamis_stored"
_PLACE = re.compile(r" at line \d+, column \d+")  # in a statement that nobody wrote
_EXACT_QUANTILE = {"duckdb": "QUANTILE_CONT", "spark": "PERCENTILE", "databricks": "PERCENTILE", "hive": "PERCENTILE"}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One metric of one dataset version."""

    name: str
    """`completeness(review_id)`, with its `where`."""
    metric: str
    entity: str
    """dataset, column or columns"""
    instance: str
    """The column or columns, or `*`."""
    where: str
    value: Value | None
    good: int | None = None
    rows: int | None = None
    problem: str | None = None
    """Why there is no value."""


def measure(constraints: Iterable[Constraint], table: CatalogTable, *, engine: SqlEngine) -> dict[str, Measured]:
    """Return every metric that the constraints are about, by its full name.

    Whatever the number of constraints, the engine gets two statements; only when one of them fails is each metric
    asked alone, so that one bad predicate spoils no other.
    """
    wanted = {constraint.measured: constraint for constraint in constraints}
    plans: dict[str, Plan] = {}
    found: dict[str, Outcome] = {}
    for name, constraint in wanted.items():
        try:
            plans[name] = plan_metric(constraint, table.columns)
        except TamisError as error:
            found[name] = Outcome(value=None, problem=error.message)
    try:
        found |= _run(plans, table, engine)
    except TamisError:
        for name, plan in plans.items():
            try:
                found |= _run({name: plan}, table, engine)
            except TamisError as error:
                found[name] = Outcome(value=None, problem=_PLACE.sub("", error.message))
    return {name: _measured(constraint, found[name]) for name, constraint in wanted.items()}


def statements(plans: Iterable[Plan], dialect: str) -> list[str]:
    """Return the SQL that answers all plans: one SELECT of aggregates, one of groupings, where there are any."""
    aggregates, groupings = _distinct(plans)
    made = []
    if aggregates:
        listed = ", ".join(f"{aggregate} AS m{place}" for place, aggregate in enumerate(aggregates))
        made.append(f"SELECT {listed} FROM {_ROWS}")
    if groupings:
        made.append(" UNION ALL ".join(_counted(place, grouping) for place, grouping in enumerate(groupings)))
    return [to_dialect(sql, dialect) for sql in made]


def to_dialect(sql: str, dialect: str) -> str:
    """Return SQL of this package (DuckDB's, and an exact quantile by its own name) as an engine writes it."""
    from sqlglot import exp

    def exact(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Anonymous) and node.name.upper() == "TAMIS_QUANTILE":
            return exp.Anonymous(this=_EXACT_QUANTILE.get(dialect, "PERCENTILE_CONT"), expressions=node.expressions)
        return node

    return parse(sql).transform(exact).sql(dialect=dialect)


def ask(sql: str, table: CatalogTable, engine: SqlEngine) -> list[dict[str, Any]]:
    """Return the rows of a statement over `tamis_rows`, the dataset with all its columns."""
    view = to_dialect(table.select_from(_STORED), engine.dialect)
    rows: list[dict[str, Any]] = engine.query(sql, {_STORED: table.files}, views={_ROWS: view}).to_pylist()
    return rows


def _run(plans: Mapping[str, Plan], table: CatalogTable, engine: SqlEngine) -> dict[str, Outcome]:
    aggregates, groupings = _distinct(plans.values())
    answers: dict[str | Grouping, Any] = {}
    for sql in statements(plans.values(), engine.dialect):
        rows = ask(sql, table, engine)
        if "grouping_number" in rows[0]:
            for row in rows:
                answers[groupings[row["grouping_number"]]] = Groups(
                    distinct=int(row["n_distinct"]),
                    single=int(row["n_single"]),
                    rows=int(row["n_rows"] or 0),
                    c_log_c=float(row["c_log_c"] or 0.0),
                )
        else:
            answers |= {aggregate: rows[0][f"m{place}"] for place, aggregate in enumerate(aggregates)}
    return {name: plan.outcome(_answers(plan, answers)) for name, plan in plans.items()}


def _answers(plan: Plan, answers: Mapping[str | Grouping, Any]) -> dict[str, Any]:
    scalars = {local: answers[asked] for local, asked in plan.aggregates.items()}
    return scalars | {local: answers[asked] for local, asked in plan.groupings.items()}


def _distinct(plans: Iterable[Plan]) -> tuple[Sequence[str], Sequence[Grouping]]:
    """What several metrics ask alike is asked once."""
    aggregates: dict[str, None] = {}
    groupings: dict[Grouping, None] = {}
    for plan in plans:
        aggregates |= dict.fromkeys(plan.aggregates.values())
        groupings |= dict.fromkeys(plan.groupings.values())
    return list(aggregates), list(groupings)


def _counted(place: int, grouping: Grouping) -> str:
    return (
        f"SELECT {place} AS grouping_number, COUNT(*) AS n_distinct, COUNT(CASE WHEN c = 1 THEN 1 END) AS n_single, "
        f"CAST(SUM(c) AS BIGINT) AS n_rows, SUM(CAST(c AS DOUBLE) * LN(CAST(c AS DOUBLE))) AS c_log_c "
        f"FROM (SELECT COUNT(*) AS c FROM {_ROWS} WHERE {grouping.condition} "
        f"GROUP BY {', '.join(grouping.columns)}) AS g"
    )


def _measured(constraint: Constraint, outcome: Outcome) -> Measured:
    entity = {0: "dataset", 1: "column"}.get(len(constraint.of), "columns")
    return Measured(
        name=constraint.measured,
        metric=constraint.metric,
        entity=entity,
        instance=", ".join(constraint.of) or constraint.predicate or "*",
        where=constraint.where or "",
        value=outcome.value,
        good=outcome.good,
        rows=outcome.rows,
        problem=outcome.problem,
    )
