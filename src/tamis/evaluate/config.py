"""EvaluateSettings: the `evaluate` section of tamis.yaml."""

from __future__ import annotations

from pydantic import Field

from tamis.core import Settings


class EvaluateSettings(Settings):
    """The `evaluate` section of tamis.yaml."""

    resamples: int = Field(default=1000, ge=100)
    """How many bootstrap samples an interval is made of; of very many rows fewer are drawn, which the report says."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """How often an interval holds the true score."""
    seed: int = 0
    """For the resamples."""
    baseline: bool = True
    """Whether a linear model of the same training rows stands beside every number."""
    slice_rows: int = Field(default=30, ge=2)
    """How many labelled rows a slice needs; of smaller ones only the size is told."""
    find_slices: bool = True
    """Whether slices in which the model is worse are looked for."""
    mistakes: int = Field(default=20, ge=0)
    """How many of the mistakes that the model was surest of are shown, with their texts."""
    few_rows: int = Field(default=100, ge=1)
    """Below so many labelled rows the report warns that they are few."""
