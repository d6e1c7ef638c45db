"""Run: a suite is put to a model."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from tamis.core import Prediction, Progress, Silent, UsageError, did_you_mean
from tamis.data import Dataset
from tamis.evaluate.behaviour.drawn import draw_rows
from tamis.evaluate.behaviour.result import Failure, SuiteResult, TestResult
from tamis.evaluate.behaviour.suite import Direction, Functionality, Invariance, Suite
from tamis.evaluate.behaviour.template import fill
from tamis.evaluate.behaviour.variants import Variant, variants

_BATCH = 1024


class Answerer(Protocol):
    """What a suite asks of a model: a `Classifier`, or anything that answers like one."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the scores."""
        ...

    def predict(self, texts: Sequence[str | None]) -> list[Prediction]:
        """Return one prediction a text."""
        ...


@dataclass(frozen=True)
class _Asked:
    """One text of a test, with what it is expected to be or what is done to it."""

    text: str
    expect: tuple[str, ...] | None = None
    variants: list[Variant] = field(default_factory=list)


Answers = Mapping[str, Prediction]
Test = Functionality | Invariance | Direction


def run_suite(
    model: Answerer,
    suite: Suite,
    *,
    name: str = "",
    dataset: Dataset | None = None,
    confidence: float = 0.95,
    progress: Progress = Silent(),
) -> SuiteResult:
    """Return how often the model behaved as the suite expects; `dataset` is where tests with `from:` take their rows.

    Every text is asked once, however many tests use it.
    """
    began = time.perf_counter()
    _check_labels(suite, model.labels)
    if suite.needs_data and dataset is None:
        raise UsageError(f"{suite.name}: a test takes rows from a dataset, and none was named")
    asked = {path: _ask(path, test, suite, dataset) for path, test in suite.tests()}
    texts = dict.fromkeys(
        text for some in asked.values() for one in some for text in (one.text, *(each.text for each in one.variants))
    )
    answers = _answer(model, list(texts), progress)
    tests = tuple(_judge(path, test, asked[path], answers, confidence) for path, test in suite.tests())
    return SuiteResult(
        suite=suite.name,
        model=name or next((answer.model for answer in answers.values()), ""),
        dataset=dataset.ref if dataset is not None and suite.needs_data else None,
        seed=suite.seed,
        seconds=time.perf_counter() - began,
        tests=tests,
    )


def _ask(path: str, test: Test, suite: Suite, dataset: Dataset | None) -> list[_Asked]:
    random = Random(f"{suite.seed}/{test.name}")
    given: list[tuple[str, Any]] = [
        (text, None)
        for template in test.templates
        for text in fill(template, suite.lists, most=test.most, random=random)
    ]
    if len(given) > test.most:
        given = [given[place] for place in sorted(random.sample(range(len(given)), test.most))]
    given += [(text, None) for text in test.texts]
    if test.from_ is not None and dataset is not None:
        given += draw_rows(dataset, test.from_, rows=test.rows, only=test.only, seed=suite.seed)
    if isinstance(test, Functionality):
        asked = [_Asked(text, _labels(label if test.expect is None else test.expect)) for text, label in given]
        return asked + [_Asked(case.text, _labels(case.expect)) for case in test.cases]
    return [
        _Asked(text, variants=variants(text, test.change, suite.lists, seed=suite.seed))
        for text in dict.fromkeys(text for text, _ in given)
    ]


def _answer(model: Answerer, texts: list[str], progress: Progress) -> dict[str, Prediction]:
    answers: dict[str, Prediction] = {}
    with progress.track("asking the model", total=len(texts), unit="texts") as advance:
        for start in range(0, len(texts), _BATCH):
            some = texts[start : start + _BATCH]
            answers.update(zip(some, model.predict(some), strict=True))
            advance(len(some))
    return answers


def _judge(path: str, test: Test, asked: list[_Asked], answers: Answers, confidence: float) -> TestResult:
    failures: list[Failure] = []
    changes: dict[str, tuple[int, int]] = {}
    cases = skipped = 0
    for one in asked:
        if isinstance(test, Functionality):
            if one.expect is None and not test.silent:
                skipped += 1  # a row that nobody labelled
                continue
            failed = _misses(one, answers[one.text], silent=test.silent)
        elif not one.variants:
            skipped += 1
            continue
        else:
            found = {}
            for number, variant in enumerate(one.variants):
                wrong = _strays(test, one.text, variant, answers)
                tried, good = changes.get(variant.change, (0, 0))
                changes[variant.change] = (tried + 1, good + (wrong is None))
                if wrong is not None:
                    found[number] = wrong
            failed = max(found.values(), key=lambda failure: failure.weight, default=None)
        cases += 1
        if failed is not None:
            failures.append(failed)
    if not cases:
        why = "nobody labelled its rows" if isinstance(test, Functionality) else "its changes alter none of its texts"
        raise UsageError(f"{path} ({test.name!r}) asks nothing: {why if asked else 'it has no texts'}")
    return TestResult(
        name=test.name,
        kind=type(test).__name__.lower(),
        cases=cases,
        failures=tuple(sorted(failures, key=lambda failure: -failure.weight)),
        at_least=test.at_least,
        skipped=skipped,
        changes=changes,
        confidence=confidence,
    )


def _misses(one: _Asked, answer: Prediction, *, silent: bool) -> Failure | None:
    """What is wrong with an answer to a text whose label is known."""
    said = _labels(answer.label)
    if silent:
        if not answer.decided:
            return None
        return Failure(text=one.text, expected="silence", got=_told(answer), weight=answer.score or 0.0)
    assert one.expect is not None
    wanted = set(one.expect)
    if said is not None and (wanted <= set(said) if wanted else not said):
        return None
    expected = ", ".join(one.expect) or "no label"
    return Failure(text=one.text, expected=expected, got=_told(answer), weight=answer.score or 0.0)


def _strays(test: Invariance | Direction, text: str, variant: Variant, answers: Answers) -> Failure | None:
    """What is wrong with an answer to a changed text, given the answer to the text before."""
    before, after = answers[text], answers[variant.text]
    if isinstance(test, Direction):
        moved = after.scores[test.label] - before.scores[test.label]
        if (moved if test.goes == "up" else -moved) >= test.by - 1e-9:
            return None
        more = f" by {test.by:g}" if test.by else ""
        return Failure(
            text=text,
            changed=variant.text,
            change=variant.change,
            expected=f"{test.label} goes {test.goes}{more}",
            got=f"{test.label} {before.scores[test.label]:.3f} → {after.scores[test.label]:.3f}",
            weight=-moved if test.goes == "up" else moved,
        )
    label, moved = max(
        ((name, after.scores[name] - score) for name, score in before.scores.items()), key=lambda pair: abs(pair[1])
    )
    same = _labels(before.label) == _labels(after.label)
    if same and (test.tolerance is None or abs(moved) <= test.tolerance + 1e-9):
        return None
    bound = "" if test.tolerance is None else f", no probability moved by more than {test.tolerance:g}"
    said = f"{label} {before.scores[label]:.3f} → {after.scores[label]:.3f}"
    return Failure(
        text=text,
        changed=variant.text,
        change=variant.change,
        expected=f"{_told(before, score=False)} as before{bound}",
        got=said if same else f"{_told(after, score=False)} ({said})",
        weight=abs(moved),
    )


def _told(answer: Prediction, *, score: bool = True) -> str:
    if not answer.decided:
        return f"silence ({answer.reason})"
    said = ", ".join(_labels(answer.label) or ()) or "no label"
    return f"{said} ({answer.score:.3f})" if score and answer.score is not None else said


def _labels(label: Any) -> tuple[str, ...] | None:
    if label is None or isinstance(label, str):
        return None if label is None else (label,)
    return tuple(sorted(label))


def _check_labels(suite: Suite, labels: Sequence[str]) -> None:
    for path, test in suite.tests():
        named: dict[str, str] = {}
        if test.only is not None:
            named[f"{path}.only"] = test.only
        if isinstance(test, Direction):
            named[f"{path}.label"] = test.label
        if isinstance(test, Functionality):
            named |= {f"{path}.expect": name for name in _labels(test.expect) or ()}
            named |= {
                f"{path}.cases.{number}.expect": name
                for number, case in enumerate(test.cases)
                for name in _labels(case.expect) or ()
            }
        for key, name in named.items():
            if name not in labels:
                shown = ", ".join(labels[:20]) + (", …" if len(labels) > 20 else "")
                raise UsageError(
                    f"{suite.name}: {key} = {name!r} is no label of the model. Labels: {shown}."
                    f"{did_you_mean(name, labels)}"
                )
