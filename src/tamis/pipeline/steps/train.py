"""The step `train`: a dataset with splits becomes a run with its bundle."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from tamis.core import DataError, Progress
from tamis.core.progress import Advance
from tamis.data import open_dataset
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.artefacts import find_artefact
from tamis.pipeline.kinds import Context, step
from tamis.train import EpochDone, Event, Run, StepDone, TrainSettings, train_model

CODE = ("core", "tasks", "data", "features", "decide", "models", "predict", "train")


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

    A training that was cut short goes on from its checkpoint, and one whose model was lost or changed is done anew. The
    model's decisions are fitted as the section `decide` says now; this step does not depend on it, for the step
    `calibrate` fits them anew when that changes.
    """
    given = {"family": family, "seed": seed, "epochs": epochs, "backbone": backbone}
    said = context.workspace.config.of(TrainSettings).model_dump()
    settings = TrainSettings.model_validate(said | {name: value for name, value in given.items() if value is not None})
    opened = open_dataset(context.workspace, dataset.ref)

    def fit(*, force: bool) -> Run:
        with contextlib.ExitStack() as shown:
            return train_model(
                context.workspace,
                opened,
                settings,
                resume=True,
                force=force,
                progress=context.progress,
                on_event=_Shown(context.progress, shown).hear,
            )

    run = fit(force=False)
    try:
        found = find_artefact(context.workspace, "run", run.name)
    except DataError:  # it was finished before, and is not whole any more
        run = fit(force=True)
        found = find_artefact(context.workspace, "run", run.name)
    return {"run": found, "score": run.score, "validation": dict(run.validation)}


class _Shown:
    """Shows the steps of a training, with what validation said last, as the progress of one piece of work."""

    def __init__(self, progress: Progress, shown: contextlib.ExitStack) -> None:
        self._progress, self._shown = progress, shown
        self._advance: Advance | None = None
        self._step = 0
        self._validation = ""

    def hear(self, event: Event) -> None:
        """Take in what happened."""
        if isinstance(event, EpochDone):
            best = next(iter(event.validation.items()), None)  # the main score is the first
            self._validation = f", {best[0]} {best[1]:.3f} after epoch {event.epoch}" if best else ""
            self._advance = None
        elif isinstance(event, StepDone):
            if self._advance is None or event.step < self._step:  # the next seed begins
                what = f"training{self._validation}"
                self._step = 0
                self._advance = self._shown.enter_context(self._progress.track(what, total=event.steps, unit="steps"))
            self._advance(event.step - self._step)
            self._step = event.step
