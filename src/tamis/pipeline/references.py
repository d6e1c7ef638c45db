"""References: `${epochs}` stands for a parameter of the graph, `${train.score}` for what a step made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_MARK = re.compile(r"\$\$\{|\$\{([^}]*)\}")
_NAME = re.compile(r"\w+(\.\w+)*")


@dataclass(frozen=True)
class Reference:
    """`epochs`, or `train.score`; what follows the second name leads into a mapping: `check.counts.rows`."""

    words: tuple[str, ...]

    @property
    def step(self) -> str | None:
        """The step whose output it is; None for a parameter of the graph."""
        return self.words[0] if len(self.words) > 1 else None

    @property
    def name(self) -> str:
        """The parameter, or the output of the step."""
        return self.words[1] if len(self.words) > 1 else self.words[0]

    def __str__(self) -> str:
        return ".".join(self.words)


def reference(text: str) -> Reference:
    """Return what a dotted name refers to; ValueError when it is none."""
    if not _NAME.fullmatch(text.strip()):
        raise ValueError(f"${{{text}}} cannot be read: write ${{parameter}} or ${{step.output}}")
    return Reference(tuple(text.strip().split(".")))


def references(value: Any) -> Iterator[Reference]:
    """Yield what a value refers to, inside of lists and mappings too."""
    if isinstance(value, str):
        for found in _MARK.finditer(value):
            if found[1] is not None:
                yield reference(found[1])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from references(each)


def filled(value: Any, look_up: Callable[[Reference], Any]) -> Any:
    """Return a value with its references replaced.

    Where a reference is the whole text what it stands for keeps its type, inside a text it is inserted; `$${` is `${`.

    >>> filled({"seed": "${seed}", "name": "run-${seed}"}, lambda reference: 7)
    {'seed': 7, 'name': 'run-7'}
    """
    if isinstance(value, str):
        whole = _MARK.fullmatch(value)
        if whole and whole[1] is not None:
            return look_up(reference(whole[1]))
        return _MARK.sub(lambda found: "${" if found[1] is None else str(look_up(reference(found[1]))), value)
    if isinstance(value, list | tuple):
        return [filled(each, look_up) for each in value]
    if isinstance(value, dict):
        return {key: filled(each, look_up) for key, each in value.items()}
    return value
