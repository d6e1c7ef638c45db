"""Pipeline: how does a whole run become one reproducible graph?

In goes a graph (the standard one that `tamis.yaml` implies, a `pipeline.yaml`, or Python); its steps run in order of
what they use, several at once, and only those whose code, inputs, parameters or environment changed. Out comes the
state of every step with its reason, and whatever the steps made.
"""

from tamis.pipeline.artefact import Artefact, Value
from tamis.pipeline.config import PipelineSettings
from tamis.pipeline.graph import Graph, Parameter, Step
from tamis.pipeline.kinds import Context, Kind, kind_of, step
from tamis.pipeline.state import Event, RunState, StepState, state_of

__all__ = [
    "Artefact",
    "Context",
    "Event",
    "Graph",
    "Kind",
    "Parameter",
    "PipelineSettings",
    "RunState",
    "Step",
    "StepState",
    "Value",
    "kind_of",
    "state_of",
    "step",
]
