"""How many processor cores this process may use, which in a container is fewer than there are."""

from __future__ import annotations

import os


def cores() -> int:
    """Return the number of cores; hyper-threads count."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
