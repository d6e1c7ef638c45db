"""Replace: a folder takes another's place, in one step where the system can."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

from tamis.core import publish

_AT_FDCWD, _EXCHANGE = -100, 2


def replace_folder(draft: Path, path: Path) -> None:
    """Give a draft folder the name of one that is there, which is removed.

    Linux and macOS swap two names at once, so no reader ever finds a half or nothing; elsewhere the old folder is
    moved away first.
    """
    if not path.exists():
        publish(draft, path)
        return
    for file in draft.rglob("*"):
        if file.is_file():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
    draft.chmod(path.stat().st_mode)
    if exchange(draft, path):
        shutil.rmtree(draft, ignore_errors=True)
        return
    old = draft.with_name(f"{draft.name}-old")
    path.rename(old)
    try:
        publish(draft, path)
    except BaseException:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def exchange(one: Path, other: Path) -> bool:
    """Swap the names of two folders in one step; False where the system cannot."""
    names = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return bool(library.renamex_np(*names, _EXCHANGE) == 0)
        return bool(library.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _EXCHANGE) == 0)
    except (OSError, AttributeError, TypeError):
        return False
