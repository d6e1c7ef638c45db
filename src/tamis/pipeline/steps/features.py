"""The step `features`: how text is cleaned for the model, recorded with the data and later with the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tamis.core import Workspace
from tamis.data import open_dataset
from tamis.features import Cleaner, FeatureSettings, record_cleaning
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.artefacts import find_artefact
from tamis.pipeline.kinds import Context, step


def _reads(workspace: Workspace, given: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"features.cleaning": list(workspace.config.of(FeatureSettings).cleaning)}  # no other key matters here


@step(outputs=("dataset", "cleaning"), code=("data", "features"), reads=_reads)
def features(context: Context, dataset: Artefact) -> Mapping[str, Any]:
    """Return the dataset with the cleaning steps of `features.cleaning`; the stored text stays as it came."""
    cleaner = Cleaner.from_spec(context.workspace.config.of(FeatureSettings).cleaning)
    cleaned, _ = record_cleaning(context.workspace, open_dataset(context.workspace, dataset.ref), cleaner)
    return {"dataset": find_artefact(context.workspace, "dataset", cleaned.ref), "cleaning": cleaner.spec}
