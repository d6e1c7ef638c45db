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
    """Yield an event that Ctrl-C sets while the block runs, or SIGTERM where that is to be the same.

    The second time it is the exception as ever. Where somebody else looks after a signal, or this is not the main
    thread, that stays as it is.
    """
    event = threading.Event()
    ours = [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) is signal.default_int_handler]
    if threading.current_thread() is not threading.main_thread():
        ours = []

    def give_back() -> None:
        for each in ours:
            signal.signal(each, signal.default_int_handler)

    def note(number: int, frame: FrameType | None) -> None:
        give_back()
        event.set()

    for each in ours:
        signal.signal(each, note)
    try:
        yield event
    finally:
        give_back()
