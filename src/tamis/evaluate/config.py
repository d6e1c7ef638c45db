"""EvaluateSettings: the `evaluate` section of tamis.yaml."""

from __future__ import annotations

from pydantic import Field

from tamis.core import Settings


class EvaluateSettings(Settings):
    """The `evaluate` section of tamis.yaml."""

    resamples: int = Field(default=1000, ge=100)
    """How many bootstrap samples an interval is made of."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """How often an interval holds the true score."""
    seed: int = 0
    """For the resamples."""
