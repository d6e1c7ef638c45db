"""State: what the history says of models, versions and aliases, now or on any day before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from tamis.core import UsageError, did_you_mean
from tamis.registry.entry import Entry

Status = Literal["pending", "approved", "rejected", "removed"]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Who decided, when and why."""

    who: str
    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a model: what it binds, and what was decided of it."""

    model: str
    number: int
    status: Status
    facts: Mapping[str, Any]
    """`bundle` (its folder, below the registry's), `seal`, `name`, `run`, `fingerprint`, `dataset`,
    `dataset_fingerprint`, `family`, and where they are known `evaluation` and `gate`."""
    registered: Decision
    judged: Decision | None = None

    @property
    def ref(self) -> str:
        """How it is called: `docs@3`."""
        return f"{self.model}@{self.number}"


@dataclass(frozen=True)
class Model:
    """The versions of a model, and where each alias was, the last place last."""

    name: str
    versions: Mapping[int, Version] = field(default_factory=dict)
    places: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def aliases(self) -> dict[str, int]:
        """Where each alias is now."""
        return {alias: places[-1] for alias, places in self.places.items() if places}

    def version(self, ref: str) -> Version:
        """Return a version by its number or by an alias."""
        number = int(ref) if ref.isdigit() else self.aliases.get(ref)
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
        return self.model(name).version(tail or "champion")


def state_of(entries: Iterable[Entry]) -> State:
    """Return what a history says, in its order."""
    models: dict[str, Model] = {}
    for entry in entries:
        models[entry.model] = _after(entry, models.get(entry.model, Model(entry.model)))
    return State(models)


def _after(entry: Entry, model: Model) -> Model:
    decision = Decision(who=entry.who, at=entry.at, reason=entry.reason)
    versions, places = dict(model.versions), dict(model.places)
    match entry.action:
        case "register":
            versions[entry.version] = Version(
                model=model.name, number=entry.version, status="pending", facts=entry.facts, registered=decision
            )
        case "approve" | "reject" | "remove":
            status: Status = {"approve": "approved", "reject": "rejected", "remove": "removed"}[entry.action]  # type: ignore[assignment]
            versions[entry.version] = replace(versions[entry.version], status=status, judged=decision)
        case "promote":
            assert entry.alias is not None
            places[entry.alias] = (*places.get(entry.alias, ()), entry.version)
        case "rollback":
            assert entry.alias is not None
            places[entry.alias] = places[entry.alias][:-1]
    return Model(model.name, versions, places)
