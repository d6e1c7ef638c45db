"""Look: what a trigger finds when it looks: is there something new, and what must it remember?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Cursor = Mapping[str, Any]
"""How far a trigger has read, as JSON has it; empty before its first look."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was found."""

    cursor: Cursor
    """To be remembered as long as no run was started."""
    note: str
    """How things stand, in words: `12 of 50 labels`."""
    why: str = ""
    """Why a run is due; empty when none is."""
    after: Cursor | None = None
    """To be remembered once the run is done: what it was for is not new any more."""
    files: tuple[str, ...] = ()
    """The new files."""
    next: datetime | None = None
    """When it will be due, where that can be known."""
