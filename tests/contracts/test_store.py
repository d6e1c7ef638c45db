"""What every Store promises, run for each that is installed: this machine's files, and S3 (a server on loopback)."""

from __future__ import annotations

import os

import pytest

from tamis.core import DataError, StoredFile, UsageError, plugins


@pytest.fixture(params=["file", "s3"])
def place(request, tmp_path):
    """A store, and an address below which it may write."""
    if request.param == "s3":
        return plugins.load("store", "s3")(), request.getfixturevalue("s3_bucket")
    return plugins.load("store", "file")(), tmp_path.as_uri()


def _put(store, uri, content):
    with store.write(uri) as file:
        file.write(content)


def _get(store, uri):
    with store.read(uri) as file:
        return file.read()


def test_what_was_written_is_read(place):
    store, root = place
    content = os.urandom(3_000_000)
    _put(store, f"{root}/deep/folder/ü?#1.bin", content)
    assert _get(store, f"{root}/deep/folder/ü?#1.bin") == content


def test_listing_is_sorted_and_keeps_to_its_folder(place):
    store, root = place
    for name in ("b/2.txt", "a/1.txt", "b/10.txt", "bc/3.txt"):
        _put(store, f"{root}/{name}", b"12345")
    assert list(store.list(f"{root}/b")) == [
        StoredFile(uri=f"{root}/b/10.txt", bytes=5),
        StoredFile(uri=f"{root}/b/2.txt", bytes=5),
    ]
    assert list(store.list(f"{root}/b/2.txt")) == [StoredFile(uri=f"{root}/b/2.txt", bytes=5)]
    assert [file.uri for file in store.list(root)] == [
        f"{root}/{name}" for name in ("a/1.txt", "b/10.txt", "b/2.txt", "bc/3.txt")
    ]
    assert list(store.list(f"{root}/nothing")) == []


def test_a_write_that_fails_leaves_the_old_file(place):
    store, root = place
    _put(store, f"{root}/a.txt", b"old")
    for name in ("a.txt", "new.txt"):
        with pytest.raises(RuntimeError, match="in the middle"), store.write(f"{root}/{name}") as file:
            file.write(b"half")
            raise RuntimeError("in the middle")
    assert _get(store, f"{root}/a.txt") == b"old"
    assert [file.uri for file in store.list(root)] == [f"{root}/a.txt"]


def test_an_open_file_is_not_there_yet(place):
    store, root = place
    with store.write(f"{root}/a.txt") as file:
        file.write(b"whole")
        assert list(store.list(f"{root}/a.txt")) == []
    assert _get(store, f"{root}/a.txt") == b"whole"


def test_a_missing_file_says_so(place):
    store, root = place
    with pytest.raises(FileNotFoundError), store.read(f"{root}/none.txt") as file:
        file.read()


def test_deleting_twice_is_deleting_once(place):
    store, root = place
    _put(store, f"{root}/a.txt", b"x")
    store.delete(f"{root}/a.txt")
    store.delete(f"{root}/a.txt")
    assert list(store.list(root)) == []


def test_reading_is_streaming_and_seeks(place):
    store, root = place
    _put(store, f"{root}/a.bin", bytes(range(256)) * 20_000)
    with store.read(f"{root}/a.bin") as file:
        assert file.read(3) == b"\0\1\2"
        file.seek(-1, os.SEEK_END)
        assert file.read() == b"\xff"
        file.seek(257)
        assert file.read(2) == b"\1\2"


class TestS3Says:
    """The messages behind an address on S3 that does not work."""

    def test_no_such_bucket(self, s3_bucket):
        store = plugins.load("store", "s3")()
        with pytest.raises(DataError, match="no such bucket: no-such-bucket-here"):
            list(store.list("s3://no-such-bucket-here/data.csv"))
        with pytest.raises(DataError, match="no such bucket"):
            list(store.list("s3://no-such-bucket-here"))

    def test_no_login(self, s3_bucket, monkeypatch, tmp_path):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "none"))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with pytest.raises(DataError, match="no AWS login found") as error:
            list(plugins.load("store", "s3")().list(f"{s3_bucket}/data.csv"))
        assert "aws configure" in str(error.value)

    def test_nobody_answers(self, s3_bucket, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        with pytest.raises(DataError, match="cannot reach S3"):
            list(plugins.load("store", "s3")().list(f"{s3_bucket}/data.csv"))

    def test_an_address_without_a_bucket(self):
        with pytest.raises(UsageError, match="names no bucket"):
            list(plugins.load("store", "s3")().list("s3:///data.csv"))


def test_a_file_whose_content_changed_has_another_mark(place):
    store, root = place
    marks = []
    for content in (b"12345", b"67890"):
        _put(store, f"{root}/a.txt", content)
        (listed,), (alone,) = list(store.list(root)), list(store.list(f"{root}/a.txt"))
        assert listed.mark == alone.mark
        marks.append(listed.mark)
    assert marks[0] != marks[1]
    assert all(marks)
