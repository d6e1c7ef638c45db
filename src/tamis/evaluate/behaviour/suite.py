"""Suite: what a model is expected to do, as a YAML file says it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from tamis.core import Settings, UsageError, did_you_mean, load_settings
from tamis.evaluate.behaviour.perturbations import PERTURBATIONS
from tamis.evaluate.behaviour.template import slots

Words = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]
"""Several texts; one alone need not stand in brackets."""


def _named(value: Any) -> Any:
    """A label that YAML took for a number, such as 5 of five stars, by its name."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return [_named(one) for one in value] if isinstance(value, list) else value


Label = Annotated[str, BeforeValidator(_named)]
Labels = Annotated[str | tuple[str, ...], BeforeValidator(_named)]


class Case(Settings):
    """One text with its own label, for what no template says."""

    text: str
    expect: Labels


class Change(Settings):
    """What is done to a text. Each change is made alone: a text has as many variants as there are changes."""

    perturb: Words = ()
    """Built-in changes by name, such as typos and lower."""
    swap: Words = ()
    """Lists of the suite: a word of the list that stands in the text becomes another word of it."""
    append: Words = ()
    """Sentences put behind the text, each alone."""
    prepend: Words = ()
    """Sentences put before the text, each alone."""
    replace: dict[str, str] = Field(default_factory=dict)
    """Words and what they become, each alone."""


class Texts(Settings):
    """Where a test takes its texts from: templates, texts as they are, or rows of the dataset."""

    name: str
    templates: Words = ()
    """Texts with `{list}` in them: every way to fill them with words of the lists."""
    texts: Words = ()
    """Texts as they are; braces mean nothing in them."""
    from_: str | None = Field(default=None, alias="from")
    """A split of the dataset, such as test, or `all`."""
    rows: int = Field(default=100, ge=1)
    """How many rows of the dataset, drawn at random."""
    only: Label | None = None
    """Of the dataset, only rows with this label."""
    most: int = Field(default=200, ge=1)
    """The most texts that templates make; of more, so many are drawn at random."""
    at_least: float = Field(default=0.9, ge=0, le=1)
    """The share of the texts that must pass."""


class Functionality(Texts):
    """A minimum functionality test: texts whose label nobody doubts."""

    cases: tuple[Case, ...] = ()
    """Texts with a label each."""
    expect: Labels | None = None
    """The label, or labels, of all the others; of rows of the dataset, without it, the row's own."""
    silent: bool = False
    """The model should give no label: the texts are none of its business."""


class Invariance(Texts):
    """A test that a change leaves the answer as it was."""

    change: Change
    tolerance: float | None = Field(default=None, ge=0, le=1)
    """How far the probability of any label may move; without it only the label must stay."""


class Direction(Texts):
    """A test that a change moves the probability of a label to one side."""

    change: Change
    label: Label
    goes: Literal["up", "down"]
    """Where the probability of the label must go."""
    by: float = Field(default=0.0, ge=-1, le=1)
    """How far at least; a small negative number lets it go the wrong way a little."""


class Suite(Settings):
    """A behavioural suite."""

    name: str = ""
    """Default: the name of the file."""
    seed: int = 0
    """For everything that is drawn: the same seed, the same texts."""
    lists: dict[str, Words] = Field(default_factory=dict)
    """Words for templates and swaps."""
    functionality: tuple[Functionality, ...] = ()
    invariance: tuple[Invariance, ...] = ()
    direction: tuple[Direction, ...] = ()

    def tests(self) -> Iterator[tuple[str, Functionality | Invariance | Direction]]:
        """Yield every test with its path in the file."""
        for kind in ("functionality", "invariance", "direction"):
            for number, test in enumerate(getattr(self, kind)):
                yield f"{kind}.{number}", test

    @property
    def needs_data(self) -> bool:
        """True when a test asks for rows of the dataset."""
        return any(test.from_ is not None for _, test in self.tests())


def read_suite(path: Path) -> Suite:
    """Return the suite in a YAML file; what is wrong in it is told with its key."""
    suite = load_settings(Suite, path)
    if not suite.name:
        suite = suite.model_copy(update={"name": path.stem})
    try:
        _check(suite)
    except UsageError as error:
        raise UsageError(f"{path.name}: {error.message}", hint=error.hint) from None
    return suite


def _check(suite: Suite) -> None:
    names: dict[str, str] = {}
    for key, words in suite.lists.items():
        if not words:
            raise UsageError(f"lists.{key} is empty")
    for path, test in suite.tests():
        if test.name in names:
            raise UsageError(f"{path}.name: {test.name!r} is the name of {names[test.name]} too")
        names[test.name] = path
        _check_texts(path, test, suite)
        if isinstance(test, Functionality):
            _check_expectation(path, test)
        else:
            _check_change(f"{path}.change", test.change, suite)
    if not names:
        raise UsageError("no test in it", hint="write some below functionality:, invariance: or direction:")


def _check_texts(path: str, test: Texts, suite: Suite) -> None:
    cases = isinstance(test, Functionality) and test.cases
    if not (test.templates or test.texts or test.from_ or cases):
        raise UsageError(f"{path} ({test.name!r}) has no texts", hint="give it templates:, texts: or from: test")
    if test.only is not None and test.from_ is None:
        raise UsageError(f"{path}.only picks rows of the dataset, but there is no from:")
    for number, template in enumerate(test.templates):
        where = f"{path}.templates.{number}"
        try:
            used = slots(template, suite.lists)
        except ValueError as error:
            raise UsageError(f"{where} = {template!r}: {error}") from None
        for slot, name in used.items():
            if name not in suite.lists:
                known = ", ".join(suite.lists) or "none"
                raise UsageError(f"{where}: no list {slot!r}. Lists: {known}.{did_you_mean(name, suite.lists)}")


def _check_expectation(path: str, test: Functionality) -> None:
    others = test.templates or test.texts
    if test.silent and (test.expect is not None or test.cases):
        raise UsageError(f"{path} ({test.name!r}) expects a label and silence")
    if others and test.expect is None and not test.silent:
        raise UsageError(f"{path} ({test.name!r}) expects nothing", hint="give it expect: LABEL, or silent: true")
    if not others and not test.from_ and (test.expect is not None):
        raise UsageError(f"{path}.expect = {test.expect!r}: every case has its own, so nothing would read this one")


def _check_change(path: str, change: Change, suite: Suite) -> None:
    if not (change.perturb or change.swap or change.append or change.prepend or change.replace):
        raise UsageError(f"{path} changes nothing", hint="give it perturb:, swap:, append:, prepend: or replace:")
    for number, name in enumerate(change.perturb):
        if name not in PERTURBATIONS:
            near = did_you_mean(name, PERTURBATIONS)
            raise UsageError(
                f"{path}.perturb.{number}: no change {name!r}. There are: {', '.join(PERTURBATIONS)}.{near}"
            )
    for number, name in enumerate(change.swap):
        if name not in suite.lists:
            known = ", ".join(suite.lists) or "none"
            raise UsageError(
                f"{path}.swap.{number}: no list {name!r}. Lists: {known}.{did_you_mean(name, suite.lists)}"
            )
        if len(suite.lists[name]) < 2:
            raise UsageError(f"{path}.swap.{number}: the list {name!r} has one word, so nothing to swap it with")
