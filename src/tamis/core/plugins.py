"""Plug-ins: finds by name who fills a port or brings settings. Built-ins use the same entry points as outsiders.

An outside package adds an S3-like store with one line of its own pyproject.toml:

    [project.entry-points."tamis.store"]
    gs = "my_package.gs:GoogleStore"
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from tamis.core.errors import MissingExtra, UsageError, did_you_mean

if TYPE_CHECKING:
    from tamis.core.ports import Store

# A backend's own package missing means that this extra was not installed.
_EXTRA = {
    "boto3": "aws",
    "botocore": "aws",
    "mlflow": "track",
    "tensorboard": "track",
    "adbc_driver_manager": "sql",
    "adbc_driver_postgresql": "sql",
}


@cache
def found(kind: str) -> dict[str, EntryPoint]:
    """Return the plug-ins of a kind (`store`, `executor`, `sql`, `settings`…) by name, without loading them."""
    return {entry.name: entry for entry in sorted(entry_points(group=f"tamis.{kind}"))}


def load(kind: str, name: str) -> Any:
    """Return the class or function registered as `name`; the error lists the names there are."""
    known = found(kind)
    if name not in known:
        listed = ", ".join(known) or "none"
        raise UsageError(f"no {kind} named {name!r}. Installed: {listed}.{did_you_mean(name, known)}")
    try:
        return known[name].load()
    except ModuleNotFoundError as error:
        root = (error.name or "").split(".")[0]
        if root not in _EXTRA:
            raise
        raise MissingExtra(f"the {kind} {name!r}", extra=_EXTRA[root]) from error


def store_of(uri: str) -> Store:
    """Return the store that an address belongs to; a plain path is a file of this machine."""
    scheme, is_address, _ = uri.partition("://")
    store: Store = load("store", scheme.lower() if is_address else "file")()
    return store
