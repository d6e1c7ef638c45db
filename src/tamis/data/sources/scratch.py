"""ScratchFile: a temporary file that is there as long as anything refers to it."""

from __future__ import annotations

import os
import tempfile
import weakref
from pathlib import Path


class ScratchFile:
    """A new empty file in the system's temporary folder; it goes with the last reference to it.

    >>> scratch = ScratchFile(suffix=".csv"); path = scratch.path
    >>> path.exists(), path.suffix
    (True, '.csv')
    >>> del scratch; path.exists()
    False
    """

    def __init__(self, *, suffix: str = "") -> None:
        handle, name = tempfile.mkstemp(prefix="tamis-", suffix=suffix)
        os.close(handle)
        self.path = Path(name)
        """Where it lies."""
        weakref.finalize(self, self.path.unlink, missing_ok=True)
