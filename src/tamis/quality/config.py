"""QualitySettings: the `quality` section of tamis.yaml."""

from __future__ import annotations

from tamis.core import Settings


class QualitySettings(Settings):
    """The `quality` section of tamis.yaml."""
