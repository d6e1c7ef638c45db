"""FeatureSettings: the `features` section of tamis.yaml."""

from __future__ import annotations

from tamis.core import Settings


class FeatureSettings(Settings):
    """The `features` section of tamis.yaml."""
