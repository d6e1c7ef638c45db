"""The metrics there are: what each takes, and what it means to the last NULL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MetricName = Literal[
    "size",
    "completeness",
    "uniqueness",
    "distinctness",
    "distinct_count",
    "approx_distinct_count",
    "min",
    "max",
    "mean",
    "std",
    "sum",
    "quantile",
    "approx_quantile",
    "correlation",
    "compliance",
    "containment",
    "pattern",
    "data_type",
    "min_length",
    "max_length",
    "mean_length",
    "entropy",
    "mutual_information",
]
DataType = Literal["integer", "number", "boolean", "date", "timestamp"]


@dataclass(frozen=True)
class MetricKind:
    """A metric: its definition in words, the keys it takes, and what is expected when nothing is said."""

    means: str
    needs: tuple[str, ...] = ("column",)
    either: bool = False
    """True when it takes one column or several."""
    pair: bool = False
    default: str | None = None

    @property
    def takes(self) -> frozenset[str]:
        """The keys that say what is measured."""
        return frozenset({*self.needs, *(("column", "columns") if self.either else ())})


def _grouped(means: str, default: str | None = None) -> MetricKind:
    return MetricKind(means, needs=(), either=True, default=default)


KINDS: dict[MetricName, MetricKind] = {
    "size": MetricKind("rows", needs=()),
    "completeness": MetricKind("rows whose value is not NULL / rows", default="== 1"),
    "uniqueness": _grouped("values that occur exactly once / rows without a NULL in these columns", "== 1"),
    "distinctness": _grouped("different values / rows without a NULL in these columns"),
    "distinct_count": _grouped("different values, NULL not among them"),
    "approx_distinct_count": MetricKind("about how many different values (HyperLogLog), NULL not among them"),
    "min": MetricKind("smallest value; NULL is left out"),
    "max": MetricKind("largest value; NULL is left out"),
    "mean": MetricKind("sum of the values / values that are not NULL"),
    "std": MetricKind("standard deviation of a sample (n - 1); needs two values"),
    "sum": MetricKind("sum of the values; NULL is left out"),
    "quantile": MetricKind("exact quantile, linear between neighbours; NULL is left out", needs=("column", "quantile")),
    "approx_quantile": MetricKind("about the quantile; NULL is left out", needs=("column", "quantile")),
    "correlation": MetricKind("Pearson's r over rows that have both values", needs=("columns",), pair=True),
    "compliance": MetricKind(
        "rows for which the predicate is true / rows; NULL is not true", ("predicate",), default="== 1"
    ),
    "containment": MetricKind(
        "values that are in the set / values that are not NULL", ("column", "values"), default="== 1"
    ),
    "pattern": MetricKind(
        "values in which the pattern is found / values that are not NULL", ("column", "pattern"), default="== 1"
    ),
    "data_type": MetricKind(
        "values that can be read as the type / values that are not NULL", ("column", "type"), default="== 1"
    ),
    "min_length": MetricKind("characters of the shortest value; NULL is left out"),
    "max_length": MetricKind("characters of the longest value; NULL is left out"),
    "mean_length": MetricKind("characters of all values / values that are not NULL"),
    "entropy": _grouped("-Σ p ln p over the shares p of the different values (nats), NULL left out"),
    "mutual_information": MetricKind(
        "H(a) + H(b) - H(a, b) in nats, over rows that have both values", ("columns",), pair=True
    ),
}
