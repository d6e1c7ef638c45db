"""The step `deploy`: an alias moves to an approved version, and the servers that follow it serve it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tamis.core import TamisError
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.kinds import Context, step
from tamis.registry import await_hosts, open_registry


@step(outputs=("alias", "servers"), settings=("registry",), code=("registry",))
def deploy(context: Context, version: Artefact, *, alias: str = "champion") -> Mapping[str, Any]:
    """Return the alias and how many servers serve the version when it is done; one that is not approved is refused."""
    reason = f"deployed by {context.run or 'a run of the pipeline'}"
    promoted = open_registry(context.workspace).promote(version.ref, alias=alias, reason=reason)
    followed = await_hosts(context.workspace, promoted, alias=alias)
    if troubled := [each for each in followed if each.trouble]:
        told = "".join(f"\n  {each.address}: {each.trouble}" for each in troubled)
        raise TamisError(f"{promoted.model}@{alias} is {promoted.ref} now, but {len(troubled)} servers lack it{told}")
    return {"alias": f"{promoted.model}@{alias}", "servers": len(followed)}
