"""Parquet and Arrow files: every type plain, text in bytes, files cut off."""

from __future__ import annotations

import datetime
import decimal
import gzip

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from tamis.core import DataError

TYPES = pa.table(
    {
        "text": pa.array(["a", None], pa.large_string()),
        "view": pa.array(["a", "b"], pa.string_view()),
        "category": pa.array(["x", "y"]).dictionary_encode(),
        "tags": pa.array([["a"], None], pa.large_list(pa.large_string())),
        "pair": pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32(), 2)),
        "price": pa.array([decimal.Decimal("1.50"), None], pa.decimal128(10, 2)),
        "half": pa.array([1.5, None], pa.float16()),
        "at": pa.array([datetime.datetime(2024, 1, 2, 3), None], pa.timestamp("ms", tz="UTC")),
        "day": pa.array([datetime.date(2024, 1, 2), None]),
        "nothing": pa.nulls(2),
        "where": pa.array([{"city": "Ulm", "at": {"lat": 48.4}}, None]),
        "counts": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
        "spans": pa.array([[{"start": 0, "end": 1, "label": "X"}], []]),
    }
)
PLAIN = {
    "text": "string",
    "view": "string",
    "category": "string",
    "tags": "list<item: string>",
    "pair": "list<item: float>",
    "price": "double",
    "half": "float",
    "at": "timestamp[ms, tz=UTC]",
    "day": "date32[day]",
    "nothing": "string",
    "where.city": "string",
    "where.at.lat": "double",
    "counts": "list<item: struct<key: string, value: int64>>",
    "spans": "list<item: struct<start: int64, end: int64, label: string>>",
}


def as_stream(table, path):
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=1000)


def as_file(table, path):
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=1000)


WRITERS = {
    "a.parquet": pq.write_table,
    "a.arrow": as_file,
    "a.arrows": as_stream,
    "a.feather": feather.write_feather,
}


@pytest.mark.parametrize("name", WRITERS)
def test_types_become_plain(tmp_path, read, name):
    left_out = [] if name != "a.parquet" else ["half"]
    left_out += ["view"] if name == "a.feather" else []
    WRITERS[name](TYPES.drop_columns(left_out), tmp_path / name)
    found = read(tmp_path / name)
    assert {field.name: str(field.type) for field in found.table.schema} == {
        column: kind for column, kind in PLAIN.items() if column not in left_out
    }
    first, second = found.rows
    assert (first["category"], first["price"], first["where.city"], first["pair"]) == ("x", 1.5, "Ulm", [1.0, 2.0])
    assert first["counts"] == [{"key": "a", "value": 1}]
    assert first["at"] == datetime.datetime(2024, 1, 2, 3, tzinfo=datetime.UTC)
    assert second["where.city"] is None
    assert second["spans"] == []


@pytest.mark.parametrize("name", WRITERS)
def test_all_rows_come_in_order_packed_or_not(tmp_path, read, name):
    WRITERS[name](pa.table({"n": range(40_000)}), tmp_path / name)
    assert read(tmp_path / name).table["n"].to_pylist() == list(range(40_000))
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    assert len(read(tmp_path / f"{name}.gz").table) == 40_000


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("share", [0.5, 0.999])
def test_a_file_that_is_cut_off_is_an_error(tmp_path, read, name, share):
    WRITERS[name](pa.table({"n": range(40_000)}), tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DataError, match=r"is not (Parquet|Arrow), or ends too early"):
        read(tmp_path / name)


def test_a_stream_that_stops_between_two_batches_is_cut_off_too(tmp_path, read):
    as_stream(pa.table({"n": range(4000)}), tmp_path / "a.arrows")
    whole = (tmp_path / "a.arrows").read_bytes()
    (tmp_path / "a.arrows").write_bytes(whole[:-8])  # without its end mark
    with pytest.raises(DataError, match="ends too early"):
        read(tmp_path / "a.arrows")


def test_text_stored_as_bytes_is_text_and_what_is_not_is_rejected(tmp_path, read):
    pq.write_table(
        pa.table({"text": [b"one", "zwö".encode(), b"\xff\xfe", b"four"], "n": [1, 2, 3, 4]}), tmp_path / "a.pq"
    )
    found = read(tmp_path / "a.pq")
    assert found.table["text"].to_pylist() == ["one", "zwö", "four"]
    assert [(reject.row, reject.reason) for reject in found.rejects] == [(3, "column 'text' is not UTF-8 text")]


def test_pictures_stay_bytes(tmp_path, read):
    pq.write_table(pa.table({"text": ["a"], "picture": [b"\x89PNG\xff"]}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").rows == [{"text": "a", "picture": b"\x89PNG\xff"}]


def test_files_of_other_types_share_the_wider_one(tmp_path, read):
    pq.write_table(pa.table({"n": pa.array([1], pa.int8()), "s": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"n": pa.array([2.5], pa.float32()), "s": ["x"], "t": ["new"]}), tmp_path / "b.parquet")
    found = read(tmp_path)
    assert found.rows == [{"n": 1.0, "s": "1", "t": None}, {"n": 2.5, "s": "x", "t": "new"}]
    assert found.source.options == {"files": 2, "columns_filled_with_null": {f"{tmp_path}/a.parquet": ["t"]}}


def test_something_else_named_parquet(tmp_path, read):
    (tmp_path / "a.parquet").write_text("id,text\n1,a\n")
    with pytest.raises(DataError, match=r"a\.parquet is not Parquet, or ends too early"):
        read(tmp_path / "a.parquet")


def test_a_stored_dataset_can_be_imported_again(tmp_path, tamis, workspace, make_dataset):
    dataset = make_dataset("first", text=["a", "b"], label=["x", "y"])
    assert tamis("data", "import", dataset.parts[0], "--name", "second").code == 0
