"""Sizes: how many rows, with and without text and label, in which splits."""

from __future__ import annotations

from dataclasses import dataclass

from tamis.data import Dataset
from tamis.explore.rows import Rows


@dataclass(frozen=True)
class Sizes:
    """How much there is, counted over all rows."""

    rows: int
    labelled: int
    unlabelled: int
    textless: int
    rejected: int
    labels: int
    task: str
    splits: dict[str, int]
    measured: int
    """Rows that words, lengths and duplicates were measured on."""
    version: str
    """The dataset's version, task and the start of its fingerprint; empty for bare texts."""


def measure_sizes(rows: Rows, dataset: Dataset | None = None) -> Sizes:
    """Return the counts of a dataset, or of bare texts."""
    if dataset is None:
        textless = rows.frame["text"].str.strip_chars().eq("").sum()
        return Sizes(rows.total, 0, rows.total, int(textless), 0, 0, "none", {}, rows.frame.height, "")
    manifest = dataset.manifest
    return Sizes(
        rows=manifest.rows,
        labelled=manifest.labelled,
        unlabelled=manifest.rows - manifest.labelled,
        textless=manifest.textless,
        rejected=manifest.rejected,
        labels=len(manifest.labels),
        task=manifest.task,
        splits=_in_order(manifest.split_counts),
        measured=rows.frame.height,
        version=f"version {manifest.version} · {manifest.task.replace('_', ' ')} · {manifest.fingerprint[:12]}",
    )


def split_order(name: str) -> tuple[int, str]:
    """Return where a split stands: training first, then validation, then test, then others by name."""
    word = name.lower()
    known = ("train", "val", "dev", "test", "hold")
    return next((place for place, start in enumerate(known) if word.startswith(start)), len(known)), name


def _in_order(counts: dict[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in sorted(counts, key=split_order)}
