"""PDF: pages a second beside pdfminer.six and pypdf, on one process each, and how much the cache saves.

    python benchmarks/pdf.py DIR     a folder of PDFs; an index.csv in it (file, pages, text_chars) is checked against
    python benchmarks/pdf.py         40 generated ones: two columns, running headers, words broken at line ends

Tamis does all it does on import: reading order, paragraphs, hyphens, headers, title. The others only extract. Only
files that all of them can read are timed, in one process each, after its imports. Who is done in a moment reads all
files several times, and the median counts. Tamis reads the next page in a second thread while it lays out one; the
table has processor seconds too, which tell what the work costs when no processor is idle.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from side_by_side import Measured, alternate, finish, median_seconds, print_table, run_command

LEAST_SECONDS = 3.0
WORDS = ("sieve", "grain", "water", "flour", "stone", "river", "early", "quiet", "letter", "number", "method", "result")


def tamis(path: Path) -> tuple[int, int] | None:
    """Pages and characters, or None for what cannot be read."""
    from tamis.data.pdf import Document, read_document

    found = read_document(path)
    return (len(found.page_texts), found.characters) if isinstance(found, Document) else None


def pdfminer(path: Path) -> tuple[int, int] | None:
    """The same by pdfminer.six, with its layout analysis at its defaults."""
    from pdfminer.high_level import extract_text
    from pdfminer.pdfdocument import PDFException
    from pdfminer.psparser import PSException

    try:
        text = extract_text(path)
    except (PDFException, PSException):
        return None
    return text.count("\f"), len(text)


def pypdf(path: Path) -> tuple[int, int] | None:
    """The same by pypdf."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        pages = [page.extract_text() for page in PdfReader(path).pages]
    except (PyPdfError, OSError):
        return None
    return len(pages), sum(map(len, pages))


RIVALS: dict[str, Callable[[Path], tuple[int, int] | None]] = {"tamis": tamis, "pdfminer.six": pdfminer, "pypdf": pypdf}


def work(rival: str, files: list[Path]) -> dict[str, object]:
    """Read files and say how long it took, and what was found."""
    logging.disable(logging.CRITICAL)
    RIVALS[rival](files[0])  # the imports
    passes: list[tuple[float, float]] = []
    while sum(seconds for seconds, _ in passes) < LEAST_SECONDS:
        start, processor = time.perf_counter(), time.process_time()
        found = {path.name: RIVALS[rival](path) for path in files}
        passes.append((time.perf_counter() - start, time.process_time() - processor))
    seconds, processor = (statistics.median(each) for each in zip(*passes, strict=True))
    return {"seconds": seconds, "processor": processor, "found": found}


def work_twice(folder: Path) -> dict[str, object]:
    """Read a folder as an import does, twice, with a cache that is empty at first."""
    from tamis.core import Silent
    from tamis.data.sources.location import locate
    from tamis.data.sources.options import SourceOptions
    from tamis.data.sources.pdf import read_pdf

    with tempfile.TemporaryDirectory() as cache:
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            source = read_pdf(locate(str(folder), suffixes=(".pdf",)), SourceOptions(workers=1, cache=Path(cache)))
            rows = sum(batch.table.num_rows for batch in source.batches(Silent()))
            seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "rows": rows}


def call(*words: str) -> dict[str, object]:
    """What this script prints when it runs as a process of its own."""
    run = run_command([sys.executable, __file__, *words])
    answer: dict[str, object] = json.loads(run.output.splitlines()[-1])
    return answer


def generate(folder: Path, *, documents: int, pages: int) -> None:
    """Write papers of two columns with an index of their pages and characters."""
    import random

    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    dice = random.Random(7)
    index = []
    for number in range(documents):
        canvas = Canvas(str(folder / f"paper-{number:02}.pdf"), pagesize=A4)
        characters = 0
        for page in range(1, pages + 1):
            lines = [("Journal of Sieves", 72, 810), (str(page), 300, 30)]
            for column in (60, 310):
                for row in range(50):
                    text = " ".join(dice.choices(WORDS, k=8))[:44].strip()
                    lines.append((text + "-" if row % 5 == 0 else text, column, 770 - 14 * row))
            canvas.setFont("Times-Roman", 10)
            for text, left, bottom in lines:
                canvas.drawString(left, bottom, text)
            characters += sum(len(text) for text, _, _ in lines) + len(lines) - 1
            canvas.showPage()
        canvas.save()
        index.append({"file": f"paper-{number:02}.pdf", "pages": pages, "text_chars": characters})
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "pages", "text_chars"])
        writer.writeheader()
        writer.writerows(index)


def worst_deviation(folder: Path, found: dict[str, tuple[int, int]]) -> float | None:
    """How far the characters are off the index in the worst file; page counts must be equal."""
    if not (folder / "index.csv").exists():
        return None
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        index = {line["file"]: line for line in csv.DictReader(file)}
    known = [(found[name], index[name]) for name in found if name in index]
    for (pages, _), line in known:
        if pages != int(line["pages"]):
            sys.exit(f"{line['file']} has {line['pages']} pages, and {pages} were read")
    return max(abs(characters / int(line["text_chars"]) - 1) for (_, characters), line in known)


def compare(folder: Path, *, rounds: int) -> None:
    """Run the rivals in turn on the files all can read, then the cache, and judge."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".pdf")
    if not files:
        sys.exit(f"no PDF in {folder}")
    logging.disable(logging.CRITICAL)
    found = {path: reading for path in files if (reading := tamis(path))}
    both = [path for path in found if pypdf(path)]
    print(f"{len(files)} files, {len(found)} with text, {len(both)} of them readable by all; timing these")

    def run(rival: str) -> Measured:
        answer = call("--work", rival, *map(str, both))
        return Measured(float(str(answer["seconds"])), output=str(answer["processor"]))

    runs = alternate({name: lambda name=name: run(name) for name in RIVALS}, rounds=rounds)
    pages = sum(found[path][0] for path in both)
    seconds = {name: median_seconds(done) for name, done in runs.items()}
    busy = {name: statistics.median(float(each.output) for each in done) for name, done in runs.items()}
    print_table(
        ["", "seconds", "processor seconds", "pages a second", "times pdfminer.six", "by processor seconds"],
        [
            [name, each, busy[name], pages / each, seconds["pdfminer.six"] / each, busy["pdfminer.six"] / busy[name]]
            for name, each in seconds.items()
        ],
    )
    twice = [call("--work-twice", str(folder))["seconds"] for _ in range(rounds)]
    saved = sorted(first / second for first, second in twice)[len(twice) // 2]  # type: ignore[misc]
    print_table(["import of the whole folder", "first, s", "again, s"], [["", *(f"{s:.4f}" for s in twice[0])]])
    ratios = {
        "over_pdfminer": seconds["pdfminer.six"] / seconds["tamis"],
        "over_pypdf": seconds["pypdf"] / seconds["tamis"],
        "second_run": saved,
    }
    targets = {"over_pdfminer": ">= 15", "second_run": ">= 50"}
    deviation = worst_deviation(folder, {path.name: reading for path, reading in found.items()})
    if deviation is not None:
        ratios["worst_character_deviation"] = deviation
        targets["worst_character_deviation"] = "<= 0.05"
    finish("pdf", ratios=ratios, targets=targets)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--quick", action="store_true", help="one round, fewer generated files")
    parser.add_argument("--work", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--work-twice", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        print(json.dumps(work(given.work[0], [Path(path) for path in given.work[1:]])))
    elif given.work_twice:
        print(json.dumps(work_twice(given.work_twice)))
    elif given.folder:
        compare(given.folder, rounds=1 if given.quick else 3)
    else:
        made = Path(tempfile.mkdtemp(prefix="tamis-bench-pdf-"))
        try:
            generate(made, documents=10 if given.quick else 40, pages=5)
            compare(made, rounds=1 if given.quick else 3)
        finally:
            shutil.rmtree(made, ignore_errors=True)


if __name__ == "__main__":
    main()
