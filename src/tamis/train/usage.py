"""Usage: how busy the processor is and how much memory is held while something runs, looked at now and then."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Self

_EVERY_SECONDS = 0.5


@dataclass(frozen=True)
class Seen:
    """One look."""

    seconds: float
    """Since the start."""
    cores: float
    """How many cores this process kept busy since the look before."""
    memory_mb: float


@dataclass
class Usage:
    """Looks at its own process from a thread, between `start` and `stop`."""

    every_seconds: float = _EVERY_SECONDS
    looks: list[Seen] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> Self:
        """Begin to look."""
        self._thread = threading.Thread(target=self._work, name="tamis-usage", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Take a last look and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        import psutil

        process = psutil.Process()
        start = last = time.monotonic()
        worked = _processor_seconds(process)
        while not self._stop.wait(self.every_seconds) or not self.looks:
            now, done = time.monotonic(), _processor_seconds(process)
            cores = (done - worked) / max(now - last, 1e-6)
            self.looks.append(Seen(now - start, cores, process.memory_info().rss / 1e6))
            last, worked = now, done


def _processor_seconds(process: object) -> float:
    times = process.cpu_times()  # type: ignore[attr-defined]
    return float(times.user + times.system)
