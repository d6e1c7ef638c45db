"""Registry: who approved what, and what served when?

In go bundles with their evaluation and gate report; out come versions with a status, aliases that only approved ones
get, and a history that is only ever added to and in which every entry holds the hash of the one before.
"""

from tamis.registry.bundles import bundle_of, bundles_folder, read_gate, register_run, version_bundle
from tamis.registry.collect import KEPT, collect_bundles, unneeded
from tamis.registry.compare import VersionComparison, compare_versions
from tamis.registry.config import RegistrySettings
from tamis.registry.entry import Entry, broken_at, read_entries
from tamis.registry.find import find_model, is_version
from tamis.registry.from_elsewhere import is_elsewhere, register_from
from tamis.registry.hosts import Followed, await_hosts
from tamis.registry.keep_card import keep_card
from tamis.registry.mirror import show_in_mirrors
from tamis.registry.registry import Registry, open_registry
from tamis.registry.served import Served, served
from tamis.registry.servers import announced, announced_servers
from tamis.registry.state import CHAMPION, Decision, Model, State, Version, state_of
from tamis.registry.verify import Verified, verify_registry
from tamis.registry.watch import Watch

__all__ = [
    "CHAMPION",
    "KEPT",
    "Decision",
    "Entry",
    "Followed",
    "Model",
    "Registry",
    "RegistrySettings",
    "Served",
    "State",
    "Verified",
    "Version",
    "VersionComparison",
    "Watch",
    "announced",
    "announced_servers",
    "await_hosts",
    "broken_at",
    "bundle_of",
    "bundles_folder",
    "collect_bundles",
    "compare_versions",
    "find_model",
    "is_elsewhere",
    "is_version",
    "keep_card",
    "open_registry",
    "read_entries",
    "read_gate",
    "register_from",
    "register_run",
    "served",
    "show_in_mirrors",
    "state_of",
    "unneeded",
    "verify_registry",
    "version_bundle",
]
