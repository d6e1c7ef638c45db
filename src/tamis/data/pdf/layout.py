"""Layout: the lines of a page in the order a person reads them, put together to paragraphs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.data.pdf.lines import HYPHEN, PageLines

_Places = npt.NDArray[np.float64]

_FEWEST = 4  # lines on either side that make a column
_SENTENCE_ENDS = tuple(".!?:;…。！？»”\"')]")


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
    # The file's own order is kept where it runs downwards: it knows best about formulas. Where it jumps, the blocks
    # between the jumps are set in order by their place.
    step = (top[:-1] + bottom[:-1]) / 2 - (top[1:] + bottom[1:]) / 2
    height = float(np.median(top - bottom))
    cuts = np.flatnonzero((step < -1.5 * height) | (step > 4.0 * height)) + 1
    blocks = np.split(np.arange(len(lines)), cuts)
    if len(blocks) > 1:
        blocks.sort(key=lambda block: (-float(top[block].max()), float(left[block].min())))
    column.lines.extend(lines[np.concatenate(blocks)].tolist())
    return column


def paragraphs(page: PageLines, columns: Sequence[Column], *, without: frozenset[int] = frozenset()) -> list[str]:
    """Return the page's paragraphs, each with its lines put together; `without` names lines to leave out.

    A hyphen at a line's end stays as HYPHEN between the two parts. Lines that end early, as those of an address, a
    list or a table do, keep their line break.
    """
    done: list[str] = []
    parts: list[str] = []
    early = False
    last = -1
    for column in columns:
        lines = [at for at in column.lines if at not in without]
        pitch = _pitch(page.places[lines]) if lines else 0.0
        for number, at in enumerate(lines):
            text = page.texts[at]
            if parts:
                if number:
                    ends = _breaks(page, column, last, at, pitch=pitch, ended_early=early, text=parts[-1])
                else:
                    ends = not text[:1].islower() or _ends_sentence(parts[-1]) or not _same_size(page, last, at)
                if ends:
                    done.append("".join(parts))
                    parts.clear()
                elif not parts[-1].endswith(HYPHEN):
                    parts.append("\n" if number and early and not text[:1].islower() else " ")
            parts.append(_line_end(text))
            early = float(page.places[at, 2]) < column.right - 0.25 * (column.right - column.left)
            last = at
    done.append("".join(parts))
    return [text for text in map(str.strip, done) if text]


def _line_end(text: str) -> str:
    """The line, with HYPHEN for any hyphen at its end."""
    broken = len(text) > 2 and text[-1] in "-\u2010\u00ad" and text[-2].isalpha()
    return text[:-1] + HYPHEN if broken else text


def _ends_sentence(text: str) -> bool:
    return text.endswith(_SENTENCE_ENDS)


def _same_size(page: PageLines, one: int, two: int) -> bool:
    a, b = float(page.sizes[one]), float(page.sizes[two])
    return abs(a - b) <= 0.2 * max(a, b)


def _pitch(places: _Places) -> float:
    """How far lines are usually apart."""
    middles = (places[:, 1] + places[:, 3]) / 2
    steps = middles[:-1] - middles[1:]
    down = steps[steps > 0.5 * float(np.median(places[:, 3] - places[:, 1]))]
    return float(np.median(down)) if len(down) else 0.0


def _breaks(page: PageLines, column: Column, one: int, two: int, *, pitch: float, ended_early: bool, text: str) -> bool:
    """Whether line `two` begins a new paragraph."""
    above, below = page.places[one].tolist(), page.places[two].tolist()
    step = (above[1] + above[3] - below[1] - below[3]) / 2
    em = max(float(page.sizes[two]), 1.0)
    if step < -1.5 * em:
        return True
    if step > 1.35 * pitch + 0.1 * em and step > 1.4 * em:
        return True
    if text.endswith(HYPHEN):
        return False
    sentence = _ends_sentence(text)
    if not _same_size(page, one, two) and min(len(page.texts[one]), len(page.texts[two])) > 3 and step > 0.6 * em:
        return True
    short = above[2] < column.right - 1.0 * em
    indented = 0.7 * em < below[0] - above[0] < 4.0 * em and below[0] - column.left < 4.5 * em
    if indented and (sentence or short) and step > 0.6 * em:
        return True
    outdented = above[0] - below[0] > 0.7 * em and sentence
    if outdented and short:
        return True
    return ended_early and sentence and page.texts[two][:1].isupper()
