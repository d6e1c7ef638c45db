"""Paragraphs: the lines of a page put together as they were written, a paragraph each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from tamis.data.pdf.layout import Column
from tamis.data.pdf.lines import HYPHEN, PageLines

_LIST_ITEM = re.compile(r"(\d{1,3}[.)]|\(?[a-z\d]\)|[•‣∙·*–—-])\s", re.IGNORECASE)
_ACCENTS = "´`¨ˆ˜ˇ˘¸˚¯"
_LOOSE_ACCENT = re.compile(rf"( [{_ACCENTS}])+$")
_SENTENCE_ENDS = tuple(".!?:;…。！？»”\"')]")


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
        pitch = _pitch(page, lines)
        hanging = _hangs(page, column, lines)
        for number, at in enumerate(lines):
            text = page.texts[at]
            if parts:
                if number:
                    ends = _breaks(
                        page, column, last, at, pitch=pitch, hanging=hanging, ended_early=early, text=parts[-1]
                    )
                else:
                    ends = not text[:1].islower() or _ends_sentence(parts[-1]) or not _same_size(page, last, at)
                if ends:
                    done.append("".join(parts))
                    parts.clear()
                elif not (parts[-1].endswith(HYPHEN) or (parts[-1].endswith("–") and text[:1].isdigit())):
                    parts.append("\n" if number and early and not text[:1].islower() else " ")
            parts.append(_line_end(text))
            early = page.boxes[at][2] < column.right - 0.25 * (column.right - column.left)
            last = at
    done.append("".join(parts))
    return [text for text in map(str.strip, done) if text]


def _line_end(text: str) -> str:
    """The line, with HYPHEN for any hyphen at its end."""
    if text[-1:] in _ACCENTS:  # old TeX fonts leave them there: they belong to a letter further on
        text = _LOOSE_ACCENT.sub("", text) or text
    broken = len(text) > 2 and text[-1] in "-\u2010\u00ad" and text[-2].isalpha()
    return text[:-1] + HYPHEN if broken else text


def _hangs(page: PageLines, column: Column, lines: list[int]) -> bool:
    """Whether all but the first line of a paragraph are indented, as in a list of references."""
    if len(lines) < 6:
        return False
    em = page.sizes[lines[len(lines) // 2]]
    indented = sum(0.7 * em < page.boxes[at][0] - column.left < 4.0 * em for at in lines)
    return indented >= 0.35 * len(lines)


def _ends_sentence(text: str) -> bool:
    return text.endswith(_SENTENCE_ENDS)


def _same_size(page: PageLines, one: int, two: int) -> bool:
    a, b = page.sizes[one], page.sizes[two]
    return abs(a - b) <= 0.2 * max(a, b)


def _pitch(page: PageLines, lines: Sequence[int]) -> float:
    """How far lines are usually apart."""
    boxes = [page.boxes[at] for at in lines]
    steps = ((one[1] + one[3] - two[1] - two[3]) / 2 for one, two in pairwise(boxes))
    down = sorted(step for step, one in zip(steps, boxes, strict=False) if step > 0.5 * (one[3] - one[1]))
    return down[len(down) // 2] if down else 0.0


def _breaks(
    page: PageLines, column: Column, one: int, two: int, *, pitch: float, hanging: bool, ended_early: bool, text: str
) -> bool:
    """Whether line `two` begins a new paragraph."""
    above, below = page.boxes[one], page.boxes[two]
    step = (above[1] + above[3] - below[1] - below[3]) / 2
    if not ended_early and abs(step - pitch) < 0.1 * pitch and abs(above[0] - below[0]) < 2.0:
        return not _same_size(page, one, two) and min(len(page.texts[one]), len(page.texts[two])) > 3
    em = max(page.sizes[two], 1.0)
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
    if indented and not hanging and not _LIST_ITEM.match(page.texts[one]) and (sentence or short) and step > 0.6 * em:
        return True
    outdented = above[0] - below[0] > 0.7 * em and sentence
    if outdented and short:
        return True
    return ended_early and ((sentence and page.texts[two][:1].isupper()) or step > 1.15 * pitch + 0.05 * em)
