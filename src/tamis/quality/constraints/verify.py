"""Verifies the constraints of a dataset version, and remembers what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from tamis.core import SqlEngine, TamisError, Workspace
from tamis.data import CatalogTable, Dataset, catalog_table, sql_engine
from tamis.quality.constraints.anomaly import judge_change
from tamis.quality.constraints.assertion import shown
from tamis.quality.constraints.constraint import Constraint
from tamis.quality.constraints.history import MetricHistory
from tamis.quality.constraints.measure import Measured, ask, measure, to_dialect
from tamis.quality.constraints.plan import plan_metric
from tamis.quality.constraints.suite import constraints_of

Status = Literal["success", "failure", "not enough history"]
_EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class ConstraintResult:
    """Whether one constraint holds, and the actual value."""

    constraint: str
    metric: str
    severity: str
    status: Status
    message: str
    value: float | str | None
    examples: tuple[str, ...] = ()
    """Ids of some rows that do not hold, where a row alone can be judged."""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was measured of a dataset version, and which constraints hold."""

    dataset: str
    rows: int
    measured: tuple[Measured, ...]
    results: tuple[ConstraintResult, ...]

    @property
    def failed(self) -> tuple[ConstraintResult, ...]:
        """The constraints of severity error that do not hold."""
        return tuple(one for one in self.results if one.status == "failure" and one.severity == "error")

    @property
    def warned(self) -> tuple[ConstraintResult, ...]:
        """The constraints of severity warning that do not hold."""
        return tuple(one for one in self.results if one.status == "failure" and one.severity == "warning")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {
            "dataset": self.dataset,
            "rows": self.rows,
            "holds": not self.failed,
            "metrics": [asdict(one) for one in self.measured],
            "constraints": [asdict(one) for one in self.results],
        }


def verify_constraints(
    workspace: Workspace,
    dataset: Dataset,
    *,
    constraints: Sequence[Constraint] | None = None,
    file: Path | None = None,
    engine: SqlEngine | None = None,
    remember: bool = True,
) -> Verification:
    """Return which constraints hold of a dataset version; by default those that the workspace declares.

    Without any constraint nothing is measured. What is measured is remembered, so that later versions can be held
    against this one; `remember=False` leaves no trace.
    """
    if constraints is None:
        constraints = constraints_of(workspace, dataset.name, file=file)
    table = catalog_table(dataset, dataset.name)
    engine = engine or sql_engine(workspace)
    measured = measure(constraints, table, engine=engine) if constraints else {}
    history = MetricHistory.of(workspace, dataset.name)
    watched = any(constraint.anomaly for constraint in constraints)
    before = history.before(dataset.version) if watched else {}
    results = [
        result
        for constraint in constraints
        for result in _judge(constraint, measured[constraint.measured], before, table=table, engine=engine)
    ]
    if remember:
        history.add(list(measured.values()), version=dataset.version, content=dataset.manifest.fingerprint)
    return Verification(
        dataset=dataset.ref, rows=dataset.rows, measured=tuple(measured.values()), results=tuple(results)
    )


def _judge(
    constraint: Constraint,
    found: Measured,
    before: Mapping[str, Sequence[float]],
    *,
    table: CatalogTable,
    engine: SqlEngine,
) -> Iterator[ConstraintResult]:
    def result(title: str, status: Status, message: str, examples: tuple[str, ...] = ()) -> ConstraintResult:
        return ConstraintResult(
            constraint=title,
            metric=constraint.measured,
            severity=constraint.severity,
            status=status,
            message=message,
            value=found.value,
            examples=examples,
            reason=constraint.reason or "",
        )

    assertion = constraint.assertion
    if assertion is not None:
        if found.value is None:
            yield result(constraint.title, "failure", f"no value: {found.problem}")
        elif assertion.holds(found.value):
            yield result(constraint.title, "success", _said(found))
        else:
            examples = _examples(constraint, table, engine)
            yield result(constraint.title, "failure", f"{_said(found)} is not {assertion}", examples)
    if constraint.anomaly is not None:
        name = constraint.name or constraint.measured
        if not isinstance(found.value, float):
            yield result(f"{name} against history", "failure", f"no number: {found.problem or found.value}")
            return
        for verdict in judge_change(found.value, before.get(constraint.measured, ()), constraint.anomaly):
            yield result(f"{name} {verdict.check}", verdict.status, verdict.message)


def _said(found: Measured) -> str:
    if found.good is not None and found.rows is not None:
        return f"{shown(found.value)} ({found.good:,} of {found.rows:,})"
    return shown(found.value)


def _examples(constraint: Constraint, table: CatalogTable, engine: SqlEngine) -> tuple[str, ...]:
    """Look up some rows that do not hold; only for a constraint that failed."""
    condition = plan_metric(constraint, table.columns).bad_rows
    if condition is None or "id" not in table.columns:
        return ()
    try:
        sql = f"SELECT id FROM tamis_rows WHERE {condition} ORDER BY LENGTH(id), id LIMIT {_EXAMPLES}"
        return tuple(str(row["id"]) for row in ask(to_dialect(sql, engine.dialect), table, engine))
    except TamisError:
        return ()
