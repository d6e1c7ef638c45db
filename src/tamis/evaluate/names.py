"""Names: what each measure is called, what it asks, and how its numbers are written."""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

from tamis.evaluate.intervals import Interval


class Measure(NamedTuple):
    """A measure in words."""

    title: str
    asks: str
    percent: bool = False


MEASURES: dict[str, Measure] = {
    "accuracy": Measure("Accuracy", "How many rows are answered rightly?", True),
    "subset_accuracy": Measure("Exact rows", "How many rows have exactly the right labels?", True),
    "exact_rows": Measure("Exact rows", "How many rows have exactly the right spans?", True),
    "macro_f1": Measure("Macro-F1", "How good is it if every label counts alike?"),
    "weighted_f1": Measure("Weighted F1", "How good is it if every row counts alike?"),
    "micro_f1": Measure("Micro-F1", "How good is it over all answers together?"),
    "macro_precision": Measure("Macro precision", "Of what is said, how much is right? Every label alike."),
    "weighted_precision": Measure("Weighted precision", "Of what is said, how much is right? Labels by their rows."),
    "micro_precision": Measure("Micro precision", "Of what is said, how much is right? All answers together."),
    "macro_recall": Measure("Macro recall", "Of what is true, how much is found? Every label alike."),
    "weighted_recall": Measure("Weighted recall", "Of what is true, how much is found? Labels by their rows."),
    "micro_recall": Measure("Micro recall", "Of what is true, how much is found? All labels together."),
    "roc_auc": Measure("ROC AUC", "Does a row that bears a label score above one that does not? 0.5 is chance."),
    "average_precision": Measure("Average precision", "The area under precision over recall, mean of the labels."),
    "mae": Measure("Mean distance", "How many steps is the answer off?"),
    "quadratic_kappa": Measure("Quadratic kappa", "How far above chance is it, far misses costing most?"),
    "hamming": Measure("Hamming loss", "How many single yes or no are wrong?"),
    "hierarchy_consistency": Measure("Consistent rows", "In how many rows has each label its parents?", True),
    "log_loss": Measure("Log-loss", "How surprised is it by the truth? 0 is never."),
    "ece": Measure("Calibration error", "How far is its confidence from how often it is right?"),
    "brier": Measure("Brier score", "The squared gap of probabilities and truth."),
    "precision": Measure("Precision", "When it says the label, how often is it right?"),
    "recall": Measure("Recall", "Of the rows with the label, how many does it find?"),
    "f1": Measure("F1", "Precision and recall in one number."),
    "coverage": Measure("Answered", "How many rows get an answer?", True),
    "error": Measure("Error", "How many rows are answered wrongly?", True),
    "aurc": Measure("AURC", "The mean error over all shares of silence."),
}
RIGHT = ("accuracy", "subset_accuracy", "exact_rows")


def title(name: str) -> str:
    """Return what people call a measure."""
    return MEASURES[name].title if name in MEASURES else name.replace("_", " ")


def number(value: float, *, name: str = "") -> str:
    """Return a value as it is written: shares of rows in per cent, all else with three digits.

    >>> number(0.9417, name="accuracy"), number(0.9417), number(float("nan"))
    ('94.2 %', '0.942', '–')
    """
    if not isfinite(value):
        return "–"
    if name in MEASURES and MEASURES[name].percent:
        return share(value)
    return f"{value:.3f}"


def share(value: float) -> str:
    """Return a share in per cent with one digit, without saying 100 % of what is not all."""
    if not isfinite(value):
        return "–"
    text = f"{value * 100:.1f}"
    if text in ("100.0", "0.0"):
        return f"{value * 100:.0f} %" if value in (0.0, 1.0) else f"{min(max(value, 0.0001), 0.9999) * 100:.2f} %"
    return f"{text} %"


def span(interval: Interval, *, name: str = "") -> str:
    """Return an interval's ends: `0.91 to 0.95`."""
    if not (isfinite(interval.low) and isfinite(interval.high)):
        return "–"
    low, high = number(interval.low, name=name), number(interval.high, name=name)
    if low.endswith(" %") and high.endswith(" %"):
        low = low.removesuffix(" %")
    return f"{low} to {high}"
