"""Furniture: running headers, footers and page numbers, which belong to the pages and not to the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tamis.data.pdf.lines import PageLines

_ROWS = 3  # at the top and at the bottom, where furniture stands
_ZONE = 0.2  # of the page's height
_REACH = 2  # pages: left and right ones may have headers of their own
_SAME_PLACE = 8.0  # points

_NOT_LETTERS = re.compile(r"[\W\d_]+")
_NUMBER = re.compile(r"\d{1,9}")

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True)
class _Edge:
    """A line where furniture might stand."""

    line: int
    words: str
    numbers: tuple[int, ...]
    height: float


@dataclass(frozen=True)
class _Page:
    page: PageLines
    edges: list[_Edge]
    by_words: dict[str, list[_Edge]]
    repeated: frozenset[int] = frozenset()


def without_furniture(pages: Iterable[PageLines]) -> Iterator[tuple[PageLines, frozenset[int]]]:
    """Yield each page with its lines that are furniture, while only a few pages are held at a time.

    Furniture stands at the same place on a page nearby, where it says the same but for a page number that counts on;
    and it stands where those pages have none of their text, which the head of a table that goes on does not.
    """
    edged = (_edged(page) for page in pages)
    yield from _among_neighbours(_among_neighbours(edged, _with_repeated), _beyond_the_text)


def _among_neighbours(items: Iterable[In], fn: Callable[[Sequence[In], int], Out]) -> Iterator[Out]:
    """Yield `fn(window, at)` for each item, where the window holds its neighbours."""
    window: list[In] = []
    at = 0
    for item in items:
        window.append(item)
        if len(window) > 2 * _REACH + 1:
            window.pop(0)
            at -= 1
        if len(window) - at > _REACH:
            yield fn(window, at)
            at += 1
    for rest in range(at, len(window)):
        yield fn(window[max(0, rest - _REACH) :], min(rest, _REACH))


def _edged(page: PageLines) -> _Page:
    edges = _edges(page)
    by_words: dict[str, list[_Edge]] = {}
    for edge in edges:
        by_words.setdefault(edge.words, []).append(edge)
    return _Page(page, edges, by_words)


def _edges(page: PageLines) -> list[_Edge]:
    middles = [(box[1] + box[3]) / 2 for box in page.boxes]
    order = sorted((at for at, upright in enumerate(page.upright) if upright), key=middles.__getitem__)
    edges = [_edge(page, at, middles[at]) for at, upright in enumerate(page.upright) if not upright]
    for lines, top in ((order, False), (reversed(order), True)):
        row, rows = -100.0, 0
        for line in lines:
            if abs(row - middles[line]) > 4.0:
                row, rows = middles[line], rows + 1
            if rows > _ROWS or (page.height - row if top else row) > _ZONE * page.height:
                break
            edges.append(_edge(page, line, middles[line]))
    return edges


def _edge(page: PageLines, line: int, middle: float) -> _Edge:
    text = page.texts[line]
    numbers = tuple(int(number) for number in _NUMBER.findall(text))
    return _Edge(line, _NOT_LETTERS.sub(" ", text.lower()).strip(), numbers, middle)


def _with_repeated(window: Sequence[_Page], at: int) -> _Page:
    here = window[at]
    found = set()
    for number, other in enumerate(window):
        if number == at:
            continue
        for edge in here.edges:
            for twin in other.by_words.get(edge.words, ()):
                if abs(edge.height - twin.height) <= _SAME_PLACE and _same(edge, twin, number - at):
                    found.add(edge.line)
    heights = [edge.height for edge in here.edges if edge.line in found]
    for edge in here.edges:  # a page number of its own beside a header
        if len(edge.words) < 3 and len(edge.numbers) == 1 and any(abs(edge.height - each) < 4.0 for each in heights):
            found.add(edge.line)
    return _Page(here.page, here.edges, here.by_words, frozenset(found))


def _same(one: _Edge, two: _Edge, offset: int) -> bool:
    """Whether two lines of the same words are the same but for a page number that counts on."""
    if len(one.words) < 3:
        return len(one.numbers) == len(two.numbers) == 1 and two.numbers[0] - one.numbers[0] == offset
    if len(one.numbers) != len(two.numbers):
        return min(len(one.numbers), len(two.numbers)) == 0  # one of them has its page number set apart
    return {b - a for a, b in zip(one.numbers, two.numbers, strict=True)} <= {0, offset}


def _beyond_the_text(window: Sequence[_Page], at: int) -> tuple[PageLines, frozenset[int]]:
    """The page with those repeated lines that stand where most pages nearby have none of their text."""
    here = window[at]
    found = set()
    for edge in here.edges:
        if edge.line not in here.repeated:
            continue
        top = edge.height > here.page.height / 2
        blocked = 0
        for number, other in enumerate(window):
            if number != at and here.page.upright[edge.line]:
                blocked += any(
                    each.line not in other.repeated
                    and (each.height >= edge.height - 3.0 if top else each.height <= edge.height + 3.0)
                    and (each.height > other.page.height / 2) == top
                    for each in other.edges
                )
        if 2 * blocked <= len(window) - 1:
            found.add(edge.line)
    return here.page, frozenset(found) if len(found) < len(here.page.texts) else frozenset()
