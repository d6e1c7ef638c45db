"""Assemble: a fitted model becomes a bundle: calibrated, described, sealed and published in one step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tamis.core import publish
from tamis.decide import Decider, DecideSettings
from tamis.models import Bundle, open_bundle, seal_bundle
from tamis.train.candidate import Candidate
from tamis.train.material import Material


def finish_bundle(
    best: Candidate,
    material: Material,
    settings: DecideSettings,
    *,
    into: Path,
    notes: Mapping[str, Any] | None = None,
) -> Bundle:
    """Return the published bundle of the best candidate, whose decisions were fitted on what it really answers.

    `notes` are written into it beside the scores.
    """
    said: dict[str, Any] = {"validation": best.validation, **best.fitted.notes, **(notes or {})}
    manifest = best.bundle.manifest.model_copy(update={"decider": Decider(), "notes": said})
    seal_bundle(best.bundle.path, manifest)
    publish(best.bundle.path, into)
    return open_bundle(into)
