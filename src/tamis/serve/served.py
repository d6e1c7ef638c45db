"""Served: one version of a model, open, warm, and answering."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tamis.core import Prediction
from tamis.models import Bundle
from tamis.predict import Classifier, PredictSettings
from tamis.serve.batcher import Batch, Batcher
from tamis.serve.config import ServeSettings
from tamis.serve.said import Said

_WARM_WORDS = (1, 8, 30, 120, 300)


@dataclass(frozen=True, eq=False)
class Served:
    """A classifier behind a batcher."""

    classifier: Classifier
    batcher: Batcher

    @classmethod
    def open(
        cls,
        bundle: Bundle,
        serve: ServeSettings,
        predict: PredictSettings,
        *,
        observe: Callable[[Batch], None] = lambda batch: None,
    ) -> Served:
        """Return a bundle that is warm: the first request is as quick as the thousandth."""
        classifier = Classifier.open(
            bundle,
            engine=predict.engine,
            threads=predict.threads,
            batch_tokens=predict.batch_tokens,
            device=predict.device,
        )
        for words in _WARM_WORDS:
            classifier.predict([" ".join(["word"] * words)])
        batcher = Batcher(
            classifier,
            queue_texts=serve.queue_texts,
            wait_seconds=serve.wait_milliseconds / 1000,
            batch_tokens=classifier.batch_tokens,
            observe=observe,
        )
        return cls(classifier, batcher)

    @property
    def version(self) -> str:
        """Which version it is: the first digits of the bundle's seal. Two bundles of one run differ in it."""
        return self.classifier.bundle.manifest.seal[:12]

    @property
    def name(self) -> str:
        """How predictions call the model."""
        return self.classifier.bundle.name

    async def predict(
        self, texts: Sequence[str | None], ids: Sequence[str], *, deadline_seconds: float
    ) -> list[Prediction]:
        """Return one prediction a text."""
        return await self.batcher.predict(texts, ids, deadline_seconds=deadline_seconds)

    async def ask(self, texts: Sequence[str | None], ids: Sequence[str], *, deadline_seconds: float) -> list[Said]:
        """Return one prediction a text, each with its raw scores."""
        return await self.batcher.ask(texts, ids, deadline_seconds=deadline_seconds)

    def describe(self) -> dict[str, object]:
        """Tell what is served, for `/info` and for people."""
        manifest = self.classifier.bundle.manifest
        return {
            "model": self.name,
            "version": self.version,
            "family": manifest.family,
            "task": manifest.task.name,
            "labels": list(self.classifier.labels),
            "several_labels": self.classifier.several,
            "engine": self.classifier.engine,
            "precision": manifest.engine.precision,
            "max_tokens": None if manifest.family == "linear" else manifest.long_text.max_tokens,
            "run": manifest.lineage.run,
            "dataset": manifest.lineage.dataset,
            "trained": manifest.lineage.created.isoformat(),
        }
