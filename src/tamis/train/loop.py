"""The loop: `train` takes a state through a course, step by step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tamis.train.batches import Rows
from tamis.train.course import Course
from tamis.train.events import EpochDone, Listener, Noted, StepDone, StopTraining
from tamis.train.idle import LOOK_EVERY, idle_units
from tamis.train.optimizer import rate_at, set_rate
from tamis.train.state import TrainState

if TYPE_CHECKING:
    from torch import Tensor


_PARTS = ("data", "forward", "backward", "optimizer")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What validation says of the weights as they are."""

    score: float
    """The main one; higher is better."""
    rows: int
    scores: Mapping[str, float]
    predicted: Mapping[str, int]


Judge = Callable[[], Judgement | None]
"""Scores the model in its present state, or gives None when there is nothing to judge it by."""

Save = Callable[[TrainState, bool], None]
"""Writes a state down; the flag says that an epoch has ended, else only when it is time."""


def train(state: TrainState, course: Course, *, judge: Judge, save: Save, emit: Listener) -> None:
    """Train until the epochs are done, validation gets no better, or a listener stops it; then restore the best."""
    tell = _Teller(emit, course)
    state.model.train()
    try:
        while not state.finished:
            for rows in course.steps(state.epoch)[state.place :]:
                tell(take_step(state, rows, course))
                save(state, False)
            tell(*end_epoch(state, course, judge))
            save(state, True)
    except StopTraining as stop:
        emit(Noted(kind="stopped", message=str(stop) or "stopped by a listener", step=state.step))
    state.restore_best()
    state.model.eval()


def take_step(state: TrainState, step: Rows, course: Course) -> StepDone:
    """Move the weights once, along the gradient of the mean loss of a step's rows."""
    clock = _Clock()
    _seed(course.seed, course.workers.rank, state.step)
    loss, tokens, padded = 0.0, 0, 0
    for one in clock.over("data", course.passes(step)):
        part = course.loss(one)
        clock.lap("forward")
        state.scaler.scale(part).backward()
        loss, tokens, padded = loss + part.item(), tokens + one.tokens, padded + one.padded_tokens
        clock.lap("backward")
    loss, tokens, padded = _sums(course, state, loss, tokens, padded)
    rate = rate_at(
        state.step + 1,
        steps=course.steps_all,
        highest=course.settings.learning_rate,
        warm_up=course.settings.warm_up,
    )
    norm, norms, idle = _move(state, rate, clip=course.settings.clip)
    state.step, state.place, state.loss = state.step + 1, state.place + 1, state.loss + loss
    clock.lap("optimizer")
    return StepDone(
        step=state.step,
        steps=course.steps_all,
        epoch=state.epoch,
        loss=loss,
        learning_rate=rate,
        gradient_norm=norm,
        rows=len(step),
        tokens=tokens,
        padded_tokens=padded,
        seconds=clock.seconds,
        layer_norms=norms,
        idle_units=idle,
    )


def end_epoch(state: TrainState, course: Course, judge: Judge) -> list[EpochDone | Noted]:
    """Judge the weights, keep them if they are the best, and go to the next epoch or finish."""
    settings, events = course.settings, list[EpochDone | Noted]()
    state.average.after_epoch(state.epoch, settings.epochs)
    with state.average.in_place():
        state.model.eval()
        judged = judge()
    state.model.train()
    if judged is None or judged.score >= state.highest - _tolerance(state.highest, judged.rows, settings.keep):
        state.keep()
    if judged is not None:
        state.stale = 0 if judged.score > state.highest else state.stale + 1
        state.highest = max(state.highest, judged.score)
    events.append(
        EpochDone(
            epoch=state.epoch,
            step=state.step,
            train_loss=state.loss / max(1, state.place),
            validation=judged.scores if judged else {},
            best=state.best_epoch == state.epoch,
            predicted=judged.predicted if judged else {},
        )
    )
    state.finished = state.epoch >= settings.epochs
    if settings.patience and state.stale >= settings.patience and not state.finished:
        state.finished = True
        message = f"stopped after epoch {state.epoch} of {settings.epochs}: validation got no better in {state.stale}"
        events.append(Noted(kind="early_stop", message=message, step=state.step))
    state.epoch, state.place, state.loss = state.epoch + 1, 0, 0.0
    return events


def _move(state: TrainState, rate: float, *, clip: float) -> tuple[float, dict[str, float], dict[str, float]]:
    """Clip the gradient and let the optimizer take it; return its norm before, whole and by part, and who idles."""
    state.scaler.unscale_(state.optimizer)
    named = [(name, weight.grad) for name, weight in state.weights.items() if weight.grad is not None]
    gradients = [gradient for _, gradient in named]
    squares: dict[str, float] = {}
    for (name, _), norm in zip(named, torch.stack(torch._foreach_norm(gradients)).tolist(), strict=True):
        squares[state.parts[name]] = squares.get(state.parts[name], 0.0) + norm**2
    whole = math.sqrt(sum(squares.values()))
    idle = idle_units(named, state.parts) if state.step % LOOK_EVERY == 0 else {}
    if clip and whole > clip:
        torch._foreach_mul_(gradients, clip / whole)
    set_rate(state.optimizer, rate)
    if math.isfinite(whole) or state.scaler.is_enabled():  # the scaler sees to it itself
        state.scaler.step(state.optimizer)  # a gradient that is no number would make every weight one that is none
    state.scaler.update()
    state.optimizer.zero_grad(set_to_none=True)
    state.average.after_step()
    return whole, {part: math.sqrt(square) for part, square in squares.items()}, idle


def _sums(course: Course, state: TrainState, loss: float, tokens: int, padded: int) -> tuple[float, int, int]:
    """Add gradients and figures up over the workers."""
    if course.workers.count == 1:
        return loss, tokens, padded
    gradients: list[Tensor] = []
    for weight in state.weights.values():
        if weight.grad is None:  # a worker without rows in this step
            weight.grad = torch.zeros_like(weight)
        gradients.append(weight.grad)
    course.workers.add_up(gradients)
    figures = torch.tensor([loss, tokens, padded], dtype=torch.float64, device=gradients[0].device)
    course.workers.add_up([figures])
    return float(figures[0]), int(figures[1]), int(figures[2])


def _seed(seed: int, rank: int, step: int) -> None:
    """Have dropout draw what it always draws in this step."""
    torch.manual_seed(int(np.random.SeedSequence([seed, rank, step]).generate_state(1, np.uint64)[0] >> 1))


def _tolerance(highest: float, rows: int, keep: str) -> float:
    """How far below the highest score a later epoch may be and is still kept: one standard error of that score."""
    if keep == "highest" or not math.isfinite(highest):
        return 0.0
    return math.sqrt(max(highest * (1 - highest), 0.0) / max(1, rows))


@dataclass
class _Teller:
    """Tells the listener; when that of one worker wants to stop, all do."""

    emit: Listener
    course: Course

    def __call__(self, *events: StepDone | EpochDone | Noted) -> None:
        stop = None
        try:
            for event in events:
                self.emit(event)
        except StopTraining as raised:
            stop = raised
        if self.course.workers.any_of(stop is not None):
            raise stop or StopTraining


@dataclass
class _Clock:
    """Where the time of a step goes."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_PARTS, 0.0))
    last: float = field(default_factory=time.perf_counter)

    def lap(self, part: str) -> None:
        """Count the time since the last lap as `part`."""
        now = time.perf_counter()
        self.seconds[part] += now - self.last
        self.last = now

    def over(self, part: str, things: Any) -> Any:
        """Yield things; the time to get each counts as `part`."""
        for thing in things:
            self.lap(part)
            yield thing
        self.lap(part)
