"""QualitySettings: what the checks count as too few, too short, too alike or too telling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from tamis.core import Settings
from tamis.quality.constraints.constraint import Constraint

Severity = Literal["error", "warning", "note"]


class QualitySettings(Settings):
    """The `quality` section of tamis.yaml."""

    fail_on: Literal["error", "warning", "never"] = "error"
    """`tamis data check` ends with exit code 3 when it finds something of this weight."""
    severity: Mapping[str, Severity] = Field(default_factory=dict)
    """Another weight for a check or for one of its findings: `{duplicates: note, lengths.empty: error}`."""
    ignore: tuple[str, ...] = ()
    """Checks, or single findings such as `lengths.tiny`, that are not wanted."""
    shown_rows: int = Field(default=10, ge=1)
    """How many row numbers and samples a report prints; the JSON holds all rows."""
    min_rows_per_class: int = Field(default=10, ge=1)
    """A class with fewer labelled rows than this can hardly be learned or measured."""
    imbalance_ratio: float = Field(default=10.0, gt=1)
    """The largest class may be so many times the smallest one before it is worth a word."""
    tiny_words: int = Field(default=3, ge=1)
    """A text with fewer words than this is tiny."""
    huge_words: int = Field(default=2_000, ge=1)
    """A text with more words than this is huge."""
    copy_words: int = Field(default=3, ge=1)
    """A text with fewer words than this ('thank you') recurs by nature and is not taken for a copy."""
    near_copy_words: int = Field(default=6, ge=1)
    """A text with fewer words than this is compared word for word only: one word more or less turns it."""
    token_limit: int | None = Field(default=None, ge=8)
    """How many tokens the backbone reads, the rest is cut off; None: as many as the tokenizer's own model can."""
    token_cut_share: float = Field(default=0.02, ge=0, le=1)
    """A warning from this share of texts that are cut, a note below it."""
    sample_rows: int = Field(default=20_000, ge=100)
    """How many of the texts that give reason to look closer the slow checks (language, tokens) look at, at most."""
    language: str | None = None
    """The language the texts should have (`en`, `de`…); None takes what most texts are in."""
    language_min_words: int = Field(default=8, ge=1)
    """A text with fewer words than this is not judged by its language."""
    language_confidence: float = Field(default=0.9, gt=0, lt=1)
    """How sure the guess of a language must be before a row is named."""
    giveaway_gain: float = Field(default=0.5, gt=0, le=1)
    """A column (or an id) gives the label away when it mends this share of the errors that guessing the commonest
    label makes, on rows that were held out."""
    constraints: tuple[Constraint, ...] = ()
    """What must hold of the datasets; verified on every import (a constraints.yaml beside tamis.yaml may hold more)."""
