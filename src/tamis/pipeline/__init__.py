"""Pipeline: how does a whole run become one reproducible graph?

In goes a graph (the standard one that `tamis.yaml` implies, a `pipeline.yaml`, or Python); its steps run in order of
what they use, several at once, and only those whose code, inputs, parameters or environment changed. Out comes the
state of every step with its reason, and whatever the steps made.
"""

from tamis.pipeline.artefact import Artefact, Value
from tamis.pipeline.artefacts import KINDS, find_artefact, is_there
from tamis.pipeline.config import PipelineSettings
from tamis.pipeline.graph import Graph, Parameter, Step
from tamis.pipeline.keys import StepKey, step_key
from tamis.pipeline.kinds import Context, Kind, kind_of, step
from tamis.pipeline.lock import Holder, holder_of
from tamis.pipeline.state import Event, RunState, StepState, state_of
from tamis.pipeline.store import Reuse, RunStore, find_run, run_names

__all__ = [
    "KINDS",
    "Artefact",
    "Context",
    "Event",
    "Graph",
    "Holder",
    "Kind",
    "Parameter",
    "PipelineSettings",
    "Reuse",
    "RunState",
    "RunStore",
    "Step",
    "StepKey",
    "StepState",
    "Value",
    "find_artefact",
    "find_run",
    "holder_of",
    "is_there",
    "kind_of",
    "run_names",
    "state_of",
    "step",
    "step_key",
]
