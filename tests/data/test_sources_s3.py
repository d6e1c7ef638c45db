"""Sources in buckets: a file, a prefix, a pattern, packed and zipped; a server on loopback plays S3."""

from __future__ import annotations

import gzip
import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.core import UsageError, plugins


@pytest.fixture
def put(s3_bucket):
    store = plugins.load("store", "s3")()

    def write(name, content):
        with store.write(f"{s3_bucket}/{name}") as file:
            file.write(content)

    return write


def line(text):
    return b'{"text": "%s"}\n' % text.encode()


def test_a_prefix_a_pattern_and_a_file(put, read, s3_bucket):
    put("in/a.jsonl", line("a"))
    put("in/sub/b.jsonl.gz", gzip.compress(line("b")))
    put("in/.hidden.jsonl", line("no"))
    put("in-other/c.jsonl", line("c"))

    def texts(source):
        return [row["text"] for row in read(f"{s3_bucket}{source}").rows]

    assert texts("/in") == texts("/in/") == ["a", "b"]
    assert texts("/in*/[ac].jsonl") == ["c", "a"]  # in the order of the keys: `-` comes before `/`
    assert texts("/in/*.gz") == ["b"]
    assert texts("/in/a.jsonl") == ["a"]


def test_formats_that_need_the_whole_file(put, read, s3_bucket):
    table = io.BytesIO()
    pq.write_table(pa.table({"text": ["p"]}), table)
    put("a.parquet", table.getvalue())
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("x.jsonl", line("z"))
    put("a.zip", archive.getvalue())
    assert read(f"{s3_bucket}/a.parquet").rows == [{"text": "p"}]
    assert read(f"{s3_bucket}/a.zip").rows == [{"text": "z"}]


def test_an_import_remembers_the_address(put, tamis, s3_bucket):
    put("reviews.jsonl", b'{"text": "good", "label": "pos"}\n{"text": "bad", "label": "neg"}\n')
    assert tamis("data", "import", f"{s3_bucket}/reviews.jsonl", "--name", "reviews").code == 0
    assert f"{s3_bucket}/reviews.jsonl" in tamis("data", "show", "reviews", "--json").out


def test_no_such_bucket(s3_bucket, tamis):
    outcome = tamis("data", "import", "s3://there-is-no-such-bucket/a.csv", "--name", "a")
    assert outcome.code == 1
    assert "no such bucket: there-is-no-such-bucket" in outcome.err


def test_nothing_at_a_key(s3_bucket, read):
    with pytest.raises(UsageError, match="nothing at s3://"):
        read(f"{s3_bucket}/none.csv")
