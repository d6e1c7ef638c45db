"""Layout: the lines of a page in the order a person reads them, column by column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tamis.data.pdf.lines import PageLines

_Places = npt.NDArray[np.float64]

_FEWEST = 4  # lines on either side that make a column


@dataclass(frozen=True)
class Column:
    """Lines that stand below each other, by their index on the page."""

    lines: list[int]
    left: float
    right: float


def reading_order(page: PageLines) -> list[Column]:
    """Return the page's lines as columns in reading order; what is set upright on the margin comes last.

    A line over the full width divides the page into bands: all columns above it are read before it, and those below
    it after it.
    """
    if not page.texts:
        return []
    across = np.flatnonzero(page.upright)
    columns = list(_columns(page.places, across))
    stamps = np.flatnonzero(~page.upright).tolist()
    return columns + [Column([at], page.places[at, 0], page.places[at, 2]) for at in stamps]


def _columns(places: _Places, lines: npt.NDArray[np.int64]) -> Iterator[Column]:
    if not len(lines):
        return
    gutter = find_gutter(places[lines])
    if gutter is None:
        yield _column(places, lines)
        return
    sides = _sides(places[lines], gutter)
    middles = (places[lines, 1] + places[lines, 3]) / 2
    full = lines[sides == 0]
    # bands between the full lines, from the top
    edges = np.sort(middles[sides == 0])[::-1]
    band = np.searchsorted(-edges, -middles, side="left")
    waiting: list[int] = []
    for number in range(len(edges) + 1):
        for side in (-1, 1):
            inner = lines[(band == number) & (sides == side)]
            if len(inner):
                if waiting:
                    yield _column(places, np.array(waiting))
                    waiting = []
                yield from _columns(places, inner)
        if number < len(edges):
            waiting.extend(full[middles[sides == 0] == edges[number]].tolist())
    if waiting:
        yield _column(places, np.array(list(dict.fromkeys(waiting))))


def find_gutter(places: _Places) -> float | None:
    """Return where the white between two columns begins its right-hand column, or None: there is one column."""
    if len(places) < 2 * _FEWEST:
        return None
    left, bottom, right, top = places.T
    begin, end = float(np.quantile(left, 0.02)), float(np.quantile(right, 0.98))
    width = end - begin
    bins = np.round(left / 3.0).astype(np.int64)
    names, counts = np.unique(bins, return_counts=True)
    likely = names[counts >= max(3, 0.04 * len(places))]
    best, most = None, 0.0
    for name in likely[(likely * 3.0 > begin + 0.15 * width) & (likely * 3.0 < begin + 0.85 * width)]:
        edge = float(left[bins == name].min()) - 2.0
        rights = left >= edge
        lefts = right <= edge + 1.0
        long_right = rights & (right - left >= 0.35 * (end - edge))
        long_left = lefts & (right - left >= 0.35 * (edge - begin))
        few = min(np.count_nonzero(long_right), np.count_nonzero(long_left))
        if few < _FEWEST:
            continue
        if min(top[long_right].max(), top[long_left].max()) - max(
            bottom[long_right].min(), bottom[long_left].min()
        ) < 3 * float(np.median(top - bottom)):
            continue  # one stands above the other: an indented passage
        over = ~rights & ~lefts
        middle = (top[over] + bottom[over]) / 2
        hits = (middle[:, None] < top[long_right]) & (middle[:, None] > bottom[long_right])
        score = few - 2.0 * np.count_nonzero(hits.any(axis=1))
        if score > most:
            best, most = edge, score
    return best


def _sides(places: _Places, gutter: float) -> npt.NDArray[np.int64]:
    """-1 for lines of the left, 1 of the right, 0 for those over both."""
    left, bottom, right, top = places.T
    sides = np.where(left >= gutter, 1, np.where(right <= gutter + 1.0, -1, 0))
    for at in np.flatnonzero(sides == 0).tolist():
        middle = (top[at] + bottom[at]) / 2
        beside = (top > middle) & (bottom < middle) & (sides != 0)
        centre = (left[at] + right[at]) / 2
        outside = (left[at] < gutter - 12.0) and (right[at] > gutter + 12.0)
        if beside.any() or not outside:  # a wide formula or table in its own column
            sides[at] = -1 if centre < gutter else 1
    return sides


def _column(places: _Places, lines: npt.NDArray[np.int64]) -> Column:
    left, bottom, right, top = places[lines].T
    column = Column([], float(np.quantile(left, 0.1)), float(np.quantile(right, 0.9)))
    # The file's own order is kept where it runs downwards, and in formulas, of which it knows best. Where it jumps,
    # the blocks between the jumps are set in order by their place.
    height = float(np.median(top - bottom))
    middle = (top + bottom) / 2
    step = middle[:-1] - middle[1:]
    cuts = (np.flatnonzero((step < -1.5 * height) | (step > 4.0 * height)) + 1).tolist()
    blocks: list[list[int]] = []
    for begin, end in pairwise([0, *cuts, len(lines)]):
        block = list(range(begin, end))
        if (
            blocks
            and bottom[blocks[-1]].min() < middle[begin] < top[blocks[-1]].max()
            and -step[begin - 1] < 6.0 * height
        ):
            blocks[-1] += block
        else:
            blocks.append(block)
    if len(blocks) > 1:
        blocks.sort(key=lambda block: (-float(top[block].max()), float(left[block].min())))
    column.lines.extend(lines[np.concatenate(blocks)].tolist())
    return column
