"""The card of a version, written anew from all that is known of it now, and kept with its bundle."""

from __future__ import annotations

from tamis.core import Workspace, write_atomic
from tamis.models import CARD
from tamis.registry.bundles import bundle_of
from tamis.registry.registry import open_registry


def keep_card(workspace: Workspace, ref: str) -> str:
    """Return the card of a version, `docs@3`, and put it into its bundle, where it has no hash and may be replaced."""
    from tamis.registry.card import gather_facts, render_card  # with what tells of evaluations, which takes a second

    registry = open_registry(workspace)
    bundle = bundle_of(workspace, registry.state().version(ref))
    card = render_card(gather_facts(workspace, bundle, registry=registry, ref=ref))
    write_atomic(bundle.path / CARD, card)
    return card
