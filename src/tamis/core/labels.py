"""LabelSet: the labels of a task in the order in which every model and file numbers them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from tamis.core.errors import DataError, did_you_mean


@dataclass(frozen=True)
class LabelSet:
    """Distinct label names in a fixed order. It is saved with the data and never rebuilt.

    >>> labels = LabelSet.from_values(["b", "a", "b", None])
    >>> labels.names, labels.index("b"), "c" in labels
    (('a', 'b'), 1, False)
    """

    names: tuple[str, ...]

    def __init__(self, names: Iterable[str]) -> None:
        object.__setattr__(self, "names", tuple(names))
        if len(set(self.names)) != len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise DataError(f"a label set names each label once; named twice: {', '.join(map(repr, twice))}")

    @classmethod
    def from_values(cls, values: Iterable[str | None]) -> LabelSet:
        """Return the distinct values in order: as numbers when all are numbers (1, 2, 10), else by letters."""
        distinct = {value for value in values if value is not None}
        try:
            return cls(sorted(distinct, key=lambda name: (float(name), name)))
        except ValueError:
            return cls(sorted(distinct))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    def index(self, name: str) -> int:
        """Return the number of a label."""
        if name not in self._numbers:
            known = ", ".join(self.names[:20]) + (", …" if len(self) > 20 else "")
            raise DataError(f"no label {name!r}. Labels: {known}.{did_you_mean(name, self.names)}")
        return self._numbers[name]

    def __contains__(self, name: object) -> bool:
        return name in self._numbers

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)
