"""Fleet: which model answers under which name: shares of the traffic, shadows, and the swap that nobody notices."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tamis.core import DataError, did_you_mean
from tamis.models import Bundle
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
        place = int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()) / 2**64
        place *= sum(share for _, share in self.shares)
        for served, share in self.shares:
            place -= share
            if place < 0:
                return served
        return self.shares[-1][0]

    def with_share(self, served: Served, share: float) -> Route:
        """Return the route that gives a version so much of the traffic; the others share the rest as they did.

        When the share of the last version grows, whoever had it keeps it.
        """
        others = [(each, part) for each, part in self.shares if each is not served]
        if share >= 1 or not others:
            return Route(((served, 1.0),))
        left = (1 - share) / sum(part for _, part in others)
        shares = (*((each, part * left) for each, part in others), (served, share))
        return Route(shares, None if self.shadow is served else self.shadow)

    @property
    def served(self) -> tuple[Served, ...]:
        """Every version that is open for it."""
        return (*(served for served, _ in self.shares), *([self.shadow] if self.shadow else []))

    def describe(self) -> dict[str, object]:
        """Tell which versions there are."""
        return {
            "versions": [{**served.describe(), "share": round(share, 6)} for served, share in self.shares],
            "shadow": self.shadow.describe() if self.shadow else None,
        }


@dataclass
class Fleet:
    """Routes by name. A new route takes over between two requests; the versions it no longer needs end their work."""

    routes: dict[str, Route] = field(default_factory=dict)
    find: Callable[[str], Bundle] | None = None
    """Returns the bundle that a name stands for, when more may be put live than what the server started with."""
    open_bundle: Callable[[Bundle], Served] | None = None
    """Makes a bundle ready to answer."""
    before: dict[str, Route] = field(default_factory=dict)
    """What stood there before the last change; it stays open, so that going back takes no time."""
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)

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

    def seal(self, name: str) -> str | None:
        """Return the seal of the bundle that has all the traffic of a name; None when there is none such."""
        route = self.routes.get(name)
        if route is None or len(route.shares) != 1:
            return None
        return route.shares[0][0].classifier.bundle.manifest.seal

    async def put(self, name: str, ref: str, *, share: float = 1.0, shadow: bool = False, seal: str = "") -> None:
        """Put a bundle live under a name, with a share of its traffic or to read along; others answer meanwhile.

        A version that is open already is not opened again, and what is live as asked already is left as it is. Where
        the bundle's `seal` is known, an open one is not even looked for.
        """
        async with self._changing:
            if name not in self.routes and (share < 1 or shadow):
                raise Problem(
                    409, f"nothing is served as {name!r} yet: its first version gets all the traffic", field="model"
                )
            served = self._with_seal(seal) or await self._opened(ref, seal=seal)
            route = self.routes.get(name, Route(()))
            if shadow and served in (each for each, _ in route.shares):
                raise Problem(409, f"{served.name} answers as {name!r} already: it cannot read along", field="bundle")
            new = Route(route.shares, served) if shadow else route.with_share(served, share)
            if new != route:
                await self.swap(name, new)

    async def swap(self, name: str, route: Route) -> None:
        """Put a route in place; the one before stays open for `roll_back`, the one before that is closed."""
        stale = self.before.pop(name, None)
        if name in self.routes:
            self.before[name] = self.routes[name]
        self.routes[name] = route
        if stale is not None:
            await self._close(stale)

    async def roll_back(self, name: str) -> None:
        """Put the route before the last change in place again; the one that was live becomes the one before."""
        async with self._changing:
            current = self.route(name)
            if name not in self.before:
                raise Problem(409, f"nothing was served as {name!r} before", field="model")
            self.routes[name], self.before[name] = self.before[name], current

    async def keep(self, name: str, ref: str, *, seal: str) -> None:
        """Hold a bundle open that `name` may go back to; what was held for that before is closed."""
        opened = None if self._with_seal(seal) else await self._opened(ref, seal=seal)  # nobody waits for this
        async with self._changing:
            served = self._with_seal(seal) or opened or await self._opened(ref, seal=seal)
            stale = self.before.pop(name, None)
            self.before[name] = Route(((served, 1.0),))
            if stale is not None:
                await self._close(stale)
            if opened is not None and opened is not served:  # somebody else opened it meanwhile
                await opened.batcher.close()

    async def remove(self, name: str) -> None:
        """Serve nothing under a name any more; what was asked is still answered."""
        async with self._changing:
            self.route(name)
            if len(self.routes) == 1:
                raise Problem(409, f"{name!r} is the only model; put another one live first", field="model")
            gone = [self.routes.pop(name), *([self.before.pop(name)] if name in self.before else [])]
            for route in gone:
                await self._close(route)

    async def close(self) -> None:
        """Let every version end its work."""
        await asyncio.gather(*(served.batcher.close() for served in set(self._open())))

    def describe(self) -> dict[str, dict[str, object]]:
        """Tell what is served under each name, and to what a rollback would go back."""
        return {
            name: {**route.describe(), "before": self.before[name].describe() if name in self.before else None}
            for name, route in self.routes.items()
        }

    def _open(self) -> Iterator[Served]:
        for route in (*self.routes.values(), *self.before.values()):
            yield from route.served

    async def _opened(self, ref: str, *, seal: str) -> Served:
        if self.find is None or self.open_bundle is None:
            raise Problem(403, "this server answers with what it was started with, and nothing else")
        bundle = await asyncio.to_thread(self.find, ref)
        if seal and bundle.manifest.seal != seal:
            raise DataError(f"what is found here as {ref!r} is another bundle", hint="see serve.bundle_folders")
        served = self._with_seal(bundle.manifest.seal)
        return await asyncio.to_thread(self.open_bundle, bundle) if served is None else served

    def _with_seal(self, seal: str) -> Served | None:
        """The open version of a bundle."""
        return next((each for each in self._open() if seal and each.classifier.bundle.manifest.seal == seal), None)

    async def _close(self, route: Route) -> None:
        needed = set(self._open())
        await asyncio.gather(*(served.batcher.close() for served in set(route.served) - needed))
