"""Idle units: which rows of the weight matrices got no gradient at all, which is cheap to see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from torch import Tensor

LOOK_EVERY = 50
"""Steps: one look reads every gradient once."""


def idle_units(named: Iterable[tuple[str, Tensor]], parts: Mapping[str, str]) -> dict[str, float]:
    """Return the share of each part's units to whose weights no row gave a gradient.

    A unit is a row of a weight matrix. Embeddings are left out: of them a step touches only the words it has.
    """
    idle: dict[str, int] = defaultdict(int)
    units: dict[str, int] = defaultdict(int)
    for name, gradient in named:
        part = parts[name]
        if gradient.dim() == 2 and "embedding" not in part:
            idle[part] += int((gradient == 0).all(dim=1).sum())
            units[part] += len(gradient)
    return {part: idle[part] / units[part] for part in units}
