"""The 24 real PDFs end as their index says: kinds, pages, characters, titles, and two columns in the right order."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pypdfium2
import pytest

from tamis.data.pdf import Document, Failure, read_document
from tamis.data.pdf.layout import find_gutter, reading_order
from tamis.data.pdf.lines import read_lines

REASONS = {
    "scanned": ("no text layer on its",),
    "encrypted": ("encrypted: needs a password",),
    "corrupt": ("corrupt: ", "not a PDF: it is HTML"),
    "truncated": ("truncated: ",),
}


@pytest.fixture(scope="module")
def readings() -> dict[Path, Document | Failure]:
    """What was read so far, so that no file is read twice."""
    return {}


@pytest.fixture
def read(shared, readings) -> Callable[[str], Document | Failure]:
    """Reads one of the real files by name."""

    def reading(name: str, password: str = "") -> Document | Failure:
        path = shared("pdfs") / name
        if password:
            return read_document(path, passwords=[password])
        if path not in readings:
            readings[path] = read_document(path)
        return readings[path]

    return reading


@pytest.fixture
def index(shared) -> list[dict[str, str]]:
    """The index's lines."""
    with (shared("pdfs") / "index.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lines(index: list[dict[str, str]], *kinds: str) -> Iterator[dict[str, str]]:
    """The index's lines of some kinds."""
    return (line for line in index if line["kind"] in kinds)


def words(text: str) -> list[str]:
    """The words of a text in small letters."""
    return re.findall(r"\w+", text.lower())


@pytest.mark.slow
def test_each_file_ends_as_its_kind_says(index, read):
    assert len(index) == 24
    for line in index:
        found = read(line["file"])
        if line["kind"] in REASONS:
            assert isinstance(found, Failure), line["file"]
            assert found.reason.startswith(REASONS[line["kind"]]), (line["file"], found)
        else:
            assert isinstance(found, Document), (line["file"], found)
            assert found.copying_allowed == (line["kind"] != "restricted")


@pytest.mark.slow
def test_pages_and_characters_are_the_index_s(index, read):
    for line in lines(index, "text", "restricted", "encrypted"):
        found = read(line["file"], line["password"])
        assert isinstance(found, Document)
        assert len(found.page_texts) == int(line["pages"]), line["file"]
        assert found.characters == pytest.approx(int(line["text_chars"]), rel=0.05), line["file"]
        # what cleaning takes away is headers, page numbers and hyphens, and never a column or a page
        assert len(found.text) == pytest.approx(int(line["text_chars"]), rel=0.05), line["file"]


@pytest.mark.slow
def test_titles_are_the_index_s(index, read):
    for line in lines(index, "text", "restricted"):
        found = read(line["file"])
        assert isinstance(found, Document)
        assert words(found.title) == words(re.sub(r" \[[^]]*\]$", "", line["title"])), (line["file"], found.title)


@pytest.mark.slow
def test_text_is_clean(index, read):
    for line in lines(index, "text", "restricted"):
        found = read(line["file"])
        assert isinstance(found, Document)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\ufb00-\ufb06\ufffe\uffff]", found.text), line["file"]


TWO_COLUMNS = ["P14-1059.pdf", "roark13.pdf", "mooney05.pdf", "multi-column.pdf"]


def places(page: pypdfium2.PdfPage, text: str) -> list[tuple[int, float]]:
    """Where pieces of a text stand on the lower half of its page, in the text's order: column and distance down."""
    lines = page.get_textpage()
    width, height = page.get_size()
    found = []
    for start in range(0, len(text) - 24, 40):
        piece = text[start : start + 24].strip()
        if not re.fullmatch(r"[a-zA-Z ,]+", piece) or text.count(piece) > 1:
            continue
        hit = lines.search(piece, match_case=True).get_next()
        if hit is None:
            continue
        left, bottom, _, _ = lines.get_charbox(hit[0])
        if 90 < bottom < 0.5 * height:
            found.append((0 if left < width / 2 else 1, -bottom))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", TWO_COLUMNS)
def test_the_left_column_comes_wholly_before_the_right_one(name, read, shared):
    found = read(name)
    assert isinstance(found, Document)
    document = pypdfium2.PdfDocument(shared("pdfs") / name)
    seen = 0
    for number, text in enumerate(found.page_texts):
        shown = places(document[number], " ".join(text.split()))
        seen += len(shown)
        columns = [column for column, _ in shown]
        assert columns == sorted(columns), number + 1
        for one, two in pairwise(shown):
            assert one[0] < two[0] or one[1] <= two[1] + 3, number + 1
    assert seen > 10 * len(found.page_texts)
    document.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", TWO_COLUMNS)
def test_every_page_of_two_columns_is_seen_as_such(name, shared):
    document = pypdfium2.PdfDocument(shared("pdfs") / name)
    for number in range(len(document)):
        page = read_lines(document.raw, number)
        gutter = find_gutter([box for box, upright in zip(page.boxes, page.upright, strict=True) if upright])
        assert gutter is not None, number + 1
        assert 0.4 * page.width < gutter < 0.6 * page.width, number + 1
        assert sorted(at for column in reading_order(page) for at in column.lines) == list(range(len(page.texts)))
    document.close()
