"""Likeness: is a form of a model still the same model?"""

from __future__ import annotations

import numpy as np

from tamis.evaluate import Bootstrap, Interval, ScoredRows, difference, measure
from tamis.export.config import ExportSettings
from tamis.export.parity import Likeness, Verdict

SAME = 1e-3
"""Probabilities that differ by less everywhere are the same ones, rounded otherwise."""


def compare_form(yardstick: ScoredRows, form: ScoredRows, settings: ExportSettings) -> Likeness:
    """Return how far a form's answers to the same rows are from the yardstick's.

    The bound is one-sided, from a paired bootstrap. Where no answer became wrong no draw shows a loss, though a few
    more rows might: the bound is then what so many rows without a loss allow (Clopper and Pearson).
    """
    bootstrap = Bootstrap.of(
        yardstick.known,
        resamples=settings.resamples,
        confidence=2 * settings.confidence - 1,  # two ends, of which one is the bound
        seed=settings.seed,
        groups=yardstick.groups,
        texts=yardstick.texts,
    )
    before, after = measure(yardstick.tally, bootstrap), measure(form.tally, bootstrap)
    name = yardstick.task.main_metric
    change = difference(name, after, before, bootstrap)
    assert change is not None
    assert yardstick.probabilities is not None
    assert form.probabilities is not None
    moved = np.abs(form.probabilities - yardstick.probabilities)
    agree = [_plain(one) == _plain(other) for one, other in zip(yardstick.answers, form.answers, strict=True)]
    return Likeness(
        agreement=float(np.mean(agree)),
        largest_change=float(moved.max(initial=0)),
        mean_change=float(moved.mean()) if moved.size else 0.0,
        metric=after.overall[name].value,
        metric_change=change.value,
        change_low=change.low,
        change_high=change.high,
        loss_at_most=_bound(yardstick, form, change, bootstrap, settings.confidence),
        ece=after.overall["ece"].value,
        ece_change=after.overall["ece"].value - before.overall["ece"].value,
    )


def judge(found: Likeness, metric: str, rows: int, settings: ExportSettings) -> tuple[Verdict, str]:
    """Return the verdict on a form and the sentence that gives its numbers."""
    lost, at_most = -found.metric_change, found.loss_at_most
    if found.largest_change < SAME:
        return "same", f"no probability differs by more than {found.largest_change:.0e}"
    told = f"{metric} {_signed(found.metric_change)} on {rows:,} rows, a loss of at most {at_most:.4f}"
    allowed = f"{settings.tolerance:g} {'is' if settings.tolerance else 'are'} allowed"
    if lost > settings.tolerance:
        return "worse", f"{told}; {allowed}"
    if at_most > settings.tolerance:
        return "unproven", f"{told}: too few rows to show that it keeps within {settings.tolerance:g}"
    return "within", f"{told}; {allowed}"


def _bound(yardstick: ScoredRows, form: ScoredRows, change: Interval, bootstrap: Bootstrap, confidence: float) -> float:
    harmed = yardstick.known & (form.wrong > yardstick.wrong)
    if harmed.any():
        return max(0.0, -change.low)
    return max(-change.low, float(1 - (1 - confidence) ** (1 / max(bootstrap.count, 1))))


def _signed(number: float) -> str:
    return f"{number:+.4f}" if abs(number) >= 5e-5 else "±0"


def _plain(label: object) -> object:
    return sorted(label) if isinstance(label, list | tuple) else label
