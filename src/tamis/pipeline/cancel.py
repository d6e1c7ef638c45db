"""Cancel: the flag in a run's folder that asks whoever runs it to stop."""

from __future__ import annotations

from pathlib import Path

_FLAG = "cancel"


def cancel_flag(folder: Path) -> Path:
    """Return the file whose being there asks for the end of the run in this folder."""
    return folder / _FLAG
