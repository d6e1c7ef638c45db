"""Plan: what one metric asks the engine, and how its value follows from the answers.

The engine only counts and adds; shares and logarithms of them are made here, so that engines cannot differ in them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tamis.core import UsageError
from tamis.quality.constraints import expressions as sql
from tamis.quality.constraints.constraint import Constraint


@dataclass(frozen=True)
class Grouping:
    """Rows counted by the values of some columns."""

    columns: tuple[str, ...]
    condition: str


@dataclass(frozen=True, kw_only=True)
class Groups:
    """What a grouping gives: different values, values that occur once, rows, and Σ c ln c over the counts c."""

    distinct: int
    single: int
    rows: int
    c_log_c: float

    @property
    def entropy(self) -> float | None:
        """-Σ p ln p of the shares."""
        return math.log(self.rows) - self.c_log_c / self.rows if self.rows else None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A metric's value, or the reason why it has none; for shares also how many rows of how many."""

    value: float | str | None
    good: int | None = None
    rows: int | None = None
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The aggregates and groupings of one metric, and the function from their results to its value."""

    outcome: Callable[[Mapping[str, Any]], Outcome]
    aggregates: Mapping[str, str] = field(default_factory=dict)
    groupings: Mapping[str, Grouping] = field(default_factory=dict)
    bad_rows: str | None = None
    """A condition that finds the rows which do not hold, where a row alone can be judged."""


def plan_metric(constraint: Constraint, columns: Mapping[str, str]) -> Plan:
    """Return the plan of a constraint's metric over a table with these columns; UsageError when one is not there."""
    where = sql.predicate(constraint.where, columns) if constraint.where else None
    for name in constraint.of:
        sql.column(name, columns)
    match constraint.metric:
        case "size":
            return Plan(
                aggregates={"n": sql.count_if(where)}, outcome=lambda a: Outcome(value=float(a["n"]), rows=a["n"])
            )
        case "completeness" | "compliance" | "containment" | "pattern" | "data_type":
            return _share(constraint, columns, where)
        case "min_length" | "max_length" | "mean_length":
            return _length(constraint, columns, where)
        case "uniqueness" | "distinctness" | "distinct_count" | "entropy":
            return _grouped(constraint, columns, where)
        case "correlation":
            return _correlation(constraint, columns, where)
        case "mutual_information":
            return _mutual_information(constraint, columns, where)
    return _number(constraint, columns, where)


def _share(constraint: Constraint, columns: Mapping[str, str], where: str | None) -> Plan:
    if constraint.metric == "compliance":
        holds = sql.predicate(str(constraint.predicate), columns)
        given = None
    else:
        name, kind = sql.column(constraint.of[0], columns), sql.type_of(constraint.of[0], columns)
        given = f"{name} IS NOT NULL"
        if constraint.metric != "completeness" and sql.is_nested(kind):
            raise UsageError(f"{constraint.of[0]!r} holds lists, and {constraint.metric} is about single values")
        if constraint.metric == "containment":
            holds = sql.is_in(name, kind, constraint.values)
        elif constraint.metric == "pattern":
            holds = f"REGEXP_MATCHES({sql.as_text(name, kind)}, {sql.text(constraint.pattern)})"
        elif constraint.metric == "data_type":
            holds = sql.reads_as(name, kind, str(constraint.type))
        else:
            holds, given = given, None

    def outcome(answers: Mapping[str, Any]) -> Outcome:
        good, rows = answers["good"], answers["rows"]
        if not rows:
            return Outcome(value=None, problem="no row to look at" if given is None else "no row with a value")
        return Outcome(value=good / rows, good=good, rows=rows)

    return Plan(
        aggregates={"good": sql.count_if(where, given, holds), "rows": sql.count_if(where, given)},
        outcome=outcome,
        bad_rows=sql.both(where, given, f"({holds}) IS NOT TRUE"),
    )


def _number(constraint: Constraint, columns: Mapping[str, str], where: str | None) -> Plan:
    name, kind = sql.column(constraint.of[0], columns), sql.type_of(constraint.of[0], columns)
    given = f"{name} IS NOT NULL"
    aggregates = {"rows": sql.count_if(where, given)}
    if constraint.metric == "approx_distinct_count":
        aggregates["value"] = f"APPROX_COUNT_DISTINCT({sql.only(name, where)})"
        return Plan(aggregates=aggregates, outcome=lambda a: Outcome(value=float(a["value"]), rows=a["rows"]))
    if sql.is_nested(kind):
        raise UsageError(f"{constraint.of[0]!r} holds lists, and {constraint.metric} is about numbers")
    timely = kind.startswith(("date", "timestamp", "time"))
    if constraint.metric in ("min", "max") and (timely or (constraint.assertion and constraint.assertion.about_days)):
        aggregates["value"] = f"CAST({constraint.metric.upper()}({sql.only(name, where)}) AS VARCHAR)"
        return Plan(aggregates=aggregates, outcome=_numeric(constraint))
    if timely:
        raise UsageError(f"{constraint.of[0]!r} holds {kind}, and {constraint.metric} is about numbers")
    number = sql.number(name, kind)
    if not sql.is_number(kind):
        aggregates["odd"] = sql.count_if(where, given, f"{number} IS NULL")
    value = sql.only(number, where)
    quantile = f"{constraint.quantile or 0:g}"
    aggregates["value"] = {
        "std": f"STDDEV_SAMP({value})",
        "mean": f"AVG({value})",
        "quantile": f"TAMIS_QUANTILE({value}, {quantile})",
        "approx_quantile": f"APPROX_QUANTILE({value}, {quantile})",
    }.get(constraint.metric, f"{constraint.metric.upper()}({value})")
    return Plan(aggregates=aggregates, outcome=_numeric(constraint))


def _length(constraint: Constraint, columns: Mapping[str, str], where: str | None) -> Plan:
    name, kind = sql.column(constraint.of[0], columns), sql.type_of(constraint.of[0], columns)
    if sql.is_nested(kind):
        raise UsageError(f"{constraint.of[0]!r} holds lists, and {constraint.metric} is about texts")
    function = {"min_length": "MIN", "max_length": "MAX", "mean_length": "AVG"}[constraint.metric]
    length = f"CAST(LENGTH({sql.as_text(name, kind)}) AS DOUBLE)"
    return Plan(
        aggregates={
            "rows": sql.count_if(where, f"{name} IS NOT NULL"),
            "value": f"{function}({sql.only(length, where)})",
        },
        outcome=_numeric(constraint),
    )


def _numeric(constraint: Constraint) -> Callable[[Mapping[str, Any]], Outcome]:
    def outcome(answers: Mapping[str, Any]) -> Outcome:
        value, rows = answers["value"], answers["rows"]
        if odd := answers.get("odd"):
            return Outcome(value=None, rows=rows, problem=f"{odd:,} of {rows:,} values are not numbers")
        if not rows:
            return Outcome(value=None, rows=rows, problem="no row with a value")
        if value is None:
            return Outcome(value=None, rows=rows, problem=f"{constraint.metric} needs more values than {rows:,}")
        return Outcome(value=value if isinstance(value, str) else float(value), rows=rows)

    return outcome


def _grouped(constraint: Constraint, columns: Mapping[str, str], where: str | None) -> Plan:
    grouping = _grouping(constraint.of, columns, where)

    def outcome(answers: Mapping[str, Any]) -> Outcome:
        groups: Groups = answers["groups"]
        if constraint.metric == "distinct_count":
            return Outcome(value=float(groups.distinct), rows=groups.rows)
        if not groups.rows:
            return Outcome(value=None, rows=0, problem="no row with a value")
        if constraint.metric == "entropy":
            return Outcome(value=groups.entropy, rows=groups.rows)
        good = groups.single if constraint.metric == "uniqueness" else groups.distinct
        return Outcome(value=good / groups.rows, good=good, rows=groups.rows)

    return Plan(groupings={"groups": grouping}, outcome=outcome)


def _correlation(constraint: Constraint, columns: Mapping[str, str], where: str | None) -> Plan:
    names = [sql.column(name, columns) for name in constraint.of]
    kinds = [sql.type_of(name, columns) for name in constraint.of]
    given = [f"{name} IS NOT NULL" for name in names]
    one, other = (sql.number(name, kind) for name, kind in zip(names, kinds, strict=True))
    condition = sql.both(where, *given)
    aggregates = {
        "value": f"CORR({sql.only(one, condition)}, {sql.only(other, condition)})",
        "rows": sql.count_if(condition),
        "odd": sql.count_if(condition, f"{one} IS NULL OR {other} IS NULL"),
    }

    def outcome(answers: Mapping[str, Any]) -> Outcome:
        value, rows = answers["value"], answers["rows"]
        if answers["odd"]:
            return Outcome(value=None, rows=rows, problem=f"{answers['odd']:,} of {rows:,} rows have no two numbers")
        if value is None or math.isnan(value):
            return Outcome(value=None, rows=rows, problem="a column that never varies correlates with nothing")
        return Outcome(value=float(value), rows=rows)

    return Plan(aggregates=aggregates, outcome=outcome)


def _mutual_information(constraint: Constraint, columns: Mapping[str, str], where: str | None) -> Plan:
    one, other = constraint.of
    condition = _grouping((one, other), columns, where).condition

    def outcome(answers: Mapping[str, Any]) -> Outcome:
        groups: list[Groups] = [answers["one"], answers["other"], answers["both"]]
        entropies = [group.entropy for group in groups]
        if entropies[0] is None or entropies[1] is None or entropies[2] is None:
            return Outcome(value=None, rows=0, problem="no row with both values")
        return Outcome(value=max(0.0, entropies[0] + entropies[1] - entropies[2]), rows=groups[2].rows)

    return Plan(
        groupings={
            "one": Grouping((sql.column(one, columns),), condition),
            "other": Grouping((sql.column(other, columns),), condition),
            "both": Grouping((sql.column(one, columns), sql.column(other, columns)), condition),
        },
        outcome=outcome,
    )


def _grouping(names: tuple[str, ...], columns: Mapping[str, str], where: str | None) -> Grouping:
    quoted = tuple(sql.column(name, columns) for name in names)
    return Grouping(quoted, sql.both(where, *(f"{name} IS NOT NULL" for name in quoted)))
