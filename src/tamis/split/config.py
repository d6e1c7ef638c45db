"""SplitSettings: the `split` section of tamis.yaml."""

from __future__ import annotations

from tamis.core import Settings


class SplitSettings(Settings):
    """The `split` section of tamis.yaml."""
