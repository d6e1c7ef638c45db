"""Limits: what the model is not to be trusted with, each from a fact."""

from __future__ import annotations

from collections.abc import Iterator

from tamis.core.markdown import code, plain
from tamis.evaluate import measure_span, measure_text, measure_title
from tamis.registry.card.facts import SENTENCE, Facts
from tamis.registry.card.measured import interval, weak_slices

_FEW_TO_LEARN_FROM = 50
_MOST_NAMED = 6
_LOW_COVERAGE = 0.6
_UNSOUND_CONFIDENCE = 0.05
_MAIN_SHARE = 0.8
"""Of the texts, in one language: then the model is for this one."""


def limits(facts: Facts) -> Iterator[str]:
    """Yield the section."""
    yield from ("## Limits", "")
    yield from (f"- {each}" for each in _limits(facts))
    yield ""


def _limits(facts: Facts) -> Iterator[str]:
    yield from _of_the_task(facts)
    yield from _of_the_evaluation(facts)
    yield from _of_the_texts(facts)
    yield from _of_the_training(facts)


def _of_the_task(facts: Facts) -> Iterator[str]:
    manifest = facts.bundle.manifest
    number = len(manifest.task.labels)
    yield f"It knows {number} labels and nothing else: what belongs to none of them " + (
        "may get one all the same."
        if manifest.decider.unknown is None
        else "should be met with silence, but may get one."
    )
    never = [label for label, threshold in manifest.decider.rule.thresholds.items() if threshold is None]
    if never:
        more = f" and {len(never) - _MOST_NAMED} more" if len(never) > _MOST_NAMED else ""
        yield f"It never says {', '.join(map(code, never[:_MOST_NAMED]))}{more}: no threshold was found sure enough."
    few = {label: rows for label, rows in facts.learned.items() if rows < _FEW_TO_LEARN_FROM}
    if few:
        named = sorted(few, key=lambda label: (few[label], label))
        told = ", ".join(f"{code(label)} ({few[label]:,})" for label in named[:_MOST_NAMED])
        more = f" and {len(few) - _MOST_NAMED} more" if len(few) > _MOST_NAMED else ""
        yield f"Learned from fewer than {_FEW_TO_LEARN_FROM} rows: {told}{more}."


def _of_the_evaluation(facts: Facts) -> Iterator[str]:
    said = facts.evaluation
    if said is None:
        yield "It was not evaluated: how good it is on new texts is not known."
        return
    yield from (plain(sentence, most_characters=SENTENCE) for sentence in said["warnings"])
    main = said["scores"][said["main_metric"]]
    difference = interval(main["difference"])
    if not (difference.low > 0 or difference.high < 0) and said["baseline"] != "none":
        metric = measure_title(said["main_metric"])
        yield f"By {metric} it is not surely better than the baseline ({plain(said['baseline'])})."
    for each in said["found"]["slices"][:_MOST_NAMED]:
        wrong, elsewhere = (measure_text(value, name="error") for value in (each["error"]["value"], each["elsewhere"]))
        yield f"Weak where {plain(each['name'])}: {wrong} of the answers are wrong, {elsewhere} elsewhere."
    for name, error in list(weak_slices(said))[:_MOST_NAMED]:
        wrong, ends = measure_text(error.value, name="error"), measure_span(error, name="error")
        yield f"Worse than over all: {plain(name)}, with {wrong} of the answers wrong ({ends})."
    promise = said["promise"]
    if promise is not None and promise["verdict"] == "broken":
        made = f"{promise['goal']} {promise['target']:g}"
        yield f"The promise of its decisions ({made}) did **not** hold on {code(said['source'])}."
    if promise is not None and promise["goal"] == "precision":
        short = [
            name
            for name, (_, _, _, high) in promise["by_label"].items()
            if high is not None and high < promise["target"]
        ]
        if short:
            named = ", ".join(map(code, short[:_MOST_NAMED]))
            yield f"Labels that surely miss the promised {measure_text(promise['target'], name='coverage')}: {named}."
    ece = interval((said["scores"].get("ece") or {}).get("model"))
    if ece.low > _UNSOUND_CONFIDENCE:
        off, ends = measure_text(ece.value), measure_span(ece)
        yield f"Its confidence is {off} off from how often it is right ({ends}): do not take 0.9 for nine of ten."
    silence = said["silence"]
    if silence is not None:
        coverage = interval(silence["coverage"])
        if coverage.value < _LOW_COVERAGE:
            share = measure_text(coverage.value, name="coverage")
            yield f"It answers only {share} of the rows it was measured on; the others are left to people."
    if said["leaked"] is not None:
        yield "Some of the texts it was measured on are among those it learned from: see `evaluation.json`."


def _of_the_texts(facts: Facts) -> Iterator[str]:
    manifest = facts.bundle.manifest
    if facts.languages is not None:
        shares = {name: share for name, share in facts.languages.shares.items() if share >= 0.01}
        main = next(iter(shares), "")
        if shares.get(main, 0) >= _MAIN_SHARE:
            yield f"Nearly all it learned from is in the language {code(main)}: of others nothing is known."
        elif shares:
            listed = ", ".join(f"{code(name)} {share:.0%}" for name, share in shares.items())
            yield f"It learned from several languages ({listed}): of others nothing is known."
    elif not facts.imported:
        why = "the dataset is not in this workspace" if facts.dataset is None else "its texts are too short to tell"
        yield f"In which languages it learned is not known: {why}."
    if manifest.family != "linear":
        cut, tokens = manifest.notes.get("cut_share"), manifest.long_text.max_tokens
        policy = code(manifest.long_text.policy)
        told = f"It reads {tokens:,} tokens of a text at once; longer ones go by the policy {policy}."
        if isinstance(cut, int | float):
            told += f" Of the training texts {measure_text(float(cut), name='coverage')} are longer."
        yield told


def _of_the_training(facts: Facts) -> Iterator[str]:
    if "parity.json" in facts.bundle.manifest.files:
        yield "The scores are of the weights as trained; `parity.json` says what the quicker form changes."
    if facts.run is None:
        return
    seeds = len(facts.run.seeds)
    metric = facts.run.main_metric
    if metric in facts.run.spread:
        mean, deviation = facts.run.spread[metric]
        title = measure_title(metric)
        yield f"Over {seeds} seeds its {title} on validation was {mean:.3f}, give or take {deviation:.3f}."
    elif facts.run.family != "linear":
        yield "It was trained with one seed: how far another one would have come is not known."
