"""Candidate: a model that was fitted and is not yet published: its folder, and how it does on validation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from tamis.core import publish, write_atomic
from tamis.models import Bundle, BundleManifest, seal_bundle
from tamis.predict import Classifier, RawScores
from tamis.tasks import Task
from tamis.train.family import Fitted
from tamis.train.rows import TrainingRows
from tamis.train.scoring import score_rows

FITTED = TypeAdapter(Fitted)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One fitted model with its scores."""

    bundle: Bundle
    fitted: Fitted
    raw: RawScores | None
    """Of the validation rows; None without any."""
    validation: dict[str, float]

    def beats(self, other: Candidate | None, task: Task) -> bool:
        """Return whether this one is the better; on a tie the earlier one stays."""
        if other is None:
            return True
        metric = task.main_metric
        return self.validation.get(metric, 0.0) > other.validation.get(metric, 0.0)


def judge(folder: Path, manifest: BundleManifest, fitted: Fitted, validation: TrainingRows) -> Candidate:
    """Return the model in a folder as a candidate: opened as it will serve, and scored on the validation rows."""
    bundle = seal_bundle(folder, manifest.model_copy(update={"engine": fitted.engine, "long_text": fitted.long_text}))
    if not len(validation):
        return Candidate(bundle=bundle, fitted=fitted, raw=None, validation={})
    raw = Classifier.open(bundle).raw(validation.raw_texts)
    scores = score_rows(bundle.task, validation, bundle.task.probabilities(raw.logits))
    return Candidate(bundle=bundle, fitted=fitted, raw=raw, validation=scores)


def keep_fitted(draft: Path, fitted: Fitted, path: Path) -> None:
    """Give a draft its place in the run's folder, and what the family said beside it."""
    write_atomic(_beside(path), FITTED.dump_json(fitted))
    publish(draft, path)


def kept_fitted(path: Path) -> Fitted | None:
    """Return what the family said of a model that an earlier stretch of the run finished, or None."""
    return FITTED.validate_json(_beside(path).read_bytes()) if path.is_dir() else None


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")
