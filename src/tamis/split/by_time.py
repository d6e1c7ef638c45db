"""By time: the oldest rows teach, the newest judge, and rows of one moment stay together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tamis.core import DataError
from tamis.data import Dataset
from tamis.split.stratified import Splits

if TYPE_CHECKING:
    import polars as pl

_FORMATS = (None, "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%m %d, %Y", "%d.%m.%Y", "%Y/%m/%d", "%Y-%m", "%Y")
_MISSING = np.iinfo(np.int64).min

Moments = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Times:
    """A number for each row that grows with time."""

    moments: Moments
    known: npt.NDArray[np.bool_]
    """Which rows have a time at all."""
    dated: bool
    """True when the numbers are microseconds since 1970; else they are whatever the column holds."""

    def show(self, moment: int) -> str:
        """Return a moment in the way people write it.

        >>> Times(np.array([0]), np.array([True]), dated=True).show(86_400_000_000)
        '1970-01-02'
        """
        if not self.dated:
            return f"{moment:,}"
        return str(datetime(1970, 1, 1) + timedelta(microseconds=moment)).removesuffix(" 00:00:00")


def read_times(dataset: Dataset, column: str) -> Times:
    """Return the times in a column: dates, numbers, or text that says either."""
    import polars as pl

    values = dataset.scan().select(column).collect().to_series()
    if values.dtype == pl.String:
        values = _parsed(values, dataset, column)
    elif not (values.dtype.is_temporal() or values.dtype.is_numeric()):
        raise DataError(f"column {column!r} of {dataset.ref} holds {values.dtype}, which is no time")
    dated = values.dtype in (pl.Date, pl.Datetime)
    if dated:
        values = values.cast(pl.Datetime("us"))
    if values.dtype.is_float():
        values = values.fill_nan(None)
        if (values != values.round()).any():
            values = values.rank("dense")
    known = values.is_not_null().to_numpy()
    return Times(values.cast(pl.Int64).fill_null(_MISSING).to_numpy(), known, dated)


def split_by_time(times: Moments, known: npt.NDArray[np.bool_], fractions: Mapping[str, float]) -> Splits:
    """Return each row's split, as a number in the order of `fractions`; rows without a time go to the first.

    The border between two splits is the change of moment that comes nearest to the fraction.
    """
    moments, counts = np.unique(times[known], return_counts=True)
    if len(moments) < len(fractions):
        raise DataError(
            f"there are {len(fractions)} splits, and the rows have {len(moments)} different times",
            hint="split by label or group, or ask for fewer splits with --fractions",
        )
    ends = np.cumsum(counts)
    wanted = np.cumsum(list(fractions.values()))[:-1] * ends[-1]
    splits = np.zeros(len(times), dtype=np.int8)
    last = -1
    for number, border in enumerate(wanted, start=1):
        nearest = int(np.abs(ends - border).argmin())
        # every split gets a moment, also those still to come
        last = min(max(nearest, last + 1), len(ends) - 1 - (len(fractions) - number))
        splits[known & (times > moments[last])] = number
    return splits


def _parsed(values: pl.Series, dataset: Dataset, column: str) -> pl.Series:
    import polars as pl

    text = values.str.strip_chars()
    text = text.set(text == "", None)
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.null_count() == text.null_count():
        return numbers
    parsed = pl.Series(column, [None] * len(text), dtype=pl.Datetime("us"))
    for form in _FORMATS:
        left = parsed.is_null() & text.is_not_null()
        if not left.any():
            return parsed
        rest = text.filter(left)
        try:
            found = rest.str.to_datetime(form, strict=False, time_unit="us")
        except pl.exceptions.ComputeError:  # polars cannot tell the form from the first value
            continue
        if isinstance(found.dtype, pl.Datetime) and found.dtype.time_zone:
            found = found.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        parsed = parsed.scatter(left.arg_true(), found)
    left = parsed.is_null() & text.is_not_null()
    if left.any():
        row = int(left.arg_true()[0])
        raise DataError(
            f"column {column!r} of {dataset.ref}: {text[row]!r} in row {row + 1} is no time that can be read "
            f"({int(left.sum()):,} such rows)",
            hint="write times like 2026-01-31 or 2026-01-31 12:00:00",
        )
    return parsed
