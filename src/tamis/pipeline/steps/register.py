"""The step `register`: what passed the gate becomes a version that waits to be approved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tamis.pipeline.artefact import Artefact
from tamis.pipeline.artefacts import find_artefact
from tamis.pipeline.kinds import Context, step
from tamis.pipeline.steps.written import read_json
from tamis.registry import keep_card, register_run


@step(outputs=("version", "ref"), settings=("registry",), code=("models", "registry"))
def register(
    context: Context, run: Artefact, gate: Artefact, evaluation: Artefact | None = None, *, model: str
) -> Mapping[str, Any]:
    """Return the pending version that the run's bundle is now, with its evaluation and the gate's report.

    The evaluation lies in the bundle; it is named so that another one makes another version.
    """
    report = read_json(context.workspace, gate)
    reason = f"passed its gate of {len(report['conditions'])} conditions in {context.run or 'a run of the pipeline'}"
    version = register_run(context.workspace, run.ref, model=model, gate=report, reason=reason)
    keep_card(context.workspace, version.ref)
    return {"version": find_artefact(context.workspace, "version", version.ref), "ref": version.ref}
