"""Work: what a worker does with a shard: predict its rows, put them into the target, note it there."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pyarrow as pa

from tamis.predict.batch.job import BatchJob
from tamis.predict.batch.shard import DoneShard, Shard
from tamis.predict.batch.target import Target, sha256
from tamis.predict.full_disk import full_disk_told
from tamis.predict.table import prediction_table, write_predictions
from tamis.predict.window import WINDOW_ROWS


@dataclass(frozen=True)
class PredictShard:
    """Predicts one shard after the other, in whichever process an executor calls it."""

    job: BatchJob

    def __call__(self, shard: Shard) -> DoneShard:
        """Return what became of a shard, once its predictions are in the target."""
        classifier, window = self.job.classifier(), shard.window
        rows = len(window.ids)
        pieces = [slice(start, start + WINDOW_ROWS) for start in range(0, rows, WINDOW_ROWS)]
        tables = []
        predicted = classifier.stream((window.ids[piece], window.texts[piece]) for piece in pieces)
        for piece, predictions in zip(pieces, predicted, strict=True):
            kept = window.kept.slice(piece.start, len(predictions))
            tables.append(prediction_table(predictions, kept, outputs=classifier.labels, several=classifier.several))
        table = pa.concat_tables(
            tables or [prediction_table([], window.kept, outputs=classifier.labels, several=classifier.several)]
        )
        sink = io.BytesIO()
        write_predictions(lambda: iter([table]), table.schema, sink, suffix=".parquet", scores=self.job.scores)
        content = sink.getvalue()
        counts = table["reason"].value_counts().to_pylist()
        done = DoneShard(
            name=shard.name,
            uri=shard.uri,
            number=shard.number,
            source_bytes=shard.source_bytes,
            first_row=shard.first_row,
            rows=rows,
            digest=shard.digest,
            reasons={each["values"]: each["counts"] for each in counts},
            rejects=tuple(window.rejects),
            bytes=len(content),
            sha256=sha256(content),
        )
        with full_disk_told(self.job.target, kept="in it"):
            Target(self.job.target).keep(done, content)
        return done
