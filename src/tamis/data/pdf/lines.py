"""Lines: what stands on a page of a PDF, one entry a printed line, with its place."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from functools import cache
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from tamis.data.pdf.spans import Spans, parted

Box = list[float]
"""Left, bottom, right, top, in points from the page's lower left corner."""

HYPHEN = "\ufffe"
"""What stands where a line ended in a hyphen that is not decided on yet; pdfium's own sign for it."""

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
    """Each line's font, where it was asked for."""


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
    buffer = (ctypes.c_ushort * (count + 1))()
    length = pdfium.FPDFText_GetText(text_page, 0, count, buffer) - 1
    if length <= 0:
        return empty_page(width, height)
    units = np.frombuffer(buffer, dtype=np.uint16, count=length)
    raw = memoryview(buffer).cast("B")
    characters = length - int(np.count_nonzero(units == 13)) - int(np.count_nonzero(units >> 10 == 0x37))
    hyphens = units == 0xFFFE
    signs = np.flatnonzero((units > 32) & (units != 160) & ~hyphens)
    if not len(signs):
        return empty_page(width, height)
    breaks = np.flatnonzero((units == 13) | (units == 10) | hyphens)
    line_of = np.searchsorted(breaks, signs)
    new = np.flatnonzero(np.diff(line_of)) + 1
    begins = np.concatenate(([0], new))
    first, last = signs[begins], signs[np.concatenate((new - 1, [len(signs) - 1]))]
    hyphened = np.append(hyphens[breaks], False)[line_of[begins]]

    shifted = length != count

    def boxes_of(indices: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return _boxes(text_page, indices, shifted=shifted)

    one, two = boxes_of(first), boxes_of(last)
    upright, turned = _direction(one, two)
    if turned:  # a page lying on its side: read it as the reader turns it
        one, two = _turn(one, turned), _turn(two, turned)
        upright = ~upright
        width, height = height, width
    spans = Spans(first, last, _even(one, two), _even(two, one), hyphened, upright)
    spans = parted(spans, signs, lambda indices: _turn(boxes_of(indices), turned))
    sizes = np.maximum(spans.one[:, 3] - spans.one[:, 1], spans.two[:, 3] - spans.two[:, 1])
    texts = [
        bytes(raw[2 * begin : 2 * end + 2]).decode("utf-16-le", "replace")
        for begin, end in zip(spans.first.tolist(), spans.last.tolist(), strict=True)
    ]
    texts = [text + HYPHEN if hyphen else text for text, hyphen in zip(texts, spans.hyphened.tolist(), strict=True)]
    page = _joined(texts, spans.places, sizes, spans.first.tolist(), spans.upright, width, height, characters)
    if with_fonts:
        page.fonts.extend(_font(text_page, start) for start in page.starts)
    return page


@cache
def _box_function() -> Any:
    """pdfium's box of a letter, called without ctypes' checks of each argument: that is most of the cost."""
    address = ctypes.cast(pdfium.FPDFText_GetLooseCharBox, ctypes.c_void_p).value
    return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(address or 0)


def _boxes(text_page: Any, indices: npt.NDArray[np.int64], *, shifted: bool) -> npt.NDArray[np.float64]:
    """Left, bottom, right, top of letters by their index in the text."""
    wanted = indices.tolist()
    if shifted:  # signs without a meaning are letters of the page and not of its text
        wanted = [pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, index) for index in wanted]
    found = np.zeros((len(wanted), 4), dtype=np.float32)
    base = found.ctypes.data
    handle = ctypes.cast(text_page, ctypes.c_void_p).value
    for _ in map(_box_function(), repeat(handle), wanted, range(base, base + 16 * len(wanted), 16)):
        pass
    return found[:, [0, 3, 2, 1]].astype(np.float64)


def _even(boxes: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Braces and sums that tower over their line get the height of the line's other end."""
    height, usual = boxes[:, 3] - boxes[:, 1], others[:, 3] - others[:, 1]
    towers = (height > 1.8 * usual) & (usual > 2.0) & (boxes[:, 3] > others[:, 1]) & (boxes[:, 1] < others[:, 3])
    evened = boxes.copy()
    evened[towers, 1], evened[towers, 3] = others[towers, 1], others[towers, 3]
    return evened


def _direction(one: npt.NDArray[np.float64], two: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.bool_], int]:
    """Which lines run across; and, when most run up (1) or down (-1), which way."""
    right = np.abs(one[:, 0] + one[:, 2] - two[:, 0] - two[:, 2])
    up = two[:, 1] + two[:, 3] - one[:, 1] - one[:, 3]
    height = np.maximum(one[:, 3] - one[:, 1], 1.0)
    across = (np.abs(up) <= right) | (np.abs(up) < 2.5 * height)
    if np.count_nonzero(across) * 2 >= len(across):
        return across, 0
    return across, 1 if np.sum(up[~across]) > 0 else -1


def _turn(boxes: npt.NDArray[np.float64], way: int) -> npt.NDArray[np.float64]:
    if not way:
        return boxes
    left, bottom, right, top = boxes.T
    if way > 0:
        return np.stack((bottom, -right, top, -left), axis=1)
    return np.stack((-top, left, -bottom, right), axis=1)


def _joined(
    texts: list[str],
    places: npt.NDArray[np.float64],
    sizes: npt.NDArray[np.float64],
    starts: list[int],
    upright: npt.NDArray[np.bool_],
    width: float,
    height: float,
    characters: int,
) -> PageLines:
    """Put pieces of one printed line together again."""
    if len(texts) > 1:
        gap = places[1:, 0] - places[:-1, 2]
        overlap = np.minimum(places[1:, 3], places[:-1, 3]) - np.maximum(places[1:, 1], places[:-1, 1])
        low = np.minimum(places[1:, 3] - places[1:, 1], places[:-1, 3] - places[:-1, 1])
        em = np.maximum(sizes[1:], sizes[:-1])
        joins = (gap < _JOIN_EMS * em) & (gap > -0.5 * em) & (overlap > 0.4 * low) & upright[1:] & upright[:-1]
        for at in np.flatnonzero(joins)[::-1].tolist():
            if texts[at].endswith(HYPHEN):
                continue
            texts[at] += (" " if gap[at] > 0.2 * em[at] else "") + texts[at + 1]
            places[at, [1, 0]] = np.minimum(places[at, [1, 0]], places[at + 1, [1, 0]])
            places[at, [2, 3]] = np.maximum(places[at, [2, 3]], places[at + 1, [2, 3]])
            sizes[at] = max(sizes[at], sizes[at + 1])
            texts[at + 1] = ""
        if joins.any():
            kept = [at for at, text in enumerate(texts) if text]
            texts, starts = [texts[at] for at in kept], [starts[at] for at in kept]
            places, sizes, upright = places[kept], sizes[kept], upright[kept]
    return PageLines(texts, places.tolist(), sizes.tolist(), starts, upright.tolist(), width, height, characters)


def _font(text_page: Any, start: int) -> str:
    index = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, start)
    flags = ctypes.c_int()
    size = pdfium.FPDFText_GetFontInfo(text_page, index, None, 0, flags)
    if size <= 1:
        return ""
    name = ctypes.create_string_buffer(size)
    pdfium.FPDFText_GetFontInfo(text_page, index, name, size, flags)
    return name.value.decode("utf-8", "replace")
