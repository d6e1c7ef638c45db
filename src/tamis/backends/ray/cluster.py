"""Cluster: where the work is done; one is started only where none runs."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Iterator

import ray

from tamis.core import TamisError

_CONNECTING = threading.Lock()


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
    with _signals_kept():
        try:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        except ConnectionError as error:
            raise TamisError(
                f"no Ray cluster answers: {error}",
                hint="where RAY_ADDRESS is not set and `ray stop` was given, one is started on this machine",
            ) from None


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
