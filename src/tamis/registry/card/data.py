"""Data: what the model learned from and what it was measured on."""

from __future__ import annotations

from collections.abc import Iterator

from tamis.core.markdown import code, plain, table
from tamis.evaluate import measure_text
from tamis.registry.card.facts import Facts

_USES = {
    "train": "learned from",
    "validation": "chose by: when to stop, which strength, the calibration",
    "calibration": "set probabilities and thresholds",
    "test": "kept for the evaluation",
}


def data(facts: Facts) -> Iterator[str]:
    """Yield the section."""
    yield from ("## Data", "")
    lineage = facts.bundle.manifest.lineage
    if facts.imported:
        yield from ("Nothing is known of what it learned from: the model was not trained by Tamis.", "")
        return
    if facts.dataset is None:
        fingerprint = code(lineage.dataset_fingerprint)
        yield f"The dataset {code(lineage.dataset)}, fingerprint {fingerprint}. It is not in this workspace any more."
        yield ""
        return
    said = facts.dataset.manifest
    dropped = [
        f"{said.rejected:,} could not be read" if said.rejected else "",
        f"{said.textless:,} have no text" if said.textless else "",
    ]
    without = f" ({', '.join(filter(None, dropped))})" if any(dropped) else ""
    labelled = "all" if said.labelled == said.rows else f"{said.labelled:,}"
    yield (
        f"The dataset {code(facts.dataset.ref)}: {said.rows:,} rows{without}, {labelled} of them labelled, from "
        f"{code(said.source.get('uri', ''))}. Fingerprint {code(said.fingerprint)}."
    )
    yield ""
    if said.split_counts:
        order = [
            *(name for name in _USES if name in said.split_counts),
            *(name for name in said.split_counts if name not in _USES),
        ]
        yield from table(
            ["Split", "What for", "Rows", "Share"],
            [
                (
                    plain(name),
                    _USES.get(name, "–"),
                    f"{said.split_counts[name]:,}",
                    measure_text(said.split_counts[name] / said.rows, name="coverage"),
                )
                for name in order
            ],
            left=2,
        )
    elif facts.run is not None and facts.run.rows:
        yield from (
            "Rows: " + ", ".join(f"{count:,} {plain(name)}" for name, count in facts.run.rows.items()) + ".",
            "",
        )
    yield from (
        f"- Made by: {plain(each.operation)} (from {code(f'{each.name}@{each.version}')})" for each in said.parents
    )
    if said.schema_.group:
        yield f"- Rows with one {code(said.schema_.group)} belong together"
    if said.cleaning:
        yield f"- Cleaned first: {', '.join(map(code, said.cleaning))}; every text that comes later is cleaned likewise"
    if facts.languages is not None:
        shares = ", ".join(
            f"{code(name)} {measure_text(share, name='coverage')}"
            for name, share in list(facts.languages.shares.items())[:6]
        )
        yield f"- Languages of {facts.languages.texts:,} training texts that are long enough to tell: {shares}"
    yield ""
