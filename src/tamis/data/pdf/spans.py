"""Spans: stretches of a page's text that stand on one line, and where lines of two columns were taken for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float64]
"""Left, bottom, right, top."""

_WIDE = 0.55  # of the text's width: a line that might be two columns' lines taken for one
_GAP_EMS = 0.8  # nothing between two words of a line is as wide
_FEWEST = 4  # lines that must have the same gap
_MOST_CUTS = 3
_LOOKED_AT = 4  # wide lines, before all are


@dataclass(frozen=True)
class Spans:
    """Each span's first and last letter, by index and by box."""

    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    one: Boxes
    two: Boxes
    hyphened: npt.NDArray[np.bool_]
    """Whether a hyphen stands at the end."""
    upright: npt.NDArray[np.bool_]
    """False where letters stand on top of each other, as in a stamp on the margin."""

    @property
    def places(self) -> Boxes:
        """Where the spans stand."""
        one, two = self.one, self.two
        return np.concatenate((np.minimum(one[:, :2], two[:, :2]), np.maximum(one[:, 2:], two[:, 2:])), axis=1)


def parted(spans: Spans, units: npt.NDArray[np.uint16], boxes_of: Callable[[npt.NDArray[np.int64]], Boxes]) -> Spans:
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
    spans: Spans, units: npt.NDArray[np.uint16], boxes_of: Callable[[npt.NDArray[np.int64]], Boxes]
) -> Spans | None:
    begins, stops_at = spans.one[:, 0], spans.two[:, 2]
    left, right = float(begins.min()), float(stops_at.max())
    wide = (stops_at - begins > _WIDE * (right - left)) & spans.upright
    if np.count_nonzero(wide) < _FEWEST:
        return None
    signs = np.flatnonzero((units > 32) & (units != 160) & (units != 0xFFFE))
    numbers = np.flatnonzero(wide).tolist()
    some = [numbers[len(numbers) * part // (_LOOKED_AT + 1)] for part in range(1, _LOOKED_AT + 1)]
    word_ends = np.concatenate([_word_ends(spans, signs, at) for at in some])
    if len(_gaps(word_ends, signs, boxes_of)[0]) < 2:  # most pages end here, with few letters' places asked for
        return None
    ends_of = [_word_ends(spans, signs, at) for at in numbers]
    word_ends, owner = np.concatenate(ends_of), np.repeat(numbers, [len(each) for each in ends_of])
    gap, before, after = _gaps(word_ends, signs, boxes_of)
    if len(gap) < _FEWEST:
        return None
    grid = np.arange(left + 0.15 * (right - left), right - 0.15 * (right - left), 1.0)
    votes = ((before[:, 2][:, None] < grid) & (after[:, 0][:, None] > grid)).sum(axis=0)
    if not len(votes) or votes.max() < max(_FEWEST, 0.3 * np.count_nonzero(wide)):
        return None
    best = np.flatnonzero(votes == votes.max())
    cut = float(grid[best[len(best) // 2]])
    here = (before[:, 2] < cut) & (after[:, 0] > cut)
    before, after, gap = before[here], after[here], gap[here]
    places = spans.places
    rows, stops, starts = owner[gap], signs[word_ends[gap]], signs[word_ends[gap] + 1]
    # Between the columns of a table there is white too, but its rows are read across: its cells are short or uneven.
    filled_left = (before[:, 2] - places[rows, 0]) / max(float(before[:, 2].max() - places[rows, 0].min()), 1.0)
    filled_right = (places[rows, 2] - after[:, 0]) / max(float(places[rows, 2].max() - after[:, 0].min()), 1.0)
    letters = np.minimum(stops - spans.first[rows], spans.last[rows] - starts)
    if min(np.median(filled_left), np.median(filled_right)) < 0.7 or np.median(letters) < 15:
        return None
    last, two, hyphened = spans.last.copy(), spans.two.copy(), spans.hyphened.copy()
    last[rows], two[rows], hyphened[rows] = stops, before, False
    order = np.argsort(np.concatenate((spans.first, starts)), kind="stable")
    return Spans(
        np.concatenate((spans.first, starts))[order],
        np.concatenate((last, spans.last[rows]))[order],
        np.concatenate((spans.one, after))[order],
        np.concatenate((two, spans.two[rows]))[order],
        np.concatenate((hyphened, spans.hyphened[rows]))[order],
        np.concatenate((spans.upright, spans.upright[rows]))[order],
    )


def _word_ends(spans: Spans, signs: npt.NDArray[np.int64], at: int) -> npt.NDArray[np.int64]:
    """Where in `signs` the words of a span end, its last one left out."""
    begin, end = np.searchsorted(signs, (spans.first[at], spans.last[at])).tolist()
    inside = signs[begin : end + 1]
    found: npt.NDArray[np.int64] = np.flatnonzero(inside[1:] - inside[:-1] > 1) + begin
    return found


def _gaps(
    ends: npt.NDArray[np.int64], signs: npt.NDArray[np.int64], boxes_of: Callable[[npt.NDArray[np.int64]], Boxes]
) -> tuple[npt.NDArray[np.int64], Boxes, Boxes]:
    """Which of these ends of words are followed by a wide gap, and the letters' boxes before and after each."""
    boxes = boxes_of(np.concatenate((signs[ends], signs[ends + 1])))
    before, after = boxes[: len(ends)], boxes[len(ends) :]
    gap = np.flatnonzero(after[:, 0] - before[:, 2] > _GAP_EMS * np.maximum(before[:, 3] - before[:, 1], 1.0))
    return gap, before[gap], after[gap]
