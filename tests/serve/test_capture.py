"""Capture: what an event holds, that it is kept before the answer, and what happens when it cannot be."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tamis.core import DataError, UsageError, plugins
from tamis.decide import Decider, Rule
from tamis.serve import ServeSettings, open_events
from tamis.serve.capture import Capture
from tamis.serve.problem import Problem

SILENT = Decider(rule=Rule(least_score=1.1))
MAIL = "mail jane@example.com a good film"


class ListLog:
    """An event log in memory; while its gate is closed it waits, and with `error` it fails."""

    def __init__(self):
        self.groups = []
        self.gate = threading.Event()
        self.gate.set()
        self.began = threading.Event()
        self.error = None
        self.sync_error = None
        self.synced = 0

    def append(self, events):
        if events:
            self.began.set()
            assert self.gate.wait(20), "nobody opened the gate"
            if self.error is not None:
                raise self.error
            self.groups.append(list(events))

    def read(self, *, after=0):
        yield from enumerate((event for group in self.groups for event in group), 1)

    def sync(self):
        if self.sync_error is not None:
            raise self.sync_error
        self.synced = len(self.groups)

    def close(self):
        self.closed = True

    @property
    def events(self):
        return [event for _, event in self.read()]


@pytest.fixture
def log():
    return ListLog()


async def until(holds):
    """Return when something holds; it must within 20 seconds."""
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.005)


class TestEvent:
    """What is kept of an answer."""

    def test_all_of_it(self, log, make_linear, open_client):
        bundle = make_linear()
        client = open_client({"m": bundle}, events=log)
        start = time.time()
        answer = client.post(
            "/predict",
            json={"texts": ["a good film", None], "ids": ["x", "y"], "threshold": 0.1, "metadata": {"shop": 7}},
            headers={"x-request-id": "r-1"},
        )
        first, second = log.events
        shown = answer.json()["predictions"][0]
        assert {name: first["prediction"][name] for name in shown} == shown
        assert set(first["prediction"]["scores"]) == {"bad", "good", "odd"}  # though nobody asked for them
        assert start <= first["time"] <= time.time()
        assert 0 < first["seconds"] < 60
        assert {name: first[name] for name in first if name not in ("prediction", "time", "seconds")} == {
            "kind": "prediction",
            "id": "x",
            "request_id": "r-1",
            "route": "m",
            "version": bundle.manifest.seal[:12],
            "shadow": False,
            "text_hash": hashlib.sha256(b"a good film").hexdigest(),
            "text": None,
            "fallback": None,
            "threshold": 0.1,
            "metadata": {"shop": 7},
        }
        assert (second["id"], second["prediction"]["reason"]) == ("y", "empty")
        assert second["text_hash"] == hashlib.sha256(b"").hexdigest()

    @pytest.mark.parametrize(
        ("policy", "kept"), [("none", None), ("redacted", "mail [email] a good film"), ("full", MAIL)]
    )
    def test_the_text_by_policy_and_its_hash_always(self, policy, kept, log, make_linear, open_client):
        client = open_client({"m": make_linear()}, events=log, capture_text=policy)
        client.post("/predict", json={"text": MAIL})
        (event,) = log.events
        assert event["text"] == kept
        assert event["text_hash"] == hashlib.sha256(MAIL.encode()).hexdigest()

    def test_what_the_model_said_stands_beside_a_fallback(self, log, make_linear, open_client):
        client = open_client({"m": make_linear(decider=SILENT)}, events=log, chain=[{"label": "odd"}])
        client.post("/predict", json={"text": "x"})
        (event,) = log.events
        assert (event["prediction"]["label"], event["fallback"]["by"]) == ("odd", "label")
        assert event["fallback"]["instead_of"]["label"] is None
        assert set(event["fallback"]["instead_of"]["scores"]) == {"bad", "good", "odd"}

    def test_without_names_of_the_callers_the_ids_are_unique_and_those_of_the_answer(
        self, log, make_linear, open_client
    ):
        client = open_client({"m": make_linear()}, events=log)
        said = [client.post("/predict", json={"texts": ["a", "b"]}).json()["predictions"] for _ in range(20)]
        ids = [each["id"] for answer in said for each in answer]
        assert [event["id"] for event in log.events] == ids
        assert len(set(ids)) == 40

    def test_what_was_refused_is_not_kept(self, log, make_linear, open_client):
        client = open_client({"m": make_linear()}, events=log, max_texts=1)
        assert client.post("/predict", json={"texts": ["a", "b"]}).status_code == 422
        assert log.events == []


class TestKeeping:
    """When an answer is given, and when not."""

    def test_only_after_it_is_kept_and_meanwhile_the_server_lives(self, log, make_linear, open_client):
        client = open_client({"m": make_linear()}, events=log)
        log.gate.clear()
        with ThreadPoolExecutor(4) as pool:
            first = pool.submit(client.post, "/predict", json={"text": "a"})
            assert log.began.wait(20)
            others = [pool.submit(client.post, "/predict", json={"text": "b"}) for _ in range(3)]
            assert client.get("/livez").status_code == 200
            time.sleep(0.3)
            assert not first.done()
            assert not any(each.done() for each in others)
            log.gate.set()
            assert {each.result(20).status_code for each in (first, *others)} == {200}
        assert [len(group) for group in log.groups] == [1, 3]  # what came meanwhile was one write

    def test_a_write_may_wait_for_more_to_come(self, log, make_linear, open_client):
        client = open_client({"m": make_linear()}, events=log, capture_gather_milliseconds=300)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda _: client.post("/predict", json={"text": "a"}), range(3)))
        assert [len(group) for group in log.groups] == [3]

    def test_what_cannot_be_kept_is_not_said_until_there_is_room_again(self, log, make_linear, open_client, caplog):
        caplog.set_level(logging.INFO, "tamis.serve.capture")
        client = open_client({"m": make_linear()}, events=log)
        log.error = OSError(28, "No space left on device", "/secret/place")
        for _ in range(3):
            answer = client.post("/predict", json={"text": "a"})
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) > 0
            assert "label" not in answer.json()
            assert "secret" not in answer.text
        assert client.get("/readyz").status_code == 200
        log.error = None
        assert client.post("/predict", json={"text": "a"}).status_code == 200
        told = [record.getMessage() for record in caplog.records if record.name == "tamis.serve.capture"]
        assert len(told) == 2  # not once a request
        assert "No space left on device" in told[0]
        assert told[1] == "answers are kept again"

    def test_nobody_waits_for_ever_for_a_disk_that_does_not_answer(self, log, make_linear, open_client):
        client = open_client({"m": make_linear()}, events=log, deadline_seconds=0.3)
        log.gate.clear()
        start = time.monotonic()
        try:
            assert client.post("/predict", json={"text": "a"}).status_code == 503
            assert time.monotonic() - start < 10
        finally:
            log.gate.set()

    def test_what_waits_when_the_server_stops_is_kept_and_told_so(self, log):
        async def stop_while_it_writes() -> None:
            capture = Capture(log)
            kept = asyncio.create_task(capture.keep(lambda: [{"n": 1}]))
            assert await asyncio.to_thread(log.began.wait, 20)
            late = asyncio.create_task(capture.keep(lambda: [{"n": 2}]))
            await asyncio.sleep(0)
            stopped = asyncio.create_task(capture.close())
            await asyncio.sleep(0.1)
            assert not stopped.done()
            log.gate.set()
            await asyncio.gather(kept, late, stopped)

        log.gate.clear()
        asyncio.run(stop_while_it_writes())
        assert log.events == [{"n": 1}, {"n": 2}]
        assert log.closed

    def test_the_disk_is_synced_a_moment_later_and_at_the_end(self, log):
        async def keep_two() -> None:
            capture = Capture(log, sync_seconds=0.5)
            await capture.keep(lambda: [{"n": 1}])
            assert log.synced == 0
            await until(lambda: log.synced == 1)
            await capture.keep(lambda: [{"n": 2}])
            await capture.close()
            assert log.synced == 2

        asyncio.run(keep_two())

    def test_an_answer_waits_for_the_disk_if_it_is_to(self, log):
        async def keep() -> None:
            capture = Capture(log, sync_seconds=0)
            await capture.keep(lambda: [{"n": 1}])
            assert log.synced == 1
            log.sync_error = OSError("the disk is gone")
            with pytest.raises(Problem, match="kept first"):
                await capture.keep(lambda: [{"n": 2}])
            await capture.close()

        asyncio.run(keep())

    def test_a_sync_that_fails_is_told_and_tried_again(self, log, caplog):
        async def keep() -> None:
            capture = Capture(log, sync_seconds=0.05)
            log.sync_error = OSError("the disk is gone")
            await capture.keep(lambda: [{"n": 1}])
            await until(lambda: "would not survive a power cut: the disk is gone" in caplog.text)
            await asyncio.sleep(0.1)
            assert caplog.text.count("would not survive") == 1  # it is not told all the time
            log.sync_error = None
            await capture.close()
            assert log.synced == 1

        asyncio.run(keep())

    def test_nothing_is_kept_without_a_log(self, make_linear, open_client):
        client = open_client({"m": make_linear()})
        assert client.post("/predict", json={"text": "a"}).status_code == 200

    def test_a_log_that_cannot_be_used_is_told_before_anybody_is_answered(self, make_linear, open_client, tmp_path):
        (tmp_path / "a.sqlite").write_bytes(b"something else" * 1000)
        events = plugins.load("events", "sqlite")(tmp_path / "a.sqlite")
        with pytest.raises(DataError, match=r"a.sqlite is damaged or no SQLite file"):
            open_client({"m": make_linear()}, events=events)


class TestOpenEvents:
    """Where the answers of a workspace are."""

    @pytest.mark.parametrize(
        ("target", "kind", "there"),
        [
            ("", "SqliteEvents", ".tamis/captures/answers.sqlite"),
            ("kept/a.sqlite", "SqliteEvents", "kept/a.sqlite"),
            ("kept", "ParquetEvents", "kept"),
        ],
    )
    def test_by_name(self, target, kind, there, workspace):
        log = open_events(workspace, ServeSettings(capture_to=target))
        log.append([{"n": 1}])
        log.close()
        assert type(log).__name__ == kind
        assert (workspace.root / there).exists()
        assert [event for _, event in open_events(workspace, ServeSettings(capture_to=target)).read()] == [{"n": 1}]

    def test_a_uri(self, workspace, tmp_path):
        open_events(workspace, ServeSettings(capture_to=(tmp_path / "far").as_uri())).append([{"n": 1}])
        assert list((tmp_path / "far").rglob("*.parquet"))

    def test_what_is_not_to_be_had_is_told(self, workspace):
        with pytest.raises(UsageError, match="SQLite needs a plain path"):
            open_events(workspace, ServeSettings(capture_to="s3://bucket/a.sqlite"))
        with pytest.raises(UsageError, match="no store named 'ftp'"):
            open_events(workspace, ServeSettings(capture_to="ftp://there/answers"))
