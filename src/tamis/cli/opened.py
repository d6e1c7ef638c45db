"""Opened: a model as the workspace's settings say it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tamis.core import Workspace
    from tamis.models import Bundle
    from tamis.predict import Classifier


def open_classifier(workspace: Workspace, bundle: Bundle) -> Classifier:
    """Return the classifier of a bundle with the engine, threads, batches and device of the `predict` section."""
    from tamis.predict import Classifier, PredictSettings

    settings = workspace.config.of(PredictSettings)
    return Classifier.open(
        bundle,
        engine=settings.engine,
        threads=settings.threads,
        batch_tokens=settings.batch_tokens,
        device=settings.device,
    )
