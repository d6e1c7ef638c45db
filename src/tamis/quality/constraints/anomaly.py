"""Judges a metric against the same metric of the versions before."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tamis.quality.constraints.assertion import shown
from tamis.quality.constraints.constraint import Anomaly

AnomalyStatus = Literal["success", "failure", "not enough history"]


@dataclass(frozen=True)
class AnomalyVerdict:
    """One way of looking at a change, and what it found."""

    check: str
    status: AnomalyStatus
    message: str


def judge_change(value: float, before: Sequence[float], anomaly: Anomaly) -> Iterator[AnomalyVerdict]:
    """Yield a verdict for each kind of change that is limited; `before` holds the earlier values, oldest first."""
    if anomaly.relative_change is not None:
        yield _relative(value, before, anomaly.relative_change)
    if anomaly.absolute_change is not None:
        yield _absolute(value, before, anomaly.absolute_change)
    if anomaly.z_score is not None:
        yield _z_score(value, before[-anomaly.versions :], anomaly.z_score, anomaly.min_versions)


def _relative(value: float, before: Sequence[float], most: float) -> AnomalyVerdict:
    check = f"changes by at most {most:.6g} of the version before"
    if not before:
        return _unknown(check, have=0, need=1)
    last = before[-1]
    moved = "0" if value == last else f"{abs(value - last) / abs(last):.4g}" if last else "from nothing"
    message = f"{shown(value)}, before it {shown(last)}: a relative change of {moved}"
    fine = abs(value - last) <= most * abs(last) * (1 + 1e-9)
    return AnomalyVerdict(check, "success" if fine else "failure", message)


def _absolute(value: float, before: Sequence[float], most: float) -> AnomalyVerdict:
    check = f"changes by at most {most:.6g} from the version before"
    if not before:
        return _unknown(check, have=0, need=1)
    moved = abs(value - before[-1])
    message = f"{shown(value)}, before it {shown(before[-1])}: a change of {moved:.4g}"
    return AnomalyVerdict(check, "success" if moved <= most * (1 + 1e-9) else "failure", message)


def _z_score(value: float, before: Sequence[float], most: float, need: int) -> AnomalyVerdict:
    check = f"is at most {most:.6g} standard deviations from the {len(before)} versions before"
    if len(before) < need:
        return _unknown(check, have=len(before), need=need)
    mean, deviation = statistics.fmean(before), statistics.stdev(before)
    if deviation == 0:
        fine = value == before[-1]
        known = f"it was always {shown(before[-1])} before"
        return AnomalyVerdict(check, "success" if fine else "failure", f"{shown(value)}, and {known}")
    score = (value - mean) / deviation
    message = f"{shown(value)} against {mean:.4g} ± {deviation:.4g}: z = {score:+.2f}"
    return AnomalyVerdict(check, "success" if abs(score) <= most else "failure", message)


def _unknown(check: str, *, have: int, need: int) -> AnomalyVerdict:
    return AnomalyVerdict(check, "not enough history", f"{have} earlier versions are measured, {need} are needed")
