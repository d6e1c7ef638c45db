"""fit_linear: terms and their weights, from rows to the files of a bundle, in seconds."""

from __future__ import annotations

from tamis import models
from tamis.models import EngineChoice
from tamis.train.class_weights import label_weights
from tamis.train.family import Assignment, Fitted

WEIGHTS = "model.safetensors"


def fit_linear(given: Assignment) -> Fitted:
    """Learn a linear model; the draft then holds its vocabulary and its weights."""
    train, validation = given.train, given.validation
    with given.progress.track("learning terms and weights", total=None, unit="rows"):
        model, chosen = models.fit_linear(
            lambda: (text for batch in train.batches() for text in batch),
            train.targets,
            given.task,
            validation=(validation.texts, validation.targets) if len(validation) else None,
            row_weights=train.weights,
            label_weights=label_weights(given.task, train, given.settings.class_weights),
        )
    model.save(given.draft)
    return Fitted(engine=EngineChoice(name="linear", file=WEIGHTS), notes=chosen)
