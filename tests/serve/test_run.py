"""Run: the server as a process: how it starts, what ends it, and that nothing that was asked goes without an answer."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psutil
import pytest

from tamis.core import Workspace

BODY = json.dumps({"text": "a good film"}).encode()


@pytest.fixture(scope="module")
def models(make_linear, tmp_path_factory):
    """A workspace with two runs, tiny-linear-1 and tiny-linear-2."""
    root = tmp_path_factory.mktemp("serve") / "work"
    root.mkdir()
    (root / "tamis.yaml").write_text("serve: {drain_seconds: 8}\n")
    for seed in (1, 2):
        make_linear(seed=seed, at=root / ".tamis" / "runs" / f"tiny-linear-{seed}" / "bundle")
    return Workspace(root)


class Process:
    """A running `tamis serve`."""

    def __init__(self, workspace, *words):
        command = [sys.executable, "-m", "tamis", "--workspace", workspace.root, "serve", "--port", "0", *words]
        self.log = (workspace.root / f"{time.time_ns()}.log").open("w+")  # a pipe that nobody reads would hold it up
        self.popen = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.first_line = self.popen.stdout.readline()
        found = re.search(r"http://(127\.0\.0\.1:\d+)$", self.first_line)
        assert found, self.first_line + self.said()
        self.place = found[1]

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def connect(self):
        return http.client.HTTPConnection(self.place, timeout=20)

    def ask(self, method, path, body=None):
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def stop(self, *, within_seconds=20):
        """Send a SIGTERM and return the exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(within_seconds)


@pytest.fixture
def start(models):
    """A function that starts `tamis serve`, and ends it with the test."""
    with contextlib.ExitStack() as stack:

        def started(*words):
            process = Process(models, *words)
            stack.enter_context(process.popen)
            stack.callback(process.popen.kill)
            stack.enter_context(process.log)
            return process

        yield started


@pytest.mark.slow
def test_several_models_answer_by_their_names(start):
    process = start("stars=tiny-linear-1", "topics=tiny-linear-2")
    assert process.first_line.startswith("stars, topics at http://")
    status, info = process.ask("GET", "/info")
    assert status == 200
    assert {name: model["versions"][0]["run"] for name, model in info["models"].items()} == {
        "stars": "tiny-linear-1",
        "topics": "tiny-linear-2",
    }
    for name, run in (("stars", "tiny-linear-1"), ("topics", "tiny-linear-2")):
        status, said = process.ask("POST", "/predict", json.dumps({"text": "good", "model": name}))
        assert (status, said["predictions"][0]["model"]) == (200, f"{run}.abcd")
    assert process.stop() == 0
    assert "Traceback" not in process.said()


@pytest.mark.slow
def test_a_stop_under_load_answers_every_request(start):
    process = start()
    statuses, troubles = [], []
    many = json.dumps({"texts": [f"a good film {number} " * 20 for number in range(100)]}).encode()

    def client(number):
        body = many if number % 4 == 0 else BODY
        while True:
            fresh = number % 3 == 0  # a new connection each time
            connection = process.connect()
            try:
                connection.connect()
            except ConnectionRefusedError:
                return  # the server takes no more, which is fair
            try:
                while True:
                    connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
                    answer = connection.getresponse()
                    answer.read()
                    statuses.append(answer.status)
                    if fresh or answer.will_close:
                        break
            except (OSError, http.client.HTTPException) as error:
                troubles.append(repr(error))
                return
            finally:
                connection.close()

    clients = [threading.Thread(target=client, args=(number,)) for number in range(12)]
    for each in clients:
        each.start()
    while len(statuses) < 200 and not troubles:
        time.sleep(0.005)
    code = process.stop()
    for each in clients:
        each.join()
    assert not troubles
    assert set(statuses) == {200}
    assert code == 0


@pytest.mark.slow
def test_who_is_in_the_middle_of_a_request_is_answered_and_nobody_else_is_taken(start):
    process = start()
    place = urlsplit(f"//{process.place}")
    idle = process.connect()
    idle.request("GET", "/livez")
    assert idle.getresponse().read()
    with socket.create_connection((place.hostname, place.port), timeout=20) as half:
        head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
        half.sendall(head + BODY[:5])
        time.sleep(0.1)
        process.popen.send_signal(signal.SIGTERM)
        time.sleep(0.3)  # by now it has closed its door
        idle.request("GET", "/readyz")  # this was on its way
        answer = idle.getresponse()
        assert (answer.status, answer.getheader("connection")) == (503, "close")
        assert "the server is stopping" in answer.read().decode()
        with pytest.raises(ConnectionRefusedError):
            process.connect().connect()
        time.sleep(0.7)
        half.sendall(BODY[5:])
        answered = half.recv(65536)
        assert answered.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in answered
    idle.close()
    assert process.popen.wait(10) == 0


@pytest.mark.slow
def test_who_never_finishes_a_request_does_not_hold_up_the_end_for_long(start):
    process = start("serve.drain_seconds=1")
    place = urlsplit(f"//{process.place}")
    with socket.create_connection((place.hostname, place.port), timeout=20) as half:
        half.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
        time.sleep(0.1)
        begin = time.monotonic()
        assert process.stop() == 0
        assert time.monotonic() - begin < 6
        answer = half.recv(65536)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"the server stopped before it could answer" in answer
    assert "Traceback" not in process.said()


@pytest.mark.slow
@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_it_at_once(start, first):
    process = start("serve.drain_seconds=60")
    place = urlsplit(f"//{process.place}")
    with socket.create_connection((place.hostname, place.port), timeout=20) as half:
        half.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
        time.sleep(0.1)
        process.popen.send_signal(first)
        with pytest.raises(subprocess.TimeoutExpired):
            process.popen.wait(1.0)
        assert process.stop(within_seconds=3) == -signal.SIGTERM


@pytest.fixture
def serve(models, capsys):
    """A function that runs `tamis serve` where it is bound to fail, and returns the exit code and what it says."""
    from tamis.cli.main import main

    def run(*words):
        with pytest.raises(SystemExit) as stop:
            main(["--workspace", str(models.root), "serve", "--port", "0", *map(str, words)])
        return stop.value.code, capsys.readouterr().err

    return run


def test_a_port_that_is_taken_is_told(serve):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = serve("--port", port)
    assert code == 2
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in said
    assert "--port" in said


def test_a_model_that_is_not_there_is_told_with_those_that_are(serve):
    code, said = serve("tiny-linear-3")
    assert code == 2
    assert "no model 'tiny-linear-3'" in said
    assert "tiny-linear-1, tiny-linear-2" in said
    code, said = serve("tiny-linear-1", "tiny-linear-1")
    assert code == 2
    assert "two models would be served as 'tiny-linear-1'" in said


def test_a_bundle_that_is_not_what_was_sealed_ends_the_process(serve, make_linear, tmp_path):
    bundle = make_linear(seed=1, at=tmp_path / "bundle")
    (bundle.path / "config.json").write_text("{}") if (bundle.path / "config.json").exists() else (
        bundle.path / sorted(bundle.manifest.files)[0]
    ).write_text("{}")
    code, said = serve(bundle.path)
    assert code == 1
    assert "is not the file that was sealed" in said


def test_a_model_that_cannot_be_opened_ends_the_process_that_listens_already(serve):
    code, said = serve("--engine", "torch")
    assert code == 2
    assert "is a linear model, which runs by itself: no engine torch" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_memory_stays_flat(start):
    """A short soak; `benchmarks/serve.py --soak 100000` is the long one."""
    process = start()
    server = psutil.Process(process.popen.pid)

    def ask(times, connection):
        for number in range(times):
            connection.request("POST", "/predict", json.dumps({"text": f"a good film {number}", "top_k": 2}))
            assert connection.getresponse().read()

    def mib_after(requests):
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(contextlib.closing(process.connect())) for _ in range(4)]
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(ask, [requests // 4] * 4, clients))
        return server.memory_info().rss / 2**20

    before = mib_after(1500)
    after = mib_after(4500)
    assert after < 1.01 * before  # 300 bytes a request would be too much
    assert process.stop() == 0
