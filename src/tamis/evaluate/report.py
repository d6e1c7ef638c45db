"""Evaluation: everything that was found out about a model on some rows, as one noun and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from math import isfinite
from typing import Any

from tamis.evaluate.curves import LabelCurves
from tamis.evaluate.found import Found
from tamis.evaluate.intervals import Interval
from tamis.evaluate.silence import Silence
from tamis.evaluate.slices import Slices
from tamis.tasks import LOWER_IS_BETTER, ReliabilityBin

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Score:
    """One measure of the model, with the baseline's beside it."""

    name: str
    model: Interval
    baseline: Interval | None = None
    difference: Interval | None = None
    """By how much the model's is above the baseline's, from the same draws."""

    @property
    def lower_is_better(self) -> bool:
        """True for errors and losses."""
        return self.name in LOWER_IS_BETTER or self.name == "error"

    @property
    def verdict(self) -> str:
        """Whether the model is surely better or worse than the baseline or the same, or that is open."""
        if self.difference is None or not isfinite(self.difference.low) or self.name == "ece":
            return ""  # one that knows nothing and says so is well calibrated: that is no merit
        low, high = self.difference.low, self.difference.high
        if low == high == 0:
            return "same"
        if self.lower_is_better:
            low, high = -high, -low
        return "better" if low > 0 else "worse" if high < 0 else "open"


@dataclass(frozen=True, kw_only=True)
class LabelScores:
    """The measures of one label."""

    label: str
    rows: int
    """How many rows bear it."""
    said: int
    """How often it was answered."""
    scores: Mapping[str, Score]


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """What was answered for what was true. Of several labels a text, each label by itself: no/yes x no/yes."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """True x answered; or for each label: right no, wrong yes, missed, right yes."""
    exclusive: bool

    @property
    def shares(self) -> tuple[tuple[float, ...], ...]:
        """Each line as shares of its sum."""
        return tuple(tuple(count / (sum(line) or 1) for count in line) for line in self.counts)


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    """How far probabilities are to be believed, before calibration and after."""

    method: str
    before: Mapping[str, Interval]
    after: Mapping[str, Interval]
    bins_before: tuple[ReliabilityBin, ...]
    bins_after: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A promise of the decision rule, held against these rows."""

    goal: str
    target: float
    rows: int
    value: float | None
    low: float
    high: float
    verdict: str
    by_label: Mapping[str, tuple[int, float | None, float, float]]


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A row whose answer is wrong, and how sure the model was."""

    id: str
    row: int
    """From 0, among the rows that were scored."""
    text: str
    truth: Any
    answer: Any
    confidence: float
    silent: bool
    """The model kept silent here: this is what it would have said."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What `evaluation.json` says and the page shows."""

    format: int = FORMAT
    model: str
    run: str
    source: str
    split: str | None
    task: str
    labels: tuple[str, ...]
    created: str
    tamis: str
    rows: int
    scored: int
    """Rows with a label."""
    confidence: float
    resamples: int
    seed: int
    units: int
    """How many independent rows, texts or groups there are."""
    drawn_by: str
    main_metric: str
    essence: tuple[str, ...]
    warnings: tuple[str, ...]
    baseline: str
    """linear, majority or none."""
    baseline_says: str
    scores: Mapping[str, Score]
    by_label: tuple[LabelScores, ...]
    confusion: Confusion | None
    calibration: Calibrated | None
    silence: Silence | None
    promise: Kept | None
    curves: tuple[LabelCurves, ...]
    lengths: Slices
    length_unit: str
    cut_share: float
    slices: tuple[Slices, ...]
    """One for the groups, for each column asked for, and for the conditions."""
    found: Found
    leaked: Slices | None
    """The rows whose text was learned from, and the others."""
    mistakes: tuple[Mistake, ...]
    seconds: float

    def score(self, name: str) -> Score:
        """Return a measure by its name."""
        return self.scores[name]

    def without_texts(self) -> Evaluation:
        """Return the same without any text of the rows: what may travel with the model."""
        return replace(self, mistakes=())

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values; numbers that are not defined are null."""
        plain: dict[str, Any] = _plain(self)
        if self.confusion is not None:
            plain["confusion"]["shares"] = _plain(self.confusion.shares)
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Interval):
        return value.to_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not isfinite(value) else value
