"""Registry: who approved what, and what served when?

In go bundles with their evaluation and gate report; out come versions with a status, aliases that only approved ones
get, and a history that is only ever added to and in which every entry holds the hash of the one before.
"""

from tamis.registry.bundles import bundle_of, bundles_folder, register_run, version_bundle
from tamis.registry.config import RegistrySettings
from tamis.registry.entry import Entry, broken_at, read_entries
from tamis.registry.find import find_model, is_version
from tamis.registry.hosts import Followed, await_hosts
from tamis.registry.registry import Registry, open_registry
from tamis.registry.servers import announced, announced_servers
from tamis.registry.state import CHAMPION, Decision, Model, State, Version, state_of
from tamis.registry.watch import Watch

__all__ = [
    "CHAMPION",
    "Decision",
    "Entry",
    "Followed",
    "Model",
    "Registry",
    "RegistrySettings",
    "State",
    "Version",
    "Watch",
    "announced",
    "announced_servers",
    "await_hosts",
    "broken_at",
    "bundle_of",
    "bundles_folder",
    "find_model",
    "is_version",
    "open_registry",
    "read_entries",
    "register_run",
    "state_of",
    "version_bundle",
]
