"""Fleet: which model answers under which name: shares of the traffic, shadows, and the swap that nobody notices."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from tamis.core import did_you_mean
from tamis.serve.problem import Problem
from tamis.serve.served import Served


@dataclass(frozen=True)
class Route:
    """Who answers under a name."""

    shares: tuple[tuple[Served, float], ...]
    """Each version and its share of the traffic."""
    shadow: Served | None = None
    """Reads along; what it says is only kept."""

    def choose(self, key: str) -> Served:
        """Return the version for a request; the same key always gets the same one."""
        if len(self.shares) == 1:
            return self.shares[0][0]
        place = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) / 2**64
        place *= sum(share for _, share in self.shares)
        for served, share in self.shares:
            place -= share
            if place < 0:
                return served
        return self.shares[-1][0]

    @property
    def served(self) -> tuple[Served, ...]:
        """Every version that is open for it."""
        return (*(served for served, _ in self.shares), *([self.shadow] if self.shadow else []))


@dataclass
class Fleet:
    """Routes by name. A new route takes over between two requests; the versions it no longer needs end their work."""

    routes: dict[str, Route] = field(default_factory=dict)
    before: dict[str, Route] = field(default_factory=dict)
    """What stood there before the last swap; it stays open, so that going back takes no time."""

    def route(self, name: str | None = None) -> Route:
        """Return the route of a name; without one, the first."""
        if name is None:
            return next(iter(self.routes.values()))
        if name not in self.routes:
            known = ", ".join(self.routes)
            raise Problem(404, f"no model {name!r}. Models: {known}.{did_you_mean(name, self.routes)}", field="model")
        return self.routes[name]

    def version(self, name: str | None, version: str) -> Served:
        """Return one version of a name, whatever its share."""
        known = {served.version: served for served in self.route(name).served}
        if version not in known:
            raise Problem(
                404, f"no version {version!r} of it is served. Versions: {', '.join(known)}.", field="version"
            )
        return known[version]

    async def swap(self, name: str, route: Route) -> None:
        """Put a route in place; the one before stays open for `roll_back`, the one before that is closed."""
        stale = self.before.pop(name, None)
        if name in self.routes:
            self.before[name] = self.routes[name]
        self.routes[name] = route
        await self._close(stale)

    async def roll_back(self, name: str) -> Route:
        """Put the route before the last swap in place again."""
        current = self.route(name)
        if name not in self.before:
            raise Problem(409, f"nothing was served as {name!r} before", field="model")
        self.routes[name], self.before[name] = self.before[name], current
        return self.routes[name]

    async def close(self) -> None:
        """Let every version end its work."""
        for route in (*self.routes.values(), *self.before.values()):
            await self._close(route, needed=())

    async def _close(self, route: Route | None, *, needed: tuple[Served, ...] | None = None) -> None:
        if route is None:
            return
        if needed is None:
            needed = tuple(s for each in (*self.routes.values(), *self.before.values()) for s in each.served)
        await asyncio.gather(*(served.batcher.close() for served in route.served if served not in needed))

    def describe(self) -> Mapping[str, object]:
        """Tell what is served under each name."""
        return {
            name: {
                "versions": [{**served.describe(), "share": share} for served, share in route.shares],
                "shadow": route.shadow.describe() if route.shadow else None,
            }
            for name, route in self.routes.items()
        }
