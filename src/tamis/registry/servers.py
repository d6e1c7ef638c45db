"""Servers: which ones of this workspace are running, as they say themselves by a small file each."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from tamis.core import Workspace, write_atomic

_FOLDER = "servers"

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def announced(workspace: Workspace, address: str) -> Iterator[None]:
    """Say while the block runs that this process serves at an address; where it cannot write, the log is told."""
    path = workspace.state / _FOLDER / f"{platform.node()}-{os.getpid()}.json"
    said = {"address": address, "process": os.getpid(), "machine": platform.node()}
    try:
        write_atomic(path, json.dumps(said, indent=2) + "\n")
    except OSError as error:
        _log.warning("promote and rollback do not know of this server, for %s cannot be written: %s", path, error)
    try:
        yield
    finally:
        _clear(path)


def announced_servers(workspace: Workspace) -> list[str]:
    """Return the addresses where servers of the workspace say they are; what a killed one left is cleared away."""
    addresses = []
    for path in sorted((workspace.state / _FOLDER).glob("*.json")):
        try:
            said = json.loads(path.read_bytes())
            gone = said["machine"] == platform.node() and not _is_alive(said["process"])
        except (OSError, ValueError, KeyError, TypeError):  # it ended this moment, or the file is somebody else's
            continue
        if gone:
            _clear(path)
        else:
            addresses.append(str(said["address"]))
    return addresses


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _clear(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
