"""What every Ledger promises: SQLite, and a PostgreSQL that lives for the tests."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tamis.core import plugins

KINDS = ["sqlite", "postgresql"]


@pytest.fixture(params=KINDS)
def place(request, tmp_path):
    """The name of a ledger, and an address for it."""
    if request.param == "postgresql":
        return request.param, request.getfixturevalue("postgres_database")()
    return request.param, str(tmp_path / "deep" / "history.db")


@pytest.fixture
def opened():
    """A function that opens ledgers and closes them after the test."""
    ledgers = []

    def open_ledger(place):
        name, target = place
        ledgers.append(plugins.load("ledger", name)(target))
        return ledgers[-1]

    yield open_ledger
    for ledger in ledgers:
        ledger.close()


def add(ledger, *lines):
    ledger.append(lambda there: lines)


def count_up(ledger):
    """Append how many lines there are; a race would make a number twice."""
    ledger.append(lambda there: [str(len(there))])


def test_what_was_appended_is_read_in_order_by_others_too(place, opened):
    ledger = opened(place)
    odd = "ü🎉\t'\" \\ " + "x" * 100_000
    add(ledger, "first", odd)
    add(ledger, "third")
    assert list(ledger.read()) == list(opened(place).read()) == ["first", odd, "third"]
    assert list(ledger.read(after=2)) == ["third"]
    assert list(ledger.read(after=3)) == list(ledger.read(after=9)) == []


def test_nothing_is_there_before_the_first_line(place, opened):
    assert list(opened(place).read()) == []
    assert list(opened(place).read()) == []  # nor after somebody looked
    if place[0] == "sqlite":
        assert not Path(place[1]).exists()


def test_who_appends_sees_all_that_is_there(place, opened):
    seen = []
    add(opened(place), "a", "b")
    opened(place).append(lambda there: seen.append(list(there)) or ["c"])
    assert seen == [["a", "b"]]


def test_appending_nothing_changes_nothing(place, opened):
    ledger = opened(place)
    add(ledger)
    add(ledger, "a")
    add(ledger)
    assert list(ledger.read()) == ["a"]


def test_who_fails_appends_nothing_and_the_next_one_does(place, opened):
    ledger = opened(place)
    add(ledger, "a")
    with pytest.raises(ZeroDivisionError):
        ledger.append(lambda there: [str(1 / 0)])
    with pytest.raises(Exception):  # noqa: B017  half of what it wanted is no line
        add(ledger, "b", None)
    add(ledger, "c")
    assert list(opened(place).read()) == ["a", "c"]


def test_it_opens_again_after_it_was_closed(place, opened):
    ledger = opened(place)
    add(ledger, "a")
    ledger.close()
    ledger.close()
    add(ledger, "b")
    ledger.close()
    assert list(ledger.read()) == ["a", "b"]


@pytest.mark.parametrize("statement", ["UPDATE {} SET line = 'x'", "DELETE FROM {}", "DELETE FROM {} WHERE number = 9"])
def test_the_table_refuses_changes_and_removals(place, opened, statement):
    add(opened(place), "a")
    if place[0] == "sqlite":
        if "= 9" in statement:
            return  # it has no line to refuse
        with contextlib.closing(sqlite3.connect(place[1])) as connection:
            with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
                connection.execute(statement.format("ledger"))
    else:
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(place[1]) as connection, connection.cursor() as cursor:
            with pytest.raises(dbapi.Error, match="only ever added to"):
                cursor.execute(statement.format("tamis_ledger"))
    assert list(opened(place).read()) == ["a"]


def test_many_threads_and_ledgers_append_one_after_the_other(place, opened):
    ledgers = [opened(place) for _ in range(4)]
    together = threading.Barrier(4)  # all make the table at one moment

    def work(number):
        if number < 4:
            together.wait()
        count_up(ledgers[number % 4])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    assert list(ledgers[0].read()) == [str(number) for number in range(40)]


_WRITER = """
import sys
from tamis.core import plugins
ledger = plugins.load("ledger", sys.argv[1])(sys.argv[2])
while True:
    ledger.append(lambda there: [str(len(there)), str(len(there) + 1)])
    print(len(ledger.read()), flush=True)
"""


@pytest.mark.slow
def test_a_killed_writer_leaves_whole_groups_all_that_it_was_told_of_and_no_lock(place, opened):
    with subprocess.Popen([sys.executable, "-c", _WRITER, *place], stdout=subprocess.PIPE, text=True) as writer:
        told = 0
        while told < 10:
            told = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        told = int(([str(told), *writer.stdout.read().split()])[-1])
    ledger = opened(place)
    begin = time.monotonic()
    count_up(ledger)
    assert time.monotonic() - begin < 10
    lines = list(ledger.read())
    assert lines == [str(number) for number in range(len(lines))]
    assert len(lines) % 2 == 1
    assert len(lines) > told
