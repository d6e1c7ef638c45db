"""Layout: where the boxes of a graph stand, in layers from top to bottom, and which way its lines go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 12
Point = tuple[float, float]
_Place = str | tuple[str, str, int]
"""A box, or where the line from one box to another crosses a layer between them."""


@dataclass(frozen=True)
class Layout:
    """The middle of each box, and the points that each line goes through."""

    width: float
    height: float
    boxes: dict[str, Point]
    lines: dict[tuple[str, str], tuple[Point, ...]]


def lay_out(
    above: Mapping[str, Sequence[str]], *, box: tuple[float, float] = (208, 48), gap: tuple[float, float] = (20, 34)
) -> Layout:
    """Return the layout of boxes that each stand below others; what follows from other lines gets no line.

    >>> lay_out({"a": [], "b": ["a"], "c": ["a", "b"]}, box=(100, 40), gap=(10, 20)).boxes
    {'a': (50.0, 20.0), 'b': (50.0, 80.0), 'c': (50.0, 140.0)}
    """
    above = _reduced(above)
    depth = _depths(above)
    layers: list[list[_Place]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in above:
        layers[depth[name]].append(name)
    upper: dict[_Place, list[_Place]] = {name: [] for name in above}
    routes: dict[tuple[str, str], list[_Place]] = {}
    for name, others in above.items():
        for other in others:
            between = [(other, name, level) for level in range(depth[other] + 1, depth[name])]
            route: list[_Place] = [other, *between, name]
            routes[other, name] = route
            for place in between:
                layers[place[2]].append(place)
            for first, second in pairwise(route):
                upper.setdefault(second, []).append(first)
    _order(layers, upper)
    across = _spread(layers, upper, width=box[0], gap=gap[0])
    left = min((x - box[0] / 2 for place, x in across.items() if isinstance(place, str)), default=0)
    left = min([left, *(x - 8 for place, x in across.items() if not isinstance(place, str))])
    right = max([x + (box[0] / 2 if isinstance(place, str) else 8) for place, x in across.items()], default=0)
    step = box[1] + gap[1]

    def point(place: _Place, level: int) -> Point:
        return (round(across[place] - left, 1), round(level * step + box[1] / 2, 1))

    return Layout(
        width=round(right - left, 1),
        height=max(len(layers) * step - gap[1], 0),
        boxes={name: point(name, depth[name]) for name in above},
        lines={
            ends: tuple(point(place, depth[ends[0]] + number) for number, place in enumerate(route))
            for ends, route in routes.items()
        },
    )


def _reduced(above: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The same without lines that others say already: of a → b → c and a → c the last."""
    every: dict[str, set[str]] = {}

    def reach(name: str) -> set[str]:
        if name not in every:
            every[name] = set()  # a cycle, which no valid graph has, ends here
            every[name] = {far for other in above.get(name, ()) for far in (other, *reach(other))}
        return every[name]

    return {
        name: [
            other
            for other in dict.fromkeys(others)
            if other in above and not any(other in reach(third) for third in others if third != other)
        ]
        for name, others in above.items()
    }


def _depths(above: Mapping[str, Sequence[str]]) -> dict[str, int]:
    found: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in found:
            found[name] = 0
            found[name] = 1 + max((depth(other) for other in above[name]), default=-1)
        return found[name]

    return {name: depth(name) for name in above}


def _order(layers: list[list[_Place]], upper: Mapping[_Place, Sequence[_Place]]) -> None:
    """Order each layer so that few lines cross: again and again by the middle of the neighbours, and keep the best."""
    lower: dict[_Place, list[_Place]] = {}
    for place, others in upper.items():
        for other in others:
            lower.setdefault(other, []).append(place)
    best, least = [list(layer) for layer in layers], _crossings(layers, upper)
    for sweep in range(_SWEEPS):
        if not least:
            break
        down = sweep % 2 == 0
        neighbours = upper if down else lower
        order = range(1, len(layers)) if down else range(len(layers) - 2, -1, -1)
        for level in order:
            at = {place: number for number, place in enumerate(layers[level - 1 if down else level + 1])}
            own = {place: number for number, place in enumerate(layers[level])}
            layers[level].sort(key=lambda place: _mean([at[other] for other in neighbours.get(place, ())], own[place]))
        if (now := _crossings(layers, upper)) < least:
            best, least = [list(layer) for layer in layers], now
    layers[:] = best


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(layers: Sequence[Sequence[_Place]], upper: Mapping[_Place, Sequence[_Place]]) -> int:
    count = 0
    for level in range(1, len(layers)):
        at = {place: number for number, place in enumerate(layers[level - 1])}
        ends = [(at[other], n) for n, place in enumerate(layers[level]) for other in upper.get(place, ())]
        count += sum((a - c) * (b - d) < 0 for number, (a, b) in enumerate(ends) for c, d in ends[:number])
    return count


def _spread(
    layers: Sequence[Sequence[_Place]], upper: Mapping[_Place, Sequence[_Place]], *, width: float, gap: float
) -> dict[_Place, float]:
    """Where each place stands across: as near to the middle of its neighbours as its layer leaves room."""
    lower: dict[_Place, list[_Place]] = {}
    for place, others in upper.items():
        for other in others:
            lower.setdefault(other, []).append(place)

    def room(first: _Place, second: _Place) -> float:
        return sum(width / 2 if isinstance(place, str) else 4 for place in (first, second)) + gap

    across: dict[_Place, float] = {}
    for layer in layers:
        start = 0.0
        for number, place in enumerate(layer):
            start += room(layer[number - 1], place) if number else 0.0
            across[place] = start
        for place in layer:
            across[place] -= start / 2
    for up in [False, True] * (_SWEEPS // 2) + [False]:  # by those above, by those below, and by those above at last
        neighbours = lower if up else upper
        for layer in reversed(layers) if up else layers:
            wanted = [_mean([across[other] for other in neighbours.get(place, ())], across[place]) for place in layer]
            rooms = [room(first, second) for first, second in pairwise(layer)]
            across.update(zip(layer, _apart(wanted, rooms), strict=True))
    return across


def _apart(wanted: Sequence[float], rooms: Sequence[float]) -> list[float]:
    """The nearest places to those wanted that keep their order and their room."""
    offsets = [0.0]
    for each in rooms:
        offsets.append(offsets[-1] + each)
    groups: list[tuple[float, int]] = []  # places that touch move as one: their mean, and how many they are
    for place, offset in zip(wanted, offsets, strict=False):
        mean, count = place - offset, 1
        while groups and groups[-1][0] > mean:
            other, many = groups.pop()
            mean, count = (mean * count + other * many) / (count + many), count + many
        groups.append((mean, count))
    flat = [mean for mean, count in groups for _ in range(count)]
    return [mean + offset for mean, offset in zip(flat, offsets, strict=False)]
