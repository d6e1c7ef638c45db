"""The card: a README.md that tells a stranger what a model is, how good, when it is silent, and who stands for it."""

from __future__ import annotations

from collections.abc import Iterator

from tamis.core.markdown import code, plain
from tamis.registry.card.data import data
from tamis.registry.card.deciding import deciding
from tamis.registry.card.facts import SENTENCE, Facts
from tamis.registry.card.front_matter import front_matter
from tamis.registry.card.limits import limits
from tamis.registry.card.lineage import decisions, lineage
from tamis.registry.card.measured import measured

_KINDS = {
    "linear": "A linear model of terms (TF-IDF)",
    "probe": "A frozen encoder with a trained head",
    "encoder": "A fine-tuned encoder",
}
_TASKS = {
    "single_label": "gives each text one of {} labels",
    "multi_label": "gives each text any of {} labels",
    "ordinal": "gives each text one of {} steps of a scale",
    "spans": "marks {} kinds of passages in a text",
}
_MOST_LABELS = 50


def render_card(facts: Facts) -> str:
    """Return the card as Markdown with YAML front matter, as the Hugging Face hub has them."""
    return "\n".join([front_matter(facts), "", *_lines(facts)]).rstrip() + "\n"


def first_lines(facts: Facts) -> str:
    """Return what a card begins with: what the model is, and the essence of its evaluation."""
    return "\n".join([*_opening(facts), *_essence(facts)]).strip()


def _lines(facts: Facts) -> Iterator[str]:
    yield from (f"# {plain(facts.name)}", "")
    yield from _standing(facts)
    yield from _opening(facts)
    yield from _essence(facts)
    yield from measured(facts)
    yield from deciding(facts)
    yield from limits(facts)
    yield from data(facts)
    yield from lineage(facts)
    yield from decisions(facts)
    yield from _use(facts)


def _standing(facts: Facts) -> Iterator[str]:
    """What was decided of it, as it stood when the card was written."""
    version = facts.version
    if version is None:
        return
    told = version.judged if version.judged is not None else version.registered
    what = f"**{version.status.capitalize()}**" if version.judged is not None else "**Pending**: registered"
    served = (
        f" It is {', '.join(code(f'{version.model}@{alias}') for alias in facts.aliases)}." if facts.aliases else ""
    )
    reason = plain(told.reason, most_characters=SENTENCE).rstrip(".")
    yield f"> {what} by {plain(told.who)} on {told.at:%Y-%m-%d}: {reason}.{served}"
    yield ""


def _opening(facts: Facts) -> Iterator[str]:
    manifest = facts.bundle.manifest
    labels = manifest.task.labels
    kind = _KINDS.get(manifest.family, manifest.family)
    origin = (
        f"imported from {code(facts.imported.get('from', ''))}, made on {manifest.lineage.created:%Y-%m-%d}"
        if facts.imported
        else f"trained by Tamis {plain(manifest.lineage.tamis)} on {manifest.lineage.created:%Y-%m-%d}"
    )
    yield f"{kind} that {_TASKS[manifest.task.name].format(len(labels))}, {origin}."
    yield ""
    more = f" and {len(labels) - _MOST_LABELS} more" if len(labels) > _MOST_LABELS else ""
    yield f"**Labels:** {', '.join(map(code, labels[:_MOST_LABELS]))}{more}"
    if manifest.task.parents:
        implied = ", ".join(f"{code(child)} implies {code(one)}" for child, one in manifest.task.parents.items())
        yield from ("", f"**Hierarchy:** {implied}")
    yield ""


def _essence(facts: Facts) -> Iterator[str]:
    sentences = (facts.evaluation or {}).get("essence") or ()
    yield from (f"- {plain(sentence, most_characters=SENTENCE)}" for sentence in sentences)
    if sentences:
        yield ""


def _use(facts: Facts) -> Iterator[str]:
    yield from ("## Use", "", "```python", "import tamis", "")
    yield from ('model = tamis.Classifier.open("THIS_FOLDER")', 'print(model.predict(["some text"]))', "```", "")
    if facts.version is not None:
        ref = facts.version.ref
        yield f"In its workspace `tamis predict --model {ref}` asks it and `tamis serve {ref}` serves it."
        yield ""
    if facts.bundle.manifest.family != "linear":
        many = ", top_k=None" if facts.bundle.manifest.task.name == "multi_label" else ""
        yield "transformers opens it too, without Tamis's cleaning, calibration and rule of decision:"
        yield from ("", "```python", "from transformers import pipeline", "")
        yield f'pipeline("text-classification", "THIS_FOLDER")("some text", truncation=True{many})'
        yield from ("```", "")
    yield "`tamis.json` says the rest, and the hash of every file but this one."
