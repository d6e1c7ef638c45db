"""A real server that is killed under load, and one whose disk is full: what was acknowledged is kept."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest

from tamis.serve import ServeSettings, open_events

pytestmark = pytest.mark.slow


class Process:
    """`tamis serve` as a process of its own."""

    def __init__(self, workspace, model, *overrides):
        command = [sys.executable, "-m", "tamis", "--workspace", str(workspace.root), "serve", f"m={model}"]
        self.errors = (workspace.root / "server.log").open("ab")
        self.process = subprocess.Popen(
            [*command, "--port", "0", *overrides], stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def end(self, sign):
        self.process.send_signal(sign)
        code = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.errors.close()
        return code


@pytest.fixture
def start(workspace, make_linear):
    """A function that starts a server over a tiny model, which is killed at the end if it still lives."""
    started = []

    def run(*overrides):
        started.append(Process(workspace, make_linear().path, *overrides))
        return started[-1]

    yield run
    for each in started:
        if each.process.poll() is None:
            each.end(signal.SIGKILL)


def ask(connection, told, path="/predict"):
    connection.request("POST", path, json.dumps(told))
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def load_until_killed(server, *, clients, acknowledgements, seed):
    """Ask from many threads, kill the server after so many answers, and return the ids of all that it acknowledged."""
    acknowledged, refused = [], []

    def work(number):
        dice = random.Random(seed * 100 + number)
        gone = contextlib.suppress(OSError, http.client.HTTPException, json.JSONDecodeError)
        with contextlib.closing(server.connect()) as connection, gone:
            for n in range(100_000):
                name = f"{seed}-{number}-{n}"
                texts = ["a good film"] * dice.randint(1, 5)
                told = {"texts": texts} if dice.random() < 0.5 else {"texts": texts[:1], "ids": [name]}
                status, said = ask(connection, told)
                refused.extend([said] if status != 200 else [])
                acknowledged.extend(("prediction", each["id"]) for each in said["predictions"])
                if dice.random() < 0.3:
                    status, said = ask(connection, {"id": name, "label": "odd", "source": "x"}, "/feedback")
                    refused.extend([said] if status != 200 else [])
                    acknowledged.append(("feedback", name))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for each in threads:
        each.start()
    until = time.monotonic() + 60
    while len(acknowledged) < acknowledgements and time.monotonic() < until:
        time.sleep(0.0005)
    server.end(signal.SIGKILL)
    for each in threads:
        each.join(60)
        assert not each.is_alive()
    assert not refused
    return acknowledged


@pytest.mark.parametrize("target", ["kept.sqlite", "kept"], ids=["sqlite", "parquet"])
def test_killed_under_load_and_started_again(target, start, workspace):
    seed = int.from_bytes(os.urandom(4))
    dice = random.Random(seed)
    settings = [f"serve.capture_to={target}"]
    acknowledged = []
    for life in range(2):
        some = dice.randint(50, 300)
        acknowledged += load_until_killed(start(*settings), clients=8, acknowledgements=some, seed=life)
    assert len(acknowledged) >= 100, "there was no load"

    server = start(*settings)  # goes on with the same log
    with contextlib.closing(server.connect()) as connection:
        status, said = ask(connection, {"text": "a good film"})
    assert status == 200
    acknowledged.append(("prediction", said["predictions"][0]["id"]))
    assert server.end(signal.SIGTERM) == 0

    kept = list(open_events(workspace, ServeSettings(capture_to=target)).read())
    numbers = [number for number, _ in kept]
    names = [(event["kind"], event["id"]) for _, event in kept]
    assert numbers == sorted(set(numbers))
    assert len(set(names)) == len(names)
    assert set(acknowledged) <= set(names), f"seed {seed}"
    # at most what was under way when it was killed is there beside: each client had one request
    assert len(names) - len(acknowledged) <= 2 * 8 * 5
    assert names[-1] == acknowledged[-1]


@pytest.mark.parametrize("target", ["kept.sqlite", "kept"], ids=["sqlite", "parquet"])
def test_a_full_disk_is_503_and_the_server_goes_on_when_there_is_room(target, start, workspace):
    server = start(f"serve.capture_to={target}", "serve.capture_text=full")
    large = {"text": os.urandom(90_000).hex()}
    with contextlib.closing(server.connect()) as connection:
        assert ask(connection, {"text": "before", "ids": ["before"]})[0] == 200
        _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (64_000, hard))  # files may grow no more
        for _ in range(3):
            status, said = ask(connection, large)
            assert (status, said["status"]) == (503, 503)
            assert "predictions" not in said
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b'{"status":"ready"}')
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert ask(connection, {**large, "ids": ["after"]})[0] == 200
    assert server.end(signal.SIGTERM) == 0
    kept = [event["id"] for _, event in open_events(workspace, ServeSettings(capture_to=target)).read()]
    assert kept == ["before", "after"]
    log = (workspace.root / "server.log").read_text()
    assert log.count("answers cannot be kept") == 1
    assert log.count("answers are kept again") == 1


def test_a_log_that_is_none_is_told_before_the_server_starts(workspace, make_linear):
    captures = workspace.state / "captures"
    captures.mkdir(parents=True)
    (captures / "answers.sqlite").write_bytes(b"id,text\n" * 5000)
    command = [sys.executable, "-m", "tamis", "--workspace", str(workspace.root), "serve", str(make_linear().path)]
    done = subprocess.run([*command, "--port", "0"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "answers.sqlite is damaged or no SQLite file" in done.stderr
    assert "move it away" in done.stderr
    assert "Traceback" not in done.stderr
