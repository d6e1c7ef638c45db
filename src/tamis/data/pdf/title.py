"""Title: what a document calls itself, on its first page or in its metadata."""

from __future__ import annotations

import re
from itertools import pairwise
from statistics import median

from tamis.data.pdf.characters import plain_characters
from tamis.data.pdf.lines import HYPHEN, PageLines

_LONGEST = 300
_FILE_NAME = re.compile(r"\.(dvi|docx?|tex|pdf|indd|qxd|rtf|odt|pptx?|xlsx?|ps|eps|txt|html?)\s*$", re.IGNORECASE)
_NO_TITLE = re.compile(
    r"\s*(untitled|title|microsoft word\b.*|powerpoint\b.*|slide \d+|document ?\d*|proceedings of\b.*|arxiv:.*|"
    r"doi:.*|https?:.*|\S*[\d_]{4}\S*)\s*",
    re.IGNORECASE,
)
_WORDS = re.compile(r"\w+")


def find_title(first: PageLines, metadata: str) -> str:
    """Return the title: the metadata's where the first page shows it too, else the largest lines near its top.

    Metadata often names the file, the proceedings or another document, so it is not believed alone.
    """
    named = " ".join(plain_characters(metadata).split())
    sensible = bool(named) and not _FILE_NAME.search(named) and not _NO_TITLE.fullmatch(named)
    words = _WORDS.findall(named.lower())
    if sensible and len(words) > 2:
        shown = set(_WORDS.findall(plain_characters(" ".join(first.texts)).lower()))
        if sum(word in shown for word in words) >= 0.8 * len(words):
            return named[:_LONGEST]
    return (_largest(first) or (named if sensible else ""))[:_LONGEST]


def _largest(page: PageLines) -> str:
    if not any(page.upright):
        return ""
    body = median(size for size, upright in zip(page.sizes, page.upright, strict=True) if upright)
    groups = [group for group in _groups(page) if page.boxes[group[0]][3] > 0.4 * page.height]
    scored = []
    for group in groups:
        text = _text(page, group)
        words = [word for word in _WORDS.findall(text) if any(sign.isalpha() for sign in word)]
        size = median(page.sizes[at] for at in group)
        if len(text) <= _LONGEST and size > 1.1 * body and len(words) >= 1 and len(text) >= 4:
            # a title has several words; a journal's name or `Research Article` is set large too, with few
            scored.append((min(len(words), 4) >= 4, min(len(words), 3) >= 3, size, text))
    return max(scored)[3] if scored else ""


def _groups(page: PageLines) -> list[list[int]]:
    """Neighbouring lines of one size and font."""
    across = [at for at, upright in enumerate(page.upright) if upright]
    order = sorted(across, key=lambda at: -page.boxes[at][3])
    groups = [[at] for at in order[:1]]
    for one, two in pairwise(order):
        size = page.sizes[one]
        near = page.boxes[one][1] - page.boxes[two][3] < 0.9 * size
        font = not page.fonts or page.fonts[one] == page.fonts[two]
        if near and abs(size - page.sizes[two]) <= (0.06 if font else 0.01) * size:
            groups[-1].append(two)
        else:
            groups.append([two])
    return groups


def _text(page: PageLines, group: list[int]) -> str:
    text = ""
    for at in group:
        line = page.texts[at]
        text += line[:-1] if line.endswith(HYPHEN) else line + " "
    return " ".join(plain_characters(text).split())
