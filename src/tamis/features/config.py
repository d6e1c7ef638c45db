"""FeatureSettings: the `features` section of tamis.yaml."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from tamis.core import Settings, UsageError
from tamis.features.cleaning import DEFAULT_CLEANING, Cleaner


class FeatureSettings(Settings):
    """The `features` section of tamis.yaml."""

    cleaning: tuple[Any, ...] = DEFAULT_CLEANING
    """The cleaning steps that `tamis data clean` records when it is given none; `--list` shows them all."""
    tokenizer: str = "minilm"
    """Whose tokens are counted: `minilm` (packaged), a model folder, or a hub id."""
    near_duplicate_threshold: float = Field(default=0.7, gt=0.5, le=1)
    """Share of common words (Jaccard, repeated words count) from which two texts are near-duplicates.

    0.7 holds texts together that share 82 % of their words; 0.818 would be those that share 90 %."""

    @field_validator("cleaning")
    @classmethod
    def _known_steps(cls, spec: tuple[Any, ...]) -> tuple[Any, ...]:
        try:
            Cleaner.check(spec)
        except UsageError as error:
            raise ValueError(error.message) from None
        return spec
