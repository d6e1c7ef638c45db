"""What every EventLog promises: SQLite, and Parquet files here and on S3 (a server on loopback)."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tamis.core import DataError, plugins


@pytest.fixture(params=["sqlite", "parquet", "parquet on s3"])
def place(request, tmp_path):
    """The name of a log, and an address for it."""
    if request.param == "parquet on s3":
        return "parquet", f"{request.getfixturevalue('s3_bucket')}/events"
    return request.param, str(tmp_path / "deep" / "events")


@pytest.fixture
def opened():
    """A function that opens logs and closes them after the test."""
    logs = []

    def open_log(place):
        name, target = place
        logs.append(plugins.load("events", name)(target))
        return logs[-1]

    yield open_log
    for log in logs:
        log.close()


def events_of(log, **after):
    return [event for _, event in log.read(**after)]


def test_what_was_appended_is_read_in_order_by_others_too(place, opened):
    log = opened(place)
    odd = {"text": "ü\n\0'\"", "deep": {"list": [1, None, True, 0.1]}, "more": "x" * 100_000}
    log.append([{"n": 1}, odd])
    log.append([{"n": 3}])
    assert events_of(log) == events_of(opened(place)) == [{"n": 1}, odd, {"n": 3}]


def test_numbers_grow_and_reading_goes_on_after_one(place, opened):
    for n in range(3):  # a server that is started three times
        log = opened(place)
        log.append([{"n": n}, {"n": n + 100}])
        log.close()
    numbers = [number for number, _ in log.read()]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 6
    assert events_of(log, after=numbers[2]) == [{"n": 101}, {"n": 2}, {"n": 102}]
    assert events_of(log, after=numbers[-1]) == []


def test_nothing_is_there_before_the_first_event(place, opened):
    assert events_of(opened(place)) == []
    if "://" not in place[1]:
        assert not Path(place[1]).exists()  # reading makes nothing


def test_syncing_loses_nothing_and_needs_nothing(place, opened):
    log = opened(place)
    log.sync()
    log.append([{"n": 1}])
    log.sync()
    log.append([{"n": 2}])
    log.sync()
    assert events_of(opened(place)) == [{"n": 1}, {"n": 2}]


def test_storing_nothing_opens_the_log(place, opened):
    log = opened(place)
    log.append([])
    assert events_of(log) == []
    log.append([{"n": 1}])
    assert events_of(log) == [{"n": 1}]


def test_half_a_surrogate_pair_and_strange_values_are_kept_as_well_as_can_be(place, opened):
    log = opened(place)
    log.append([{"text": "a\ud800b", "path": Path("x")}])
    assert events_of(log) == [{"text": "a?b", "path": "x"}]


def test_many_threads_and_logs_lose_nothing(place, opened):
    logs = [opened(place) for _ in range(6)]
    together = threading.Barrier(6)  # all make the file at one moment

    def append(n: int) -> None:
        if n < 6:
            together.wait()
        logs[n % 6].append([{"n": n}, {"n": n + 0.5}])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(append, range(24)))
    said = events_of(logs[0])
    assert sorted(event["n"] for event in said) == sorted([*range(24), *(n + 0.5 for n in range(24))])


_WRITER = """
import sys
from tamis.core import plugins
log = plugins.load("events", sys.argv[1])(sys.argv[2])
n = 0
while True:
    log.append([{"n": n, "text": "x" * 2000}, {"n": n + 1}])
    n += 2
    print(n, flush=True)
"""


@pytest.mark.parametrize("name", ["sqlite", "parquet"])
def test_a_killed_writer_leaves_whole_groups_and_all_that_it_was_told_of(name, tmp_path, opened):
    target = str(tmp_path / "events")
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, name, target], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    writer.stdout.readline()
    time.sleep(0.3)
    writer.send_signal(signal.SIGKILL)
    told = int(writer.stdout.read().split()[-1])
    writer.wait()
    writer.stdout.close()
    log = opened((name, target))
    kept = [event["n"] for event in events_of(log)]
    assert kept == list(range(len(kept)))
    assert len(kept) in (told, told + 2)
    log.append([{"n": "later"}])
    assert events_of(log)[-1] == {"n": "later"}


@pytest.mark.parametrize("name", ["sqlite", "parquet"])
def test_a_full_disk_is_an_error_and_no_half_until_there_is_room_again(name, tmp_path, opened):
    log = opened((name, str(tmp_path / "events")))
    log.append([{"n": 1}])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))  # what a full disk is to whoever writes
    try:
        for _ in range(2):
            with pytest.raises(OSError, match="space|large|disk") as error:
                log.append([{"n": 2}, {"n": 3, "more": os.urandom(100_000).hex()}])
            assert error.value.errno in (errno.ENOSPC, errno.EFBIG, errno.EIO)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert events_of(log) == [{"n": 1}]
    log.append([{"n": 4}])
    assert events_of(log) == [{"n": 1}, {"n": 4}]


class TestSqlite:
    """What one file can suffer."""

    def log(self, opened, path):
        return opened(("sqlite", str(path)))

    @pytest.mark.parametrize("use", [lambda log: log.append([{"n": 1}]), lambda log: list(log.read())])
    def test_a_file_that_is_no_database_is_told_and_left_alone(self, use, opened, tmp_path):
        path = tmp_path / "events.sqlite"
        path.write_bytes(b"id,text\n1,hello\n" * 1000)
        before = path.read_bytes()
        with pytest.raises(DataError, match=r"events.sqlite is damaged or no SQLite file"):
            use(self.log(opened, path))
        assert path.read_bytes() == before

    @pytest.mark.parametrize("use", [lambda log: log.append([{"n": 1}]), lambda log: list(log.read())])
    def test_a_database_of_something_else_is_told_and_left_alone(self, use, opened, tmp_path):
        path = tmp_path / "mlflow.db"
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE runs (name TEXT)")
        other.close()
        before = path.read_bytes()
        with pytest.raises(DataError, match="a database of something else"):
            use(self.log(opened, path))
        assert path.read_bytes() == before

    def test_a_page_that_was_overwritten_is_told(self, opened, tmp_path):
        path = tmp_path / "events.sqlite"
        log = self.log(opened, path)
        log.append([{"n": n, "more": "x" * 1000} for n in range(100)])
        log.close()
        content = bytearray(path.read_bytes())
        content[4096 * 3 : 4096 * 6] = os.urandom(4096 * 3)
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"move it away"):
            list(log.read())

    def test_who_holds_the_file_is_waited_for(self, opened, tmp_path):
        path = tmp_path / "events.sqlite"
        log = self.log(opened, path)
        log.append([])
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(log.append, [{"n": 1}])
            time.sleep(0.2)
            assert not waiting.done()
            other.execute("COMMIT")
            waiting.result(timeout=20)
        other.close()
        assert events_of(log) == [{"n": 1}]

    def test_a_file_that_was_taken_away_is_made_anew(self, opened, tmp_path):
        path = tmp_path / "events.sqlite"
        log = self.log(opened, path)
        log.append([{"n": 1}])
        for file in tmp_path.iterdir():
            file.unlink()
        log.append([{"n": 2}])
        assert events_of(log) == [{"n": 2}]

    def test_a_place_where_no_file_can_be_is_told(self, opened, tmp_path):
        (tmp_path / "folder").mkdir()
        with pytest.raises(OSError, match="unable to open"):
            self.log(opened, tmp_path / "folder").append([{"n": 1}])


class TestParquet:
    """What a folder of files can suffer."""

    def test_any_reader_of_parquet_reads_it_by_day(self, opened, tmp_path):
        log = opened(("parquet", str(tmp_path)))
        log.append([{"n": 1}, {"n": 2}])
        log.append([{"n": 3}])
        table = pq.read_table(tmp_path)
        assert table.column_names == ["number", "event", "date"]
        assert sorted(table["event"].to_pylist()) == ['{"n":1}', '{"n":2}', '{"n":3}']

    def test_files_of_others_and_half_files_of_the_killed_are_passed_over(self, opened, tmp_path):
        log = opened(("parquet", tmp_path.as_uri()))
        log.append([{"n": 1}])
        (day,) = tmp_path.iterdir()
        (day / ".writing-1-abc").write_bytes(b"half")
        (day / "notes.parquet").write_bytes(b"no")
        assert events_of(log) == [{"n": 1}]

    def test_a_damaged_file_is_named(self, opened, tmp_path):
        log = opened(("parquet", str(tmp_path)))
        log.append([{"n": 1}])
        (file,) = tmp_path.rglob("*.parquet")
        file.write_bytes(file.read_bytes()[:-10])
        with pytest.raises(DataError, match=rf"{file.name} is damaged"):
            list(log.read())

    def test_a_clock_that_was_set_back_does_not_mix_up_the_order(self, opened, tmp_path):
        log = opened(("parquet", str(tmp_path)))
        log.append([{"n": 1}])
        (file,) = tmp_path.rglob("*.parquet")
        ahead = time.time_ns() + 60 * 10**9
        file.rename(file.with_name(f"{ahead:019d}-{ahead:019d}-00000000.parquet"))
        later = opened(("parquet", str(tmp_path)))
        later.append([{"n": 2}])
        assert events_of(later) == [{"n": 1}, {"n": 2}]
