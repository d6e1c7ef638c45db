"""ExploreSettings: the `explore` section of tamis.yaml."""

from __future__ import annotations

from tamis.core import Settings


class ExploreSettings(Settings):
    """The `explore` section of tamis.yaml."""
