"""BundleManifest: what `tamis.json` says of a trained model."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from tamis.core import LabelSet, Schema
from tamis.decide import Decider
from tamis.features import LongText
from tamis.tasks import Task, task_for

FORMAT = 1
"""Of `tamis.json`; another number means another reader."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TaskSpec(_Record):
    """A task as JSON holds it."""

    name: str
    labels: tuple[str, ...]
    parents: dict[str, str] = {}

    @classmethod
    def of(cls, task: Task) -> TaskSpec:
        """Return the spec of a task."""
        return cls(name=task.name, labels=task.label_set.names, parents=dict(getattr(task, "parents", {})))

    def task(self) -> Task:
        """Return the task itself."""
        return task_for(self.name, LabelSet(self.labels), parents=self.parents or None)


class Lineage(_Record):
    """Where a model came from: enough to make it again."""

    run: str
    """The run's name in its workspace."""
    fingerprint: str
    """Of everything that made the model: data, settings, code version, environment, seed."""
    dataset: str
    """`reviews@2`."""
    dataset_fingerprint: str
    tamis: str
    """Tamis's version."""
    git_commit: str | None = None
    """Of the user's own repository, where the workspace lies in one."""
    created: datetime
    settings: dict[str, Any] = {}


class EngineChoice(_Record):
    """What runs the model: chosen by measurement, or the plain default."""

    name: str
    """linear, torch, onnxruntime or openvino."""
    precision: str = "fp32"
    file: str
    """The file it reads: model.safetensors, model.onnx, model.int8.onnx…"""
    decider: Decider | None = None
    """What was fitted to this form's own scores; None: they are those of the plain form, and so is the decider."""


class BundleManifest(_Record):
    """What `tamis.json` says."""

    format: int = FORMAT
    name: str
    """How predictions call the model: the run's name and the first digits of its fingerprint: `docs-encoder-1.3f9a`."""
    family: str
    """linear, probe or encoder."""
    task: TaskSpec
    schema_: Schema
    cleaning: tuple[Any, ...] = ()
    long_text: LongText = LongText()
    decider: Decider = Decider()
    engine: EngineChoice
    lineage: Lineage
    notes: dict[str, Any] = {}
    """Numbers that a reader wants beside the model: validation scores, share of cut texts, seeds…"""
    files: dict[str, str] = {}
    """The sha256 of every file but this one and the model card."""
    seal: str = ""
    """The sha256 of all that this file says besides."""

    def decider_for(self, engine: str, precision: str) -> Decider:
        """Return what decides on the scores of an engine: of the recorded form its own, of all others the plain one."""
        chosen = self.engine
        if chosen.decider is not None and (engine, precision) == (chosen.name, chosen.precision):
            return chosen.decider
        return self.decider
