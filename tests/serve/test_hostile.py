"""Whatever comes over the wire gets its answer, and the server goes on."""

from __future__ import annotations

import json
import socket
import threading
import time

import httpx
import pytest

from tamis.core import plugins
from tamis.serve import ServeSettings

PATIENCE = 0.6


@pytest.fixture(scope="module")
def listening(listen, tmp_path_factory):
    events = plugins.load("events", "sqlite")(str(tmp_path_factory.mktemp("events") / "answers.sqlite"))
    settings = ServeSettings(
        request_seconds=PATIENCE, max_body_bytes=1_500_000, max_texts=100, max_text_characters=50_000
    )
    return listen(settings, events=events)


@pytest.fixture(autouse=True)
def goes_on(listening):
    """After each test the server answers as if nothing had been."""
    yield
    said = httpx.post(f"{listening.address}/predict", json={"text": "a good film"})
    assert said.status_code == 200
    assert said.json()["predictions"][0]["label"] in ("bad", "good", "odd")


def post(listening, body, path="/predict", **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(listening.address + path, content=content, headers=headers)


def is_problem(said, status, field=None):
    assert said.status_code == status, said.text
    assert said.headers["content-type"] == "application/problem+json"
    told = said.json()
    assert told["status"] == status
    assert told["detail"]
    assert len(said.content) < 2000, "what came is not sent back whole"
    assert told.get("field") == field


def raw(listening, *parts, pause=0.0, seconds=5.0):
    """Send bytes and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", listening.port), timeout=seconds) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        return read_all(connection)


def read_all(connection):
    answer = b""
    while part := connection.recv(65536):
        answer += part
    return answer


HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\n"


def test_a_body_that_says_it_is_too_large_is_not_read(listening):
    answer = raw(listening, HEAD + b"Connection: close\r\nContent-Length: 99000000000\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"99,000,000,000 bytes" in answer


def test_a_large_body_gets_413_also_when_it_is_sent_whole(listening):
    is_problem(post(listening, b" " * 3_000_000), 413, "body")


def test_a_large_body_in_chunks_is_read_no_further_than_allowed(listening):
    def chunks():
        for _ in range(40):
            yield b"x" * 100_000

    is_problem(httpx.post(f"{listening.address}/predict", content=chunks()), 413, "body")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ([], 422, "body"),
        ("text", 422, "body"),
        (None, 422, "body"),
        ({}, 422, "body"),
        ({"text": 3}, 422, "text"),
        ({"text": ["a"]}, 422, "text"),
        ({"texts": "a"}, 422, "texts"),
        ({"texts": [1]}, 422, "texts.0"),
        ({"texts": None}, 422, "body"),
        ({"text": "a", "texts": ["b"]}, 422, "body"),
        ({"text": "a", "unknown": 1}, 422, "unknown"),
        ({"text": "a", "threshold": "high"}, 422, "threshold"),
        ({"text": "a", "threshold": 2}, 422, "threshold"),
        ({"text": "a", "top_k": 0}, 422, "top_k"),
        ({"text": "a", "deadline_seconds": -1}, 422, "deadline_seconds"),
        ({"text": "a", "metadata": []}, 422, "metadata"),
        ({"text": "a", "model": "none"}, 404, "model"),
        ({"text": "a", "version": "none"}, 404, "version"),
        ({"texts": ["a"], "ids": ["1", "2"]}, 422, "ids"),
        ({"texts": ["a"] * 101}, 422, "texts"),
        ({"texts": ["a"] * 10_000}, 422, "texts"),
        ({"text": "x" * 50_001}, 422, "texts.0"),
        ({"text": "x" * 1_000_000}, 422, "texts.0"),
        (b"", 400, "body"),
        (b"not JSON", 400, "body"),
        (b'{"text": "a"', 400, "body"),
        (b'{"text": "a"} more', 400, "body"),
        (b"\xff\xfe{}", 400, "body"),
        (b'{"text": "\xff\xfe"}', 400, "body"),
        (b'{"text": "\\ud800"}', 400, "body"),
        (b'{"text": "\\udc00\\ud800"}', 400, "body"),
        (b'{"text": NaN}', 422, "text"),
        (b'{"text": "a", "threshold": NaN}', 422, "threshold"),
        (b'{"text": "a", "threshold": Infinity}', 422, "threshold"),
        (b"[" * 100_000, 400, "body"),
        (b'{"text": "a", "metadata": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}", 400, "body"),
        (b'{"text": "a", "top_k": 1e999}', 422, "top_k"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_body_that_cannot_be_answered_is_told_why(listening, body, status, field):
    is_problem(post(listening, body), status, field)


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"text": None},
        {"texts": []},
        {"texts": [None, "", " \n\t"]},
        {"text": "\x00\x01\ufffe\U0010ffff\u202e"},
        {"text": "é" * 50_000},
        {"texts": ["a good film"] * 100},
        {"text": "a", "top_k": 10**30},
        {"text": "a", "ids": ["\x00"]},
        {"text": "a", "metadata": {"a": [{}] * 1000}},
        {"text": "a", "deadline_seconds": 1e300},
        b'{"text": "a", "text": "b"}',
        b'{"text": "a", "metadata": {"n": NaN}}',
        b'{"text": "a", "metadata": {"n": ' + b"9" * 6000 + b"}}",
        b'{"text": "a", "metadata": ' + b"[" * 150 + b"]" * 150 + b"}",
    ],
    ids=lambda value: repr(value)[:40],
)
def test_odd_is_not_wrong(listening, body):
    said = post(listening, body)
    assert said.status_code in (200, 400, 422), said.text
    assert said.status_code == 200 or said.headers["content-type"] == "application/problem+json"
    json.loads(said.content, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.mark.parametrize("field", ["model", "version", "unknown"])
def test_a_megabyte_of_a_name_is_not_searched_nor_sent_back(listening, field):
    start = time.perf_counter()
    said = post(listening, {"text": "a", field: "m" * 600_000, **({"x" * 600_000: 1} if field == "unknown" else {})})
    assert said.status_code in (404, 422)
    assert len(said.content) < 2000
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/predict", 405),
        ("PUT", "/predict", 405),
        ("DELETE", "/livez", 405),
        ("HEAD", "/predict", 405),
        ("OPTIONS", "/predict", 405),
        ("OPTIONS", "*", 404),
        ("TRACE", "/predict", 405),
        ("GET", "/nothing", 404),
        ("GET", "/%ff%fe/%00", 404),
        ("GET", "/../../etc/passwd", 404),
        ("GET", "/" + "a" * 20_000, 404),
        ("GET", "/livez?" + "a=1&" * 5000, 200),
        ("BREW", "/predict", 400),
        ("CONNECT", "evil:80", 400),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_methods_and_paths_get_their_answer(listening, method, path, status):
    answer = raw(listening, f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:300]
    head, body = answer.split(b"\r\n\r\n", 1)
    if method == "HEAD":
        assert body == b""
    elif status != 200:
        assert json.loads(body)["status"] == status
    if status == 405:
        assert b"allow: " in head


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS greeting
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}",
        HEAD + b"No colon here\r\n\r\n",
        HEAD + b"X: a\x00b\r\n\r\n",
        b"\x00" * 1000,
    ],
)
def test_what_is_no_http_gets_400_and_the_door(listening, sent):
    answer = raw(listening, sent)
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:300]
    assert b"application/problem+json" in answer or b"connection: close" in answer.lower()


def test_a_head_without_end_gets_431(listening):
    # it is refused long before it is sent: the answer must outlive what is still on its way
    answer = raw(listening, b"GET /livez HTTP/1.1\r\n", b"X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 100_000)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert answer.count(b"HTTP/1.1") == 1


def test_a_route_that_answers_without_the_body_does_not_answer_beside_the_refusal(listening, caplog):
    bad = b"POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n"
    answer = raw(listening, bad)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        (b"", b""),
        (b"GET /livez HTTP/1.1\r\n", b"X-A: a\r\n"),
        (HEAD + b"Content-Length: 50000\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD + b"Content-Length: 5", b"0"),
        (b"", b"\r\n"),
    ],
    ids=["nothing", "head", "body", "chunks", "length", "blank lines"],
)
def test_a_request_that_never_ends_is_ended(listening, begin, drop):
    start = time.perf_counter()
    with socket.create_connection(("127.0.0.1", listening.port), timeout=5) as connection:
        connection.sendall(begin)
        stop = threading.Event()

        def dribble():
            while not stop.wait(0.05):
                try:
                    connection.sendall(drop)
                except OSError:
                    return

        thread = threading.Thread(target=dribble)
        thread.start()
        try:
            answer = read_all(connection)
        except ConnectionResetError:  # a drop met the closed door
            answer = b"HTTP/1.1 408 "
        finally:
            stop.set()
            thread.join()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert PATIENCE * 0.9 < time.perf_counter() - start < PATIENCE + 2


def test_blank_lines_after_an_answer_do_not_hold_the_door(listening):
    with socket.create_connection(("127.0.0.1", listening.port), timeout=5) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"\r\n")
        assert read_all(connection) == b""


def test_many_slow_clients_leave_room_for_others(listening):
    slow = [socket.create_connection(("127.0.0.1", listening.port), timeout=5) for _ in range(200)]
    for each in slow:
        each.sendall(HEAD + b"Content-Length: 50000\r\n\r\n{")
    start = time.perf_counter()
    assert httpx.post(f"{listening.address}/predict", json={"text": "good"}).status_code == 200
    assert time.perf_counter() - start < 2
    for each in slow:
        assert each.recv(100).startswith(b"HTTP/1.1 408 ")
        each.close()


BODY = b'{"text": "a good film"}'
ASKED = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


def test_a_client_that_stops_sending_still_hears_the_answer(listening):
    with socket.create_connection(("127.0.0.1", listening.port), timeout=5) as connection:
        connection.sendall(ASKED)
        connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"predictions"' in answer


@pytest.mark.parametrize("sent", [b"", b"POST", HEAD, HEAD + b"Content-Length: 50\r\n\r\n{", ASKED])
def test_a_client_that_goes_away_is_not_missed(listening, sent):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", listening.port), timeout=5) as connection:
            connection.sendall(sent)


def test_a_body_that_was_cut_short_gets_no_prediction(listening):
    with socket.create_connection(("127.0.0.1", listening.port), timeout=5) as connection:
        connection.sendall(HEAD + b"Content-Length: 50\r\n\r\n" + BODY)
        connection.shutdown(socket.SHUT_WR)
        assert b"predictions" not in read_all(connection)


def test_requests_sent_at_once_are_answered_in_order(listening):
    named = [ASKED.replace(b"\r\n", b"\r\nX-Request-ID: n%d\r\n" % number, 1) for number in range(5)]
    last = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = raw(listening, b"".join(named) + last)
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200"] * 6
    places = [answer.index(b"x-request-id: n%d" % number) for number in range(5)]
    assert places == sorted(places)


def test_a_websocket_is_not_spoken(listening):
    upgrade = b"GET /predict HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    with socket.create_connection(("127.0.0.1", listening.port), timeout=5) as connection:
        connection.sendall(upgrade)
        assert connection.recv(65536).startswith(b"HTTP/1.1 405 ")


def test_expect_100_is_answered_before_the_body(listening):
    with socket.create_connection(("127.0.0.1", listening.port), timeout=5) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY))
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(BODY)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    refused = raw(listening, HEAD + b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: 99000000\r\n\r\n")
    assert refused.startswith(b"HTTP/1.1 413 ")
