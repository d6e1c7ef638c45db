"""Following: names whose model is what an alias of the registry names, now and whenever it moves.

The history is looked at about twice a second, beside the event loop; a version that an alias moved to is opened and
takes over between two requests, and the one that a rollback would go back to is kept open. Whatever goes wrong, what
answers goes on answering, and it is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from tamis.core import TamisError, UsageError
from tamis.registry import Registry, State, Version, Watch
from tamis.serve.fleet import Fleet

LOOK_SECONDS = 0.5
_OPEN_AGAIN_LOOKS = 10
"""After so many looks what could not be opened is tried again, unless the alias was moved before that."""

_log = logging.getLogger(__name__)


@dataclass
class _Name:
    """A name that follows an alias."""

    alias: str
    """Which one: `docs@champion`."""
    serves: str = ""
    """The version that answers, as it is called: `docs@3`."""
    trouble: str = ""
    """Why it does not serve what the alias names; empty when it does."""
    failed: str = ""
    """The version that could not be opened."""
    again_at: float = 0.0
    kept: str = ""
    """The version that a rollback would go back to, when it was last opened, or could not be."""


class Following:
    """Keeps each name of a fleet at what its alias names."""

    def __init__(self, registry: Registry, aliases: Mapping[str, str], *, look_seconds: float = LOOK_SECONDS) -> None:
        self._watch = Watch(registry)
        self._names = {name: _Name(alias) for name, alias in aliases.items()}
        self._look_seconds = look_seconds
        self._fleet: Fleet | None = None
        self._looking = asyncio.Lock()
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def alias(self, name: str) -> str:
        """Return the alias that a name follows."""
        return self._names[name].alias

    def start(self, fleet: Fleet) -> None:
        """Begin to look."""
        self._fleet = fleet
        self._run(self._look_on())

    async def stop(self) -> None:
        """Look no more; a look under way ends first."""
        self._stop.set()
        await asyncio.gather(*self._tasks)
        await asyncio.to_thread(self._watch.close)

    async def look(self) -> None:
        """Look once, and let what changed take over before it returns."""
        async with self._looking:
            try:
                state = await asyncio.to_thread(self._watch.look)
            except Exception as error:  # whatever it is, the next look may do better
                for name in self._names:
                    self._told(name, f"the registry cannot be read: {error}")
                return
            for name in self._names:
                await self._follow(name, state)

    def describe(self) -> dict[str, dict[str, object]]:
        """Tell of each name which alias it follows, which version it serves, and why that is not the alias's."""
        return {
            name: {"follows": each.alias, "serves": each.serves or None, "trouble": each.trouble or None}
            for name, each in self._names.items()
        }

    async def _look_on(self) -> None:
        while not self._stop.is_set():
            await self.look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self._look_seconds)

    async def _follow(self, name: str, state: State) -> None:
        assert self._fleet is not None
        told = self._names[name]
        live = self._fleet.seal(name)
        try:
            known = state.model(told.alias.partition("@")[0]).versions.values()
            told.serves = next((each.ref for each in known if each.facts["seal"] == live), told.serves)
            version = _approved(state, told.alias)
            seal = version.facts["seal"]
            if live != seal:
                if version.ref == told.failed and time.monotonic() < told.again_at:
                    return
                start = time.perf_counter()
                told.failed, told.again_at = version.ref, time.monotonic() + _OPEN_AGAIN_LOOKS * self._look_seconds
                await self._fleet.put(name, version.ref, seal=seal)
                told.kept = ""  # what was held for a rollback is what answered until now
                seconds = time.perf_counter() - start
                _log.info("%s: %s answers now, as %s says; it took %.2f s", name, version.ref, told.alias, seconds)
            told.serves, told.failed = version.ref, ""
            self._told(name, "")
            self._keep_before(name, state, version)
        except Exception as error:
            self._told(name, str(error), unforeseen=not isinstance(error, TamisError | OSError))

    def _keep_before(self, name: str, state: State, version: Version) -> None:
        """See that what a rollback would go back to is open, without waiting for it."""
        told = self._names[name]
        model = state.models[version.model]
        back = model.place_before(told.alias.partition("@")[2])
        if back is None or told.kept == (ref := model.versions[back].ref):
            return
        told.kept = ref
        self._run(self._open_before(name, model.versions[back]))

    async def _open_before(self, name: str, version: Version) -> None:
        assert self._fleet is not None
        try:
            await self._fleet.keep(name, version.ref, seal=version.facts["seal"])
        except Exception as error:
            _log.warning("%s: going back to %s would not work: %s", name, version.ref, error)

    def _told(self, name: str, trouble: str, *, unforeseen: bool = False) -> None:
        told = self._names[name]
        if trouble and trouble != told.trouble:
            _log.warning(
                "%s goes on with %s and does not follow %s: %s",
                name,
                told.serves or "what it was started with",
                told.alias,
                trouble,
                exc_info=unforeseen,
            )
        elif told.trouble and not trouble:
            _log.info("%s follows %s again: %s", name, told.alias, told.serves)
        told.trouble = trouble

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _approved(state: State, alias: str) -> Version:
    version = state.version(alias)
    if version.status != "approved":
        raise UsageError(f"{alias} is {version.ref}, which is {version.status}, not approved")
    return version
