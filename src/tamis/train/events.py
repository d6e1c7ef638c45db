"""Events: what the loop tells those who watch a training: trackers, the live view, the diagnosis, the profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class StepDone:
    """One step of the optimizer."""

    step: int
    """From 1, over all epochs."""
    steps: int
    """How many there will be if nothing stops the run."""
    epoch: int
    """From 1."""
    loss: float
    learning_rate: float
    gradient_norm: float
    """Before it was clipped."""
    rows: int
    tokens: int
    """Real ones, without padding."""
    padded_tokens: int
    """With padding."""
    seconds: Mapping[str, float]
    """Where the time went: data, forward, backward, optimizer."""
    layer_norms: Mapping[str, float] = field(default_factory=dict)
    """The gradient's norm of each part of the model, where somebody asked for it."""
    idle_units: Mapping[str, float] = field(default_factory=dict)
    """Of each part, the share of units that no row gave a gradient; told now and then."""


@dataclass(frozen=True, kw_only=True)
class EpochDone:
    """One pass over the training rows, and what validation says now."""

    epoch: int
    step: int
    train_loss: float
    validation: Mapping[str, float]
    """Scores by name, `loss` among them; empty without validation rows."""
    best: bool
    """True when its weights are the ones to keep so far: no epoch before it was better by more than chance."""
    predicted: Mapping[str, int] = field(default_factory=dict)
    """How often validation rows were given each label."""


@dataclass(frozen=True, kw_only=True)
class Noted:
    """Something that a person should read: a diagnosis, a checkpoint that could not be read, an early stop."""

    kind: str
    message: str
    step: int = 0


Event = StepDone | EpochDone | Noted
Listener = Callable[[Event], None]


class StopTraining(Exception):
    """Raised by a listener that wants the run to end now; the best weights so far are kept."""
