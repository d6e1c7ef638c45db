"""DataSettings: how sources are read."""

from __future__ import annotations

from tamis.core import Settings


class DataSettings(Settings):
    """The `data` section of tamis.yaml."""

    max_rejects: float = 0.01
    """Share of unreadable rows above which an import fails (exit 3)."""
    sql_memory_gib: float = 2.0
    """Memory that one SQL query may take; what needs more goes through temporary files."""
    sql_threads: int = 0
    """Processor threads of one SQL query; 0 takes all."""
