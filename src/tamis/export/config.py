"""ExportSettings: the `export` section of tamis.yaml."""

from __future__ import annotations

from pydantic import Field

from tamis.core import Settings


class ExportSettings(Settings):
    """The `export` section of tamis.yaml."""

    tolerance: float = Field(default=0.01, ge=0, lt=1)
    """How much of the main score a quicker form of a model may lose, at most."""
