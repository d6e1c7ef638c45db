"""Where sources are: files, globs, folders, archives; packed, cut off, locked, misnamed."""

from __future__ import annotations

import bz2
import gzip
import os
import subprocess
import sys
import zipfile

import pytest
import zstandard

from tamis.core import DataError, UsageError
from tamis.data.sources.location import locate, suffix_of

ROWS = b'{"text": "one"}\n{"text": "two"}\n'
PACK = {".gz": gzip.compress, ".bz2": bz2.compress, ".zst": zstandard.compress}


def contents(source, **options):
    found = {}
    for each in locate(str(source), **options):
        with each.open() as stream:
            found[each.uri] = stream.read()
            assert stream.consumed == each.bytes
    return found


@pytest.mark.parametrize("packing", PACK)
def test_packed_files_are_unpacked(tmp_path, packing):
    path = tmp_path / f"a.JSONL{packing}"
    path.write_bytes(PACK[packing](ROWS))
    assert contents(path) == {str(path): ROWS}
    assert locate(str(path))[0].suffix == ".jsonl"


@pytest.mark.parametrize("packing", PACK)
def test_parts_packed_one_after_the_other_are_all_read(tmp_path, packing):
    path = tmp_path / f"a.jsonl{packing}"
    path.write_bytes(PACK[packing](ROWS) * 3)
    assert contents(path) == {str(path): ROWS * 3}


@pytest.mark.parametrize("packing", PACK)
def test_a_packed_file_that_is_cut_off_is_an_error_not_a_short_dataset(tmp_path, tamis, packing):
    path = tmp_path / f"a.jsonl{packing}"
    path.write_bytes(PACK[packing](b"".join(b'{"text": "%d"}\n' % n for n in range(50_000)))[:-20])
    outcome = tamis("data", "import", path, "--name", "a")
    assert outcome.code == 1
    assert f"{path} ends too early: the packed file is cut off" in outcome.err
    assert tamis("data", "list", "--json").out.strip() == "[]"


def test_a_damaged_file_is_named(tmp_path):
    packed = bytearray(gzip.compress(os.urandom(100_000)))
    packed[5000:5100] = b"x" * 100
    (tmp_path / "a.csv.gz").write_bytes(packed)
    with pytest.raises(DataError, match=r"a\.csv\.gz is damaged"):
        contents(tmp_path / "a.csv.gz")


def test_what_packs_a_file_is_seen_in_it_not_in_its_name(tmp_path):
    (tmp_path / "really-gz.jsonl").write_bytes(gzip.compress(ROWS))
    (tmp_path / "really-plain.jsonl.gz").write_bytes(ROWS)
    assert set(contents(tmp_path).values()) == {ROWS}


def test_a_text_may_begin_like_a_bz2(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"BZh is how bzip2 files begin\n")
    assert list(contents(tmp_path / "a.txt").values()) == [b"BZh is how bzip2 files begin\n"]


def test_a_zip_gives_an_input_for_each_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "two.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("b.jsonl", "sub/a.jsonl", "__MACOSX/._b.jsonl", ".hidden.jsonl", "README.md"):
            archive.writestr(name, ROWS)
    found = contents(tmp_path / "two.zip", suffixes=[".jsonl"])
    assert found == {f"{tmp_path}/two.zip/b.jsonl": ROWS, f"{tmp_path}/two.zip/sub/a.jsonl": ROWS}


def test_an_encrypted_zip_says_so(tmp_path, tamis):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.jsonl", ROWS)
    locked = bytearray((tmp_path / "a.zip").read_bytes())
    locked[6] |= 1  # the flag in the file's own header, and in the table of contents
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(locked)
    outcome = tamis("data", "import", tmp_path / "a.zip", "--name", "a")
    assert outcome.code == 1
    assert "a.zip is encrypted (a.jsonl)" in outcome.err


def test_a_zip_that_is_cut_off_says_so(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.jsonl", ROWS)
    (tmp_path / "a.zip").write_bytes((tmp_path / "a.zip").read_bytes()[:-10])
    with pytest.raises(DataError, match=r"a\.zip is cut off or damaged"):
        locate(str(tmp_path / "a.zip"))


def test_tar_archives_are_refused_by_name_and_content(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(b"")
    with pytest.raises(DataError, match=r"a\.tar\.gz is a tar archive"):
        locate(str(tmp_path / "a.tar.gz"))
    (tmp_path / "a.csv").write_bytes(b"name".ljust(257, b"\0") + b"ustar\0" + bytes(300))
    with pytest.raises(DataError, match=r"a\.csv is a tar archive"):
        locate(str(tmp_path / "a.csv"))


def test_globs_and_folders_find_files_sorted_and_leave_hidden_ones(tmp_path):
    for name in ("b.jsonl", "a.jsonl", "sub/c.jsonl", ".cache/d.jsonl", "sub/.e.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(ROWS)

    def names(source):
        return [each.uri.removeprefix(f"{tmp_path}/") for each in locate(str(source))]

    assert names(tmp_path / "*.jsonl") == ["a.jsonl", "b.jsonl"]
    assert names(tmp_path / "**" / "*.jsonl") == ["a.jsonl", "b.jsonl", "sub/c.jsonl"]
    assert names(tmp_path) == ["a.jsonl", "b.jsonl", "sub/c.jsonl"]
    assert names((tmp_path / "a.jsonl").as_uri()) == ["a.jsonl"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    (tmp_path / "a[1].jsonl").write_bytes(ROWS)
    assert [each.uri for each in locate(str(tmp_path / "a[1].jsonl"))] == [str(tmp_path / "a[1].jsonl")]


def test_what_is_left_aside_is_said(tmp_path, caplog):
    (tmp_path / "a.jsonl").write_bytes(ROWS)
    (tmp_path / "notes.md").write_text("x")
    assert len(locate(str(tmp_path), suffixes=[".jsonl"])) == 1
    assert "left aside" in caplog.text
    assert "1 .md" in caplog.text


def test_suffixes_look_below_the_packing():
    assert [suffix_of(name) for name in ("a.csv", "a.CSV.GZ", "a.gz", "dir.x/a")] == [".csv", ".csv", "", ""]


class TestWrongPlaces:
    """Each says what came and what to do."""

    def test_no_such_file_names_the_nearest(self, tmp_path, tamis):
        (tmp_path / "reviews.jsonl").write_bytes(ROWS)
        outcome = tamis("data", "import", tmp_path / "reveiws.jsonl", "--name", "a")
        assert outcome.code == 2
        assert f"no such file: {tmp_path}/reveiws.jsonl. Did you mean 'reviews.jsonl'?" in outcome.err

    def test_no_such_folder(self, tmp_path):
        with pytest.raises(UsageError, match="there is no folder"):
            locate(str(tmp_path / "none" / "a.csv"))

    def test_a_pattern_without_a_match(self, tmp_path):
        with pytest.raises(UsageError, match="no file matches"):
            locate(str(tmp_path / "*.csv"))

    def test_a_folder_without_readable_files(self, tmp_path, tamis):
        outcome = tamis("data", "import", tmp_path, "--name", "a", "--kind", "parquet")
        assert outcome.code == 1
        assert "holds nothing to read: 1 .yaml. Read here: .parquet .pq" in outcome.err

    def test_an_empty_folder(self, tmp_path):
        (tmp_path / "empty").mkdir()
        with pytest.raises(DataError, match="holds no files"):
            locate(str(tmp_path / "empty"))

    def test_several_kinds_in_one_folder(self, tmp_path, tamis):
        (tmp_path / "in").mkdir()
        for name in ("a.jsonl", "b.txt", "c.txt"):
            (tmp_path / "in" / name).write_bytes(ROWS)
        outcome = tamis("data", "import", tmp_path / "in", "--name", "a")
        assert outcome.code == 2
        assert "several kinds: 2 text, 1 jsonl" in outcome.err

    def test_an_unknown_suffix_lists_the_kinds(self, tmp_path, tamis):
        (tmp_path / "a.xyz").write_bytes(ROWS)
        outcome = tamis("data", "import", tmp_path / "a.xyz", "--name", "a")
        assert outcome.code == 2
        assert "--kind" in outcome.err
        assert "jsonl" in outcome.err

    def test_an_unknown_scheme_lists_what_is_read(self):
        with pytest.raises(UsageError, match=r"nothing installed reads gs:// addresses\. Known: http://, .*s3://"):
            locate("gs://bucket/a.csv")

    def test_a_device_is_no_file(self):
        with pytest.raises(UsageError, match="neither a file nor a folder"):
            locate("/dev/null")

    def test_permission_denied(self, tmp_path):
        path = tmp_path / "secret.jsonl"
        path.write_bytes(ROWS)
        path.chmod(0)
        if os.access(path, os.R_OK):  # root reads everything: ask as somebody else
            for folder in [tmp_path, *tmp_path.parents[:-2]]:
                folder.chmod(folder.stat().st_mode | 0o005)
            drop = "import os; os.setgid(65534); os.setuid(65534)\n"
        else:
            drop = ""
        code = (
            "from tamis.data.sources.location import locate\nfrom tamis.core import DataError\n"
            + drop
            + f"try: locate({str(path)!r})\nexcept DataError as error: print(error)"
        )
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        assert f"may not read {path}: permission denied" in said
