"""Facts: all that is known of a bundle, or of the version that it is, gathered from where it was written down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tamis.core import TamisError, Workspace
from tamis.data import Dataset, open_dataset
from tamis.models import Bundle
from tamis.registry.entry import Entry
from tamis.registry.registry import Registry
from tamis.registry.state import Version
from tamis.train import Run, find_run

_EVALUATION = "evaluation.json"
_READS_FORMAT = 1
_LOOKED_AT_ROWS = 400


@dataclass(frozen=True, kw_only=True)
class Languages:
    """In which languages some of the training texts are."""

    texts: int
    """Those that are long enough to tell."""
    shares: Mapping[str, float]
    """Of these, the surely known languages, the commonest first."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a card is written from. What is not known is None or empty, and the card says so."""

    bundle: Bundle
    version: Version | None = None
    history: tuple[Entry, ...] = ()
    """What was done with this version."""
    aliases: tuple[str, ...] = ()
    run: Run | None = None
    dataset: Dataset | None = None
    evaluation: Mapping[str, Any] | None = None
    languages: Languages | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def name(self) -> str:
        """How the card calls the model."""
        return self.version.ref if self.version is not None else self.bundle.name

    @property
    def imported(self) -> Mapping[str, Any]:
        """Where a model came from that Tamis did not train; empty for all others."""
        told: Mapping[str, Any] = self.bundle.manifest.notes.get("imported") or {}
        return told


def gather_facts(workspace: Workspace, bundle: Bundle, *, registry: Registry | None = None, ref: str = "") -> Facts:
    """Return what the bundle, its run, its dataset and the registry say; `ref` is the version's, as in `docs@3`.

    A run or a dataset that is not in this workspace any more, or is another one of that name, is left out.
    """
    lineage = bundle.manifest.lineage
    run, dataset = _run(workspace, lineage.run), _dataset(workspace, lineage.dataset)
    if run is not None and run.fingerprint != lineage.fingerprint:
        run = None
    if dataset is not None and dataset.manifest.fingerprint != lineage.dataset_fingerprint:
        dataset = None
    version: Version | None = None
    history: tuple[Entry, ...] = ()
    aliases: tuple[str, ...] = ()
    if registry is not None:
        state = registry.state()
        version = state.version(ref)
        here = (version.model, version.number)
        history = tuple(each for each in registry.history() if (each.model, each.version) == here)
        aliases = tuple(state.model(version.model).aliases_of(version.number))
    return Facts(
        bundle=bundle,
        version=version,
        history=history,
        aliases=aliases,
        run=run,
        dataset=dataset,
        evaluation=_evaluation(bundle),
        languages=_languages(dataset) if dataset is not None else None,
    )


def _run(workspace: Workspace, name: str) -> Run | None:
    try:
        return find_run(workspace, name)
    except TamisError:
        return None


def _dataset(workspace: Workspace, ref: str) -> Dataset | None:
    try:
        return open_dataset(workspace, ref)
    except (TamisError, OSError):
        return None


def _evaluation(bundle: Bundle) -> Mapping[str, Any] | None:
    if _EVALUATION not in bundle.manifest.files:
        return None
    said: Mapping[str, Any] = json.loads((bundle.path / _EVALUATION).read_bytes())
    return said if said.get("format") == _READS_FORMAT else None


def _languages(dataset: Dataset) -> Languages | None:
    """What some texts are in, taken evenly from all of those that were learned from."""
    import numpy as np

    from tamis.quality import languages_of

    columns = ["text", "split"] if "split" in dataset.columns else ["text"]
    try:
        rows = dataset.table(columns)
    except OSError:
        return None
    texts = rows["text"]
    if "split" in columns:
        learned = np.flatnonzero(np.asarray(rows["split"].to_pylist(), dtype=object) == "train")
        texts = texts.take(learned) if len(learned) else texts
    chosen = np.unique(np.linspace(0, len(texts) - 1, _LOOKED_AT_ROWS).astype(np.int64)) if len(texts) else ()
    counts = languages_of(text for text in texts.take(list(chosen)).to_pylist() if text)
    looked_at = counts.total()
    if not looked_at:
        return None
    return Languages(texts=looked_at, shares={name: count / looked_at for name, count in counts.most_common()})
