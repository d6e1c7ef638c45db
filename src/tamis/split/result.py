"""SplitResult: the version that a split made, and what is to be known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tamis.data import Dataset
from tamis.split.counts import Counts


@dataclass(frozen=True, kw_only=True)
class SplitResult:
    """A dataset with its splits; the counts and what was said are in its notes as well."""

    dataset: Dataset
    new: bool
    """False when an earlier version already held these very rows and splits."""
    rows: dict[str, int]
    """Rows by split; `none` are those that belong to no split."""
    counts: Counts
    said: tuple[str, ...]
    """What was decided on the way, in sentences."""
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready values."""
        return {
            "dataset": self.dataset.ref,
            "fingerprint": self.dataset.manifest.fingerprint,
            "new": self.new,
            "rows": self.rows,
            "counts": self.counts,
            "said": list(self.said),
            "warnings": list(self.warnings),
        }
