"""Timeline: how many rows there are over time, and how the mix of classes changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from tamis.explore.rows import Rows
from tamis.explore.times import read_times

# Coarser and coarser: the first step that needs no more than MOST columns is taken.
_STEPS = {
    "hour": "1h",
    "day": "1d",
    "week": "1w",
    "month": "1mo",
    "quarter": "1q",
    "year": "1y",
    "decade": "10y",
    "century": "100y",
}
MOST = 60


@dataclass(frozen=True)
class Timeline:
    """Rows over time."""

    first: str
    last: str
    step: str
    """What one column is: hour, day, week, month, quarter, year…"""
    starts: tuple[str, ...]
    """Where each column begins; columns without rows are there too."""
    rows: tuple[int, ...]
    labels: dict[str, tuple[int, ...]]
    """Rows of each label in each column."""
    timeless: int
    """Rows whose time is missing or cannot be read."""
    busiest: str
    drift: float | None
    """How much the class shares of the earlier half of the rows differ from the later half's: 0 not, 1 wholly."""
    mover: str
    """The label whose share changed most."""
    before: float
    after: float
    """Its share in the earlier and in the later half."""


def measure_timeline(rows: Rows) -> Timeline | None:
    """Return the rows over time, or None when rows have no time that can be read."""
    if "time" not in rows.frame.columns:
        return None
    times = read_times(rows.frame["time"])
    timed = pl.DataFrame({"time": times}).with_row_index("place").drop_nulls()
    if timed.is_empty():
        return None
    first, last = timed.select(pl.col("time").min().alias("first"), pl.col("time").max().alias("last")).row(0)
    step, axis = _axis(first, last)
    timed = timed.with_columns(pl.col("time").dt.truncate(_STEPS[step]).alias("start"))
    counts = dict(timed.group_by("start").len().iter_rows())
    labels: dict[str, dict[datetime, int]] = {label: {} for label in rows.labels}
    for label, start, count in rows.members.join(timed, on="place").group_by("label", "start").len().iter_rows():
        labels.setdefault(label, {})[start] = count
    drift, mover, before, after = _drift(rows, timed)
    return Timeline(
        first=f"{first:%Y-%m-%d}",
        last=f"{last:%Y-%m-%d}",
        step=step,
        starts=tuple(_name(start, step) for start in axis),
        rows=tuple(counts.get(start, 0) for start in axis),
        labels={label: tuple(own.get(start, 0) for start in axis) for label, own in labels.items()},
        timeless=times.null_count(),
        busiest=_name(max(axis, key=lambda start: counts.get(start, 0)), step),
        drift=drift,
        mover=mover,
        before=before,
        after=after,
    )


def _axis(first: datetime, last: datetime) -> tuple[str, list[datetime]]:
    for step, every in _STEPS.items():
        start = pl.Series([first]).dt.truncate(every)[0]
        hours = (last - start).total_seconds() / 3600
        if step == "hour" and hours > MOST:
            continue
        axis = pl.datetime_range(start, last, interval=every, eager=True).to_list()
        if len(axis) <= MOST:
            break
    return step, axis


def _name(start: datetime, step: str) -> str:
    if step == "quarter":
        return f"{start:%Y} Q{(start.month + 2) // 3}"
    forms = {"hour": "%Y-%m-%d %H:00", "day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m"}
    return f"{start:{forms.get(step, '%Y')}}"


def _drift(rows: Rows, timed: pl.DataFrame) -> tuple[float | None, str, float, float]:
    """Return the total variation distance of the classes between the halves, and who moved most."""
    placed = rows.members.join(timed, on="place")
    if placed["place"].n_unique() < 40 or len(rows.labels) < 2:
        return None, "", 0.0, 0.0
    middle = placed["time"].quantile(0.5, interpolation="lower")
    shares = [_shares(placed.filter(half)) for half in (pl.col("time") <= middle, pl.col("time") > middle)]
    if not all(shares):
        return None, "", 0.0, 0.0
    changes = {label: shares[1].get(label, 0) - shares[0].get(label, 0) for label in rows.labels}
    mover = max(changes, key=lambda label: abs(changes[label]))
    distance = sum(abs(change) for change in changes.values()) / 2
    return distance, mover, shares[0].get(mover, 0.0), shares[1].get(mover, 0.0)


def _shares(placed: pl.DataFrame) -> Mapping[str, float]:
    counted = placed.group_by("label").len()
    return {label: count / placed.height for label, count in counted.iter_rows()}
