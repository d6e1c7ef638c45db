"""Parity: what `parity.json` says of a model's forms: how alike, how quick, how large."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tamis.export.speed import Speed

PARITY = "parity.json"

Verdict = Literal["yardstick", "same", "within", "unproven", "worse", "absent"]
ACCEPTED: frozenset[Verdict] = frozenset({"yardstick", "same", "within"})


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Likeness(_Record):
    """How far a form is from the weights as they were trained, on labelled rows that the model did not learn from."""

    agreement: float
    """The share of rows with the same answer."""
    largest_change: float
    """Of any probability of any row."""
    mean_change: float
    metric: float
    metric_change: float
    """Below 0: the form is worse."""
    change_low: float
    change_high: float
    """The interval of the change, from draws of rows that both forms share."""
    loss_at_most: float
    """The bound that the tolerance is held against."""
    ece: float
    ece_change: float
    """Calibration error; above 0: the form is worse calibrated."""


class FormParity(_Record):
    """One form of a model, measured."""

    engine: str
    precision: str
    file: str
    bytes: int | None = None
    verdict: Verdict
    """yardstick: the weights as trained · same: but for rounding · within: the loss is within the tolerance ·
    unproven: too few rows to say so · worse: it loses more · absent: it cannot run here."""
    says: str
    """The verdict in words, with its numbers."""
    chosen: bool = False
    calibration: Literal["as trained", "refitted"] = "as trained"
    likeness: Likeness | None = None
    speed: Speed | None = None

    @property
    def name(self) -> str:
        """How tables call it."""
        return f"{self.engine} {self.precision}"


class Parity(_Record):
    """All forms of a model, measured on one machine."""

    model: str
    rows: int
    """So many labelled rows were judged."""
    data: str
    """Which ones."""
    main_metric: str
    tolerance: float
    confidence: float
    processor: tuple[str, ...]
    """What it has that makes small models quick."""
    threads: int
    versions: dict[str, str]
    forms: tuple[FormParity, ...]
    notes: tuple[str, ...] = ()

    @property
    def chosen(self) -> FormParity:
        """The form that runs the model from now on."""
        return next(form for form in self.forms if form.chosen)

    @property
    def refused(self) -> tuple[FormParity, ...]:
        """The forms that are not shown to be the same model."""
        return tuple(form for form in self.forms if form.verdict in ("worse", "unproven"))
