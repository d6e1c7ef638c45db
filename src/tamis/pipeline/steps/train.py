"""The step `train`: a dataset with splits becomes a run with its bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from tamis.data import open_dataset
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.artefacts import find_artefact
from tamis.pipeline.kinds import Context, step
from tamis.train import TrainSettings, train_model

CODE = ("tasks", "data", "features", "decide", "models", "predict", "train")


@step(outputs=("run", "score", "validation"), settings=("train",), code=CODE)
def train(
    context: Context,
    dataset: Artefact,
    *,
    family: Literal["linear", "probe", "encoder"] | None = None,
    seed: Annotated[int, Field(ge=0)] | None = None,
    epochs: Annotated[int, Field(ge=1)] | None = None,
    backbone: str | None = None,
) -> Mapping[str, Any]:
    """Return the run that trained a model; what is not given is as the section `train` says.

    A training that was cut short goes on from its checkpoint. The model's decisions are fitted as the section `decide`
    says now; this step does not depend on it, for the step `calibrate` fits them anew when that changes.
    """
    given = {"family": family, "seed": seed, "epochs": epochs, "backbone": backbone}
    settings = context.workspace.config.of(TrainSettings).model_dump()
    run = train_model(
        context.workspace,
        open_dataset(context.workspace, dataset.ref),
        TrainSettings.model_validate(settings | {name: value for name, value in given.items() if value is not None}),
        resume=True,
        progress=context.progress,
    )
    found = find_artefact(context.workspace, "run", run.name)
    return {"run": found, "score": run.score, "validation": dict(run.validation)}
