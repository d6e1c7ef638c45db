"""What every SqlEngine keeps: a query over Parquet files gives the same rows whoever runs it."""

from __future__ import annotations

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

from tamis.core import UsageError, plugins


@pytest.fixture(params=sorted(plugins.found("sql")))
def engine(request):
    return plugins.load("sql", request.param)()


@pytest.fixture
def tables(tmp_path):
    one = pa.table({"id": ["1", "2"], "text": ["a", None], "stars": pa.array([5, 1], pa.int64())})
    two = pa.table({"id": ["3"], "text": ["ä b"], "stars": pa.array([None], pa.int64())})
    pq.write_table(one, tmp_path / "one.parquet")
    pq.write_table(two, tmp_path / "two.parquet")
    return {"reviews": [tmp_path / "one.parquet", tmp_path / "two.parquet"]}


def ask(engine, sql, tables, **more):
    return engine.query(sqlglot.transpile(sql, read="duckdb", write=engine.dialect)[0], tables, **more).to_pylist()


def test_files_of_a_table_are_one_table(engine, tables):
    assert ask(engine, "select id from reviews order by id", tables) == [{"id": "1"}, {"id": "2"}, {"id": "3"}]


def test_a_view_is_one_more_name(engine, tables):
    views = {"shown": sqlglot.transpile("select *, text as body from reviews", write=engine.dialect)[0]}
    assert ask(engine, "select body from shown where id = '3'", tables, views=views) == [{"body": "ä b"}]


def test_nulls_count_as_sql_says(engine, tables):
    sql = (
        "select count(*) as n, count(text) as texts, sum(stars) as total, avg(cast(stars as double)) as mean "
        "from reviews"
    )
    row = ask(engine, sql, tables)[0]
    assert (row["n"], row["texts"], int(row["total"]), row["mean"]) == (3, 2, 6, 3.0)


def test_characters_are_counted_not_bytes(engine, tables):
    assert ask(engine, "select length(text) as n from reviews where id = '3'", tables) == [{"n": 3}]


def test_std_is_the_samples(engine, tables):
    row = ask(engine, "select stddev_samp(cast(stars as double)) as s from reviews", tables)[0]
    assert math.isclose(row["s"], math.sqrt(8))


def test_an_empty_result_keeps_its_columns(engine, tables):
    sql = sqlglot.transpile("select id, stars from reviews where 1 = 0", write=engine.dialect)[0]
    assert engine.query(sql, tables).column_names == ["id", "stars"]


@pytest.mark.parametrize(
    "sql",
    [
        "create table x (a int)",
        "drop view reviews",
        "select 1; select 2",
        "",
        "select * from missing_table",
        "select missing_column from reviews",
        "selec 1",
    ],
)
def test_what_is_no_query_over_the_tables_is_refused(engine, tables, sql):
    with pytest.raises(UsageError):
        engine.query(sql, tables)
