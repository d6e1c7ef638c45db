"""The standard graph: what `tamis run` does by the section `pipeline` of `tamis.yaml`."""

from __future__ import annotations

from typing import Any

from tamis.core import UsageError, Workspace, did_you_mean
from tamis.pipeline.config import PipelineSettings
from tamis.pipeline.graph import Graph, Parameter, Step
from tamis.pipeline.slices import slices_to_measure

NAME = "standard"
_STORED = "dataset:"


def standard_graph(workspace: Workspace) -> Graph:
    """Return the graph from a source to a served model: every step that there is, and what each is given.

    Families and seeds fan out; validation rows say which model is the best, test rows only whether it may be approved.
    """
    from tamis.evaluate import MEASURES
    from tamis.train import TrainSettings  # a server reads the settings of this chapter and need not load these

    settings = workspace.config.of(PipelineSettings)
    if not settings.source:
        raise UsageError(
            "nothing says what to import: pipeline.source is empty",
            hint="in tamis.yaml: `pipeline: {source: reviews.csv}`, or `demo:docstrings`, or `dataset:NAME`; "
            "or for once: tamis run pipeline.source=reviews.csv",
        )
    for name in settings.gates.minimum:  # the gate knows it, too, but after all the training
        if name not in MEASURES:
            raise UsageError(f"pipeline.gates.minimum: no measure {name!r}.{did_you_mean(name, MEASURES)}")
    return Graph(
        name=NAME,
        parameters={
            "source": Parameter(type="str", default=settings.source, help="What to import."),
            "epochs": Parameter(
                type="int",
                default=workspace.config.of(TrainSettings).epochs,
                minimum=1,
                help="The most often an encoder or a probe reads each row.",
            ),
            "approve": Parameter(
                type="str",
                default=settings.approve,
                choices=("manual", "automatic"),
                help="Whether somebody approves what passes the gate, or the run itself.",
            ),
        },
        steps=tuple(_steps(settings)),
    )


def dataset_name(settings: PipelineSettings) -> str:
    """Return what the dataset of the standard graph is called."""
    stored = settings.source.startswith(_STORED)
    return settings.dataset or (settings.source.removeprefix(_STORED).partition("@")[0] if stored else "docs")


def model_name(settings: PipelineSettings) -> str:
    """Return what the model of the standard graph is called in the registry."""
    return settings.model or dataset_name(settings)


def _steps(settings: PipelineSettings) -> list[Step]:
    model, gates = model_name(settings), settings.gates
    columns, conditions = slices_to_measure(gates.slices)
    over: dict[str, Any] = {"family": list(settings.families)}
    over |= {"seed": list(settings.seeds)} if settings.seeds else {}
    exported = settings.export == "onnx"
    best = "export.run" if exported else "calibrate.run"
    steps = [
        Step(
            name="import",
            uses="import",
            parameters={
                "source": "${source}",
                "name": dataset_name(settings),
                "read": settings.read.model_dump(mode="json", exclude_unset=True),
            },
        ),
        Step(
            name="check",
            uses="check",
            inputs={"dataset": "import.dataset"},
            parameters={"fixes": list(settings.fixes)},
        ),
        Step(
            name="split",
            uses="split",
            inputs={"dataset": "check.dataset"},
            parameters=settings.split.model_dump(mode="json"),
        ),
        Step(name="features", uses="features", inputs={"dataset": "split.dataset"}),
        Step(
            name="train",
            uses="train",
            inputs={"dataset": "features.dataset"},
            parameters={"epochs": "${epochs}"},
            for_each=over,
        ),
        Step(name="calibrate", uses="calibrate", inputs={"runs": ["train.run"]}),
    ]
    if exported:
        steps.append(
            Step(
                name="export",
                uses="export",
                inputs={"run": "calibrate.run"},
                parameters={"quick": settings.quick_export},
            )
        )
    steps += [
        Step(
            name="evaluate",
            uses="evaluate",
            inputs={"run": best},
            parameters={
                "form": "${export.form}" if exported else "",
                "by": columns,
                "slices": conditions,
                "pictures": settings.pictures,
            },
        ),
        Step(name="explain", uses="explain", inputs={"run": best}),
        Step(
            name="gate",
            uses="gate",
            inputs={"run": best, "evaluation": "evaluate.evaluation", "check": "check.report"},
            parameters={"gates": gates.model_dump(mode="json"), "model": model, "alias": settings.alias},
        ),
        Step(
            name="register",
            uses="register",
            inputs={"run": best, "gate": "gate.report", "evaluation": "evaluate.evaluation"},
            parameters={"model": model},
        ),
        Step(
            name="approve",
            uses="approve",
            inputs={"version": "register.version"},
            parameters={"how": "${approve}"},
        ),
    ]
    if settings.deploy:
        steps.append(
            Step(
                name="deploy",
                uses="deploy",
                inputs={"version": "register.version"},
                parameters={"alias": settings.alias},
                when="approve.approved",
            )
        )
    return steps
