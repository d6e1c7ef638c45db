"""One PDF at a time: what it says, in which order, or why it says nothing."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pypdf
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from tamis.data.pdf import Document, Failure, read_document

Draw = Callable[[Canvas], None]

WORDS = ["Amber", "Birch", "Cedar", "Daisy", "Elder", "Ferns", "Grass"]
LEFT = [f"left column, line {number:02}, full of even and quiet words" for number in range(1, 21)]
RIGHT = [f"right column, line {number:02}, full of other quiet words" for number in range(1, 21)]


@pytest.fixture
def make_pdf(tmp_path: Path) -> Callable[..., Path]:
    """A function that draws pages into a file: `make_pdf(draw, draw, title="…")`."""

    def make(*pages: Draw, name: str = "a.pdf", title: str = "") -> Path:
        canvas = Canvas(str(tmp_path / name), pagesize=A4)
        canvas.setTitle(title)
        for draw in pages:
            draw(canvas)
            canvas.showPage()
        canvas.save()
        return tmp_path / name

    return make


def lines(*texts: str, x: float = 72, y: float = 760, step: float = 14, size: float = 10) -> Draw:
    """Draws lines below each other."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", size)
        for number, text in enumerate(texts):
            canvas.drawString(x, y - number * step, text)

    return draw


def together(*draws: Draw) -> Draw:
    """Draws several things on one page."""

    def draw(canvas: Canvas) -> None:
        for each in draws:
            each(canvas)

    return draw


def read(path: Path, **options: object) -> Document:
    """The document in a file that must be readable."""
    found = read_document(path, **options)  # type: ignore[arg-type]
    assert isinstance(found, Document), found
    return found


def refused(path: Path, **options: object) -> Failure:
    """Why a file cannot be read."""
    found = read_document(path, **options)  # type: ignore[arg-type]
    assert isinstance(found, Failure), found
    return found


def in_order(text: str, parts: Sequence[str]) -> bool:
    """Whether all parts stand in the text, one after the other."""
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def row_by_row(canvas: Canvas) -> None:
    """Two columns written as some programs do: the first line of each, then the second line of each."""
    canvas.setFont("Helvetica", 9)
    for number, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
        canvas.drawString(60, 650 - number * 12, left)
        canvas.drawString(310, 650 - number * 12, right)


def test_columns_are_read_one_after_the_other_though_the_file_has_them_row_by_row(make_pdf):
    title = lines("A title that runs over the whole width of the page and both columns", y=720, size=14)
    note = lines("A note below both columns, as wide as the page is, with nothing beside it at all", y=300, size=11)
    text = read(make_pdf(together(row_by_row, note, title))).text
    assert in_order(text, ["A title", *LEFT, *RIGHT, "A note below"])


def test_a_line_over_both_columns_parts_them_into_bands(make_pdf):
    wide = "A table that is as wide as the page, which parts what is above it from what is below it"
    page = together(
        lines(*LEFT[:8], x=60, y=700, size=9, step=12),
        lines(*RIGHT[:8], x=310, y=700, size=9, step=12),
        lines(*LEFT[8:16], x=60, y=500, size=9, step=12),
        lines(*RIGHT[8:16], x=310, y=500, size=9, step=12),
        lines(wide, x=60, y=560, size=11),
    )
    text = read(make_pdf(page)).text
    assert in_order(text, [*LEFT[:8], *RIGHT[:8], wide, *LEFT[8:16], *RIGHT[8:16]])


def test_three_columns(make_pdf):
    columns = [[f"{name} {number:02} with some more words" for number in range(12)] for name in ("one", "two", "three")]

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 8)
        for number in range(12):
            for column, texts in enumerate(columns):
                canvas.drawString(50 + 170 * column, 700 - 11 * number, texts[number])

    assert in_order(read(make_pdf(draw)).text, [line for column in columns for line in column])


def test_the_cells_of_a_table_are_read_across(make_pdf):
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for number in range(12):
            canvas.drawString(72, 700 - 14 * number, f"name {number:02}")
            canvas.drawString(300, 700 - 14 * number, f"value {number:02}")

    assert in_order(read(make_pdf(draw)).text, [f"name {n:02} value {n:02}" for n in range(12)])


def test_words_broken_at_a_line_end_are_mended_and_real_hyphens_stay(make_pdf):
    page = lines(
        "A plain sentence about the sea and the drug-moni-",
        "toring program, which is known as drug-monitoring",
        "everywhere. Some data-driven work is state-of-the-",
        "art, and the well-known data sets are based on data-",
        "based rules. We show informa-",
        "tion of the Mediter-",
        "ranean coast and of Baden-",
        "Baden.",
    )
    text = " ".join(read(make_pdf(page)).text.split())
    for whole in ("drug-monitoring program", "state-of-the-art", "data-based", "information", "Mediterranean coast"):
        assert whole in text
    assert "Baden-Baden" in text


def test_a_sentence_goes_on_over_the_page_break(make_pdf):
    text = read(
        make_pdf(lines("The first page ends in the mid-"), lines("dle of a word. The second one follows."))
    ).text
    assert text == "The first page ends in the middle of a word. The second one follows."


def test_ligatures_accents_and_control_characters():
    from tamis.data.pdf.characters import plain_characters

    assert plain_characters("e\ufb03cient \ufb02ow o\ufb00ers \ufb01ve") == "efficient flow offers five"
    assert plain_characters("G ´ omez, Pediatr´ıa, na¨ıve") == "Gómez, Pediatría, naïve"
    assert plain_characters("soft\u00adhyphen\x00 and\u00a0space\u200b") == "softhyphen and space"


def test_running_headers_and_page_numbers_go_and_the_text_stays(make_pdf):
    def page(number: int) -> Draw:
        header = "The Journal of Tests" if number % 2 else "Some Author: a Study"
        return together(
            lines(header, y=800),
            lines(f"Page {number} of 6", x=260, y=30),
            lines(f"{WORDS[number]} is what page number {number} says.", f"It says {WORDS[number]} twice.", y=700),
        )

    document = read(make_pdf(*[page(number) for number in range(1, 7)]))
    for word in ("Journal", "Author", "of 6"):
        assert word not in document.text
    assert [f"page number {n} says" in text for n, text in enumerate(document.page_texts, 1)] == [True] * 6


def test_bare_page_numbers_go_only_when_they_count_on(make_pdf):
    numbered = [together(lines(f"{WORDS[n]}.", y=700), lines(f"– {n + 7} –", x=290, y=30)) for n in range(4)]
    assert read(make_pdf(*numbered)).page_texts == [f"{word}." for word in WORDS[:4]]
    fixed = [together(lines(f"{WORDS[n]}.", y=700), lines("1984", x=290, y=30)) for n in range(4)]
    assert read(make_pdf(*fixed)).text.count("1984") == 4


def test_paragraphs_are_parted_by_blank_lines(make_pdf):
    page = together(
        lines("The first paragraph runs over the line and on", "to the next one, where it ends.", y=760),
        lines("The second one stands below a gap and is also", "of two lines, no more and no less.", y=700),
    )
    assert read(make_pdf(page)).text.count("\n\n") == 1


def test_a_page_lying_on_its_side_is_read_as_the_reader_turns_it(make_pdf):
    def draw(canvas: Canvas) -> None:
        canvas.rotate(90)
        canvas.translate(0, -595)
        lines("The first line of a turned page.", "The second line of it.", "And the third.", y=500)(canvas)

    assert in_order(read(make_pdf(draw)).text, ["The first line", "The second line", "And the third"])


def test_the_title_is_the_metadata_s_only_when_the_page_shows_it(make_pdf):
    page = together(
        lines("JOURNAL", y=800, size=9),
        lines("How to Sort Text with", "Rather Fine Sieves", y=740, size=18, step=22),
        lines("A. Author and B. Author", y=680, size=11),
        lines(*LEFT, y=640, size=9),
    )
    shown = "How to Sort Text with Rather Fine Sieves"
    assert read(make_pdf(page)).title == shown
    assert read(make_pdf(page, title="paper-final-v2.dvi")).title == shown
    assert read(make_pdf(page, title="Proceedings of the Nine")).title == shown
    assert read(make_pdf(page, title="how to sort text with rather fine sieves")).title == shown.lower()


def test_characters_are_counted_as_the_file_has_them(make_pdf):
    document = read(make_pdf(lines("one", "two"), lines("three")))
    assert document.characters == len("one\ntwo") + len("three")


def encrypted(path: Path, target: Path, *, user: str, owner: str, permissions: int | None = None) -> Path:
    """A copy of a PDF under passwords."""
    writer = pypdf.PdfWriter(clone_from=path)
    flags = {} if permissions is None else {"permissions_flag": permissions}
    writer.encrypt(user, owner, algorithm="RC4-128", **flags)
    writer.write(target)
    return target


def test_a_password_opens_what_is_encrypted_and_only_the_right_one(make_pdf, tmp_path):
    path = encrypted(make_pdf(lines("secret words")), tmp_path / "locked.pdf", user="Größe1", owner="other")
    assert refused(path).reason.startswith("encrypted: needs a password")
    assert refused(path, passwords=["wrong"]).reason == "encrypted: the password given does not open it"
    assert read(path, passwords=["wrong", "Größe1"]).text == "secret words"


def test_a_file_that_only_its_owner_may_copy_from_is_read_and_noted(make_pdf, tmp_path):
    path = encrypted(make_pdf(lines("words")), tmp_path / "b.pdf", user="", owner="owner", permissions=4)
    document = read(path)
    assert document.text == "words"
    assert not document.copying_allowed
    assert "not allow copying" in document.notes[0]
    assert read(make_pdf(lines("words"))).copying_allowed


def test_cut_off_damaged_and_foreign_files_are_told_apart(make_pdf, tmp_path):
    whole = make_pdf(lines(*LEFT), lines(*RIGHT)).read_bytes()

    def reason(content: bytes) -> str:
        path = tmp_path / "bad.pdf"
        path.write_bytes(content)
        return refused(path).reason

    assert reason(whole[: len(whole) // 2]).startswith("truncated")
    assert reason(whole[:40] + b"\x00" * (len(whole) - 100) + whole[-60:]).startswith("corrupt")
    assert reason(b"") == "empty file"
    assert reason(b"\0" * 5000).startswith("empty file")
    assert "HTML" in reason(b"\n<!DOCTYPE html><html><body>Please log in</body></html>")
    assert "zip archive" in reason(b"PK\x03\x04" + b"x" * 100)
    assert "plain text" in reason(b"just words")
    assert "PNG" in reason(b"\x89PNG\r\n\x1a\n")
    assert refused(tmp_path / "gone.pdf").kind == "unreadable"


def picture_page(words: str) -> Draw:
    """A page that is nothing but a picture of words."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("L", (1600, 400), 255)
    ImageDraw.Draw(image).text((60, 120), words, fill=0, font=ImageFont.load_default(90))
    packed = io.BytesIO()
    image.save(packed, "PNG")

    def draw(canvas: Canvas) -> None:
        from reportlab.lib.utils import ImageReader

        canvas.drawImage(ImageReader(io.BytesIO(packed.getvalue())), 40, 500, 520, 130)

    return draw


def test_pictures_and_blank_pages_have_no_text(make_pdf):
    assert "OCR is needed (--ocr" in refused(make_pdf(picture_page("Hello sieve"))).reason
    assert refused(make_pdf(lambda canvas: None, lambda canvas: None)).reason == "no text: its 2 pages are blank"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_ocr_reads_the_pages_that_have_no_text_layer(make_pdf):
    path = make_pdf(picture_page("Hello quiet sieve"), lines("A page with letters."))
    document = read(path, ocr="eng")
    assert "sieve" in document.page_texts[0]
    assert document.page_texts[1] == "A page with letters."
    assert document.ocr_pages == 1
    assert read(path).notes == ["page 1 of 2 without a text layer"]


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_a_language_that_tesseract_lacks_is_named():
    from tamis.core import UsageError
    from tamis.data.pdf.ocr import check_ocr

    with pytest.raises(UsageError, match="no language xyz"):
        check_ocr("eng+xyz")
