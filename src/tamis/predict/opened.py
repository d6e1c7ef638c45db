"""Opened: a model as the workspace's settings say it runs."""

from __future__ import annotations

from tamis.core import Workspace
from tamis.models import Bundle
from tamis.predict.classifier import Classifier
from tamis.predict.config import PredictSettings


def open_classifier(workspace: Workspace, bundle: Bundle) -> Classifier:
    """Return the classifier of a bundle with the engine, threads, batches and device of the `predict` section.

    A linear model runs by itself: what the section says of engine and device is for the others.
    """
    settings = workspace.config.of(PredictSettings)
    alone = bundle.manifest.family == "linear"
    return Classifier.open(
        bundle,
        engine="auto" if alone else settings.engine,
        threads=settings.threads,
        batch_tokens=settings.batch_tokens,
        device="auto" if alone else settings.device,
    )
