"""Telling: what a step does just now, in words, now and then, for whoever watches the run from here or elsewhere."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from tamis.core.progress import Advance

EVERY_SECONDS = 1.0
_LATER_SECONDS = 30.0
Tell = Callable[[str, float | None], None]
"""Takes the words, and which share of the work is done, where that is known."""


class Telling:
    """The Progress of a step: of all that it tracks the latest is told, now and then.

    Each second at first, and then the more seldom the longer it takes, so that the record of a long run stays small.
    """

    def __init__(self, tell: Tell, *, every_seconds: float = EVERY_SECONDS) -> None:
        self._tell = tell
        self._every_seconds = every_seconds
        self._began = time.monotonic()
        self._last = float("-inf")
        self._turn = threading.Lock()

    @contextlib.contextmanager
    def track(self, what: str, *, total: float | None, unit: str) -> Iterator[Advance]:
        """Tell of `what`; the yielded function moves it on by so many units."""
        done = 0.0

        def advance(amount: float) -> None:
            nonlocal done
            done += amount
            if self._may():
                of = f" of {total:,.0f}" if total else ""
                share = min(done / total, 1.0) if total else None
                self._tell(f"{what}: {done:,.0f}{of} {unit}" if done else what, share)

        advance(0)
        yield advance

    def _may(self) -> bool:
        now = time.monotonic()
        with self._turn:
            if now - self._last < max(self._every_seconds, min((now - self._began) / 100, _LATER_SECONDS)):
                return False
            self._last = now
            return True
