"""Capture: every answer is an event, kept before the caller hears of it and off the event loop.

One thread writes; what arrives while it writes goes into the next write together, so that a busy server pays for one
write, not for each answer. No kill of the server loses what was written; for the sake of a power cut the disk is synced
about once a second. What cannot be kept is not said: its caller gets 503, and the next one a new try.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal

from tamis.core import EventLog
from tamis.features import without_personal_data
from tamis.serve.asked import Answered, Asked
from tamis.serve.problem import Problem

TextPolicy = Literal["none", "redacted", "full"]
Event = Mapping[str, object]
_Make = Callable[[], Sequence[Event]]
PREDICTION, FEEDBACK = "prediction", "feedback"
_MOST_WAITING = 10_000
"""So many requests may wait for a disk that does not answer; the next are refused at once."""
_SYNC_AGAIN_SECONDS = 10.0
"""When to try again what the disk refused."""

_log = logging.getLogger(__name__)


def shown_text(text: str | None, policy: TextPolicy) -> str | None:
    """Return what may be kept of a text.

    >>> shown_text("mail jane@example.com", "redacted"), shown_text("mail jane@example.com", "none")
    ('mail [email]', None)
    """
    if text is None or policy == "none":
        return None
    return text if policy == "full" else without_personal_data(text)


def events_of(asked: Asked, answered: Answered, *, policy: TextPolicy, shadow: bool = False) -> list[Event]:
    """Return the event of each prediction of an answer."""
    events: list[Event] = []
    for number, (text, said) in enumerate(zip(asked.texts, answered.predictions, strict=True)):
        stepped = answered.fallbacks.get(number)
        events.append(
            {
                "kind": PREDICTION,
                "id": said.id,
                "time": answered.at,
                "request_id": answered.request_id,
                "route": answered.route,
                "version": answered.version,
                "shadow": shadow,
                "text_hash": hashlib.sha256((text or "").encode("utf-8", "surrogatepass")).hexdigest(),
                "text": shown_text(text, policy),
                "prediction": said.to_dict(),
                "fallback": None if stepped is None else {"by": stepped.by, "instead_of": stepped.instead_of.to_dict()},
                "threshold": asked.threshold,
                "metadata": dict(asked.metadata),
                "seconds": round(answered.seconds, 6),
            }
        )
    return events


class Capture:
    """Writes events to a log, in one thread, as many at a time as have come.

    `gather_seconds` is how long a write waits for more to come; after `patience_seconds` a caller waits no longer. So
    many `sync_seconds` after a write the disk is synced; with 0 that is before its callers hear of it.
    """

    def __init__(
        self,
        log: EventLog,
        *,
        policy: TextPolicy = "none",
        sync_seconds: float = 0.0,
        gather_seconds: float = 0.0,
        patience_seconds: float = 30.0,
    ) -> None:
        self._events = log
        self._policy: TextPolicy = policy
        self._sync_seconds = sync_seconds
        self._sync_due: float | None = None  # None: nothing is to be synced
        self._gather_seconds = gather_seconds
        self._patience_seconds = patience_seconds
        self._waiting: list[tuple[_Make, asyncio.Future[None]]] = []
        self._changed = threading.Condition()
        self._closing = False
        self._failing = False
        self._thread: threading.Thread | None = None

    async def keep_answer(self, asked: Asked, answered: Answered, *, shadow: bool = False) -> None:
        """Return when an answer is kept; a problem 503 when it cannot be."""
        await self.keep(partial(events_of, asked, answered, policy=self._policy, shadow=shadow))

    async def keep(self, make: _Make) -> None:
        """Return when events are kept, which are made in the writing thread; a problem 503 when they cannot be."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        with self._changed:
            if self._closing:
                raise Problem(503, "the server is stopping", headers={"Retry-After": "1"})
            if len(self._waiting) >= _MOST_WAITING:
                raise _unkept()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, args=(loop,), name="tamis-capture", daemon=True)
                self._thread.start()
            self._waiting.append((make, done))
            self._changed.notify()
        try:
            async with asyncio.timeout(self._patience_seconds):
                await done
        except Exception as error:
            raise _unkept() from error

    async def close(self) -> None:
        """Write what waits, then end the thread and let go of the log."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._events.close)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        ended = False
        while not ended:
            ended, taken = self._next()
            if taken:
                errors = self._write([make for make, _ in taken])
                for error in dict.fromkeys(errors):
                    self._tell(error)
                with contextlib.suppress(RuntimeError):  # the loop is gone: the process ends
                    loop.call_soon_threadsafe(_deliver, [done for _, done in taken], errors)
            if self._sync_due is not None and (ended or time.monotonic() >= self._sync_due):
                try:
                    self._events.sync()
                    self._sync_due = None
                except OSError as error:
                    _log.error("what was kept of late would not survive a power cut: %s", error)
                    self._sync_due = time.monotonic() + max(self._sync_seconds, _SYNC_AGAIN_SECONDS)

    def _write(self, makes: Sequence[_Make]) -> list[Exception | None]:
        """Keep all in one write, and return what went wrong for each; the thread lives on."""
        try:
            self._events.append([event for make in makes for event in make()])
            if not self._sync_seconds:
                self._events.sync()
            elif self._sync_due is None:
                self._sync_due = time.monotonic() + self._sync_seconds
        except Exception as error:
            if len(makes) == 1 or isinstance(error, OSError):
                return [error] * len(makes)
            # it is not the disk: trouble stays with who brought it
            return [each for make in makes for each in self._write([make])]
        return [None] * len(makes)

    def _next(self) -> tuple[bool, list[tuple[_Make, asyncio.Future[None]]]]:
        """Wait for something to keep, or until it is time to sync; return whether it is the end, and all there is."""
        with self._changed:
            if not self._waiting and not self._closing:
                self._changed.wait(None if self._sync_due is None else max(0.0, self._sync_due - time.monotonic()))
            until = time.monotonic() + (self._gather_seconds if self._waiting else 0.0)
            while not self._closing and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            taken, self._waiting = self._waiting, []
            return self._closing, taken

    def _tell(self, error: Exception | None) -> None:
        """Log when keeping begins to fail and when it works again, not every time."""
        if error is not None and not self._failing:
            _log.error("answers cannot be kept, and their callers get 503: %s", error, exc_info=error)
        elif error is None and self._failing:
            _log.warning("answers are kept again")
        self._failing = error is not None


def _unkept() -> Problem:
    return Problem(
        503, "what is said here is kept first, and that is not possible now; try again", headers={"Retry-After": "5"}
    )


def _deliver(waiting: list[asyncio.Future[None]], errors: list[Exception | None]) -> None:
    for done, error in zip(waiting, errors, strict=True):
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
