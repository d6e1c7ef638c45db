"""The step `calibrate`: the best of several runs, with decisions as the section `decide` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tamis.pipeline.artefact import Artefact
from tamis.pipeline.artefacts import find_artefact
from tamis.pipeline.kinds import Context, step
from tamis.pipeline.steps.train import CODE
from tamis.train import best_of_runs, find_run, recalibrate


@step(outputs=("run", "family", "score", "decided"), settings=("decide",), code=CODE)
def calibrate(context: Context, runs: list[Artefact]) -> Mapping[str, Any]:
    """Return the run that does best on validation rows, its decisions fitted as the settings say now.

    Nothing is trained again: the weights are those of the run. The test rows have no say in which is the best.
    """
    best = best_of_runs([find_run(context.workspace, run.ref) for run in runs])
    run = recalibrate(context.workspace, best)
    return {
        "run": find_artefact(context.workspace, "run", run.name),
        "family": run.family,
        "score": run.score,
        "decided": dict(run.bundle.manifest.notes.get("decide", {})),
    }
