"""Reading times: dates in the usual spellings, years, and seconds since 1970, as one kind of column."""

from __future__ import annotations

from typing import Literal

import polars as pl

_DAY_FORMS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m %d, %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%Y%m%d",
)
_TIME_FORMS = (
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
)
_ZONED_FORMS = ("%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%d %H:%M:%S%.f%:z", "%a %b %d %H:%M:%S %z %Y")
_UNIT: Literal["us"] = "us"


def read_times(column: pl.Series) -> pl.Series:
    """Return a column as times without a zone (in UTC); what cannot be read is missing.

    >>> read_times(pl.Series(["2020-02-03", "soon", None])).to_list()
    [datetime.datetime(2020, 2, 3, 0, 0), None, None]
    """
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        return (
            column.dt.replace_time_zone(None).cast(pl.Datetime(_UNIT))
            if kind.time_zone
            else column.cast(pl.Datetime(_UNIT))
        )
    if kind == pl.Date:
        return column.cast(pl.Datetime(_UNIT))
    if kind.is_numeric():
        return _from_numbers(column.cast(pl.Float64))
    return _from_words(column.cast(pl.String).str.strip_chars())


def _from_words(words: pl.Series) -> pl.Series:
    numbers = words.cast(pl.Float64, strict=False)
    given = len(words) - words.null_count()
    best = _from_numbers(numbers)
    for form in (*_DAY_FORMS, *_TIME_FORMS, *_ZONED_FORMS):
        if len(best) - best.null_count() == given:
            break
        if form in _DAY_FORMS:
            read = words.str.to_date(form, strict=False).cast(pl.Datetime(_UNIT))
        elif form in _ZONED_FORMS:
            read = words.str.replace("Z$", "+00:00").str.to_datetime(
                form, strict=False, time_unit=_UNIT, time_zone="UTC"
            )
            read = read.dt.replace_time_zone(None)
        else:
            read = words.str.to_datetime(form, strict=False, time_unit=_UNIT)
        if read.null_count() < best.null_count():
            best = read
    return best


def _from_numbers(numbers: pl.Series) -> pl.Series:
    """Years, or seconds or milliseconds since 1970: whichever most of the numbers can be."""
    number = pl.col("number")
    ways = (
        (number.is_between(1000, 2999), pl.datetime(number.cast(pl.Int32, strict=False), 1, 1, time_unit=_UNIT)),
        (number.is_between(1e8, 1e10), pl.from_epoch(number.cast(pl.Int64, strict=False), time_unit="s")),
        (number.is_between(1e11, 1e13), pl.from_epoch(number.cast(pl.Int64, strict=False), time_unit="ms")),
    )
    frame = pl.DataFrame({"number": numbers})
    read = [
        frame.select(pl.when(fits).then(time.cast(pl.Datetime(_UNIT))).otherwise(None).alias("time"))["time"]
        for fits, time in ways
    ]
    return min(read, key=lambda series: series.null_count())
