"""ExploreSettings: the `explore` section of tamis.yaml."""

from __future__ import annotations

from pydantic import Field

from tamis.core import Settings


class ExploreSettings(Settings):
    """The `explore` section of tamis.yaml."""

    stop_words: str = "en"
    """Words left out of clouds and lists of terms: a language, `none`, or a file with one word a line."""
    terms: int = Field(default=20, ge=1, le=200)
    """How many top terms, and how many pairs and triples of words, are shown."""
    terms_per_class: int = Field(default=10, ge=1, le=50)
    """How many words that set a class apart are shown."""
    samples_per_class: int = Field(default=3, ge=0, le=50)
    """How many example texts of each class are shown."""
    cloud_words: int = Field(default=120, ge=5, le=1000)
    """How many words a cloud holds at most."""
    whole_share: float = Field(default=0.95, gt=0, le=1)
    """The share of texts that the suggested length limit must leave whole."""
    sample_rows: int = Field(default=200_000, ge=1)
    """Above so many rows, words, lengths and duplicates are measured on a random sample of this size."""
    near_duplicate_rows: int = Field(default=50_000, ge=1)
    """Above so many rows, near-duplicates are sought in a random sample of this size."""
    token_rows: int = Field(default=20_000, ge=1)
    """Above so many rows, tokens are counted on a random sample of this size."""
    seed: int = 42
    """Of every random choice: samples, clouds. The same input gives the same page."""
    dpi: int = Field(default=160, ge=30, le=1200)
    """Dots per inch of the pictures that are written as files."""
