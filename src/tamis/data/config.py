"""DataSettings: how sources are read."""

from __future__ import annotations

from tamis.core import Settings


class DataSettings(Settings):
    """The `data` section of tamis.yaml."""

    max_rejects: float = 0.01
    """Share of unreadable rows above which an import fails (exit 3)."""
