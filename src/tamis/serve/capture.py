"""Capture: every answer is an event, kept before the caller hears of it and off the event loop.

One thread writes; what arrives while it writes goes into the next write together, so that a busy server pays for one
write to disk, not for each answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Literal

from tamis.core import EventLog
from tamis.features import without_personal_data
from tamis.serve.asked import Answered, Asked

TextPolicy = Literal["none", "redacted", "full"]
Event = Mapping[str, object]
PREDICTION, FEEDBACK = "prediction", "feedback"

_log = logging.getLogger(__name__)


def shown_text(text: str | None, policy: TextPolicy) -> str | None:
    """Return what may be kept of a text.

    >>> shown_text("mail jane@example.com", "redacted"), shown_text("mail jane@example.com", "none")
    ('mail [email]', None)
    """
    if text is None or policy == "none":
        return None
    return text if policy == "full" else without_personal_data(text)


def event_of(
    asked: Asked, answered: Answered, number: int, *, policy: TextPolicy, shadow: bool = False
) -> dict[str, object]:
    """Return the event of one prediction of an answer."""
    text, said = asked.texts[number], answered.predictions[number]
    stepped = answered.fallbacks.get(number)
    return {
        "kind": PREDICTION,
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


class Capture:
    """Writes events to a log, in one thread, as many at a time as have come."""

    def __init__(self, log: EventLog) -> None:
        self._events = log
        self._waiting: list[tuple[Sequence[Event], asyncio.Future[None]]] = []
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None

    async def keep(self, events: Sequence[Event]) -> None:
        """Return when the events are kept; OSError when they cannot be."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, args=(loop,), name="tamis-capture", daemon=True)
                self._thread.start()
            self._waiting.append((events, done))
            self._changed.notify()
        await done

    async def close(self) -> None:
        """Write what waits, then end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                taken, self._waiting = self._waiting, []
            if not taken:
                return
            error: Exception | None = None
            try:
                self._events.append([event for events, _ in taken for event in events])
            except Exception as problem:  # the thread must live on; every request is told
                _log.exception("answers could not be kept")
                error = problem
            with contextlib.suppress(RuntimeError):  # the loop is gone: the process ends
                loop.call_soon_threadsafe(_deliver, [done for _, done in taken], error)


def _deliver(waiting: list[asyncio.Future[None]], error: Exception | None) -> None:
    for done in waiting:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
