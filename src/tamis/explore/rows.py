"""Rows: what is explored: texts with their labels, in memory, and a way to ask about all rows of the source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from tamis.data import Dataset


@dataclass(frozen=True)
class Rows:
    """The rows of a dataset, or a sample of them where there are too many."""

    name: str
    task: str
    labels: tuple[str, ...]
    """The label set in its saved order."""
    frame: pl.DataFrame
    """`row` (place in the source), `id`, `text` (never missing), and `label split group time` where there are any."""
    everything: pl.LazyFrame
    """All rows with all columns."""
    total: int

    @classmethod
    def of_dataset(cls, dataset: Dataset, *, sample: int, seed: int) -> Rows:
        """Return the rows of a dataset; of more than `sample` rows, so many chosen at random."""
        scan = dataset.scan().with_row_index("row")
        roles = [role for role in ("id", "text", "label", "split", "group", "time") if role in dataset.columns]
        query = scan.select("row", *roles)
        if dataset.rows > sample:
            chosen = np.random.default_rng(seed).choice(dataset.rows, size=sample, replace=False)
            query = query.join(pl.LazyFrame({"row": np.sort(chosen).astype(np.uint32)}), on="row", how="semi")
        frame = query.collect().sort("row").with_columns(pl.col("text").cast(pl.String).fill_null(""))
        return cls(
            name=dataset.name,
            task=dataset.manifest.task,
            labels=dataset.label_set.names,
            frame=frame,
            everything=dataset.scan(),
            total=dataset.rows,
        )

    @classmethod
    def of_texts(cls, texts: Sequence[str], *, name: str) -> Rows:
        """Return bare texts as rows."""
        frame = pl.DataFrame({"text": list(texts)}, schema={"text": pl.String})
        numbered = frame.with_row_index("row").with_columns((pl.col("row") + 1).cast(pl.String).alias("id"))
        return cls(name=name, task="none", labels=(), frame=numbered, everything=frame.lazy(), total=frame.height)

    @property
    def sampled(self) -> bool:
        """Whether these are only some of the source's rows."""
        return self.frame.height < self.total

    @cached_property
    def members(self) -> pl.DataFrame:
        """Which row has which label: `place` in the frame and `label`, one line for each label of a row."""
        if "label" not in self.frame.columns:
            return pl.DataFrame(schema={"place": pl.UInt32, "label": pl.String})
        column = pl.col("label")
        pairs = self.frame.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("place"), column)
        if isinstance(pairs.schema["label"], pl.List):
            pairs = pairs.explode("label", empty_as_null=False, keep_nulls=False)
            if isinstance(pairs.schema["label"], pl.Struct):
                pairs = pairs.with_columns(column.struct.field("label").alias("label"))
            pairs = pairs.unique(maintain_order=True)
        return pairs.with_columns(column.cast(pl.String)).drop_nulls("label")

    @cached_property
    def places(self) -> dict[str, npt.NDArray[np.int64]]:
        """The places in the frame of each label's rows."""
        parts = self.members.partition_by("label", as_dict=True, maintain_order=True)
        return {str(label): part["place"].to_numpy().astype(np.int64) for (label,), part in parts.items()}

    def some(self, most: int, *, seed: int) -> Rows:
        """Return these rows, or `most` of them chosen at random."""
        if self.frame.height <= most:
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(self.frame.height, size=most, replace=False))
        return Rows(self.name, self.task, self.labels, self.frame[chosen], self.everything, self.total)
