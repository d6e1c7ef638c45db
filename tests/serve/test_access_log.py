"""The log: one JSON line a request, and no text in it unless the policy says so."""

from __future__ import annotations

import json
import logging

import httpx
import pytest

from tamis.serve import JsonLines, ServeSettings, add_key

LOGGER = "tamis.serve.access_log"


class Lines(logging.Handler):
    """Keeps what a log file would show."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonLines())
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def lines():
    handler, logger = Lines(), logging.getLogger(LOGGER)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler.lines
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.fixture(scope="module")
def addresses(listen):
    return {policy: listen(ServeSettings(log_text=policy)).address for policy in ("none", "redacted", "full")}


TEXT = "a good film, mail jane@example.com"


def test_a_request_is_one_line_with_what_was_said_of_it(addresses, lines):
    trace = "0af7651916cd43dd8448eb211c80319c"
    said = httpx.post(
        f"{addresses['none']}/predict?private=1",
        json={"texts": [TEXT, ""]},
        headers={"X-Request-ID": "order-66", "traceparent": f"00-{trace}-b7ad6b7169203331-01"},
    )
    (line,) = lines
    assert "\n" not in line
    told = json.loads(line)
    assert told["request_id"] == "order-66" == said.headers["x-request-id"]
    assert (told["method"], told["path"], told["route"], told["status"]) == ("POST", "/predict", "/predict", 200)
    assert (told["model"], told["texts"], told["silent"]) == ("tiny", 2, {"empty": 1})
    assert told["version"] == said.json()["version"]
    assert told["bytes"] == len(said.content)
    assert told["trace_id"] == trace
    assert 0 < told["seconds"] < 30
    assert told["client"] == "127.0.0.1"
    assert "film" not in line
    assert "private" not in line


@pytest.mark.parametrize(
    ("policy", "shown"), [("full", TEXT), ("redacted", "a good film, mail [email]"), ("none", None)]
)
def test_texts_are_shown_as_the_policy_says(addresses, lines, policy, shown):
    said = httpx.post(f"{addresses[policy]}/predict", json={"text": TEXT}).json()
    told = json.loads(lines[0])
    assert told.get("text", [None]) == [shown]
    if policy != "none":
        assert told["label"] == [said["predictions"][0]["label"]]


def test_a_problem_has_its_line_and_nothing_of_the_request_before(addresses, lines):
    with httpx.Client(base_url=addresses["full"]) as client:  # one connection
        client.post("/predict", json={"text": TEXT})
        client.post("/predict", content=b"not JSON")
    told = json.loads(lines[1])
    assert told["status"] == 400
    assert "model" not in told
    assert "text" not in told


def test_health_checks_are_quiet(addresses, lines):
    httpx.get(f"{addresses['none']}/readyz")
    assert not lines
    logging.getLogger(LOGGER).setLevel(logging.DEBUG)
    httpx.get(f"{addresses['none']}/readyz")
    assert len(lines) == 1


def test_a_key_is_told_by_its_name(listen, tmp_path, lines):
    key = add_key(tmp_path / "keys.txt", "ann")
    address = listen(ServeSettings(keys_file=tmp_path / "keys.txt")).address
    httpx.get(f"{address}/info", headers={"X-API-Key": key})
    httpx.get(f"{address}/info", headers={"X-API-Key": "tamis_wrong"})
    assert json.loads(lines[0])["key"] == "ann"
    assert key not in lines[0]
    assert json.loads(lines[1])["status"] == 401
    assert "wrong" not in lines[1]


@pytest.mark.parametrize("given", ["", "a b", "x" * 101, "-begins-wrong", 'quote"d'])
def test_an_id_that_is_none_is_replaced(addresses, given):
    said = httpx.get(f"{addresses['none']}/livez", headers={"X-Request-ID": given})
    assert said.headers["x-request-id"] not in ("", given)
    assert len(said.headers["x-request-id"]) < 40
