"""ExportSettings: the `export` section of tamis.yaml."""

from __future__ import annotations

from pydantic import Field

from tamis.core import Settings


class ExportSettings(Settings):
    """The `export` section of tamis.yaml."""

    tolerance: float = Field(default=0.01, ge=0, lt=1)
    """How much of the main score a quicker form of a model may lose, at most: the bound counts, not the estimate."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """How sure that bound must be."""
    rows: int = Field(default=1000, ge=20)
    """So many labelled rows are judged at most, drawn from those the model did not learn from."""
    seconds: float = Field(default=20, gt=0)
    """How long all forms together are timed."""
    resamples: int = Field(default=1000, ge=100)
    """How many bootstrap draws the bound is made of."""
    seed: int = 0
    """For the rows and the draws."""
