"""Diagnosis: all rules listen to a training; what one of them sees is noted, and may end it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tamis.core import DataError, UsageError, did_you_mean
from tamis.train.diagnosis.collapse import Collapse
from tamis.train.diagnosis.dead_units import DeadUnits
from tamis.train.diagnosis.exploding import Exploding
from tamis.train.diagnosis.nan import NotANumber
from tamis.train.diagnosis.not_learning import NotLearning
from tamis.train.diagnosis.overfitting import Overfitting
from tamis.train.diagnosis.rule import Rule
from tamis.train.diagnosis.starving import Starving
from tamis.train.diagnosis.vanishing import Vanishing
from tamis.train.events import EpochDone, Event, Listener, Noted, StepDone, StopTraining

RULES: Mapping[str, Callable[[], Rule]] = {
    rule.name: rule
    for rule in (NotANumber, NotLearning, Overfitting, Exploding, Vanishing, DeadUnits, Collapse, Starving)
}
"""Each rule by the name that `train.stop_on` and the notes of a run call it."""

KIND = "diagnosis."
"""Before the rule's name in the kind of a note: `diagnosis.overfitting`."""


@dataclass
class Diagnosis:
    """A listener that passes every event on, and what the rules see in it as notes behind it. Make one for each seed.

    >>> heard = []
    >>> from tamis.train.events import EpochDone
    >>> watch = Diagnosis(heard.append)
    >>> watch(EpochDone(epoch=2, step=9, train_loss=0.7, validation={}, best=True, predicted={"a": 9, "b": 0}))
    >>> heard[1].kind, heard[1].message[:40]
    ('diagnosis.collapse', "all 9 answers on validation rows were 'a")
    """

    emit: Listener
    stop_on: Iterable[str] = ()
    rules: list[Rule] = field(default_factory=lambda: [make() for make in RULES.values()])

    def __post_init__(self) -> None:
        self.stop_on = check_stop_on(self.stop_on)

    def __call__(self, event: Event) -> None:
        """Hear an event; raises StopTraining for what `stop_on` names, after it was noted."""
        self.emit(event)
        if isinstance(event, Noted):
            return
        stop: tuple[str, str] | None = None
        for rule in list(self.rules):
            message = rule.hear(event)
            if message is None:
                continue
            self.rules.remove(rule)  # once is enough
            self.emit(Noted(kind=f"{KIND}{rule.name}", message=message, step=event.step))
            if rule.name in self.stop_on and stop is None:
                stop = rule.name, message
        if stop is not None:
            raise _end(event, *stop)


def check_stop_on(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names if each is a rule's."""
    known = tuple(names)
    for name in known:
        if name not in RULES:
            raise UsageError(f"no diagnosis {name!r}. Diagnoses: {', '.join(RULES)}.{did_you_mean(name, RULES)}")
    return known


def _end(event: StepDone | EpochDone, name: str, message: str) -> Exception:
    """How the training ends: with the best weights so far, or, where there are none that are numbers, as a failure."""
    if name == NotANumber.name and isinstance(event, StepDone) and event.epoch == 1:
        said, _, advice = message.partition(": ")
        return DataError(f"{said}, and no epoch was done whose weights could be kept", hint=advice)
    return StopTraining(message)
