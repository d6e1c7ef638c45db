"""LabelErrors: the rows whose labels look wrong, and what mending them could do to a score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

Label = str | tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A row to review."""

    row: int
    """Its number in the dataset, from 1."""
    id: str
    split: str
    given: Label
    suggested: Label
    probability_given: float
    """That of the label it has, from a model that did not see the row."""
    probability_suggested: float
    text: str


@dataclass(frozen=True, kw_only=True)
class SplitErrors:
    """What was found in one split."""

    split: str
    rows: int
    suspects: int
    score: float
    """The share of rows on which the model agrees with the labels as they are."""
    lowest: float
    """That share if just those mended labels turn out right that the model does not agree with."""
    highest: float
    """That share if just those mended labels turn out right that the model agrees with."""
    judge: str
    """Whose answers the share is of."""


@dataclass(frozen=True, kw_only=True)
class LabelErrors:
    """The labels in doubt, the surest first."""

    dataset: str
    task: str
    judge: str
    """What gave the probabilities."""
    folds: int
    rows: int
    """How many were judged."""
    agreement: float
    """The share of rows whose label the held-out models say."""
    commonest: float
    """The share of rows that the commonest answer alone would get right."""
    suspects: tuple[Suspect, ...]
    splits: tuple[SplitErrors, ...]
    notes: tuple[str, ...] = ()

    @property
    def pairs(self) -> list[tuple[Label, Label, int]]:
        """Which label is often given for which: given, suggested, how often; the commonest first."""
        counts: dict[tuple[Label, Label], int] = {}
        for suspect in self.suspects:
            pair = (suspect.given, suspect.suggested)
            counts[pair] = counts.get(pair, 0) + 1
        ordered = sorted(counts.items(), key=lambda item: -item[1])
        return [(given, suggested, count) for (given, suggested), count in ordered]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {
            "dataset": self.dataset,
            "task": self.task,
            "judge": self.judge,
            "folds": self.folds,
            "rows": self.rows,
            "agreement": self.agreement,
            "commonest": self.commonest,
            "notes": list(self.notes),
            "splits": [vars(split) for split in self.splits],
            "pairs": [{"given": one, "suggested": other, "rows": count} for one, other, count in self.pairs],
            "suspects": [vars(suspect) for suspect in self.suspects],
        }

    def table(self) -> pa.Table:
        """Return the rows to review, the surest first, ready for CSV and Parquet."""
        several = self.task == "multi_label"
        label = pa.list_(pa.string()) if several else pa.string()
        fields = [("row", pa.int64()), ("id", pa.string()), ("split", pa.string()), ("given", label)]
        fields += [("suggested", label), ("probability_given", pa.float64()), ("probability_suggested", pa.float64())]
        schema = pa.schema([*fields, ("text", pa.string())])
        return pa.Table.from_pylist([vars(suspect) for suspect in self.suspects], schema=schema)


def label_in_words(label: Label) -> str:
    """Return a label in words."""
    return label if isinstance(label, str) else ", ".join(label) or "(no label)"
