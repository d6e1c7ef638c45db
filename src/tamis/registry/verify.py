"""verify_registry: is the history what was written, and are the bundles those that were registered?"""

from __future__ import annotations

import json
from dataclasses import dataclass

from tamis.core import Progress, Silent, TamisError, Workspace
from tamis.registry.bundles import bundle_of
from tamis.registry.entry import START, broken_at, read_entries
from tamis.registry.registry import open_registry
from tamis.registry.state import Version, state_of


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What was found."""

    entries: int
    head: str
    """The hash of the last entry: it stands for the whole history."""
    broken: int | None
    """The first entry that is not what was written, or is not followed by what was."""
    cut: bool
    """True when an earlier head is not in the history any more."""
    bundles: int
    """How many bundles were looked at."""
    damaged: dict[str, str]
    """By version, what is wrong with its bundle."""

    @property
    def sound(self) -> bool:
        """True when nothing is wrong."""
        return self.broken is None and not self.cut and not self.damaged


def verify_registry(workspace: Workspace, *, head: str | None = None, progress: Progress = Silent()) -> Verified:
    """Return what is wrong with the history and with the bundles of its versions.

    `head` is one that was noted earlier: if it is in the history, nothing was cut off before it. A history that was
    rewritten as a whole is told by that, too, and by nothing else.
    """
    lines = open_registry(workspace).ledger.read()
    broken = broken_at(lines)
    sound = lines[: broken - 1] if broken is not None else lines
    hashes = [json.loads(line)["hash"] for line in sound]
    versions: list[Version] = []
    for model in state_of(read_entries(sound)).models.values():
        versions += [each for each in model.versions.values() if each.status != "removed"]
    damaged: dict[str, str] = {}
    with progress.track("bundles", total=len(versions), unit="bundles") as advance:
        for version in versions:
            try:
                bundle_of(workspace, version)
            except TamisError as error:
                damaged[version.ref] = error.message
            advance(1)
    return Verified(
        entries=len(lines),
        head=hashes[-1] if hashes else START,
        broken=broken,
        cut=head is not None and head not in hashes,
        bundles=len(versions),
        damaged=damaged,
    )
