"""Cleaner: the one object that cleans text in training, in batch and online."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

from pydantic import ValidationError

from tamis.core import UsageError, did_you_mean
from tamis.features.cleaning.punctuation import punctuation_marks
from tamis.features.cleaning.step import Step
from tamis.features.cleaning.steps import STEPS

DEFAULT_CLEANING: tuple[Any, ...] = ("unicode", "whitespace")
"""Almost nothing: encoders were trained on text as people write it."""


class Cleaner:
    """Cleaning steps, ready to run. They always run in the order of `STEPS`, however they were listed.

    >>> cleaner = Cleaner.from_spec(["whitespace", "html", {"urls": {"replace": "URL"}}])
    >>> cleaner.clean("<p>See  https://example.com/a?b=1.</p>")
    'See URL.'
    >>> cleaner.spec
    ['html', {'urls': {'replace': 'URL'}}, 'whitespace']
    """

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        order = list(STEPS)
        self.steps: tuple[Step, ...] = tuple(sorted(steps, key=lambda step: order.index(step.name)))
        _check(self.steps)
        self._changes = [step.build() for step in self.steps]

    @classmethod
    def from_spec(cls, spec: Sequence[Any]) -> Self:
        """Return the cleaner of a list of names, alone or with options, as YAML and `Manifest.cleaning` hold it."""
        if isinstance(spec, str) or not isinstance(spec, Sequence):
            raise UsageError(f"cleaning must be a list of steps, not {spec!r}", hint=f"steps: {', '.join(STEPS)}")
        return cls(_step(entry) for entry in spec)

    @staticmethod
    def check(spec: Sequence[Any]) -> None:
        """Raise a UsageError when a spec cannot be a cleaner; nothing is loaded."""
        _check([_step(entry) for entry in spec])

    @property
    def spec(self) -> list[Any]:
        """The steps as a list that JSON and YAML can hold; options at their default are left out."""
        return [_entry(step) for step in self.steps]

    def clean(self, text: str) -> str:
        """Return the cleaned text."""
        for change in self._changes:
            text = change(text)
        return text

    def clean_many(self, texts: Iterable[str | None]) -> list[str]:
        """Return the cleaned texts, each as `clean` would; a missing one is empty."""
        cleaned = ["" if text is None else text for text in texts]
        for change in self._changes:
            cleaned = list(map(change, cleaned))
        return cleaned

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cleaner) and self.steps == other.steps

    def __hash__(self) -> int:
        return hash(self.steps)

    def __repr__(self) -> str:
        return f"Cleaner.from_spec({self.spec})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_spec, (self.spec,)


def _step(entry: Any) -> Step:
    name, options = entry, None
    if isinstance(entry, dict) and len(entry) == 1:
        name, options = next(iter(entry.items()))
    if not isinstance(name, str):
        raise UsageError(f"a cleaning step is a name, or one name with its options, not {entry!r}")
    if name not in STEPS:
        raise UsageError(f"no cleaning step {name!r}. Steps: {', '.join(STEPS)}.{did_you_mean(name, STEPS)}")
    kind = STEPS[name]
    if options is not None and not isinstance(options, dict):
        raise UsageError(f"the options of the cleaning step {name!r} must be keys and values, not {options!r}")
    try:
        return kind.model_validate(options or {})
    except ValidationError as error:
        raise UsageError("\n".join(_explain(problem, kind) for problem in error.errors())) from None


def _explain(problem: Any, kind: type[Step]) -> str:
    option, known = ".".join(map(str, problem["loc"])), list(kind.model_fields)
    if problem["type"] == "extra_forbidden":
        listed = f"Options: {', '.join(known)}." if known else "It has no options."
        return f"the cleaning step {kind.name!r} has no option {option!r}. {listed}{did_you_mean(option, known)}"
    reason = problem["msg"][0].lower() + problem["msg"][1:]
    return f"the cleaning step {kind.name!r}: {option} = {problem['input']!r}: {reason}"


def _entry(step: Step) -> Any:
    options = step.model_dump(mode="json", exclude_defaults=True)
    return {step.name: options} if options else step.name


def _check(steps: Sequence[Step]) -> None:
    names = [step.name for step in steps]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"the cleaning step {name!r} is listed twice; give all its options in one place")
    if "punctuation" not in names:
        return
    for step in steps:
        marks = sorted(set(step.inserts) & punctuation_marks())
        if marks:
            raise UsageError(
                f"the step 'punctuation' would take {' '.join(marks)} out of {step.inserts!r}, "
                f"which the step {step.name!r} puts in",
                hint=f"use a plain word, as in {{{step.name}: {{replace: {step.name.upper().rstrip('S')}}}}}",
            )
