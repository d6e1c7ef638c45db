"""CSV and TSV as they are found: quotes that are none, odd line ends, other encodings, rows that do not fit."""

from __future__ import annotations

import csv
import io
import random

import pytest

from tamis.core import DataError, Silent, UsageError
from tamis.data import SourceOptions
from tamis.data.sources import delimited
from tamis.data.sources.registry import open_source
from tamis.data.sources.source import StartOver


def _read(path, content, **options):
    """Write a file and return (rows as lists of dicts, rejects as (row, reason), options)."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    source = open_source(str(path), options=SourceOptions(**options))
    batches = None
    for _ in range(3):
        try:
            batches = list(source.batches(Silent()))
            break
        except StartOver:
            continue
    assert batches is not None
    rows = [row for batch in batches for row in batch.table.to_pylist()]
    rejects = [(reject.row, reject.reason) for batch in batches for reject in batch.rejects]
    return rows, rejects, source.options


def _texts(rows, column="text"):
    return [row[column] for row in rows]


def test_a_plain_file(tmp_path):
    rows, rejects, options = _read(tmp_path / "a.csv", "id,text,label\n1,hello you,x\n2,bye you,y\n")
    assert rows == [{"id": 1, "text": "hello you", "label": "x"}, {"id": 2, "text": "bye you", "label": "y"}]
    assert not rejects
    assert options == {"delimiter": ",", "quoting": "minimal", "header": True, "encoding": "utf-8"}


@pytest.mark.parametrize(("mark", "shown"), [(";", ";"), ("|", "|"), ("\t", "tab")])
def test_the_delimiter_is_found(tmp_path, mark, shown):
    content = f"id{mark}text{mark}label\n1{mark}well, hello, you{mark}x\n2{mark}bye, you{mark}y\n"
    rows, _, options = _read(tmp_path / "a.csv", content)
    assert _texts(rows) == ["well, hello, you", "bye, you"]
    assert options["delimiter"] == shown


def test_line_breaks_inside_quotes_and_mixed_line_ends(tmp_path):
    content = 'id,text\r\n1,hello\r\n2,"two\r\nlines"\n3,more\r4,"a\n\nb"\n'
    rows, rejects, _ = _read(tmp_path / "a.csv", content)
    assert _texts(rows) == ["hello", "two\r\nlines", "more", "a\n\nb"]
    assert not rejects


def test_quotes_that_are_letters_in_a_tsv(tmp_path):
    lines = [f"{n}\tsome text {n}\tx" for n in range(50)]
    lines[20] = '20\t"\tx'  # a lone quote, as in token files
    rows, rejects, options = _read(tmp_path / "a.tsv", "id\ttext\tlabel\n" + "\n".join(lines) + "\n")
    assert len(rows) == 50
    assert rows[20]["text"] == '"'
    assert options["quoting"] == "none"
    assert not rejects


def test_quotes_that_enclose_fields_in_a_tsv_come_off_and_quoting_decides(tmp_path):
    content = 'id\ttext\n1\t"he said ""no"" to me"\n2\tplain\n'
    rows, _, options = _read(tmp_path / "a.tsv", content)
    assert (_texts(rows)[0], options["quoting"]) == ('he said "no" to me', "minimal")
    assert any("--quoting none" in note for note in options["notes"])
    rows, _, options = _read(tmp_path / "a.tsv", content, quoting="none")
    assert (_texts(rows)[0], options["quoting"]) == ('"he said ""no"" to me"', "none")


def test_a_quote_inside_a_field_is_a_letter(tmp_path):
    rows, rejects, _ = _read(tmp_path / "a.csv", 'id,text\n1,a 5" nail\n2,"a ""big"" one, yes"\n3,the 6" one\n')
    assert _texts(rows) == ['a 5" nail', 'a "big" one, yes', 'the 6" one']
    assert not rejects


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path):
    before = "".join(f'{n},"some text, number {n}"\n' for n in range(1, 51))
    after = "".join(f'{n},"more text, number {n}"\n' for n in range(52, 101))
    rows, rejects, _ = _read(tmp_path / "a.csv", f'id,text\n{before}51,"never closed\n{after}')
    assert [row["id"] for row in rows] == [*range(1, 51), *range(52, 101)]
    assert rejects == [(51, "a quote opens a field here and does not close it")]
    rows, rejects, _ = _read(tmp_path / "b.csv", f'id,text\n{before}51,"never closed\n52,plain\n')
    assert [row["id"] for row in rows] == [*range(1, 51), 52]
    assert rejects == [(51, "a quote opens a field here and does not close it")]


def test_ragged_rows_and_empty_lines_are_rejected_by_number(tmp_path):
    content = 'id,text\n1,a\n2,"b\nb"\n\n4,x,y\n5\n6,c\n\n\n'
    rows, rejects, _ = _read(tmp_path / "a.csv", content)
    assert [row["id"] for row in rows] == [1, 2, 6]
    assert rejects == [
        (3, "empty line"),
        (4, "expected 2 fields, got 3"),
        (5, "expected 2 fields, got 1"),
        (7, "empty line"),
        (8, "empty line"),
    ]


def test_a_row_of_empty_fields_is_a_row(tmp_path):
    rows, rejects, _ = _read(tmp_path / "a.csv", "id,text\n1,a\n,\n3,c\n")
    assert rows[1] == {"id": None, "text": None}
    assert not rejects


def test_row_numbers_hold_across_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", 300)  # a few rows a block
    lines = [f'{n},"text, with\nbreaks {n}"' for n in range(1, 301)]
    lines[99], lines[199] = "100,too,many", ""
    rows, rejects, _ = _read(tmp_path / "a.csv", "id,text\n" + "\n".join(lines) + "\n")
    assert [row["id"] for row in rows] == [n for n in range(1, 301) if n not in (100, 200)]
    assert rejects == [(100, "expected 2 fields, got 3"), (200, "empty line")]


@pytest.mark.parametrize("seed", range(20))
def test_any_block_size_reads_what_the_csv_module_reads(tmp_path, monkeypatch, seed):
    draw = random.Random(seed)
    letters = ["a", "b ", ",", '"', "\n", "\r\n", "é", "5", ""]
    table = [[str(n), *("".join(draw.choices(letters, k=draw.randint(0, 8))) for _ in range(2))] for n in range(120)]
    out = io.StringIO()
    csv.writer(out, lineterminator=draw.choice(["\n", "\r\n"])).writerows([["id", "text", "more"], *table])
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", draw.choice([40, 111, 1000]))
    rows, rejects, _ = _read(tmp_path / "a.csv", out.getvalue(), quoting="minimal", delimiter=",")
    assert [[str(row["id"]), row["text"] or "", str(row["more"] or "")] for row in rows] == table
    assert not rejects


@pytest.mark.parametrize(
    ("codec", "name"),
    [("utf-8-sig", "utf-8"), ("utf-16", "utf-16-le"), ("cp1252", "cp1252"), ("latin-1", "iso-8859-1")],
)
def test_encodings(tmp_path, codec, name):
    text = "café crème" + (" – it’s" if codec != "latin-1" else "")
    content = f"id,text\n1,{text}\n2,naïve\n".encode(codec)
    rows, _, options = _read(tmp_path / "a.csv", content)
    assert _texts(rows) == [text, "naïve"]
    assert options["encoding"] == name
    assert ("notes" in options) == (name in ("cp1252", "iso-8859-1"))


def test_a_told_encoding_is_taken(tmp_path):
    rows, _, options = _read(tmp_path / "a.csv", "id,text\n1,привет всем\n".encode("cp1251"), encoding="cp1251")
    assert _texts(rows) == ["привет всем"]
    assert options["encoding"] == "cp1251"


def test_a_bad_byte_in_utf8_costs_one_row(tmp_path):
    good = "".join(f"{n},é ü {n}\n" for n in range(1, 100)).encode()
    rows, rejects, options = _read(tmp_path / "a.csv", b"id,text\n" + good + b"100,caf\xe9\n")
    assert len(rows) == 99
    assert rejects == [(100, "not UTF-8: byte E9")]
    assert options["encoding"] == "utf-8"


def test_a_nul_byte_costs_one_row(tmp_path):
    rows, rejects, _ = _read(tmp_path / "a.csv", b"id,text\n1,good\n2,b\0ad\n3,fine\n")
    assert _texts(rows) == ["good", "fine"]
    assert rejects == [(2, "holds a NUL byte")]


def test_only_an_empty_field_is_missing(tmp_path):
    content = "id,text,label\n1,NULL,NA\n2,nan,\n3,,None\n"
    rows, _, _ = _read(tmp_path / "a.csv", content)
    assert [(row["text"], row["label"]) for row in rows] == [("NULL", "NA"), ("nan", None), (None, "None")]
    rows, _, options = _read(tmp_path / "a.csv", content, null_values=("NA", "NULL"))
    assert [(row["text"], row["label"]) for row in rows] == [(None, None), ("nan", None), (None, "None")]
    assert options["null_values"] == ["NA", "NULL"]


def test_types_are_found_with_care(tmp_path):
    content = (
        "code,n,x,flag,day,at,text\n007,1,1.5,true,2026-01-02,2026-01-02 03:04:05,a\n"
        "010,-20,2,false,2026-01-03,2026-01-03T00:00:00,b\n"
    )
    (tmp_path / "a.csv").write_text(content)
    head = open_source(str(tmp_path / "a.csv")).head()
    types = {field.name: str(field.type) for field in head.schema}
    assert types == {
        "code": "string",
        "n": "int64",
        "x": "double",
        "flag": "bool",
        "day": "date32[day]",
        "at": "timestamp[us]",
        "text": "string",
    }


def test_a_late_value_widens_its_column_and_loses_no_row(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "_SAMPLE_BYTES", 2000)
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", 1000)
    early = "".join(f"{n},{n},{n}.5,text {n}\n" for n in range(1000))
    rows, rejects, _ = _read(tmp_path / "a.csv", f"id,n,x,text\n{early}1000,0.25,unknown,late\n")
    assert len(rows) == 1001
    assert not rejects
    assert (rows[0]["n"], rows[-1]["n"]) == (0.0, 0.25)  # whole numbers became real ones
    assert (rows[1]["x"], rows[-1]["x"]) == ("1.5", "unknown")  # numbers became texts


def test_names_are_made_up_where_there_are_none(tmp_path):
    rows, _, options = _read(tmp_path / "a.csv", "bad day,neg\nfine day,pos\ngrey day,neg\n")
    assert rows[0] == {"column_1": "bad day", "column_2": "neg"}
    assert options["header"] is False
    rows, _, options = _read(tmp_path / "b.csv", ",text,text\n0,a,b\n1,c,d\n")
    assert rows[0] == {"column_1": 0, "text": "a", "text_2": "b"}
    assert len(options["notes"]) == 2


def test_the_header_can_be_told(tmp_path):
    rows, _, _ = _read(tmp_path / "a.csv", "id,text\n1,a\n", header=False)
    assert len(rows) == 2
    rows, _, _ = _read(tmp_path / "b.csv", "1,a\n2,b\n", header=True)
    assert rows == [{"1": 2, "a": "b"}]


def test_one_column_keeps_its_empty_lines_apart(tmp_path):
    rows, rejects, _ = _read(tmp_path / "a.csv", 'text\nhello there\n\n""\nbye now\n')
    assert _texts(rows) == ["hello there", None, "bye now"]
    assert rejects == [(2, "empty line")]


def test_several_files_share_their_columns(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n1,one\n")
    (tmp_path / "b.csv").write_text("text,id,more\ntwo,2,x\nthree,3,y\nbad\n")
    source = open_source(str(tmp_path / "*.csv"))
    batches = list(source.batches(Silent()))
    assert [row for batch in batches for row in batch.table.to_pylist()] == [
        {"id": 1, "text": "one", "more": None},
        {"id": 2, "text": "two", "more": "x"},
        {"id": 3, "text": "three", "more": "y"},
    ]
    (reject,) = [reject for batch in batches for reject in batch.rejects]
    assert (reject.source, reject.row) == (str(tmp_path / "b.csv"), 3)
    assert [number for batch in batches for number in batch.numbers.to_pylist()] == [1, 2, 3]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.csv is empty"),
        (b"\n\n", "a.csv is empty"),
        (b"id,text\n", "has a header and no rows: id, text"),
        (bytes(range(256)) * 8, "holds binary data, not text"),
        (b"PAR1" + bytes(50), "is a Parquet file, not text"),
    ],
)
def test_what_is_no_table_of_text(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        _read(tmp_path / "a.csv", content)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "utf-9"}, "no encoding 'utf-9'"),
        ({"delimiter": ",,"}, "--delimiter is one plain character or `tab`, not ',,'"),
        ({"quoting": "maximal"}, "--quoting is auto, minimal or none, not 'maximal'"),
    ],
)
def test_options_that_mean_nothing(tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        _read(tmp_path / "a.csv", "id,text\n1,a\n", **options)


def test_files_that_share_no_column(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n1,one\n")
    (tmp_path / "b.csv").write_text("name,size\nx,2\n")
    with pytest.raises(DataError, match=r"b\.csv shares no column with .*a\.csv: name, size against id, text"):
        open_source(str(tmp_path / "*.csv"))


@pytest.mark.slow
def test_real_files(shared):
    def count(name, *, kind=None, **options):
        source = open_source(str(shared(name)), kind=kind, options=SourceOptions(**options))
        batches = list(source.batches(Silent()))
        rejects = [(reject.row, reject.reason) for batch in batches for reject in batch.rejects]
        return sum(len(batch.table) for batch in batches), rejects, source.options["quoting"]

    gift = "amazon-reviews/amazon_reviews_us_Gift_Card_v1_00.tsv"
    assert count(gift) == (1452, [(1453, "empty line"), (1454, "empty line")], "none")
    assert count("amazon-reviews/amazon_reviews_multi_category.tsv.gz") == (19_791, [], "none")
    for quoting in ("auto", "minimal", "none"):
        assert count("olid/olid-training-v1.0.tsv", quoting=quoting)[:2] == (13_240, [])
    assert count("womens-clothing/Womens Clothing E-Commerce Reviews.csv.gz")[:2] == (23_486, [])
    assert count("madewithml/dataset.csv")[:2] == (764, [])
    rows, rejects, quoting = count("bc5cdr/devel.tsv", kind="tsv", header=False)
    assert (rows, len(rejects), quoting) == (117_453, 4581, "none")
    assert count("olid/labels-levela.csv")[0] == 860


@pytest.mark.parametrize("size", [60, 200, 5000])
def test_blocks_with_quotes_in_odd_places_read_as_the_csv_module_reads(tmp_path, monkeypatch, size):
    draw = random.Random(size)
    fields = ['a 5" nail', '"two\nlines, and ""more"""', "plain", '"x" y', "", '"q, r"']
    content = "id,text,more\n" + "".join(f"{n},{draw.choice(fields)},{draw.choice(fields)}\n" for n in range(400))
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", size)
    rows, rejects, _ = _read(tmp_path / "a.csv", content, quoting="minimal")
    expected = list(csv.reader(io.StringIO(content, newline="")))[1:]
    assert [[str(row["id"]), row["text"] or "", row["more"] or ""] for row in rows] == expected
    assert not rejects
