"""Settings of the registry, the section `registry` of `tamis.yaml`."""

from __future__ import annotations

from pydantic import Field, field_validator

from tamis.core import Settings


class RegistrySettings(Settings):
    """Where it is written who approved what."""

    url: str = ""
    """Where the history is: empty is SQLite in the workspace; `postgresql://user@host/database` is shared by many."""
    bundles: str = ""
    """Where the bundles of versions are: empty is `.tamis/registry/bundles`; a shared history needs a shared folder."""
    mirrors: tuple[str, ...] = ()
    """Who else is told of every change: `mlflow` shows it in `.tamis/mlflow.db`, which takes some seconds each time.
    `tamis models mirror` does it at any other time."""
    hosts: tuple[str, ...] = ()
    """Addresses of `tamis serve` elsewhere that `promote` and `rollback` wait for; servers of this workspace are known
    without. One that follows nothing is told what the champion is, with the key in TAMIS_SERVE_KEY."""
    follow_seconds: float = Field(default=10.0, gt=0)
    """How long `promote` and `rollback` wait until every host serves the version."""

    @field_validator("url")
    @classmethod
    def _shared(cls, url: str) -> str:
        if url and ("://" not in url or url.startswith("sqlite:")):
            raise ValueError("it is empty for SQLite in the workspace, or postgresql://user@host/database")
        return url
