"""`tamis data sql`: all datasets by name, read only, with one clear message for a mistake."""

from __future__ import annotations

import json

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.core import DataError, Schema, UsageError
from tamis.data import DatasetWriter, derive, query_datasets, read_catalog, stream_query, translate


@pytest.fixture
def reviews(workspace):
    """Two versions of a dataset whose source called its columns otherwise, with one rejected row."""
    schema = Schema(text=("review_body",), label=("star_rating",), id="Review ID")
    with DatasetWriter(workspace, "reviews", schema=schema, source={"uri": "made", "kind": "test"}) as writer:
        writer.write(pa.table({"id": ["a", "b", "c"], "text": ["one", "two", None], "label": ["1", "5", "5"]}))
        writer.reject(source="r.csv", row=4, reason="3 fields, not 4", content="x,y,z")
        first = writer.commit()[0]
    return first, derive(workspace, first, lambda table: table.slice(0, 2), operation="two rows")[0]


def rows(workspace, sql, **options):
    return query_datasets(workspace, sql, **options).to_pylist()


def test_the_newest_version_has_the_plain_name(workspace, reviews):
    assert rows(workspace, "select count(*) as n from reviews") == [{"n": 2}]
    assert rows(workspace, 'select count(*) as n from "reviews@1"') == [{"n": 3}]
    assert rows(workspace, 'select count(*) as n from "reviews@1" anti join "reviews@2" using (id)') == [{"n": 1}]


def test_a_column_has_its_own_name_and_the_sources(workspace, reviews):
    sql = 'select text, review_body, label, star_rating, "Review ID" from reviews where star_rating >= 4'
    assert rows(workspace, sql) == [
        {"text": "two", "review_body": "two", "label": "5", "star_rating": 5, "Review ID": "b"}
    ]
    table = read_catalog(workspace).tables["reviews"]
    assert table.columns["star_rating"] == "int64"
    assert table.columns["label"] == "string"


def test_labels_that_are_words_stay_words(workspace, make_dataset):
    make_dataset("notes", text=["a"], label=["05"])
    assert "label" in read_catalog(workspace).tables["notes"].columns
    assert read_catalog(workspace).tables["notes"].also == {}


def test_rejected_rows_are_a_table(workspace, reviews):
    assert rows(workspace, 'select "row", reason from "reviews@1__rejects"') == [
        {"row": 4, "reason": "3 fields, not 4"}
    ]
    with pytest.raises(UsageError, match="no table 'reviews__rejects'"):
        rows(workspace, "select * from reviews__rejects")  # the newest version came from rows that were read


def test_names_that_need_quotes(workspace, make_dataset):
    make_dataset("my-notes", text=["a"])
    assert rows(workspace, 'select text from "my-notes"') == [{"text": "a"}]


def test_splits_and_files_are_partitions(workspace, make_dataset):
    make_dataset("notes", text=["a", "b", "c"], split=["train", "train", "test"])
    partitions = {(p.kind, p.name): p.rows for p in read_catalog(workspace).tables["notes"].partitions}
    assert partitions == {("file", "data/part-00000.parquet"): 3, ("split", "train"): 2, ("split", "test"): 1}


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select txt from reviews", "no column 'txt' at line 1, column 8"),
        ("select txt from reviews", "Did you mean 'text'?"),
        ("select r.lable\nfrom reviews r", "no column 'lable' at line 1, column 8.*Did you mean 'label'"),
        ("select 'é', 1,\n  txt from reviews", "at line 2, column 3"),
        ("select * from reveiws", "no table 'reveiws' at line 1, column 15. Tables: .*Did you mean 'reviews'"),
        ("selec 1", 'syntax error at or near "selec" at line 1, column 1'),
        ("select lenght(text) from reviews", "no function 'lenght' at line 1, column 8. Did you mean 'length'"),
        ("select sum(text) from reviews", "try_cast"),
        ("", "the query is empty"),
        ("select 1; select 2", "this is 2 statements"),
    ],
)
def test_a_mistake_is_told_with_its_place(workspace, reviews, sql, message):
    with pytest.raises(UsageError, match=f"(?s){message}"):
        rows(workspace, sql)


def test_a_value_that_cannot_be_cast_is_the_datas_fault(workspace, reviews):
    with pytest.raises(DataError, match="could not convert string 'one'"):
        rows(workspace, "select cast(text as int) from reviews")


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to '{file}'",
        "with x as (copy (select 1) to '{file}' (use_tmp_file false)) select * from x",
        "create table x as select 1",
        "insert into reviews values (1)",
        "set memory_limit = '1TB'",
        "install httpfs",
        "load httpfs",
        "attach '{folder}/x.duckdb'",
        "select * from read_text('{folder}/work/tamis.yaml')",
        "select * from '{folder}/other.parquet'",
        "select * from glob('{folder}/*')",
        "select * from read_csv('https://localhost:1/x.csv')",
        "select getenv('HOME')",
        "pragma database_list",
        "explain analyze copy (select 1) to '{file}'",
    ],
)
def test_a_query_touches_nothing_but_its_datasets(workspace, reviews, tmp_path, sql):
    file = reviews[1].parts[0]
    before = file.read_bytes()
    pq.write_table(pa.table({"secret": [1]}), tmp_path / "other.parquet")
    with pytest.raises(UsageError):
        rows(workspace, f"{sql.format(file=file, folder=tmp_path)} -- reviews")
    assert file.read_bytes() == before
    assert not (tmp_path / "x.duckdb").exists()


def test_temporary_files_lie_in_the_cache_and_go(workspace, reviews):
    with stream_query(workspace, "select * from reviews") as reader:
        assert len(list((workspace.cache / "sql").iterdir())) == 1
        reader.read_all()
    assert list((workspace.cache / "sql").iterdir()) == []


def test_other_dialects(workspace, reviews, tamis):
    assert rows(workspace, "select approx_distinct(id) as n from reviews", dialect="presto") == [{"n": 2}]
    assert rows(workspace, "select `text` from reviews where text rlike '^o'", dialect="spark") == [{"text": "one"}]
    shown = tamis("data", "sql", "select approx_count_distinct(id) as n from reviews", "--to", "presto").out
    assert shown.split() == ["SELECT", "APPROX_DISTINCT(id)", "AS", "n", "FROM", "reviews"]
    assert translate("select a from b", write="spark") == "SELECT a FROM b"


@pytest.mark.parametrize(
    ("sql", "dialect", "message"),
    [
        ("select 1", "sprak", "no SQL dialect 'sprak'.*Did you mean 'spark'"),
        ("select (1", "presto", "not SQL as presto writes it, line 1, column 9"),
        ("select 'a", "presto", "not SQL as presto writes it"),
        ("select 1; select 2", "presto", "2 statements"),
    ],
)
def test_a_mistake_in_another_dialect(workspace, sql, dialect, message):
    with pytest.raises(UsageError, match=message):
        rows(workspace, sql, dialect=dialect)


def test_the_screen_shows_some_rows_and_says_how_many_more(make_dataset, tamis):
    make_dataset("notes", text=[f"note {n} " + "x" * 500 for n in range(50)])
    shown = tamis("data", "sql", "select id, text from notes", "--rows", "3").out
    assert "47 more rows" in shown
    assert "note 2" in shown
    assert "note 3" not in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert "more rows" not in tamis("data", "sql", "select id, text from notes", "--rows", "0").out
    assert "no rows" in tamis("data", "sql", "select * from notes where id = 'x'").out


def test_numbers_on_the_screen_are_plain(make_dataset, tamis):
    make_dataset("notes", text=["a"])
    shown = tamis("data", "sql", "select 2015 as year, 1/3 as share, sum(1000) as total from notes").out
    assert "2015 " in shown
    assert "0.333333" in shown
    assert (
        tamis("data", "sql", "select sum(1000) as total from notes", "--json").out
        == '[\n  {\n    "total": 1000\n  }\n]\n'
    )


def test_rows_go_to_files(make_dataset, tamis, tmp_path):
    make_dataset("notes", text=['a "b", c', None, ""], label=pa.array([["x", "y"], None, []], pa.list_(pa.string())))
    csv = tmp_path / "out.csv"
    assert tamis("data", "sql", "select * from notes", "--csv", csv).err == f"3 rows in {csv}\n"
    assert csv.read_text() == ('"id","text","label"\n"1","a ""b"", c","[""x"", ""y""]"\n"2",,\n"3","","[]"\n')
    assert tamis("data", "sql", "select * from notes", "--parquet", tmp_path / "out.parquet").code == 0
    assert pl.read_parquet(tmp_path / "out.parquet")["label"].to_list() == [["x", "y"], None, []]
    assert json.loads(tamis("data", "sql", "select id from notes", "--json").out) == [
        {"id": "1"},
        {"id": "2"},
        {"id": "3"},
    ]


def test_a_failing_query_leaves_no_file(make_dataset, tamis, tmp_path):
    make_dataset("notes", text=["a", "b"])
    outcome = tamis("data", "sql", "select cast(text as int) from notes", "--csv", tmp_path / "out.csv")
    assert outcome.code == 1
    assert list(tmp_path.glob("*out*")) == []


def test_tables_are_listed(workspace, reviews, tamis):
    shown = tamis("data", "sql", "--tables").out
    assert "reviews@1__rejects" in shown
    listed = {table["table"]: table for table in json.loads(tamis("data", "sql", "--tables", "--json").out)}
    assert listed["reviews"]["columns"]["review_body"] == "string"
    assert listed["reviews@1"]["database"] == "main"
    assert listed["reviews"]["partitions"][0]["rows"] == 2


def test_a_workspace_without_datasets_says_so(workspace):
    with pytest.raises(UsageError, match="There are no datasets yet"):
        rows(workspace, "select * from reviews")


def test_names_that_differ_in_case_only(workspace, make_dataset):
    make_dataset("notes", text=["small"])
    make_dataset("Notes", text=["big"])
    assert rows(workspace, "select text from notes") == [{"text": "small"}]
    assert rows(workspace, "select text from Notes") == [{"text": "big"}]


def test_a_damaged_file_is_told(workspace, make_dataset):
    dataset = make_dataset("notes", text=["a"])
    dataset.parts[0].write_bytes(b"no parquet")
    with pytest.raises(DataError, match=r"the files in .*notes.v1.data cannot be read"):
        rows(workspace, "select text from notes")


def test_bigger_results_come_in_order_and_in_pieces(workspace, make_dataset):
    make_dataset("notes", text=[str(number) for number in range(200_000)])
    with stream_query(workspace, "select cast(text as bigint) as n from notes order by n desc") as reader:
        sizes, first = [], None
        for batch in reader:
            sizes.append(batch.num_rows)
            first = first if first is not None else batch["n"][0].as_py()
    assert (sum(sizes), first) == (200_000, 199_999)
    assert max(sizes) <= 65_536
