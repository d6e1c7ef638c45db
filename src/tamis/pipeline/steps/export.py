"""The step `export`: the quickest form of a model that is shown to be the same model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tamis.export import export_onnx
from tamis.models import find_bundle
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.kinds import Context, step
from tamis.pipeline.steps.train import CODE


@step(outputs=("run", "form"), settings=("export", "predict", "evaluate"), code=(*CODE, "evaluate", "export"))
def export(context: Context, run: Artefact, *, quick: bool = False) -> Mapping[str, Any]:
    """Return the run with an ONNX file and the engine that won here; a linear model has its quickest form already."""
    bundle = find_bundle(context.workspace, run.ref)
    if bundle.manifest.family == "linear":
        return {"run": run, "form": "linear fp32"}
    exported = export_onnx(context.workspace, bundle, quick=quick, progress=context.progress)
    return {"run": run, "form": exported.parity.chosen.name}
