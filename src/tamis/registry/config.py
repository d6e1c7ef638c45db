"""Settings of the registry, the section `registry` of `tamis.yaml`."""

from __future__ import annotations

from tamis.core import Settings


class RegistrySettings(Settings):
    """Where it is written who approved what."""

    url: str = ""
    """Where the history is: empty is SQLite in the workspace; `postgresql://user@host/database` is shared by many."""
    bundles: str = ""
    """Where the bundles of versions are: empty is `.tamis/registry/bundles`; a shared history needs a shared folder."""
