"""Family: a way to make a model out of rows, behind one face."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tamis.core import Progress, Silent
from tamis.features import LongText
from tamis.models import EngineChoice
from tamis.tasks import Task
from tamis.train.config import TrainSettings
from tamis.train.events import Listener
from tamis.train.rows import TrainingRows


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """What a family is given: rows, settings, and where to put what it makes."""

    task: Task
    train: TrainingRows
    validation: TrainingRows
    """May have no rows: then nothing says which epoch was best."""
    settings: TrainSettings
    seed: int
    """Of this model; `settings.seed` is that of the first of several."""
    draft: Path
    """The empty folder of the bundle: the model's own files go here (weights, config.json, tokenizer)."""
    checkpoints: Path
    """The folder of what is needed to go on after a kill."""
    cache: Path
    """The workspace's folder for what can be made again, such as tokens."""
    resume: bool = False
    """Go on from the newest sound checkpoint, if there is one."""
    emit: Listener = field(default=lambda event: None)
    """Hears every step, epoch and note; may raise StopTraining."""
    progress: Progress = field(default_factory=Silent)
    """For long work beside the steps, such as tokenising."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What a family gives back beside the files in the draft."""

    engine: EngineChoice
    long_text: LongText = field(default_factory=LongText)
    """How long texts are read: as asked, or what was chosen on validation."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """Numbers worth keeping: share of cut rows, padding waste, tokens a second…"""


Fit = Callable[[Assignment], Fitted]
