"""Lines: what stands on a page of a PDF, one entry a printed line, with its place."""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from functools import cache
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from tamis.data.pdf.spans import Spans, parted

Box = list[float]
"""Left, bottom, right, top, in points from the page's lower left corner."""

HYPHEN = "\ufffe"
"""What stands where a line ended in a hyphen that is not decided on yet; pdfium's own sign for it."""

_STRETCH = re.compile(rf"[^\s{HYPHEN}](?:[^\r\n{HYPHEN}]*[^\s{HYPHEN}])?")
_WIDEST_EM = 200.0  # points
_JOIN_EMS = 0.75  # pieces of one line (pdfium breaks at raised and lowered signs) are nearer than this


@dataclass(frozen=True)
class PageLines:
    """The lines of one page in the order of the file."""

    texts: list[str]
    boxes: list[Box]
    sizes: list[float]
    """The height of the letters."""
    starts: list[int]
    """The index of each line's first letter on the page."""
    upright: list[bool]
    """False where letters stand on top of each other, as in a stamp on the margin."""
    width: float
    height: float
    characters: int
    """How many characters the page has, a line end counted as one."""
    failed: bool = False
    """The page could not be read at all."""
    fonts: list[str] = field(default_factory=list)
    """Each line's font, where it was asked for and the line is set larger than most."""


def empty_page(width: float = 0.0, height: float = 0.0, *, failed: bool = False) -> PageLines:
    """Return a page without lines."""
    return PageLines([], [], [], [], [], width, height, 0, failed)


def read_lines(document: Any, index: int, *, with_fonts: bool = False) -> PageLines:
    """Return the lines of page `index` of an open pdfium document; a broken page is empty and marked as failed."""
    page = pdfium.FPDF_LoadPage(document, index)
    if not page:
        return empty_page(failed=True)
    try:
        width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
        text_page = pdfium.FPDFText_LoadPage(page)
        if not text_page:
            return empty_page(width, height, failed=True)
        try:
            return _read(text_page, width, height, with_fonts=with_fonts)
        finally:
            pdfium.FPDFText_ClosePage(text_page)
    finally:
        pdfium.FPDF_ClosePage(page)


def _read(text_page: Any, width: float, height: float, *, with_fonts: bool) -> PageLines:
    count = pdfium.FPDFText_CountChars(text_page)
    if count <= 0:
        return empty_page(width, height)
    units = np.zeros(count + 1, dtype=np.uint16)
    handle = ctypes.cast(text_page, ctypes.c_void_p).value
    length = _functions().text(handle, 0, count, units.ctypes.data) - 1
    if length <= 0:
        return empty_page(width, height)
    units = units[:length]
    whole = units.tobytes().decode("utf-16-le", "replace")
    characters = len(whole) - whole.count("\r")
    found = list(_STRETCH.finditer(whole))
    if not found:
        return empty_page(width, height)
    first, last = [match.start() for match in found], [match.end() - 1 for match in found]
    hyphened = [whole[end + 1 : end + 2] == HYPHEN for end in last]
    if len(whole) != length:  # pdfium counts a letter of two units as two
        large = [at for at, letter in enumerate(whole) if letter > "\uffff"]
        first, last = ([at + bisect_left(large, at) for at in places] for places in (first, last))

    def boxes_of(letters: list[int]) -> list[Box]:
        return _boxes(text_page, letters, shifted=length != count)

    boxes = boxes_of(first + last)
    one, two = boxes[: len(first)], boxes[len(first) :]
    upright, turned = _direction(one, two)
    if turned:  # a page lying on its side: read it as the reader turns it
        one, two = _turned(one, turned), _turned(two, turned)
        upright = [not each for each in upright]
        width, height = height, width
    texts = [match[0] for match in found]
    spans = Spans(first, last, one, two, hyphened, upright)
    cut = parted(spans, units, lambda letters: _turned(boxes_of(letters), turned))
    if cut is not spans:
        spans, texts = cut, _texts(units, cut.first, cut.last)
    sizes = []
    for at, (begin, end) in enumerate(zip(spans.one, spans.two, strict=True)):
        sizes.append(_size(begin, end))
        if spans.hyphened[at]:
            texts[at] += HYPHEN
    page = _joined(texts, spans.boxes, sizes, spans.first, spans.upright, width, height, characters)
    if with_fonts:
        usual = sorted(page.sizes)[len(page.sizes) // 2]
        title_like = [size > usual for size in page.sizes]
        page.fonts.extend(_font(text_page, at) if big else "" for at, big in zip(page.starts, title_like, strict=True))
    return page


def _texts(units: npt.NDArray[np.uint16], first: list[int], last: list[int]) -> list[str]:
    raw = units.tobytes()
    return [raw[2 * begin : 2 * end + 2].decode("utf-16-le", "replace") for begin, end in zip(first, last, strict=True)]


class _Functions(NamedTuple):
    text: Any
    box: Any


@cache
def _functions() -> _Functions:
    """pdfium's functions, called without ctypes' checks of each argument: those are most of the cost."""

    def plain(function: Any, *arguments: Any) -> Any:
        address = ctypes.cast(function, ctypes.c_void_p).value
        return ctypes.PYFUNCTYPE(ctypes.c_int, *arguments)(address or 0)

    pointer, number = ctypes.c_void_p, ctypes.c_int
    return _Functions(
        plain(pdfium.FPDFText_GetText, pointer, number, number, pointer),
        plain(pdfium.FPDFText_GetLooseCharBox, pointer, number, pointer),
    )


def _boxes(text_page: Any, letters: list[int], *, shifted: bool) -> list[Box]:
    """The boxes of letters by their index in the text."""
    if shifted:  # signs without a meaning are letters of the page and not of its text
        letters = [pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, index) for index in letters]
    found = np.zeros((len(letters), 4), dtype=np.float32)
    base = found.ctypes.data
    handle = ctypes.cast(text_page, ctypes.c_void_p).value
    deque(map(_functions().box, repeat(handle), letters, range(base, base + 16 * len(letters), 16)), maxlen=0)
    return [[left, bottom, right, top] for left, top, right, bottom in found.tolist()]


def _direction(one: list[Box], two: list[Box]) -> tuple[list[bool], int]:
    """Which lines run across; and, when most run up (1) or down (-1), which way."""
    across, rise = [], 0.0
    for begin, end in zip(one, two, strict=True):
        up = end[1] + end[3] - begin[1] - begin[3]
        flat = abs(up) < 2.5 * max(begin[3] - begin[1], 1.0) or abs(up) <= abs(begin[0] + begin[2] - end[0] - end[2])
        across.append(flat)
        rise += 0.0 if flat else up
    if 2 * sum(across) >= len(across):
        return across, 0
    return across, 1 if rise > 0 else -1


def _turned(boxes: list[Box], way: int) -> list[Box]:
    if way > 0:
        return [[bottom, -right, top, -left] for left, bottom, right, top in boxes]
    return [[-top, left, -bottom, right] for left, bottom, right, top in boxes] if way else boxes


def _size(begin: Box, end: Box) -> float:
    """The height of a line's letters. A brace or a sum that towers over its line is cut to the line's other end."""
    one, two = begin[3] - begin[1], end[3] - end[1]
    if begin[3] > end[1] and begin[1] < end[3]:
        if one > 1.8 * two and two > 2.0:
            begin[1], begin[3] = end[1], end[3]
            return two
        if two > 1.8 * one and one > 2.0:
            end[1], end[3] = begin[1], begin[3]
            return one
    return max(one, two)


def _joined(
    texts: list[str],
    boxes: list[Box],
    sizes: list[float],
    starts: list[int],
    upright: list[bool],
    width: float,
    height: float,
    characters: int,
) -> PageLines:
    """Put pieces of one printed line together again: pdfium parts a line at raised and lowered signs."""
    kept: list[int] = []
    for at, box in enumerate(boxes):
        one = boxes[kept[-1]] if kept else box
        gap = box[0] - one[2]
        if kept and -_WIDEST_EM < gap < _WIDEST_EM:
            em = max(sizes[at], sizes[kept[-1]])
            if (
                -0.5 * em < gap < _JOIN_EMS * em
                and min(box[3], one[3]) - max(box[1], one[1]) > 0.4 * min(box[3] - box[1], one[3] - one[1])
                and upright[at]
                and upright[kept[-1]]
                and not texts[kept[-1]].endswith(HYPHEN)
            ):
                texts[kept[-1]] += (" " if gap > 0.2 * em else "") + texts[at]
                one[:] = min(box[0], one[0]), min(box[1], one[1]), max(box[2], one[2]), max(box[3], one[3])
                sizes[kept[-1]] = em
                continue
        kept.append(at)
    if len(kept) == len(texts):
        return PageLines(texts, boxes, sizes, starts, upright, width, height, characters)
    return PageLines(
        [texts[at] for at in kept],
        [boxes[at] for at in kept],
        [sizes[at] for at in kept],
        [starts[at] for at in kept],
        [upright[at] for at in kept],
        width,
        height,
        characters,
    )


def _font(text_page: Any, start: int) -> str:
    index = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, start)
    flags = ctypes.c_int()
    size = pdfium.FPDFText_GetFontInfo(text_page, index, None, 0, flags)
    if size <= 1:
        return ""
    name = ctypes.create_string_buffer(size)
    pdfium.FPDFText_GetFontInfo(text_page, index, name, size, flags)
    return name.value.decode("utf-8", "replace")
