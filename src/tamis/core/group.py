"""Group: what workers that run at the same time find in their environment, so that they can meet."""

from __future__ import annotations

import os
import socket


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def join_group(rank: int, workers: int, *, host: str, port: int) -> None:
    """Tell this process its place in a group, by the variables that torchrun sets and torch and accelerate read."""
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(workers), MASTER_ADDR=host, MASTER_PORT=str(port)
    )
