"""Room: is there space on the disk for what a run will write?"""

from __future__ import annotations

import shutil
from pathlib import Path

from tamis.core import TamisError


def require_room(folder: Path, needed: int, *, what: str) -> None:
    """Raise a TamisError when the disk of `folder` has fewer free bytes than a run needs."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise TamisError(
            f"{what} needs about {_megabytes(needed)} on the disk of {folder}, and {_megabytes(free)} are free",
            hint="free some space, keep fewer checkpoints (train.keep_checkpoints=1), or move the workspace",
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
