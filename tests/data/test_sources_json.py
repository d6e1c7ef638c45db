"""JSON and JSONL: nested fields, changing types, broken lines, and documents larger than a block."""

from __future__ import annotations

import json

import pytest

from tamis.core import DataError


@pytest.fixture
def lines(tmp_path, read):
    """Writes lines to a file and reads it."""

    def write(*lines, name="a.jsonl", **options):
        path = tmp_path / name
        path.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
        return read(path, **options)

    return write


def test_nested_fields_become_dotted_columns(lines):
    found = lines({"text": "a", "style": {"Size:": "S", "Fit": {"Waist": 3}}}, {"text": "b", "style": None}, {"n": 1})
    assert found.rows == [
        {"text": "a", "style.Size:": "S", "style.Fit.Waist": 3, "n": None},
        {"text": "b", "style.Size:": None, "style.Fit.Waist": None, "n": None},
        {"text": None, "style.Size:": None, "style.Fit.Waist": None, "n": 1},
    ]


@pytest.mark.parametrize(
    ("values", "become"),
    [
        ([1, 2.5], [1.0, 2.5]),
        ([1, "five", True, None], ["1", "five", "true", None]),
        ([1, {"a": 2}, [3]], ["1", '{"a":2}', "[3]"]),
        (["x", ["y", "z"], None, []], [["x"], ["y", "z"], None, []]),
        ([[1], [2.5], [None]], [[1.0], [2.5], [None]]),
        ([{"a": 1}, {"a": "b"}], ["1", "b"]),
        ([[{"s": 0, "l": "A"}], [{"s": 1, "l": None}]], [[{"s": 0, "l": "A"}], [{"s": 1, "l": None}]]),
        ([2**63 - 1, -1], [2**63 - 1, -1]),
        ([2**64 + 1, 1], [str(2**64 + 1), "1"]),
        (["2020-01-31", "2020-02-01T10:00:00Z"], ["2020-01-31", "2020-02-01T10:00:00Z"]),
        ([{"a": 1, "A": 2}], [1]),
        ([{}, {"a": 1}, {}], [None, 1, None]),
        ([[{}], [{"a": 1}]], [["{}"], ['{"a":1}']]),
        ([[1, "a"], ["b"]], [["1", "a"], ["b"]]),
        ([None, None], [None, None]),
        ([{}, {}], ["{}", "{}"]),
    ],
)
def test_values_that_vary_keep_what_they_say(lines, values, become):
    found = lines(*({"v": value} for value in values))
    assert found.table.column(0).to_pylist() == become


def test_types_may_change_after_many_blocks(lines):
    plain = [{"text": "x" * 1000, "stars": row} for row in range(10_000)]
    found = lines(*plain, {"text": "last", "stars": "five", "late": 1})
    assert found.table["stars"].to_pylist()[-2:] == ["9999", "five"]
    assert found.table["late"].to_pylist()[-2:] == [None, 1]
    assert len(found.rows) == 10_001


def test_the_order_of_columns_is_that_of_the_first_rows(lines):
    assert lines({"b": 1, "a": 2}, {"c": 3, "a": 1, "b": 1}).table.column_names == ["b", "a", "c"]


def test_a_broken_line_is_rejected_with_its_number_and_the_reason(lines, tamis, tmp_path):
    found = lines(
        {"text": "one"},
        b'{"text": "tw',
        b"[1, 2]",
        b"",
        b"null",
        b'{"text": "\xff"}',
        b"   ",
        '{"text": "ééééé"}'.encode(),
        b"",
    )
    assert [row["text"] for row in found.rows] == ["one", "ééééé"]
    assert found.numbers == [1, 8]
    assert [(reject.row, reject.reason) for reject in found.rejects] == [
        (2, "not JSON: unterminated string starting at (at letter 10)"),
        (3, "not an object but a list"),
        (4, "empty line"),
        (5, "not an object but null"),
        (6, "not UTF-8: byte 0xff at position 11"),
        (7, "empty line"),
    ]
    assert found.rejects[0].content == '{"text": "tw'
    outcome = tamis("data", "import", tmp_path / "a.jsonl", "--name", "a")
    assert outcome.code == 3
    assert "row 2: not JSON: unterminated string" in outcome.err


def test_what_python_writes_beside_the_standard_is_read(lines):
    found = lines(b'{"v": NaN, "w": "\\ud83d cut"}', b'{"v": Infinity, "w": "\\ud83d\\ude42"}')
    assert str(found.rows[0]["v"]) == "nan"
    assert [row["w"] for row in found.rows] == ["\ufffd cut", "🙂"]


def test_byte_order_mark_line_ends_and_encodings(lines):
    assert lines(b'\xef\xbb\xbf{"a": 1}\r\n{"a": 2}\r{"a": 3}').table["a"].to_pylist() == [1, 2, 3]
    assert lines('{"a": "é"}\n'.encode("utf-16")).rows == [{"a": "é"}]
    assert lines(b'{"a": "\xe9"}\n', encoding="latin-1").rows == [{"a": "é"}]


def test_an_object_with_keys_without_end_is_a_value(lines):
    found = lines(*({"text": "x", "votes": {f"user{row}-{n}": 1 for n in range(30)}} for row in range(10)))
    assert found.table.column_names == ["text", "votes"]
    assert json.loads(found.rows[3]["votes"])["user3-0"] == 1


class TestDocuments:
    """One JSON value for the whole file."""

    @pytest.mark.parametrize(
        "document",
        [
            '[{"a": 1}, {"a": 2}]',
            '{"meta": {"x": [1]}, "items": [{"a": 1}, {"a": 2}], "tags": ["x"]}',
            '{"a": 1}\n{"a": 2}',
            '{\n  "a": 1\n}\n{\n  "a": 2\n}\n',
            '\ufeff [\n{"a":\n1},{"a":2}\n]\n',
        ],
    )
    def test_records_are_found(self, lines, document):
        assert lines(document.encode(), name="a.json").rows == [{"a": 1}, {"a": 2}]

    def test_records_at_a_path(self, lines):
        document = {"data": {"items": [{"a": 1}], "other": [{"b": 1}]}, "more": [{"c": 1}]}
        assert lines(document, name="a.json", records="data.items").rows == [{"a": 1}]

    def test_a_document_of_many_blocks(self, lines):
        document = [{"n": row, "text": "long " * (row % 400)} for row in range(10_000)]
        found = lines(document, name="a.json")
        assert found.table["n"].to_pylist() == list(range(10_000))
        assert found.table["text"].to_pylist() == [row["text"] for row in document]

    def test_a_value_longer_than_a_block(self, lines):
        assert len(lines([{"text": "x" * 5_000_000}], name="a.json").rows[0]["text"]) == 5_000_000

    def test_records_that_are_no_objects_are_rejected(self, lines):
        found = lines(b'[{"a": 1}, 2, "x", {"a": 3}]', name="a.json")
        assert found.numbers == [1, 4]
        assert [(reject.row, reject.reason) for reject in found.rejects] == [
            (2, "not an object but a number"),
            (3, "not an object but a string"),
        ]

    @pytest.mark.parametrize(
        ("document", "says"),
        [
            (b'[{"a": 1},\n{"a": 2,, }]', r"a\.json, line 2: broken JSON: expecting property name"),
            (b'[{"a": 1} {"a": 2}]', r"a\.json, line 1: broken JSON: expected , or \], found '\{'"),
            (b'[{"a": 1}, {"a"', r"a\.json ends too early: its JSON is not closed"),
            (b'[{"a": 1}', r"a\.json ends too early"),
            (b'[{"a": "cut', r"a\.json ends too early"),
            (b'[{"a": 1}]]', r"broken JSON: expected nothing more"),
            (b"<html>", r"a\.json, line 1: broken JSON: expecting value"),
            (b'{"a": [{"x": 1}], "b": [{"x": 1}]}', r"several lists of records: a, b\n  name one: --records a"),
            (b'{"text": {"0": "a"}, "label": {"0": "b"}}', r"holds columns, not records: text, label"),
        ],
    )
    def test_broken_documents_say_where(self, lines, document, says):
        with pytest.raises(DataError, match=says):
            lines(document, name="a.json")

    def test_a_path_that_is_not_there(self, lines):
        with pytest.raises(DataError, match=r"no key 'itms' .*Keys there: items\. Did you mean 'items'"):
            lines({"data": {"items": []}}, name="a.json", records="data.itms")


def test_files_with_other_columns_are_filled_with_null_and_named(tmp_path, read):
    (tmp_path / "a.jsonl").write_text('{"text": "a", "n": 1}\n\n')
    (tmp_path / "b.jsonl").write_text('{"text": "b", "n": "x", "more": [1]}\n')
    found = read(tmp_path / "*.jsonl")
    assert found.rows == [{"text": "a", "n": "1", "more": None}, {"text": "b", "n": "x", "more": [1]}]
    assert found.source.options["columns_filled_with_null"] == {f"{tmp_path}/a.jsonl": ["more"]}
    assert found.source.uri == f"{tmp_path}/"
    assert found.numbers == [1, 3]
    assert [(reject.source, reject.row) for reject in found.rejects] == [(f"{tmp_path}/a.jsonl", 2)]


def test_the_beauty_reviews(shared, read):
    found = read(shared("amazon-reviews/All_Beauty_5.json.gz"))
    assert len(found.rows) == 5269
    assert not found.rejects
    assert {"overall", "style.Size:", "style.Color:", "image", "vote", "verified"} <= set(found.table.column_names)
