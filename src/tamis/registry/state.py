"""State: what the history says of models, versions and aliases, now or on any day before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from tamis.core import DataError, UsageError, did_you_mean
from tamis.registry.entry import Action, Entry

Status = Literal["pending", "approved", "rejected", "removed"]

_MOST_DIGITS = 19
CHAMPION = "champion"
"""The alias that a model's bare name stands for."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Who decided, when and why."""

    who: str
    at: datetime
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What it was founded on, where that was told."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a model: what it binds, and what was decided of it."""

    model: str
    number: int
    status: Status
    facts: Mapping[str, Any]
    """`bundle` (its folder, below the registry's), `seal`, `name`, `run`, `fingerprint`, `dataset`,
    `dataset_fingerprint`, `family`, `task`, and where they are known `evaluation` and `gate`."""
    registered: Decision
    judged: Decision | None = None

    @property
    def ref(self) -> str:
        """How it is called: `docs@3`."""
        return f"{self.model}@{self.number}"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        decisions = {
            name: asdict(each) | {"at": each.at.isoformat()}
            for name, each in (("registered", self.registered), ("judged", self.judged))
            if each is not None
        }
        return {
            "ref": self.ref,
            "model": self.model,
            "version": self.number,
            "status": self.status,
            **decisions,
            "facts": dict(self.facts),
        }


@dataclass(frozen=True)
class Model:
    """The versions of a model, where each alias was, the last place last, and who moved it there."""

    name: str
    versions: Mapping[int, Version] = field(default_factory=dict)
    places: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    moved: Mapping[str, Decision] = field(default_factory=dict)

    @property
    def aliases(self) -> dict[str, int]:
        """Where each alias is now."""
        return {alias: places[-1] for alias, places in self.places.items() if places}

    def aliases_of(self, number: int) -> list[str]:
        """Return the aliases that name a version now."""
        return [alias for alias, place in self.aliases.items() if place == number]

    def place_before(self, alias: str) -> int | None:
        """Return where an alias goes back to: the last place before this one that may still be served."""
        *before, now = self.places.get(alias) or (0,)
        usable = [each for each in before if each != now and self.versions[each].status == "approved"]
        return usable[-1] if usable else None

    def version(self, ref: str) -> Version:
        """Return a version by its number or by an alias."""
        number = int(ref) if ref.isdecimal() and len(ref) < _MOST_DIGITS else self.aliases.get(ref)
        if number is not None and number in self.versions:
            return self.versions[number]
        known = [*self.aliases, *map(str, self.versions)]
        raise UsageError(
            f"no version or alias {ref!r} of {self.name!r}. There are: {', '.join(known)}.{did_you_mean(ref, known)}"
        )


@dataclass(frozen=True)
class State:
    """The models by name."""

    models: Mapping[str, Model] = field(default_factory=dict)

    def model(self, name: str) -> Model:
        """Return a model by its name."""
        if name in self.models:
            return self.models[name]
        known = f"Models: {', '.join(self.models)}." if self.models else "Nothing is registered yet."
        raise UsageError(f"no model {name!r} in the registry. {known}{did_you_mean(name, self.models)}")

    def version(self, ref: str) -> Version:
        """Return a version by what it is called: `docs@3`, `docs@champion`."""
        name, _, tail = ref.partition("@")
        return self.model(name).version(tail or CHAMPION)


def state_of(entries: Iterable[Entry]) -> State:
    """Return what a history says, in its order."""
    models: dict[str, _Growing] = {}
    for entry in entries:
        if entry.model not in models:
            models[entry.model] = _Growing()
        try:
            models[entry.model].take(entry)
        except LookupError:
            raise DataError(
                f"entry {entry.number} of the registry's history ({entry.action} {entry.model}@{entry.version}) does "
                "not follow from those before it: the history was changed",
                hint="tamis models verify",
            ) from None
    return State({name: each.model(name) for name, each in models.items()})


_NOTHING: Mapping[str, Any] = {}
_STATUS: dict[Action, Status] = {"approve": "approved", "reject": "rejected", "remove": "removed"}


class _Growing:
    """A model while its entries are read; copying it for each of ten thousand would take seconds."""

    def __init__(self) -> None:
        self._versions: dict[int, Version] = {}
        self._places: dict[str, list[int]] = {}
        self._moved: dict[str, Decision] = {}

    def model(self, name: str) -> Model:
        places = {alias: tuple(each) for alias, each in self._places.items()}
        return Model(name, self._versions, places, self._moved)

    def take(self, entry: Entry) -> None:
        facts = _NOTHING if entry.action == "register" else entry.facts
        decision = Decision(who=entry.who, at=entry.at, reason=entry.reason, facts=facts)
        if entry.action == "register":
            self._versions[entry.version] = Version(
                model=entry.model, number=entry.version, status="pending", facts=entry.facts, registered=decision
            )
        elif entry.action in _STATUS:
            before = self._versions[entry.version]
            self._versions[entry.version] = replace(before, status=_STATUS[entry.action], judged=decision)
        else:
            if entry.alias is None or entry.version not in self._versions:
                raise LookupError(entry.number)
            places = self._places.setdefault(entry.alias, [])
            if entry.action == "rollback":  # places in between were passed over: they may not be served any more
                places.pop()
                while places.pop() != entry.version:
                    pass
            places.append(entry.version)
            self._moved[entry.alias] = decision
