"""Ray: work on the machines of a cluster, or in the processes of a small one on this machine.

Ray reads its switches when it is first imported, so they are set here, before any file of this folder imports it.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
LEFT_BY_RAY_START = Path(os.environ.get("RAY_TMPDIR", "/tmp"), "ray", "ray_current_cluster")
if not os.environ.get("RAY_ADDRESS") and not LEFT_BY_RAY_START.exists():
    # the cluster will be one of this machine: it takes the loopback address as its own, as is Ray's way on a Mac
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
