"""Own code: a step `steps:clean` is the function `clean` in `steps.py` beside `pipeline.yaml`."""

from __future__ import annotations

import sys
from pathlib import Path


def importable(folder: Path) -> None:
    """Let modules in a folder be imported; after all others, so that none of them hides a library."""
    if str(folder.resolve()) not in sys.path:
        sys.path.append(str(folder.resolve()))
