"""Registry: what may be done with versions, each deed an entry in the history."""

from __future__ import annotations

import getpass
import logging
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tamis.core import CheckFailed, Ledger, UsageError, Workspace, plugins
from tamis.registry.config import RegistrySettings
from tamis.registry.entry import START, Action, Entry, read_entries
from tamis.registry.state import CHAMPION, Model, State, Version, state_of

DATABASE = "history.db"

_log = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NO_ALIAS = re.compile(r"\d+|v\d+|latest", re.IGNORECASE)
"""Numbers name versions, and MLflow keeps the other two for itself."""

_Decide = Callable[[State], Iterable[Mapping[str, Any]]]
"""From the state that the history is in to what is to be written: of each entry the version, and what else it says."""


class Registry:
    """Versions, approvals with reasons, and aliases. All it knows is its history; nothing of that is ever changed."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        who: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        after: Callable[[Registry], None] = lambda registry: None,
    ) -> None:
        """`after` is called when something was written; it has no say in it any more."""
        self.ledger = ledger
        self._after = after
        self.who = who.strip() or os.environ.get("TAMIS_USER", "").strip() or _login()
        self._now = now

    def history(self, *, until: datetime | None = None) -> list[Entry]:
        """Return the entries, oldest first; those up to a moment."""
        return [each for each in read_entries(self.ledger.read()) if until is None or each.at <= until]

    def state(self, *, at: datetime | None = None) -> State:
        """Return what the history says now, or said at a moment."""
        return state_of(self.history(until=at))

    def register(
        self, model: str, facts: Mapping[str, Any], *, reason: str, place: Callable[[], None] = lambda: None
    ) -> Version:
        """Return the new version of a model, pending; a bundle that is one already stays that version.

        `place` puts its files where they belong, while nobody else writes; what it raises keeps the version out.
        """
        _check_name(model, "model")
        number = 0

        def decide(state: State) -> Iterable[Mapping[str, Any]]:
            nonlocal number
            versions = state.models[model].versions if model in state.models else {}
            same = [
                each for each in versions.values() if each.facts["seal"] == facts["seal"] and each.status != "removed"
            ]
            number = same[0].number if same else max(versions, default=0) + 1
            place()
            return [] if same else [{"version": number, "facts": dict(facts)}]

        return self._append("register", model, decide, reason=reason).models[model].versions[number]

    def approve(self, ref: str, *, reason: str, facts: Mapping[str, Any] | None = None) -> Version:
        """Let a pending version be deployed; `facts` are what that was founded on."""

        def check(model: Model, version: Version) -> None:
            if version.status != "pending":
                raise UsageError(_judged(version), hint=f"tamis models history --model {version.model}")
            gate = version.facts.get("gate") or {}
            if gate.get("passed") is False:
                failed = [each for each in gate.get("conditions", ()) if not each.get("holds")]
                told = "".join(f"\n  {each.get('condition')}: {each.get('says')}" for each in failed)
                raise CheckFailed(f"{version.ref} did not pass its gate and cannot be approved{told}")

        return self._judge("approve", ref, check, facts=facts, reason=reason)

    def reject(self, ref: str, *, reason: str, facts: Mapping[str, Any] | None = None) -> Version:
        """Keep a version from ever being deployed, or from being deployed again; an alias must not name it."""

        def check(model: Model, version: Version) -> None:
            if version.status not in ("pending", "approved"):
                raise UsageError(_judged(version), hint=f"tamis models history --model {version.model}")
            for alias in model.aliases_of(version.number):
                back = model.place_before(alias)
                where = f"tamis models rollback {model.name} --alias {alias} --reason …  (to version {back})"
                raise UsageError(
                    f"{model.name}@{alias} is {version.ref}: what may be served cannot be rejected",
                    hint=f"first {where if back else f'promote another one: tamis models promote {model.name}@N'}",
                )

        return self._judge("reject", ref, check, facts=facts, reason=reason)

    def promote(self, ref: str, *, alias: str = CHAMPION, reason: str) -> Version:
        """Move an alias to an approved version; where it is there already nothing is written."""
        _check_name(alias, "alias")
        if _NO_ALIAS.fullmatch(alias):
            raise UsageError(
                f"{alias!r} cannot be an alias: it would be taken for a version's number or the newest one"
            )

        def decide(state: State) -> Iterable[Mapping[str, Any]]:
            version = state.version(ref)
            if version.status != "approved":
                todo = f"tamis models approve {version.ref} --reason …" if version.status == "pending" else None
                raise UsageError(f"{version.ref} is {version.status}, not approved", hint=todo)
            there = state.models[version.model].aliases.get(alias) == version.number
            return [] if there else [{"version": version.number, "alias": alias}]

        model = ref.partition("@")[0]
        return self._append("promote", model, decide, reason=reason).version(f"{model}@{alias}")

    def roll_back(self, model: str, *, alias: str = CHAMPION, reason: str) -> Version:
        """Move an alias back to where it was before, and return the version that it names now.

        Places that were rejected or removed meanwhile are passed over.
        """

        def decide(state: State) -> Iterable[Mapping[str, Any]]:
            found = state.model(model)
            if alias not in found.aliases:
                known = f"Its aliases: {', '.join(found.aliases)}." if found.aliases else "It has none yet."
                raise UsageError(f"{model} has no alias {alias!r}. {known}")
            back = found.place_before(alias)
            if back is None:
                raise UsageError(
                    f"{model}@{alias} is {model}@{found.aliases[alias]} and was nowhere before that may still be "
                    "served: there is nothing to go back to",
                    hint=f"tamis models history --model {model}",
                )
            return [{"version": back, "alias": alias}]

        return self._append("rollback", model, decide, reason=reason).version(f"{model}@{alias}")

    def remove(self, unneeded: Callable[[State], Iterable[Version]], *, reason: str) -> list[Version]:
        """Write that the bundles of versions are no longer kept, and return these versions as they were before."""
        removed: list[Version] = []

        def decide(state: State) -> Iterable[Mapping[str, Any]]:
            removed[:] = unneeded(state)
            return [{"model": each.model, "version": each.number} for each in removed]

        self._append("remove", "", decide, reason=reason)
        return removed

    def hold(self, use: Callable[[State], None]) -> None:
        """Do something while nobody else writes; nothing is written."""

        def make(lines: Sequence[str]) -> Sequence[str]:
            use(state_of(read_entries(lines)))
            return []

        self.ledger.append(make)

    def _judge(
        self,
        action: Action,
        ref: str,
        check: Callable[[Model, Version], None],
        *,
        facts: Mapping[str, Any] | None,
        reason: str,
    ) -> Version:
        number = 0

        def decide(state: State) -> Iterable[Mapping[str, Any]]:
            nonlocal number
            version = state.version(ref)
            check(state.models[version.model], version)
            number = version.number
            return [{"version": number, "facts": dict(facts or {})}]

        model = ref.partition("@")[0]
        return self._append(action, model, decide, reason=reason).models[model].versions[number]

    def _append(self, action: Action, model: str, decide: _Decide, *, reason: str) -> State:
        """Add the entries that `decide` asks for in the state that the history is in, and return the state after."""
        if not reason.strip():
            raise UsageError("a reason is needed: whoever reads the history later will want to know why")
        after, new = State(), list[Entry]()

        def make(lines: Sequence[str]) -> Sequence[str]:
            nonlocal after, new
            entries = read_entries(lines)
            state = state_of(entries)
            now, old = self._now(), len(entries)
            for asked in decide(state):
                last = entries[-1] if entries else None
                said: dict[str, Any] = {
                    "number": len(entries) + 1,
                    "at": max(now, last.at) if last else now,  # a clock may be set back, a history not
                    "who": _plain(self.who),
                    "action": action,
                    "model": model,
                    "reason": _plain(reason),
                    "before": last.hash if last else START,
                }
                entries.append(Entry.model_validate(said | dict(asked)).sealed())
            new = entries[old:]
            if new and new[0].at > now:
                _log.warning("the clock was set back: it is %s, and the history is at %s already", now, new[0].at)
            after = state_of(entries) if new else state
            return [each.line for each in new]

        self.ledger.append(make)
        if new:
            self._after(self)
        return after


def open_registry(workspace: Workspace, *, who: str = "") -> Registry:
    """Return the registry of a workspace."""
    url = workspace.config.of(RegistrySettings).url
    kind, address = (url.partition("://")[0], url) if url else ("sqlite", workspace.registry / DATABASE)
    return Registry(plugins.load("ledger", kind)(address), who=who, after=partial(_tell_mirrors, workspace))


def _tell_mirrors(workspace: Workspace, registry: Registry) -> None:
    from tamis.registry.mirror import tell_mirrors  # it knows the registry, too

    tell_mirrors(workspace, registry)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return f"user {os.getuid()}"


def _judged(version: Version) -> str:
    judged = version.judged
    assert judged is not None
    return (
        f"{version.ref} is {version.status} already, by {judged.who} on {judged.at.astimezone():%Y-%m-%d %H:%M}: "
        f"{judged.reason}"
    )


def _plain(words: str) -> str:
    """Words as a line can hold them and a terminal can show them; what a shell hands over may be anything."""
    whole = words.strip().encode("utf-8", "replace").decode()
    return "".join("?" if unicodedata.category(each) == "Cc" and each not in "\n\t" else each for each in whole)


def _check_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for {'an' if what == 'alias' else 'a'} {what}: use letters, digits, '.', '-' and "
            "'_', 100 at most",
            hint=f"give another one: --{what} NAME",
        )
