"""What is PostgreSQL's alone: who may not, who is not there, whose connection was cut; the password stays unknown."""

from __future__ import annotations

import sys

import pytest

from tamis.core import MissingExtra, TamisError, UsageError, plugins


@pytest.fixture
def opened():
    """A function that opens ledgers and closes them after the test."""
    ledgers = []

    def open_ledger(url):
        ledgers.append(plugins.load("ledger", "postgres")(url))
        return ledgers[-1]

    yield open_ledger
    for ledger in ledgers:
        ledger.close()


@pytest.fixture(scope="module")
def database(postgres_database):
    return postgres_database()


@pytest.fixture
def execute(database):
    """A function that executes a statement as the owner of the database, in the same moment."""
    from adbc_driver_postgresql import dbapi

    def run(statement):
        with dbapi.connect(database, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    return run


@pytest.mark.parametrize(
    ("change", "says", "hint"),
    [
        (("pa%3Ass", "wrong"), "password authentication failed for user", "PGPASSWORD or in ~/.pgpass"),
        ((":pa%3Ass%20word", ""), "no password supplied", "PGPASSWORD or in ~/.pgpass"),
        (
            ("127.0.0.1", "no-such-host.invalid"),
            'could not translate host name "no-such-host.invalid"',
            "check registry",
        ),
        (("/test_", "/nodb_"), "does not exist", "check registry.url"),
    ],
)
def test_who_cannot_connect_is_told_why_without_the_password(database, opened, change, says, hint, monkeypatch):
    monkeypatch.delenv("PGPASSWORD", raising=False)
    scheme, rest = database.split("://")
    with pytest.raises(TamisError) as error:
        opened(f"{scheme}://{rest.replace(*change)}").append(lambda there: ["a"])
    assert says in error.value.message
    assert hint in error.value.hint
    assert "pa:ss" not in str(error.value)
    assert "pa%3Ass" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://me:secret@127.0.0.1:9/db", "127.0.0.1:9/db: .*Connection refused"),
        ("postgresql:///db?host=127.0.0.1&port=9&password=secret", "Connection refused"),
        ("postgresql://me:se%zzcret@h/db", "invalid percent-encoded token"),
    ],
)
def test_an_address_where_nobody_is(opened, url, says):
    with pytest.raises(TamisError, match=says) as error:
        opened(url).read()
    assert "cret" not in str(error.value)


def test_an_address_that_is_none(opened):
    with pytest.raises(UsageError, match="cannot be read") as error:
        opened("postgresql://me:secret@[bad/db")
    assert "secret" not in str(error.value)


def test_who_may_not_make_the_table_is_told_what_to_ask_for_and_then_may(database, opened, execute):
    execute("CREATE ROLE guest LOGIN PASSWORD 'guest word'")
    guest = opened(database.replace("tamis:pa%3Ass%20word", "guest:guest%20word"))
    assert list(guest.read()) == []
    with pytest.raises(TamisError, match="permission denied for schema public") as error:
        guest.append(lambda there: ["a"])
    assert "GRANT USAGE, CREATE ON SCHEMA public TO guest" in error.value.hint
    owner = opened(database)
    owner.append(lambda there: ["a"])
    with pytest.raises(TamisError, match="permission denied for table tamis_ledger") as error:
        guest.read()
    assert "GRANT SELECT, INSERT ON tamis_ledger TO guest" in error.value.hint
    execute("GRANT SELECT ON tamis_ledger TO guest")
    assert list(guest.read()) == ["a"]  # as a server does that follows an alias
    execute("GRANT INSERT ON tamis_ledger TO guest")
    guest.append(lambda there: ["b"])
    assert list(owner.read()) == ["a", "b"]
    for change in ("TRUNCATE tamis_ledger", "DELETE FROM tamis_ledger", "UPDATE tamis_ledger SET line = 'x'"):
        with pytest.raises(Exception, match="only ever added to"):
            execute(change)  # not even who owns it
    assert list(owner.read()) == ["a", "b"]


def test_a_connection_that_was_cut_is_made_anew(database, opened, execute):
    ledger = opened(database)
    before = list(ledger.read())
    cut = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle'"
    )
    assert execute(cut)[0][0] >= 1
    ledger.append(lambda there: ["after the cut"])
    assert list(ledger.read()) == [*before, "after the cut"]

    def cut_within(there):
        execute(cut.replace("'idle'", "'idle in transaction'"))
        return ["lost"]

    with pytest.raises(TamisError, match="the registry at postgresql://127.0.0.1"):
        ledger.append(cut_within)  # nobody knows what else was true when it began, so it is not tried again
    assert list(ledger.read()) == [*before, "after the cut"]


def test_without_the_driver_the_extra_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "tamis.backends.postgres.ledger", raising=False)
    monkeypatch.setitem(sys.modules, "adbc_driver_manager", None)
    with pytest.raises(MissingExtra, match="the ledger 'postgresql' needs the extra 'sql'"):
        plugins.load("ledger", "postgresql")


def test_a_schema_of_its_own_is_another_history(database, opened, execute):
    execute("CREATE SCHEMA team")
    elsewhere = opened(f"{database}?options=-csearch_path%3Dteam")
    elsewhere.append(lambda there: [f"{len(there)} in team"])
    assert list(elsewhere.read()) == ["0 in team"]
    assert execute("SELECT line FROM team.tamis_ledger") == [("0 in team",)]
    assert "0 in team" not in opened(database).read()
