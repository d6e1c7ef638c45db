"""The model card: a README.md that tells a stranger what a bundle is, how good it was, and how to use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tamis.core import write_atomic
from tamis.core.markdown import code as _code
from tamis.core.markdown import plain as _plain
from tamis.models.manifest import BundleManifest
from tamis.models.sealed import CARD

_KINDS = {
    "linear": "a linear model of terms (TF-IDF)",
    "probe": "a frozen encoder with a trained head",
    "encoder": "a fine-tuned encoder",
}
_MOST_LABELS = 50


def write_card(folder: Path, manifest: BundleManifest) -> Path:
    """Write the card into the bundle's folder, and return its path."""
    write_atomic(folder / CARD, model_card(manifest))
    return folder / CARD


def model_card(manifest: BundleManifest) -> str:
    """Return a bundle's card as Markdown, facts only: what the manifest says."""
    return "\n".join(_lines(manifest)) + "\n"


def _lines(manifest: BundleManifest) -> Iterator[str]:
    lineage, labels = manifest.lineage, manifest.task.labels
    by_transformers = manifest.family != "linear"
    yield "---"
    if by_transformers:
        yield "library_name: transformers"
    yield from ("pipeline_tag: text-classification", "tags: [tamis]", "---", "")
    yield from (f"# {_plain(manifest.name)}", "")
    origin = (manifest.notes.get("imported") or {}).get("from")
    made = f"imported from {_code(origin)} by" if origin else "trained by"
    yield f"{_KINDS.get(manifest.family, manifest.family).capitalize()}, {made} Tamis {lineage.tamis} on"
    yield f"{lineage.created:%Y-%m-%d} for the task `{manifest.task.name}`."
    yield ""
    shown = ", ".join(f"{_code(label)}" for label in labels[:_MOST_LABELS])
    yield f"- Labels ({len(labels)}): {shown}{', …' if len(labels) > _MOST_LABELS else ''}"
    if manifest.task.parents:
        implied = ", ".join(f"{_code(child)} implies {_code(one)}" for child, one in manifest.task.parents.items())
        yield f"- Hierarchy: {implied}"
    yield f"- Data: {_code(lineage.dataset)} (fingerprint `{lineage.dataset_fingerprint}`)"
    if by_transformers:
        long_text = manifest.long_text
        yield f"- Reads {long_text.max_tokens} tokens of a text at once; of longer ones `{long_text.policy}`"
    if manifest.cleaning:
        yield f"- Cleans a text first: {', '.join(f'{_code(step)}' for step in manifest.cleaning)}"
    yield f"- Runs with {manifest.engine.name} in {manifest.engine.precision}" + (
        "; the numbers below are of the weights as trained, and `parity.json` says what that changes"
        if "parity.json" in manifest.files
        else ""
    )
    yield f"- Run {_code(lineage.run)}, fingerprint `{lineage.fingerprint}`" + (
        f", commit `{lineage.git_commit}`" if lineage.git_commit else ""
    )
    yield ""
    yield from _table("Measured", _numbers(manifest.notes))
    yield from _table("Settings", lineage.settings)
    yield from ("## Use", "")
    yield from ("```python", "import tamis", "", 'model = tamis.Classifier.open("THIS_FOLDER")')
    yield from ('print(model.predict(["some text"]))', "```", "")
    if by_transformers:
        yield "transformers opens it too, without Tamis's cleaning, calibration and rule of decision:"
        yield from ("", "```python", "from transformers import pipeline", "")
        many = ", top_k=None" if manifest.task.name == "multi_label" else ""
        yield f'pipeline("text-classification", "THIS_FOLDER")("some text", truncation=True{many})'
        yield from ("```", "")
    yield "`tamis.json` says the rest, and the hash of every file."


def _table(title: str, values: Mapping[str, Any]) -> Iterator[str]:
    if values:
        yield from (f"## {title}", "", "| | |", "| --- | --- |")
        for name, value in values.items():
            shown = f"{value:.4g}" if isinstance(value, float) else _plain(value)
            yield f"| {_plain(name)} | {shown} |"
        yield ""


def _numbers(notes: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """The numbers among the notes, those of inner ones by their whole path."""
    found: dict[str, Any] = {}
    for name, value in notes.items():
        if isinstance(value, Mapping):
            found |= _numbers(value, f"{before}{name}.")
        elif isinstance(value, int | float | str) and not isinstance(value, bool):
            found[f"{before}{name}"] = value
    return found
