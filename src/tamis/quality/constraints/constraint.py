"""Constraint: what must hold of a dataset, as declared in YAML."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from tamis.core import Settings
from tamis.quality.constraints.assertion import Assertion
from tamis.quality.constraints.kinds import KINDS, DataType, MetricName

Severity = Literal["error", "warning"]
_ARGUMENTS = ("column", "columns", "values", "pattern", "predicate", "type", "quantile")


class Anomaly(Settings):
    """How much a metric may move against the versions before."""

    relative_change: float | None = Field(default=None, gt=0)
    """Most it may move from the version before, as a share of that: 0.1 is ten percent."""
    absolute_change: float | None = Field(default=None, ge=0)
    """Most it may move from the version before."""
    z_score: float | None = Field(default=None, gt=0)
    """Most standard deviations it may be away from the mean of the versions before."""
    versions: int = Field(default=20, ge=2)
    """How many versions before this one the z-score looks at, at most."""
    min_versions: int = Field(default=3, ge=2)
    """With fewer versions than this the z-score says 'not enough history'."""

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if self.relative_change is None and self.absolute_change is None and self.z_score is None:
            raise PydanticCustomError(
                "constraint", "an anomaly needs one of: relative_change, absolute_change, z_score"
            )
        return self


class Constraint(Settings):
    """A metric of the data, and what it must be. Without `expect` or `anomaly` it is measured and remembered only."""

    metric: MetricName
    column: str | None = None
    columns: tuple[str, ...] = ()
    """Several columns taken together: for uniqueness, distinct values, correlation, mutual information."""
    where: str | None = None
    """Only rows for which this SQL predicate is true."""
    expect: str | None = None
    """`>= 0.99`, `== 1452`, `between 1 and 5`, `>= 2015-08-20`. Metrics that are shares of good rows expect `== 1`."""
    severity: Severity = "error"
    values: tuple[str | int | float | bool, ...] = ()
    """For containment: what the column may hold."""
    pattern: str | None = None
    """For pattern: a regular expression that is found in the value; `^…$` asks for all of it."""
    predicate: str | None = None
    """For compliance: an SQL predicate over the row."""
    type: DataType | None = None
    """For data_type: what every value can be read as."""
    quantile: float | None = Field(default=None, ge=0, le=1)
    """For quantile and approx_quantile: 0.5 is the median."""
    anomaly: Anomaly | None = None
    dataset: str = "*"
    """Which datasets this is about, by name or pattern: `reviews`, `reviews_*`."""
    name: str | None = None
    """What reports call it."""
    reason: str | None = None
    """Why it should hold; for people."""

    @field_validator("expect")
    @classmethod
    def _expect_says_something(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                Assertion.parse(text)
            except ValueError as error:
                raise PydanticCustomError("constraint", "{why}", {"why": str(error)}) from None
        return text

    @model_validator(mode="after")
    def _has_what_the_metric_takes(self) -> Self:
        kind = KINDS[self.metric]
        given = {name for name in _ARGUMENTS if getattr(self, name) not in (None, ())}
        if missing := [name for name in kind.needs if name not in given]:
            raise PydanticCustomError(
                "constraint", "{metric} needs {missing}", {"metric": self.metric, "missing": " and ".join(missing)}
            )
        if "columns" in kind.takes and "column" in kind.takes and len(given & {"column", "columns"}) != 1:
            raise PydanticCustomError("constraint", "{metric} needs one of: column, columns", {"metric": self.metric})
        if kind.pair and len(self.columns) != 2:
            raise PydanticCustomError("constraint", "{metric} is of two columns", {"metric": self.metric})
        if extra := sorted(given - kind.takes):
            raise PydanticCustomError(
                "constraint",
                "{metric} takes no {extra}; it takes: {takes}",
                {"metric": self.metric, "extra": extra[0], "takes": ", ".join(sorted(kind.takes)) or "nothing"},
            )
        if self.expect and Assertion.parse(self.expect).about_days and self.metric not in ("min", "max"):
            raise PydanticCustomError(
                "constraint", "only min and max are compared with a day, not {metric}", {"metric": self.metric}
            )
        return self

    @property
    def assertion(self) -> Assertion | None:
        """What the metric must be, or None when it is only measured."""
        text = self.expect if self.expect or self.anomaly else KINDS[self.metric].default
        return Assertion.parse(text) if text else None

    @property
    def of(self) -> tuple[str, ...]:
        """The columns that are measured."""
        return (self.column,) if self.column is not None else self.columns

    @property
    def measured(self) -> str:
        """The metric's full name, one for all that measure the same: `completeness(review_id)`."""
        arguments = [*self.of]
        if self.quantile is not None:
            arguments.append(f"{self.quantile:g}")
        if self.predicate is not None:
            arguments.append(" ".join(self.predicate.split()))
        if self.pattern is not None:
            arguments.append(f"/{self.pattern}/")
        if self.type is not None:
            arguments.append(self.type)
        if self.values:
            arguments.append(f"{{{', '.join(map(str, self.values))}}}")
        name = f"{self.metric}({', '.join(arguments)})" if arguments else self.metric
        return f"{name} where {' '.join(self.where.split())}" if self.where else name

    @property
    def title(self) -> str:
        """What reports call the constraint."""
        return self.name or (f"{self.measured} {self.assertion}" if self.assertion else self.measured)
