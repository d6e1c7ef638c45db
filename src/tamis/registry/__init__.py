"""Registry: who approved what, and what served when?

In go bundles with their evaluation and gate report; out come versions with a status, aliases that only approved ones
get, and a history that is only ever added to and in which every entry holds the hash of the one before.
"""

from tamis.registry.config import RegistrySettings
from tamis.registry.entry import Entry, broken_at
from tamis.registry.registry import CHAMPION, Registry, open_registry
from tamis.registry.state import Decision, Model, State, Version

__all__ = [
    "CHAMPION",
    "Decision",
    "Entry",
    "Model",
    "Registry",
    "RegistrySettings",
    "State",
    "Version",
    "broken_at",
    "open_registry",
]
