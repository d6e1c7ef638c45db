"""Rates: how often each caller may ask: so many requests a minute, that may come at once or evenly."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from tamis.serve.keys import OPEN_PATHS
from tamis.serve.problem import Problem

_MOST_CALLERS = 100_000
"""Whoever has not asked for the longest is forgotten beyond that."""


class Rates:
    """A bucket for each caller: a request takes one out, and time fills it again.

    >>> now = 0.0
    >>> rates = Rates(2, clock=lambda: now)
    >>> rates.seconds_to_wait("ann"), rates.seconds_to_wait("ann"), rates.seconds_to_wait("ann")
    (0.0, 0.0, 30.0)
    """

    def __init__(self, requests_per_minute: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = max(1.0, requests_per_minute)
        self._per_second = requests_per_minute / 60
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def seconds_to_wait(self, caller: str) -> float:
        """Take a request out of a caller's bucket; if it is empty, return after how many seconds it is not."""
        now = self._clock()
        left, since = self._buckets.pop(caller, (self._most, now))
        left = min(self._most, left + (now - since) * self._per_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._per_second
        self._buckets[caller] = (left if wait else left - 1, now)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        return wait


class RateGuard:
    """ASGI: lets a request pass unless its caller (its key, or else its address) asks too often."""

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        self._app = app
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 429."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        caller = scope.get("tamis.key") or (scope["client"] or ("",))[0]
        seconds = self._rates.seconds_to_wait(caller)
        if not seconds:
            await self._app(scope, receive, send)
            return
        wait = str(math.ceil(seconds))
        problem = Problem(429, f"too many requests; try again in {wait} s", headers={"Retry-After": wait})
        await problem.response()(scope, receive, send)
