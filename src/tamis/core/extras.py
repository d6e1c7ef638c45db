"""Extras: which optional parts there are, which are installed, and the command that adds one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version

_REQUIREMENT = re.compile(r"(?P<package>[A-Za-z0-9._-]+).*extra == ['\"](?P<extra>[\w-]+)['\"]")


@dataclass(frozen=True)
class Extra:
    """An optional part and its packages: name → installed version, or None."""

    name: str
    packages: dict[str, str | None]

    @property
    def installed(self) -> bool:
        """True when every package of it is there."""
        return all(self.packages.values())


def extras() -> list[Extra]:
    """Return every extra that this Tamis knows, read from its own metadata."""
    packages: dict[str, dict[str, str | None]] = {}
    for requirement in distribution("tamis").requires or ():
        if found := _REQUIREMENT.match(requirement):
            packages.setdefault(found["extra"], {})[found["package"]] = installed_version(found["package"])
    return [Extra(name, needs) for name, needs in packages.items()]


def installed_version(package: str) -> str | None:
    """Return the version of an installed package without importing it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def install_command(extra: str) -> str:
    """Return the shell command that adds an extra to this installation.

    >>> install_command("aws").startswith("pip install")
    True
    """
    # torch is named first and pinned: asked for by another package it comes as a GPU build of several GB
    first = "pip install torch==2.13.0 && " if extra == "train" and not installed_version("torch") else ""
    return f"{first}pip install " + (_from_checkout(extra) or f"'tamis[{extra}]'")


def _from_checkout(extra: str) -> str:
    """Return what to install when Tamis runs from its sources; nothing else knows them."""
    origin = json.loads(distribution("tamis").read_text("direct_url.json") or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return ""
    return f"-e '{origin['url'].removeprefix('file://')}[{extra}]'"
