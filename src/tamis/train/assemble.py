"""Assemble: a fitted model becomes a bundle: calibrated, described, sealed and published in one step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tamis.core import publish
from tamis.decide import MOST_REFERENCES, DecideReport, DecideSettings, FittedDecider, fit_decider
from tamis.models import Bundle, open_bundle, seal_bundle, write_card
from tamis.predict import Classifier
from tamis.train.candidate import Candidate
from tamis.train.material import Material


def finish_bundle(
    best: Candidate,
    material: Material,
    settings: DecideSettings,
    *,
    into: Path,
    notes: Mapping[str, Any] | None = None,
) -> tuple[Bundle, DecideReport]:
    """Return the published bundle of the best candidate, and how its decisions were fitted: on what it really answers.

    `notes` are written into it beside the scores.
    """
    fitted = _decider(best, material, settings)
    said: dict[str, Any] = {
        "validation": best.validation,
        **best.fitted.notes,
        "decide": fitted.report.model_dump(mode="json"),
        **(notes or {}),
    }
    manifest = best.bundle.manifest.model_copy(update={"decider": fitted.decider, "notes": said})
    sealed = seal_bundle(best.bundle.path, manifest)
    write_card(best.bundle.path, sealed.manifest)
    publish(best.bundle.path, into)
    return open_bundle(into), fitted.report


def _decider(best: Candidate, material: Material, settings: DecideSettings) -> FittedDecider:
    task, rows = material.task, material.calibration
    raw = best.raw if rows is material.validation else None
    classifier = Classifier.open(best.bundle)
    if raw is None:
        raw = classifier.raw(rows.raw_texts)
    references: dict[str, Any] = {}
    if settings.unknown != "none" and raw.pooled is not None:
        chosen = np.random.default_rng(settings.seed).permutation(len(material.train))[:MOST_REFERENCES]
        texts, truth = material.train.raw_texts, task.truth(material.train.labels)
        references = {
            "train_pooled": classifier.raw([texts[row] for row in chosen.tolist()]).pooled,
            "train_truth": truth[chosen],
        }
    return fit_decider(task, raw.logits, task.truth(rows.labels), settings, pooled=raw.pooled, **references)
