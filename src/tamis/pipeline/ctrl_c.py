"""Ctrl-C as an event: it comes between two steps of the engine, never in the middle of what it writes.

As an exception it may come anywhere, and a library that passes over an error there passes over Ctrl-C, too.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def pressed() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C sets while the block runs; pressed once more it is the exception as ever.

    Where somebody else looks after Ctrl-C, or this is not the main thread, that stays as it is.
    """
    event = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield event
        return

    def note(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        event.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)
