"""Layout: the lines of a page in the order a person reads them, column by column."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tamis.data.pdf.lines import Box, PageLines

_FEWEST = 4  # lines on either side that make a column
_LIKELY = 3  # beginnings of lines to look at, the most common ones
_OVER = 12.0  # points: what reaches less over the gutter belongs to one of its sides


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
    columns = list(_columns(page.boxes, [at for at, upright in enumerate(page.upright) if upright]))
    stamps = [at for at, upright in enumerate(page.upright) if not upright]
    return columns + [Column([at], page.boxes[at][0], page.boxes[at][2]) for at in stamps]


def _columns(boxes: Sequence[Box], lines: list[int]) -> Iterator[Column]:
    gutter = find_gutter([boxes[at] for at in lines])
    if gutter is None:
        if lines:
            yield _column(boxes, lines)
        return
    sides = _sides([boxes[at] for at in lines], gutter)
    full = sorted((at for at, side in zip(lines, sides, strict=True) if not side), key=lambda at: -_middle(boxes[at]))
    edges = [-_middle(boxes[at]) for at in full]
    inner: dict[tuple[int, int], list[int]] = {}
    for at, side in zip(lines, sides, strict=True):
        if side:
            inner.setdefault((bisect_left(edges, -_middle(boxes[at])), side), []).append(at)
    waiting: list[int] = []  # full lines that follow each other
    for band in range(len(full) + 1):
        for side in (-1, 1):
            if (band, side) in inner:
                if waiting:
                    yield _column(boxes, sorted(waiting))
                    waiting = []
                yield from _columns(boxes, inner[band, side])
        waiting += full[band : band + 1]
    if waiting:
        yield _column(boxes, sorted(waiting))


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2


def _at_share(values: Sequence[float], share: float) -> float:
    """The value that this share of the others lies below."""
    return sorted(values)[int(share * (len(values) - 1))]


def find_gutter(boxes: Sequence[Box]) -> float | None:
    """Return where the white between two columns ends on its right, or None: there is one column.

    The white is beside lines that begin at one height of the page, with long lines on both sides of it and hardly any
    line over it where those are.
    """
    if len(boxes) < 2 * _FEWEST:
        return None
    lefts_of = [box[0] for box in boxes]
    first = min(lefts_of)
    apart = first + 0.1 * (max(box[2] for box in boxes) - first)
    if sum(left > apart for left in lefts_of) < _FEWEST:
        return None
    begin = _at_share(lefts_of, 0.02)
    end = _at_share([box[2] for box in boxes], 0.98)
    from_left, from_right = begin + 0.15 * (end - begin), begin + 0.85 * (end - begin)
    begins = Counter(round(box[0] / 3.0) for box in boxes if from_left < box[0] < from_right)
    least = max(3, 0.04 * len(boxes))
    best, most = None, 0.0
    for place in [place for place, count in begins.most_common(_LIKELY) if count >= least]:
        edge = min(box[0] for box in boxes if round(box[0] / 3.0) == place) - 2.0
        rights = [box for box in boxes if box[0] >= edge and box[2] - box[0] >= 0.35 * (end - edge)]
        lefts = [box for box in boxes if box[2] <= edge + 1.0 and box[2] - box[0] >= 0.35 * (edge - begin)]
        few = min(len(rights), len(lefts))
        if few < _FEWEST or few <= most:
            continue
        shared_top = min(max(box[3] for box in rights), max(box[3] for box in lefts))
        shared_bottom = max(min(box[1] for box in rights), min(box[1] for box in lefts))
        if shared_top - shared_bottom < 3 * _at_share([box[3] - box[1] for box in boxes], 0.5):
            continue  # one stands above the other: an indented passage
        over = [_middle(box) for box in boxes if box[0] < edge and box[2] > edge + 1.0]
        hits = sum(any(box[1] < middle < box[3] for box in rights) for middle in over)
        if few - 2.0 * hits > most:
            best, most = edge, few - 2.0 * hits
    return best


def _sides(boxes: Sequence[Box], gutter: float) -> list[int]:
    """-1 for lines of the left, 1 of the right, 0 for those over both."""
    sides = [1 if box[0] >= gutter else -1 if box[2] <= gutter + 1.0 else 0 for box in boxes]
    aside = [box for box, side in zip(boxes, sides, strict=True) if side]
    for at, side in enumerate(sides):
        if side:
            continue
        box, middle = boxes[at], _middle(boxes[at])
        outside = box[0] < gutter - _OVER and box[2] > gutter + _OVER
        if not outside or any(other[1] < middle < other[3] for other in aside):
            sides[at] = -1 if box[0] + box[2] < 2 * gutter else 1  # a wide formula or table in its own column
    return sides


def _column(boxes: Sequence[Box], lines: list[int]) -> Column:
    # The file's own order is kept where it runs downwards, and in formulas, of which it knows best. Where it jumps,
    # the blocks between the jumps are set in order by their place.
    own = [boxes[at] for at in lines]
    height = _at_share([box[3] - box[1] for box in own], 0.5)
    middles = [(box[1] + box[3]) / 2 for box in own]
    blocks = [lines[:1]]
    for number, (one, two) in enumerate(pairwise(middles), start=1):
        step, line = one - two, lines[number]
        if -1.5 * height <= step <= 4.0 * height:
            blocks[-1].append(line)
            continue
        lowest, highest = min(boxes[at][1] for at in blocks[-1]), max(boxes[at][3] for at in blocks[-1])
        if -6.0 * height < step and lowest < two < highest:
            blocks[-1].append(line)
        else:
            blocks.append([line])
    if len(blocks) > 1:
        blocks.sort(key=lambda block: (-max(boxes[at][3] for at in block), min(boxes[at][0] for at in block)))
    left = _at_share([box[0] for box in own], 0.1)
    right = _at_share([box[2] for box in own], 0.9)
    return Column([at for block in blocks for at in block], left, right)
