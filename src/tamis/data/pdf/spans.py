"""Spans: stretches of a page's text that stand on one line, and where lines of two columns were taken for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Box = list[float]
"""Left, bottom, right, top, in points from the page's lower left corner."""

_WIDE = 0.55  # of the text's width: a line that might be two columns' lines taken for one
_GAP_EMS = 0.8  # nothing between two words of a line is as wide
_FEWEST = 4  # lines that must have the same gap
_MOST_CUTS = 3
_LOOKED_AT = 4  # wide lines, before all are


@dataclass(frozen=True)
class Spans:
    """Each span's first and last letter, by index and by box."""

    first: list[int]
    last: list[int]
    one: list[Box]
    two: list[Box]
    hyphened: list[bool]
    """Whether a hyphen stands at the end."""
    upright: list[bool]
    """False where letters stand on top of each other, as in a stamp on the margin."""

    @property
    def boxes(self) -> list[Box]:
        """Where the spans stand."""
        return [
            [min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])]
            for a, b in zip(self.one, self.two, strict=True)
        ]


def parted(spans: Spans, units: npt.NDArray[np.uint16], boxes_of: Callable[[list[int]], list[Box]]) -> Spans:
    """Return spans cut where they run over the white between columns, which some programs write row by row.

    `units` are the page's letters in UTF-16.
    """
    for _ in range(_MOST_CUTS):
        cut = _parted_once(spans, units, boxes_of)
        if cut is None:
            break
        spans = cut
    return spans


def _parted_once(
    spans: Spans, units: npt.NDArray[np.uint16], boxes_of: Callable[[list[int]], list[Box]]
) -> Spans | None:
    left, right = min(box[0] for box in spans.one), max(box[2] for box in spans.two)
    least = _WIDE * (right - left)
    wide = [
        at
        for at, (a, b) in enumerate(zip(spans.one, spans.two, strict=True))
        if b[2] - a[0] > least and spans.upright[at]
    ]
    if len(wide) < _FEWEST:
        return None
    signs = np.flatnonzero((units > 32) & (units != 160) & (units != 0xFFFE))
    some = [wide[len(wide) * part // (_LOOKED_AT + 1)] for part in range(1, _LOOKED_AT + 1)]
    if len(_gaps(spans, signs, some, boxes_of)) < 2:  # most pages end here, with few letters' places asked for
        return None
    gaps = _gaps(spans, signs, wide, boxes_of)
    if len(gaps) < _FEWEST:
        return None
    grid = np.arange(left + 0.15 * (right - left), right - 0.15 * (right - left), 1.0)
    begins, ends = np.array([gap.before[2] for gap in gaps]), np.array([gap.after[0] for gap in gaps])
    votes = ((begins[:, None] < grid) & (ends[:, None] > grid)).sum(axis=0)
    if not len(votes) or votes.max() < max(_FEWEST, 0.3 * len(wide)):
        return None
    best = np.flatnonzero(votes == votes.max())
    cut = float(grid[best[len(best) // 2]])
    gaps = [gap for gap in gaps if gap.before[2] < cut < gap.after[0]]
    # Between the columns of a table there is white too, but its rows are read across: its cells are short or uneven.
    heads = [gap.before[2] - spans.one[gap.span][0] for gap in gaps]
    tails = [spans.two[gap.span][2] - gap.after[0] for gap in gaps]
    letters = [min(gap.stop - spans.first[gap.span], spans.last[gap.span] - gap.start) for gap in gaps]
    if median(heads) < 0.7 * max(heads) or median(tails) < 0.7 * max(tails) or median(letters) < 15:
        return None
    done = Spans([], [], [], [], [], [])
    gap_of = {gap.span: gap for gap in gaps}
    for at, first in enumerate(spans.first):
        one, gap = spans.one[at], gap_of.get(at)
        if gap is not None:
            _add(done, first, gap.stop, one, gap.before, hyphened=False, upright=True)
            first, one = gap.start, gap.after
        _add(done, first, spans.last[at], one, spans.two[at], hyphened=spans.hyphened[at], upright=spans.upright[at])
    return done


def _add(spans: Spans, first: int, last: int, one: Box, two: Box, *, hyphened: bool, upright: bool) -> None:
    spans.first.append(first)
    spans.last.append(last)
    spans.one.append(one)
    spans.two.append(two)
    spans.hyphened.append(hyphened)
    spans.upright.append(upright)


class _Gap(NamedTuple):
    """White inside a span that is wider than between words: the letters before and after it."""

    span: int
    stop: int
    start: int
    before: Box
    after: Box


def _gaps(
    spans: Spans, signs: npt.NDArray[np.int64], numbers: list[int], boxes_of: Callable[[list[int]], list[Box]]
) -> list[_Gap]:
    owners: list[int] = []
    stops: list[int] = []
    starts: list[int] = []
    for at in numbers:
        begin, end = np.searchsorted(signs, (spans.first[at], spans.last[at])).tolist()
        inside = signs[begin : end + 1]
        word_ends = np.flatnonzero(inside[1:] - inside[:-1] > 1)
        owners += [at] * len(word_ends)
        stops += inside[word_ends].tolist()
        starts += inside[word_ends + 1].tolist()
    boxes = boxes_of(stops + starts)
    found = map(_Gap, owners, stops, starts, boxes[: len(stops)], boxes[len(stops) :])
    return [gap for gap in found if gap.after[0] - gap.before[2] > _GAP_EMS * max(gap.before[3] - gap.before[1], 1.0)]
