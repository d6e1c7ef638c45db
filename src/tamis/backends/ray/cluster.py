"""Cluster: where the work is done; one is started only where none runs."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator

import ray

from tamis.backends.ray import LEFT_BY_RAY_START
from tamis.core import TamisError

_CONNECTING = threading.Lock()
_ANSWER_SECONDS = 10


def connect() -> float:
    """Connect this process to a cluster, unless it is, and return how many processors that has.

    It is the cluster that RAY_ADDRESS names, or that `ray start` started on this machine. Only where there is none, one
    is started, which ends with this process; one that was there before stays.
    """
    with _CONNECTING:
        if not ray.is_initialized():
            _connect()
    return float(ray.cluster_resources().get("CPU", 1.0))


def _connect() -> None:
    named = os.environ.get("RAY_ADDRESS", "")
    if named and not _answers(named):
        raise TamisError(
            f"no Ray cluster answers at RAY_ADDRESS={named}", hint="without RAY_ADDRESS one is started on this machine"
        )
    running = LEFT_BY_RAY_START.exists() and _answers(LEFT_BY_RAY_START.read_text().strip())
    with _signals_kept():
        ray.init(
            named or (None if running else "local"),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )


def _answers(address: str) -> bool:
    """Return whether somebody listens there: Ray itself ends the whole process where nobody does."""
    host, colon, port = address.rpartition(":")
    if "://" in address or not colon or not port.isdecimal():
        return True  # Ray knows better
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_SECONDS):
            return True
    except OSError:
        return False


def in_worker() -> bool:
    """Return whether this very process works for somebody on a cluster."""
    return ray.is_initialized() and bool(ray.get_runtime_context().worker.mode == ray.WORKER_MODE)


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Let Ray not take the signal to end away from who had it."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)
