"""Databases: SQLite, DuckDB and a PostgreSQL that lives for the tests; types, errors, secrets, and nothing written."""

from __future__ import annotations

import contextlib
import sqlite3

import duckdb
import pytest

from tamis.core import DataError, UsageError


@pytest.fixture
def sqlite_file(tmp_path):
    path = tmp_path / "re views.db"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE reviews (id INTEGER, text TEXT, stars, price, photo BLOB)")
        # a driver that guesses types from the first rows takes `text` and `stars` for something else
        rows = [(n, None, None, n, b"\xff\x00") for n in range(3000)]
        rows += [(3000, "late", "five", 1.5, None), (3001, "ünï", 4, None, None)]
        connection.executemany("INSERT INTO reviews VALUES (?, ?, ?, ?, ?)", rows)
        connection.execute("CREATE VIEW good AS SELECT text FROM reviews WHERE stars = 4")
    return path


class TestSQLite:
    """A file with columns of any type in any row."""

    def test_types_are_those_of_all_rows(self, sqlite_file, read):
        found = read(f"sqlite:///{sqlite_file}", table="reviews")
        kinds = {field.name: str(field.type) for field in found.table.schema}
        assert kinds == {"id": "int64", "text": "string", "stars": "string", "price": "double", "photo": "binary"}
        assert found.rows[-2:] == [
            {"id": 3000, "text": "late", "stars": "five", "price": 1.5, "photo": None},
            {"id": 3001, "text": "ünï", "stars": "4", "price": None, "photo": None},
        ]
        assert len(found.rows) == 3002

    def test_a_query_and_a_view(self, sqlite_file, read):
        assert read(f"sqlite:///{sqlite_file}", query="SELECT id, text FROM reviews WHERE text LIKE 'l%';").rows == [
            {"id": 3000, "text": "late"}
        ]
        assert read(sqlite_file, table="good").rows == [{"text": "ünï"}]

    def test_text_that_is_not_utf_8_is_rejected(self, tmp_path, read):
        with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
            connection.execute("CREATE TABLE t AS SELECT 'ok' AS text UNION ALL SELECT CAST(x'ff41' AS TEXT)")
        found = read(tmp_path / "a.db")
        assert [row["text"] for row in found.rows] == ["ok"]
        assert [(reject.row, reject.reason) for reject in found.rejects] == [(2, "column 'text' is not UTF-8 text")]

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({}, r"which table of .*\? Tables: good, reviews\.\n  name one with --table"),
            ({"table": "reveiws"}, r"no table 'reveiws' in .*Tables: good, reviews\. Did you mean 'reviews'"),
            ({"query": "SELEC 1"}, r'SQLite refuses the query: near "SELEC": syntax error'),
            ({"query": "SELECT * FROM none"}, r"no such table: none\. Tables: good, reviews"),
            ({"query": "DELETE FROM reviews"}, r"the database is only read: attempt to write a readonly database"),
            ({"query": "SELECT 1", "table": "good"}, r"--query and --table exclude each other"),
        ],
    )
    def test_what_cannot_be_asked(self, sqlite_file, read, options, says):
        with pytest.raises(UsageError, match=says):
            read(f"sqlite:///{sqlite_file}", **options)

    def test_wrong_files(self, tmp_path, read, sqlite_file):
        (tmp_path / "text.db").write_text("this is no database, however long it may be" * 20)
        with pytest.raises(DataError, match=r"text\.db: file is not a database"):
            read(tmp_path / "text.db")
        with pytest.raises(UsageError, match=r"no such file: .*Did you mean 're views\.db'"):
            read(f"sqlite:///{tmp_path}/reviews.db")


class TestDuckDB:
    """A DuckDB file."""

    def test_rows_and_messages(self, tmp_path, read):
        with duckdb.connect(str(tmp_path / "a.duckdb")) as database:
            database.execute(
                "CREATE TABLE t AS SELECT range AS id, {'city': 'Ulm'} AS at, ['x'] AS tags FROM range(30000)"
            )
        found = read(f"duckdb:///{tmp_path}/a.duckdb")
        assert found.rows[29_999] == {"id": 29_999, "at.city": "Ulm", "tags": ["x"]}
        with pytest.raises(UsageError, match="DuckDB refuses the query: Catalog Error: Table with name none"):
            read(tmp_path / "a.duckdb", query="SELECT * FROM none")
        with pytest.raises(UsageError, match="read-only"):
            read(tmp_path / "a.duckdb", query="DROP TABLE t")


@pytest.fixture(scope="module")
def postgresql(postgres_database):
    """The address of a database with two tables."""
    from adbc_driver_postgresql import dbapi

    url = postgres_database()
    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
        cursor.execute(
            "CREATE TABLE reviews AS SELECT 1 AS id, 'naïve'::text AS text, 1.50::numeric AS price, "
            "'{x,y}'::text[] AS tags, "
            "'2024-01-02 03:04:05+00'::timestamptz AS at, '2024-01-02'::date AS day, '{\"a\": 1}'::jsonb AS more, "
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS key, 'ok'::mood AS mood, true AS sure, "
            "'1 day'::interval AS age, '127.0.0.1'::inet AS host, '{1.5}'::numeric[] AS prices, "
            "'\\xff'::bytea AS raw"
        )
        cursor.execute("CREATE SCHEMA shop")
        cursor.execute(
            "CREATE TABLE shop.many AS SELECT n AS id, 'text ' || n AS text FROM generate_series(1, 60000) n"
        )
        connection.commit()
    return url


@pytest.mark.slow
class TestPostgreSQL:
    """A real server."""

    def test_every_type_becomes_a_plain_one(self, postgresql, read):
        found = read(postgresql, table="reviews")
        assert {field.name: str(field.type) for field in found.table.schema} == {
            "id": "int32",
            "text": "string",
            "price": "double",
            "tags": "list<item: string>",
            "at": "timestamp[us, tz=UTC]",
            "day": "date32[day]",
            "more": "string",
            "key": "string",
            "mood": "string",
            "sure": "bool",
            "age": "string",
            "host": "string",
            "prices": "list<item: double>",
            "raw": "binary",
        }
        row = found.rows[0]
        assert (row["text"], row["price"], row["tags"], row["more"], row["mood"]) == (
            "naïve",
            1.5,
            ["x", "y"],
            '{"a": 1}',
            "ok",
        )
        assert (row["key"], row["age"], row["host"]) == (
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "1 day",
            "127.0.0.1/32",
        )

    def test_rows_stream_and_the_password_stays_unknown(self, postgresql, tamis, workspace):
        asked = "select * from shop.many order by id"
        outcome = tamis("data", "import", postgresql, "--query", asked, "--name", "many")
        assert outcome.code == 0
        assert "60,000 rows" in outcome.out
        written = outcome.out + "".join(path.read_text() for path in workspace.state.rglob("*.json"))
        assert "127.0.0.1" in written
        assert "pa:ss" not in written
        assert "pa%3Ass" not in written

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({}, r"which table of .*Tables: reviews, shop\.many"),
            ({"table": "shop.mani"}, r"no table 'shop\.mani'.*Did you mean 'shop\.many'"),
            ({"query": "selec 1"}, r'PostgreSQL refuses the query: syntax error at or near "selec"'),
            ({"query": "select * from none"}, r'relation "none" does not exist(.|\n)*Tables: reviews, shop\.many'),
            ({"query": "select none from reviews"}, r'column "none" does not exist'),
            ({"query": "drop table reviews"}, r"only read: cannot execute DROP TABLE in a read-only transaction"),
            ({"query": "delete from reviews returning id"}, r"cannot execute DELETE in a read-only transaction"),
            (
                {"query": "select 1; drop table reviews"},
                r"PostgreSQL refuses the query: cannot insert multiple commands",
            ),
        ],
    )
    def test_what_cannot_be_asked(self, postgresql, read, options, says):
        with pytest.raises(UsageError, match=says):
            read(postgresql, **options)
        assert len(read(postgresql, table="reviews").rows) == 1

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (("pa%3Ass", "wrong"), "password authentication failed for user"),
            ((":pa%3Ass%20word", ""), "no password supplied\n  give user and password in the address, in PGPASSWORD"),
            (("127.0.0.1", "no-such-host.invalid"), 'could not translate host name "no-such-host.invalid"'),
            (("/test_", "/nodb_"), 'database "nodb_'),
        ],
    )
    def test_who_cannot_connect_is_told_why_without_the_password(self, postgresql, read, change, says, monkeypatch):
        monkeypatch.delenv("PGPASSWORD", raising=False)
        scheme, rest = postgresql.split("://")
        with pytest.raises(DataError) as error:
            read(f"{scheme}://{rest.replace(*change)}", table="reviews")
        assert says in str(error.value)
        assert "pa:ss" not in str(error.value)
        assert "word@" not in str(error.value)


def test_nobody_listens(read):
    pytest.importorskip("adbc_driver_postgresql", reason="pip install 'tamis[sql]'")
    with pytest.raises(DataError, match="127.0.0.1.*Connection refused"):
        read("postgresql://me:secret@127.0.0.1:9/db", table="t")


def test_an_address_that_is_none(read):
    with pytest.raises(UsageError, match="address cannot be read") as error:
        read("postgresql://me:secret@[bad/db", table="t")
    assert "secret" not in str(error.value)
