"""Pipeline: how does a whole run become one reproducible graph?

In goes a graph (the standard one that `tamis.yaml` implies, a `pipeline.yaml`, or Python); its steps run in order of
what they use, several at once, and only those whose code, inputs, parameters or environment changed. Out comes the
state of every step with its reason, and whatever the steps made.
"""

from tamis.pipeline.artefact import Artefact, Value
from tamis.pipeline.artefacts import KINDS, find_artefact, is_there
from tamis.pipeline.build import build_graph, param, use
from tamis.pipeline.cancel import cancel_flag
from tamis.pipeline.check import Problem, check_graph
from tamis.pipeline.clean import Cleaned, clean_runs
from tamis.pipeline.config import PipelineSettings
from tamis.pipeline.engine import run_graph
from tamis.pipeline.forecast import Forecast, forecast
from tamis.pipeline.graph import Graph, Parameter, Step
from tamis.pipeline.keys import StepKey, step_key
from tamis.pipeline.kinds import Context, Kind, kind_of, step
from tamis.pipeline.lock import Holder, holder_of
from tamis.pipeline.parameters import given_parameters
from tamis.pipeline.picture import WORDS, draw_mermaid, draw_svg, nodes_of, run_page, said_seconds, said_value
from tamis.pipeline.plan import Instance, named, plan
from tamis.pipeline.read import graph_schema, read_graph
from tamis.pipeline.repro import Reproduction, reproduce
from tamis.pipeline.reuse import Reuse, read_outputs, write_outputs
from tamis.pipeline.standard import standard_graph
from tamis.pipeline.state import Event, RunState, StepState, state_of
from tamis.pipeline.store import RunStore, find_run, run_names
from tamis.pipeline.triggers.captured import raise_alarm
from tamis.pipeline.triggers.config import TriggerSettings
from tamis.pipeline.triggers.look import Look
from tamis.pipeline.triggers.memory import Fired, Firing, Memory, read_memory
from tamis.pipeline.triggers.start import start_firing
from tamis.pipeline.triggers.watch import Ran, Seen, check_triggers, cool_until, look_at

__all__ = [
    "KINDS",
    "WORDS",
    "Artefact",
    "Cleaned",
    "Context",
    "Event",
    "Fired",
    "Firing",
    "Forecast",
    "Graph",
    "Holder",
    "Instance",
    "Kind",
    "Look",
    "Memory",
    "Parameter",
    "PipelineSettings",
    "Problem",
    "Ran",
    "Reproduction",
    "Reuse",
    "RunState",
    "RunStore",
    "Seen",
    "Step",
    "StepKey",
    "StepState",
    "TriggerSettings",
    "Value",
    "build_graph",
    "cancel_flag",
    "check_graph",
    "check_triggers",
    "clean_runs",
    "cool_until",
    "draw_mermaid",
    "draw_svg",
    "find_artefact",
    "find_run",
    "forecast",
    "given_parameters",
    "graph_schema",
    "holder_of",
    "is_there",
    "kind_of",
    "look_at",
    "named",
    "nodes_of",
    "param",
    "plan",
    "raise_alarm",
    "read_graph",
    "read_memory",
    "read_outputs",
    "reproduce",
    "run_graph",
    "run_names",
    "run_page",
    "said_seconds",
    "said_value",
    "standard_graph",
    "start_firing",
    "state_of",
    "step",
    "step_key",
    "use",
    "write_outputs",
]
