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
SENTENCE = 1000
"""So many characters of what others wrote are shown."""


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
    learned: Mapping[str, int] = field(default_factory=dict)
    """How many of the training rows bear each label."""
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
    learned, languages = _learned(dataset) if dataset is not None else ({}, None)
    return Facts(
        bundle=bundle,
        version=version,
        history=history,
        aliases=aliases,
        run=run,
        dataset=dataset,
        evaluation=_evaluation(bundle),
        learned=learned,
        languages=languages,
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


def _learned(dataset: Dataset) -> tuple[Mapping[str, int], Languages | None]:
    """Return how many of the rows that were learned from bear each label, and what some of them are in."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from tamis.quality import languages_of

    columns = [name for name in ("text", "label", "split") if name in dataset.columns]
    try:
        rows = dataset.table(columns)
    except OSError:  # its manifest is there, and its rows are not
        return {}, None
    if "split" in columns:
        rows = rows.filter(pc.equal(rows["split"], "train"))
    labels = rows["label"] if "label" in columns else pa.chunked_array([], pa.string())
    while pa.types.is_list(labels.type) or pa.types.is_struct(labels.type):  # several of a text, or spans in it
        labels = pc.list_flatten(labels) if pa.types.is_list(labels.type) else pc.struct_field(labels, "label")
    counts = {each["values"]: each["counts"] for each in pc.value_counts(labels.drop_null()).to_pylist()}
    chosen = np.unique(np.linspace(0, len(rows) - 1, _LOOKED_AT_ROWS).astype(np.int64)) if len(rows) else ()
    found = languages_of(text for text in rows["text"].take(pa.array(chosen, pa.int64())).to_pylist() if text)
    looked_at = found.total()
    if not looked_at:
        return counts, None
    shares = {name: count / looked_at for name, count in found.most_common()}
    return counts, Languages(texts=looked_at, shares=shares)
