"""Registry: what may be done with versions, each deed an entry in the history."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tamis.core import Ledger, UsageError, Workspace, plugins
from tamis.registry.config import RegistrySettings
from tamis.registry.entry import START, Action, Entry, read_entries
from tamis.registry.state import State, Version, state_of

CHAMPION = "champion"
DATABASE = "history.db"

_Decide = Callable[[State], Mapping[str, Any]]


class Registry:
    """Versions, approvals with reasons, and aliases. All it knows is its history; nothing of that is ever changed."""

    def __init__(
        self, ledger: Ledger, *, who: str = "", now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._ledger = ledger
        self._who = who or os.environ.get("TAMIS_USER") or getpass.getuser()
        self._now = now

    def history(self, *, until: datetime | None = None) -> list[Entry]:
        """Return the entries, oldest first; those up to a moment."""
        return [each for each in read_entries(self._ledger.read()) if until is None or each.at <= until]

    def state(self, *, at: datetime | None = None) -> State:
        """Return what the history says now, or said at a moment."""
        return state_of(self.history(until=at))

    def register(self, model: str, facts: Mapping[str, Any], *, reason: str) -> Version:
        """Return the new version of a model, pending."""

        def decide(state: State) -> Mapping[str, Any]:
            versions = state.models[model].versions if model in state.models else {}
            return {"version": max(versions, default=0) + 1, "facts": dict(facts)}

        return self._append("register", model, decide, reason=reason)

    def approve(self, ref: str, *, reason: str) -> Version:
        """Let a pending version be deployed."""
        return self._judge("approve", ref, reason=reason)

    def reject(self, ref: str, *, reason: str) -> Version:
        """Keep a version from ever being deployed."""
        return self._judge("reject", ref, reason=reason)

    def promote(self, ref: str, *, alias: str = CHAMPION, reason: str) -> Version:
        """Move an alias to an approved version."""
        model = ref.partition("@")[0]

        def decide(state: State) -> Mapping[str, Any]:
            version = state.version(ref)
            if version.status != "approved":
                raise UsageError(
                    f"{version.ref} is {version.status}, not approved",
                    hint=f"tamis models approve {version.ref} --reason …",
                )
            return {"version": version.number, "alias": alias}

        return self._append("promote", model, decide, reason=reason)

    def roll_back(self, model: str, *, alias: str = CHAMPION, reason: str) -> Version:
        """Move an alias back to where it was before, and return the version that it names now."""

        def decide(state: State) -> Mapping[str, Any]:
            places = state.model(model).places.get(alias, ())
            if len(places) < 2:
                raise UsageError(f"{model}@{alias} was nowhere before: there is nothing to go back to")
            return {"version": places[-2], "alias": alias}

        return self._append("rollback", model, decide, reason=reason)

    def _judge(self, action: Action, ref: str, *, reason: str) -> Version:
        def decide(state: State) -> Mapping[str, Any]:
            return {"version": state.version(ref).number}

        return self._append(action, ref.partition("@")[0], decide, reason=reason)

    def _append(self, action: Action, model: str, decide: _Decide, *, reason: str) -> Version:
        """Add the entry that `decide` asks for in the state that the history is in, and return its version after it."""
        if not reason.strip():
            raise UsageError("a reason is needed: whoever reads the history later will want to know why")
        made: list[Entry] = []

        def make(lines: Sequence[str]) -> Sequence[str]:
            entries = read_entries(lines)
            last = entries[-1] if entries else None
            made[:] = [
                *entries,
                Entry(
                    number=len(entries) + 1,
                    at=max(self._now(), last.at) if last else self._now(),  # a clock may be set back, a history not
                    who=self._who,
                    action=action,
                    model=model,
                    reason=reason.strip(),
                    before=last.hash if last else START,
                    **decide(state_of(entries)),
                ).sealed(),
            ]
            return [made[-1].model_dump_json()]

        self._ledger.append(make)
        return state_of(made).models[model].versions[made[-1].version]


def open_registry(workspace: Workspace, *, who: str = "") -> Registry:
    """Return the registry of a workspace."""
    url = workspace.config.of(RegistrySettings).url
    if not url:
        return Registry(plugins.load("ledger", "sqlite")(workspace.registry / DATABASE), who=who)
    return Registry(plugins.load("ledger", url.partition("://")[0])(url), who=who)
