"""Refit: a form with other scores is calibrated on its own, with the settings and rows of the training."""

from __future__ import annotations

import numpy as np

from tamis.decide import Decider, DecideSettings, Unknown, fit_decider
from tamis.models import Bundle
from tamis.predict import RawScores
from tamis.tasks import Floats, Task


def refit_decider(bundle: Bundle, truth: object, plain: RawScores, own: RawScores) -> Decider:
    """Return what decides on a form's own scores: calibration, rule and promise fitted anew.

    `plain` are the scores of the weights as trained on the same rows. What tells unknown text stays, but for its
    threshold, which moves to where it tells as many of these rows as before.
    """
    task, before = bundle.task, bundle.manifest.decider.load(bundle.path)
    settings = DecideSettings.model_validate(bundle.manifest.lineage.settings.get("decide", {}))
    known_text = settings.model_copy(update={"unknown": "none"})
    fitted = fit_decider(task, own.logits, np.asarray(truth), known_text).decider
    if before.unknown is None:
        return fitted
    return fitted.model_copy(update={"unknown": _moved(before.unknown, task, plain, own)})


def _moved(unknown: Unknown, task: Task, plain: RawScores, own: RawScores) -> Unknown:
    before = unknown.strangeness(task, plain.logits, _floats(plain.pooled))
    told = float((before > unknown.threshold).mean()) if len(before) else 0.0
    if not 0 < told < 1:  # the rows say nothing of where the threshold lies
        return unknown
    after = unknown.strangeness(task, own.logits, _floats(own.pooled))
    return unknown.model_copy(update={"threshold": float(np.quantile(after, 1 - told))})


def _floats(pooled: Floats | None) -> Floats | None:
    return None if pooled is None else pooled.astype(np.float32)
