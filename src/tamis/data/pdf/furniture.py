"""Furniture: running headers, footers and page numbers, which belong to the pages and not to the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tamis.data.pdf.lines import PageLines

_ROWS = 3  # at the top and at the bottom, where furniture stands
_ZONE = 0.2  # of the page's height
_NEIGHBOURS = (-2, -1, 1, 2)  # left and right pages may have headers of their own
_SAME_PLACE = 8.0  # points

_NOT_LETTERS = re.compile(r"[\W\d_]+")
_NUMBER = re.compile(r"\W*(?:page|p\.|seite|página)?\W*(\d{1,5})\W*", re.IGNORECASE)


@dataclass(frozen=True)
class _Edge:
    line: int
    words: str
    number: int | None
    height: float


def without_furniture(pages: Iterable[PageLines]) -> Iterator[tuple[PageLines, frozenset[int]]]:
    """Yield each page with its lines that are furniture: what stands at the same place on a page nearby.

    Headers are the same but for numbers, page numbers count on. Only a few pages are held at a time.
    """
    window: list[tuple[PageLines, list[_Edge]]] = []
    reach = max(_NEIGHBOURS)
    at = 0
    for page in pages:
        window.append((page, _edges(page)))
        if len(window) > 2 * reach + 1:
            window.pop(0)
            at -= 1
        if len(window) - at > reach:
            yield window[at][0], _repeated(window, at)
            at += 1
    for rest in range(at, len(window)):
        yield window[rest][0], _repeated(window, rest)


def _edges(page: PageLines) -> list[_Edge]:
    if not page.texts:
        return []
    middles = (page.places[:, 1] + page.places[:, 3]) / 2
    edges = []
    rows: list[float] = []
    for upwards in (False, True):
        rows.clear()
        for line in np.argsort(middles if upwards else -middles).tolist():
            middle = float(middles[line])
            from_edge = middle if upwards else page.height - middle
            if from_edge > _ZONE * page.height or not page.upright[line]:
                continue
            if not rows or abs(rows[-1] - middle) > 4.0:
                rows.append(middle)
            if len(rows) > _ROWS:
                break
            edges.append(_edge(page, line, middle))
    edges.extend(_edge(page, line, float(middles[line])) for line in np.flatnonzero(~page.upright).tolist())
    return edges


def _edge(page: PageLines, line: int, middle: float) -> _Edge:
    text = page.texts[line]
    number = _NUMBER.fullmatch(text)
    words = _NOT_LETTERS.sub(" ", text.lower()).strip()
    return _Edge(line, words, int(number[1]) if number else None, middle)


def _repeated(window: Sequence[tuple[PageLines, list[_Edge]]], at: int) -> frozenset[int]:
    page, edges = window[at]
    found = set()
    for offset in _NEIGHBOURS:
        if not 0 <= at + offset < len(window):
            continue
        for other in window[at + offset][1]:
            for edge in edges:
                if abs(edge.height - other.height) > _SAME_PLACE:
                    continue
                if edge.number is not None:
                    same = other.number is not None and other.number - edge.number == offset
                else:
                    same = len(edge.words) >= 3 and edge.words == other.words
                if same:
                    found.add(edge.line)
    return frozenset(found) if len(found) < len(page.texts) else frozenset()
