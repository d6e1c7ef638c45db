"""SplitSettings: the `split` section of tamis.yaml."""

from __future__ import annotations

from pydantic import Field, field_validator

from tamis.core import Settings, UsageError
from tamis.split.names import check_fractions


class SplitSettings(Settings):
    """The `split` section of tamis.yaml."""

    fractions: dict[str, float] = Field(default_factory=lambda: {"train": 0.7, "validation": 0.15, "test": 0.15})
    """Share of the rows that each split gets; they sum to 1. `calibration` may be one of them."""
    seed: int = 0
    """Another seed, another split; the same seed and rows, the same split."""
    balance_ratio: float = Field(default=1.0, ge=1)
    """After `--balance`, the largest class has at most so many times the rows of the smallest."""

    @field_validator("fractions")
    @classmethod
    def _sound(cls, fractions: dict[str, float]) -> dict[str, float]:
        try:
            return check_fractions(fractions)
        except UsageError as error:
            raise ValueError(error.message) from None
