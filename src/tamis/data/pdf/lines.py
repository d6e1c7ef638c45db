"""Lines: what stands on a page of a PDF, one entry a printed line, with its place."""

from __future__ import annotations

import ctypes
import re
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
    ends = [match.end() for match in found]
    first, last = np.array([match.start() for match in found]), np.array(ends) - 1
    hyphened = np.array([whole[end : end + 1] == HYPHEN for end in ends])
    if len(whole) != length:  # pdfium counts a letter of two units as two
        large = np.array([at for at, letter in enumerate(whole) if letter > "\uffff"])
        first, last = first + np.searchsorted(large, first), last + np.searchsorted(large, last)

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
    spans = parted(spans, units, lambda indices: _turn(boxes_of(indices), turned))
    sizes = np.maximum(spans.one[:, 3] - spans.one[:, 1], spans.two[:, 3] - spans.two[:, 1])
    starts = spans.first.tolist()
    if len(starts) == len(found):
        texts = [match[0] for match in found]
    else:
        texts = _texts(units, starts, spans.last.tolist())
    for at in np.flatnonzero(spans.hyphened).tolist():
        texts[at] += HYPHEN
    page = _joined(
        texts, spans.places.tolist(), sizes.tolist(), starts, spans.upright.tolist(), width, height, characters
    )
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


def _boxes(text_page: Any, indices: npt.NDArray[np.int64], *, shifted: bool) -> npt.NDArray[np.float64]:
    """Left, bottom, right, top of letters by their index in the text."""
    wanted = indices.tolist()
    if shifted:  # signs without a meaning are letters of the page and not of its text
        wanted = [pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, index) for index in wanted]
    found = np.zeros((len(wanted), 4), dtype=np.float32)
    base = found.ctypes.data
    handle = ctypes.cast(text_page, ctypes.c_void_p).value
    deque(map(_functions().box, repeat(handle), wanted, range(base, base + 16 * len(wanted), 16)), maxlen=0)
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
        if kept:
            one = boxes[kept[-1]]
            em = max(sizes[at], sizes[kept[-1]])
            gap = box[0] - one[2]
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
