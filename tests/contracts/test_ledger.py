"""What every Ledger promises: SQLite, and a PostgreSQL that lives for the tests."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tamis.core import DataError, plugins


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """The name of a ledger, and an address for an empty one."""
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


def test_what_was_appended_is_read_in_order_by_others_too(place, opened):
    ledger = opened(place)
    odd = "ü\n'\"%s ; -- " + "x" * 100_000
    add(ledger, "1", odd)
    add(ledger, "3")
    assert list(ledger.read()) == list(opened(place).read()) == ["1", odd, "3"]


def test_reading_goes_on_after_some(place, opened):
    ledger = opened(place)
    add(ledger, *map(str, range(10)))
    assert list(ledger.read(after=7)) == ["7", "8", "9"]
    assert list(ledger.read(after=10)) == list(ledger.read(after=99)) == []


def test_nothing_is_there_before_the_first_line(place, opened):
    assert list(opened(place).read()) == []
    if place[0] == "sqlite":
        assert not Path(place[1]).exists()  # reading makes nothing


def test_it_works_on_after_it_was_closed(place, opened):
    ledger = opened(place)
    add(ledger, "1")
    ledger.close()
    ledger.close()
    add(ledger, "2")
    ledger.close()
    assert list(ledger.read()) == ["1", "2"]


def test_who_makes_a_line_sees_all_others(place, opened):
    ledger = opened(place)
    seen = []
    for n in range(3):
        ledger.append(lambda there, n=n: seen.append(list(there)) or [str(n)])
    assert seen == [[], ["0"], ["0", "1"]]


def test_no_line_is_fine_too(place, opened):
    ledger = opened(place)
    add(ledger)
    assert list(ledger.read()) == []
    add(ledger, "1")
    assert list(ledger.read()) == ["1"]


def test_what_is_raised_comes_through_and_nothing_is_appended(place, opened):
    ledger = opened(place)
    add(ledger, "1")

    def refuse(there):
        raise KeyError("no")

    with pytest.raises(KeyError, match="no"):
        ledger.append(refuse)
    with pytest.raises(Exception):  # noqa: B017, PT011  half of what it wanted is no line
        add(ledger, "2", None)
    assert list(ledger.read()) == ["1"]
    add(ledger, "2")
    assert list(ledger.read()) == ["1", "2"]


@pytest.mark.parametrize("statement", ["UPDATE {} SET line = '3'", "DELETE FROM {} WHERE number = 2"])
def test_its_lines_cannot_be_changed_or_removed(place, opened, statement):
    add(opened(place), "1", "2")
    if place[0] == "sqlite":
        refused = pytest.raises(sqlite3.IntegrityError, match="only ever added to")
        with contextlib.closing(sqlite3.connect(place[1])) as connection, refused:
            connection.execute(statement.format("ledger"))
    else:
        from adbc_driver_postgresql import dbapi

        refused = pytest.raises(dbapi.Error, match="only ever added to")
        with dbapi.connect(place[1]) as connection, connection.cursor() as cursor, refused:
            cursor.execute(statement.format("tamis_ledger"))
    assert list(opened(place).read()) == ["1", "2"]


def test_nobody_appends_between_looking_and_writing(place, opened):
    ledgers = [opened(place) for _ in range(6)]
    together = threading.Barrier(6)  # all make the ledger at one moment

    def look_and_write(there):
        time.sleep(0.002)
        return [str(len(there))]

    def append(n):
        if n < 6:
            together.wait()
        ledgers[n % 6].append(look_and_write)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(append, range(48)))
    assert list(ledgers[0].read()) == [str(n) for n in range(48)]


def test_it_is_read_while_somebody_appends(place, opened):
    ledger = opened(place)
    add(ledger, "1")
    inside, go_on = threading.Event(), threading.Event()

    def slowly(there):
        inside.set()
        assert go_on.wait(20)
        return ["2"]

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ledger.append, slowly)
        assert inside.wait(20)
        assert list(opened(place).read()) == ["1"]
        go_on.set()
        waiting.result(timeout=20)
    assert list(ledger.read()) == ["1", "2"]


_WRITER = """
import sys
from tamis.core import plugins
ledger = plugins.load("ledger", sys.argv[1])(sys.argv[2])
while True:
    told = []
    ledger.append(lambda there: told.append(len(there) + 2) or [str(len(there)), "x" * 20_000])
    print(told[0], flush=True)
"""


@pytest.mark.slow
def test_a_killed_writer_leaves_whole_groups_and_all_that_it_was_told_of(place, opened):
    name, target = place
    chance, least = random.Random(5), 0
    for _ in range(2):
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, name, target], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(chance.uniform(0.01, 0.15))
        writer.send_signal(signal.SIGKILL)
        told = int((writer.stdout.read().split() or [0])[-1])
        writer.wait()
        writer.stdout.close()
        lines = list(opened(place).read())
        assert lines[::2] == [str(n) for n in range(0, len(lines), 2)]
        assert {len(line) for line in lines[1::2]} == {20_000}
        assert len(lines) >= max(told, least + 2)
        least = len(lines)
        opened(place).append(lambda there: [str(len(there)), "x" * 20_000])


class TestSqlite:
    """What one file can suffer."""

    def ledger(self, opened, path):
        return opened(("sqlite", str(path)))

    @pytest.mark.parametrize("use", [lambda ledger: add(ledger, "1"), lambda ledger: ledger.read()])
    def test_a_file_that_is_no_database_is_told_and_left_alone(self, use, opened, tmp_path):
        path = tmp_path / "history.db"
        path.write_bytes(b"id,text\n1,hello\n" * 1000)
        before = path.read_bytes()
        with pytest.raises(DataError, match=r"history.db is damaged or no SQLite file"):
            use(self.ledger(opened, path))
        assert path.read_bytes() == before

    @pytest.mark.parametrize("use", [lambda ledger: add(ledger, "1"), lambda ledger: ledger.read()])
    def test_a_database_of_something_else_is_told_and_left_alone(self, use, opened, tmp_path):
        path = tmp_path / "mlflow.db"
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE ledger (number INTEGER PRIMARY KEY, line TEXT)")
        other.close()
        before = path.read_bytes()
        with pytest.raises(DataError, match="a database of something else, not a history"):
            use(self.ledger(opened, path))
        assert path.read_bytes() == before

    def test_a_page_that_was_overwritten_is_told(self, opened, tmp_path):
        path = tmp_path / "history.db"
        ledger = self.ledger(opened, path)
        add(ledger, *["x" * 1000] * 100)
        content = bytearray(path.read_bytes())
        content[4096 * 3 : 4096 * 6] = os.urandom(4096 * 3)
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"move it away"):
            ledger.read()

    def test_one_file_is_all_there_is(self, opened, tmp_path):
        add(self.ledger(opened, tmp_path / "history.db"), "1")
        assert [path.name for path in tmp_path.iterdir()] == ["history.db"]
        shutil.copy(tmp_path / "history.db", tmp_path / "copy.db")
        assert list(self.ledger(opened, tmp_path / "copy.db").read()) == ["1"]

    def test_who_holds_the_file_is_waited_for(self, opened, tmp_path):
        path = tmp_path / "history.db"
        ledger = self.ledger(opened, path)
        add(ledger, "1")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(add, ledger, "2")
            time.sleep(0.2)
            assert not waiting.done()
            other.execute("COMMIT")
            waiting.result(timeout=20)
        other.close()
        assert list(ledger.read()) == ["1", "2"]

    def test_a_full_disk_is_an_error_and_no_half_until_there_is_room_again(self, opened, tmp_path):
        ledger = self.ledger(opened, tmp_path / "history.db")
        add(ledger, "1")
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))  # what a full disk is to whoever writes
        try:
            for _ in range(2):
                with pytest.raises(OSError, match="space|large|disk") as error:
                    add(ledger, "2", "x" * 200_000)
                assert error.value.errno in (errno.ENOSPC, errno.EFBIG, errno.EIO)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, before)
        assert list(ledger.read()) == ["1"]
        add(ledger, "2")
        assert list(ledger.read()) == ["1", "2"]

    def test_a_place_where_no_file_can_be_is_told(self, opened, tmp_path):
        (tmp_path / "folder").mkdir()
        with pytest.raises(OSError, match="unable to open"):
            add(self.ledger(opened, tmp_path / "folder"), "1")

    def test_where_nothing_can_be_written_it_is_read_and_appending_is_told(self, opened):
        folder = Path(tempfile.mkdtemp())
        ledger = self.ledger(opened, folder / "history.db")
        add(ledger, "1")
        (folder / "history.db").chmod(0o444)
        folder.chmod(0o555)
        me = os.geteuid()
        try:
            if me == 0:  # root may write anywhere
                os.seteuid(65534)
            assert list(ledger.read()) == ["1"]
            with pytest.raises(OSError, match="it cannot be written here"):
                add(ledger, "2")
        finally:
            os.seteuid(me)
            folder.chmod(0o755)
            shutil.rmtree(folder)
