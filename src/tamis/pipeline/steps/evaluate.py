"""The step `evaluate`: how good is the model on rows that had no say in it?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tamis.evaluate import (
    evaluate_model,
    evaluation_folder,
    keep_in_bundle,
    read_labelled,
    write_evaluation,
)
from tamis.models import find_bundle
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.artefacts import find_artefact
from tamis.pipeline.kinds import Context, step
from tamis.pipeline.steps.train import CODE
from tamis.predict import open_classifier


@step(
    outputs=("evaluation", "score", "low", "scores"),
    settings=("evaluate", "predict"),
    code=(*CODE, "evaluate"),
)
def evaluate(
    context: Context,
    run: Artefact,
    *,
    form: str = "",
    by: tuple[str, ...] = (),
    slices: tuple[str, ...] = (),
    pictures: bool = True,
) -> Mapping[str, Any]:
    """Return the evaluation of a run on its own test split, which lies in the run's folder and in its bundle.

    `form` says in which form the model runs: in another one it is judged anew.
    """
    workspace = context.workspace
    bundle = find_bundle(workspace, run.ref)
    rows = read_labelled(workspace, bundle)
    found = evaluate_model(
        workspace, open_classifier(workspace, bundle), rows, by=by, conditions=slices, progress=context.progress
    )
    folder = evaluation_folder(workspace, bundle, rows.name)
    written = write_evaluation(found, folder, pictures=pictures)
    keep_in_bundle(found, bundle)
    main = found.score(found.main_metric).model
    scores = {name: score["model"]["value"] for name, score in found.to_dict()["scores"].items()}
    place = written.json.relative_to(workspace.root).as_posix()
    evaluation = find_artefact(workspace, "evaluation", place)
    return {"evaluation": evaluation, "score": main.value, "low": main.low, "scores": scores}
