"""CheckContext: what the checks look at, with what several of them need worked out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import polars as pl

from tamis.core import Progress, Silent
from tamis.data import Dataset
from tamis.features import FeatureSettings
from tamis.quality.config import QualitySettings
from tamis.quality.copies import Copies, find_copies
from tamis.quality.finding import Rows

_NO_LABEL = "(none)"  # somebody looked and found no label: not the same as nobody having looked
_SHORT = ("id", "split", "group", "time")


class CheckContext:
    """One dataset version under examination. Rows are numbered from 1, as in every report.

    `traits` is what the text checks asked to know of each text (`Check.traits`), found in one pass over the data.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        settings: QualitySettings | None = None,
        features: FeatureSettings | None = None,
        traits: Mapping[str, pl.Expr] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.dataset = dataset
        self.settings = settings or QualitySettings()
        self.features = features or FeatureSettings()
        self.progress: Progress = progress or Silent()
        self._expressions = dict(traits or {})

    @cached_property
    def frame(self) -> pl.DataFrame:
        """One line a row, without its text: `row`, those of `id split group time` that there are, and `labels`.

        `labels` is the list of a row's labels whatever the task; a row without a label has null.
        """
        columns = [name for name in _SHORT if name in self.dataset.columns]
        wanted = [*columns, *(["label"] if self.has_labels else [])]
        frame = pl.DataFrame(pl.from_arrow(self.dataset.table(wanted))) if wanted else pl.DataFrame()
        rows = pl.Series("row", np.arange(1, self.dataset.rows + 1, dtype=np.int64))
        frame = frame.with_columns(rows) if frame.width else pl.DataFrame([rows])
        if not self.has_labels:
            return frame.with_columns(pl.lit(None, dtype=pl.List(pl.String)).alias("labels"))
        kind = frame.schema["label"]
        if not isinstance(kind, pl.List):
            frame = frame.with_columns(
                pl.when(pl.col("label").is_not_null()).then(pl.concat_list(pl.col("label").cast(pl.String)))
                .alias("labels"), pl.col("label").cast(pl.String).alias("answer"),
            )  # fmt: skip
        elif isinstance(kind.inner, pl.Struct):
            frame = frame.with_columns(
                pl.col("label").list.eval(pl.element().struct.field("label")).alias("labels"),
                _spelled_spans(frame["label"]).alias("answer"),
            )
        else:
            names = pl.col("label").list.eval(pl.element().cast(pl.String)).list.drop_nulls()
            frame = frame.with_columns(
                names.alias("labels"),
                names.list.sort().list.join(" + ").replace("", _NO_LABEL).alias("answer"),
            )
        return frame.drop("label")

    @property
    def has_labels(self) -> bool:
        """Whether there is a label column."""
        return "label" in self.dataset.columns

    @property
    def answers(self) -> pl.Series:
        """Each row's whole label as one string, so that two rows can be compared; null where there is none."""
        if "answer" in self.frame.columns:
            return self.frame["answer"]
        return pl.Series("answer", [None] * self.dataset.rows, dtype=pl.String)

    @property
    def splits(self) -> pl.Series | None:
        """Each row's split, or None when the dataset has none."""
        if "split" not in self.frame.columns or self.frame["split"].drop_nulls().is_empty():
            return None
        return self.frame["split"].cast(pl.String)

    @cached_property
    def oversampled(self) -> Rows:
        """The rows that `tamis data split --balance over` repeated on purpose: their ids end in `#2`, `#3`…"""
        split = self.dataset.manifest.notes.get("split")
        if not isinstance(split, dict) or not split.get("copies") or "id" not in self.frame.columns:
            return np.empty(0, dtype=np.int64)
        repeated = self.frame["id"].cast(pl.String).str.contains(r"#\d+$").fill_null(False)
        return self.frame["row"].filter(repeated).to_numpy()

    @cached_property
    def long_labels(self) -> pl.DataFrame:
        """One line for each label of each row: `row`, `label` and, where there is one, `split`."""
        columns = ["row", "labels", *(["split"] if self.splits is not None else [])]
        long = self.frame.select(columns).explode("labels", empty_as_null=True, keep_nulls=True)
        return long.drop_nulls("labels").rename({"labels": "label"}).unique(["row", "label"], maintain_order=True)

    @cached_property
    def texts(self) -> pl.Series:
        """All texts in row order, in memory; a missing one is empty. For comparing each text with all others."""
        return pl.Series("text", pl.Series(self.dataset.table(["text"])["text"])).cast(pl.String).fill_null("")

    @cached_property
    def copies(self) -> Copies:
        """Which rows say the same as others, exactly or nearly."""
        return find_copies(
            self.texts,
            threshold=self.features.near_duplicate_threshold,
            near_words=self.settings.near_copy_words,
            progress=self.progress,
        )

    @cached_property
    def traits(self) -> pl.DataFrame:
        """What the checks asked to know of each text, one line a row."""
        parts: list[pl.DataFrame] = []
        with self.progress.track("reading the texts", total=self.dataset.rows, unit="rows") as advance:
            for batch in self.dataset.batches(["text"]):
                texts = pl.DataFrame({"text": pl.Series(batch.column(0))}).select(pl.col("text").fill_null(""))
                parts.append(texts.select(**self._expressions))
                advance(batch.num_rows)
        if parts:
            return pl.concat(parts)
        return pl.DataFrame({"text": []}, schema={"text": pl.String}).select(**self._expressions)

    def rows_where(self, trait: str) -> Rows:
        """Return the rows whose text has a trait."""
        return np.flatnonzero(self.traits[trait].to_numpy()).astype(np.int64) + 1

    def texts_of(self, rows: Rows) -> pl.Series:
        """Return the texts of some rows, in the order of `rows`."""
        if "texts" in self.__dict__:
            return self.texts.gather(rows - 1)
        wanted = pl.DataFrame({"row": rows})
        lines = self.dataset.scan().select("text").with_row_index("row", offset=1)
        found = lines.with_columns(pl.col("row").cast(pl.Int64)).join(wanted.lazy(), on="row", how="semi").collect()
        return wanted.join(found, on="row", how="left", maintain_order="left")["text"].cast(pl.String).fill_null("")

    def ids_of(self, rows: Rows) -> tuple[str, ...]:
        """Return the ids of some rows."""
        if "id" not in self.frame.columns:
            return ()
        return tuple(str(value) for value in self.frame["id"].gather(rows - 1).to_list())

    def sample(self, most: int) -> Rows:
        """Return all rows, or so many of them evenly spread, always the same."""
        total = self.dataset.rows
        if total <= most:
            return np.arange(1, total + 1, dtype=np.int64)
        return np.unique(np.linspace(1, total, most).round().astype(np.int64))

    def share_of(self, rows: Sequence[int] | Rows) -> float:
        """Return the part of all rows that these are."""
        return len(rows) / self.dataset.rows if self.dataset.rows else 0.0


def _spelled_spans(spans: pl.Series) -> pl.Series:
    """`3-9 Chemical` for each span of a row, in order."""
    one = pl.element().struct.field
    words = pl.format("{}-{} {}", one("start"), one("end"), one("label"))
    spelled = spans.to_frame("spans").select(pl.col("spans").list.eval(words).list.sort().list.join("; "))
    return spelled.to_series()
