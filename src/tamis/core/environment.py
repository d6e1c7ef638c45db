"""Environment: the versions of Python and of libraries, where they have a say in a result."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def environment(*libraries: str) -> Mapping[str, str]:
    """Return the versions of Python, of the system and of those libraries that are installed."""
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for name in libraries:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
