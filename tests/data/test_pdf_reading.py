"""Many PDFs at once: crashes, the cache, rows and rejects."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pyarrow as pa
import pytest
from reportlab.pdfgen.canvas import Canvas

from tamis.core import Silent, UsageError, plugins
from tamis.data.pdf import Document, Failure, ReadingCache, Task, read_tasks
from tamis.data.pdf.reading import map_surviving
from tamis.data.sources.location import locate
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.pdf import PdfSource, read_pdf


def write(path: Path, *pages: str, password: str | None = None) -> Path:
    """A PDF with one line a page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = Canvas(str(path), encrypt=password)
    for text in pages:
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Good and bad files, at several depths."""
    root = tmp_path / "pdfs"
    write(root / "b.PDF", "the second file", "and its second page")
    write(root / "a.pdf", "the first file")
    write(root / "deep" / "er" / "Ünï cödé, 'quoted'.Pdf", "a file with an odd name")
    write(root / "locked.pdf", "secret", password="open sesame")
    (root / "empty.pdf").write_bytes(b"")
    (root / "page.pdf").write_text("<!doctype html><p>not here</p>")
    return root


def source(folder: Path, **options: object) -> PdfSource:
    """The source of a folder's PDFs, read in this process."""
    return read_pdf(locate(str(folder), suffixes=(".pdf",)), SourceOptions(**{"workers": 1, **options}))  # type: ignore[arg-type]


def rows(found: PdfSource) -> tuple[pa.Table, dict[str, str]]:
    """All rows, and the reasons of rejects by file."""
    batches = list(found.batches(Silent()))
    rejects = {reject.source: reject.reason for batch in batches for reject in batch.rejects}
    return pa.concat_tables([batch.table for batch in batches]), rejects


def test_a_row_a_document_with_named_rejects(folder):
    table, rejects = rows(source(folder))
    assert table["id"].to_pylist() == ["a.pdf", "b.PDF", "deep/er/Ünï cödé, 'quoted'.Pdf"]
    assert table["text"].to_pylist()[1] == "the second file and its second page"
    assert table["page_text"].to_pylist()[1] == ["the second file", "and its second page"]
    assert table["pages"].to_pylist() == [1, 2, 1]
    assert {name: reason.partition(":")[0] for name, reason in rejects.items()} == {
        "locked.pdf": "encrypted",
        "empty.pdf": "empty file",
        "page.pdf": "not a PDF",
    }


def test_a_row_a_page_belongs_to_its_document(folder):
    found = source(folder, per="page")
    table, _ = rows(found)
    assert found.schema is not None
    assert found.schema.group == "document"
    assert table["id"].to_pylist()[:3] == ["a.pdf#1", "b.PDF#1", "b.PDF#2"]
    assert table["document"].to_pylist()[:3] == ["a.pdf", "b.PDF", "b.PDF"]
    assert table["page"].to_pylist()[:3] == [1, 1, 2]


def test_head_has_the_types_of_the_batches(folder, tmp_path):
    found = source(folder)
    assert found.head().schema == rows(found)[0].schema
    only_bad = tmp_path / "bad"
    only_bad.mkdir()
    shutil.copy(folder / "empty.pdf", only_bad)
    assert source(only_bad).head().num_rows == 0
    assert rows(source(only_bad))[0].num_rows == 0


def test_a_password_or_a_file_of_them(folder, tmp_path):
    assert "locked.pdf" in rows(source(folder, password="open sesame"))[0]["id"].to_pylist()
    assert "does not open it" in rows(source(folder, password="wrong"))[1]["locked.pdf"]
    for line in ("locked.pdf,open sesame", "locked.pdf\topen sesame", "LOCKED.pdf, no\nopen sesame"):
        (tmp_path / "passwords.txt").write_text(f"other.pdf,nothing\n\n{line}\n")
        found = rows(source(folder, password_file=tmp_path / "passwords.txt"))[0]
        assert "locked.pdf" in found["id"].to_pylist(), line
    with pytest.raises(UsageError, match="cannot read the password file"):
        source(folder, password_file=tmp_path / "none.txt")


def test_files_inside_a_zip(folder, tmp_path):
    shutil.make_archive(str(tmp_path / "all"), "zip", folder)
    table, rejects = rows(source(tmp_path / "all.zip"))
    assert table["text"].to_pylist()[0] == "the first file"
    assert len(rejects) == 3


def test_wrong_options_are_told_before_any_work(folder):
    with pytest.raises(UsageError, match="--per is document or page"):
        source(folder, per="chapter")
    with pytest.raises(UsageError, match="--workers must be 1"):
        source(folder, workers=0)


@pytest.mark.slow
def test_several_processes_give_the_same_rows(folder):
    one, one_rejects = rows(source(folder))
    two, two_rejects = rows(source(folder, workers=2))
    assert one.equals(two)
    assert one_rejects == two_rejects


@pytest.mark.slow
def test_ray_gives_the_same_rows_and_survives_a_deadly_file(folder, ray_cluster):
    one, one_rejects = rows(source(folder))
    ray, ray_rejects = rows(source(folder, workers=2, executor="ray"))
    assert one.equals(ray)
    assert one_rejects == ray_rejects
    batches = [["a"], ["b", "bomb", "c"], ["d"]]
    executor = plugins.load("executor", "ray")(workers=2, tries=1)
    done = map_surviving(executor, kills, batches, lost=lambda item: f"lost {item}")
    assert [item for batch in done for item in batch] == ["A", "B", "lost bomb", "C", "D"]


def kills(batch: list[str]) -> list[str]:
    return [os._exit(11) if item == "bomb" else item.upper() for item in batch]


def test_the_second_time_nothing_is_read_again(folder, tmp_path):
    def tasks() -> list[Task]:
        return [Task(path=path, bytes=path.stat().st_size) for path in sorted(folder.glob("*.[pP]*"))]

    def read() -> list[Document | Failure]:
        with ReadingCache(tmp_path / "cache") as cache:
            return list(read_tasks(tasks(), workers=1, cache=cache))

    first = read()
    with sqlite3.connect(tmp_path / "cache" / "pdf.sqlite") as database:
        assert database.execute("select count(*) from readings").fetchone() == (5,)
        database.execute("update readings set content = replace(content, 'second', 'SECOND'), sum = sum")
    database.close()
    assert read() == first  # the altered entry's checksum is wrong: it was read again
    (folder / "a.pdf").write_bytes((folder / "b.PDF").read_bytes())
    assert read()[0] == first[1]  # known by its bytes, under whatever name


def test_what_need_not_fail_again_is_not_kept(folder, tmp_path):
    gone = Task(path=folder / "gone.pdf", bytes=1)
    with ReadingCache(tmp_path) as cache:
        key = cache.key(folder / "a.pdf", [])
        assert isinstance(next(read_tasks([gone], workers=1, cache=cache)), Failure)
        cache.put(key, Failure("crashed", "boom"))
        assert cache.get(key) is None
        cache.put(key, Failure("encrypted", "needs a password"))
        assert cache.get(key) == Failure("encrypted", "needs a password")
        assert cache.key(folder / "a.pdf", [["a password"]]) != key


def test_a_damaged_or_unusable_cache_is_done_without(folder, tmp_path):
    path = folder / "a.pdf"
    task = Task(path=path, bytes=path.stat().st_size)
    (tmp_path / "pdf.sqlite").write_bytes(b"this is no database" * 100)
    for _ in range(2):
        with ReadingCache(tmp_path) as cache:
            found = next(read_tasks([task], workers=1, cache=cache))
            assert isinstance(found, Document)
    with ReadingCache(tmp_path) as cache:
        assert cache.get(cache.key(path, task.options)) == found
    with ReadingCache(path / "no folder") as cache:
        assert isinstance(next(read_tasks([task], workers=1, cache=cache)), Document)


def test_touched_bytes_are_another_file(tmp_path):
    path = write(tmp_path / "a.pdf", "before")
    os.utime(path, ns=(0, 0))

    def text() -> str:
        with ReadingCache(tmp_path / "cache") as cache:
            found = next(read_tasks([Task(path=path, bytes=1)], workers=1, cache=cache))
            assert isinstance(found, Document)
            return found.text

    assert text() == "before"
    write(path, "later!")
    os.utime(path, ns=(0, 0))
    assert text() == "later!"


@pytest.mark.slow
def test_a_file_that_kills_its_process_costs_only_itself(tmp_path, monkeypatch):
    (tmp_path / "deadly.py").write_text(
        "import os\ndef work(batch):\n    return [os._exit(11) if item == 'bomb' else item.upper() for item in batch]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import deadly  # type: ignore[import-not-found]

    batches = [["a", "b"], ["c", "bomb", "d"], ["e"], ["bomb"], ["f", "g"]]
    executor = plugins.load("executor", "local")(workers=2, tries=1)
    done = map_surviving(executor, deadly.work, batches, lost=lambda item: f"lost {item}")
    assert [item for batch in done for item in batch] == ["A", "B", "C", "lost bomb", "D", "E", "lost bomb", "F", "G"]
