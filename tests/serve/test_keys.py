"""Who may ask: keys are made once, kept as hashes, and needed everywhere but for health and documentation."""

from __future__ import annotations

import time

import httpx
import pytest

from tamis.core import UsageError
from tamis.serve import ServeSettings, add_key, read_keys, remove_key


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory):
    return tmp_path_factory.mktemp("keys") / "keys.txt"


@pytest.fixture(scope="module")
def ann(keys_file):
    return add_key(keys_file, "ann")


@pytest.fixture(scope="module")
def address(listen, keys_file, ann):
    return listen(ServeSettings(keys_file=keys_file)).address


def ask(address, **headers):
    return httpx.post(f"{address}/predict", json={"text": "a good film"}, headers=headers)


def test_the_file_holds_hashes_and_names(tmp_path):
    path = tmp_path / "deep" / "keys.txt"
    key, other = add_key(path, "ann"), add_key(path, "bob@example.org")
    assert key != other
    assert len(key) > 40
    assert key not in path.read_text()
    assert [each.name for each in read_keys(path)] == ["ann", "bob@example.org"]
    remove_key(path, "ann")
    assert [each.name for each in read_keys(path)] == ["bob@example.org"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda path: add_key(path, "ann"), "has a key 'ann' already"),
        (lambda path: add_key(path, "ann x"), "cannot name a key"),
        (lambda path: remove_key(path, "bob"), "no key 'bob'. Keys: ann."),
        (lambda path: (path.write_text("ann secret\n"), read_keys(path)), "line 1 of"),
    ],
)
def test_wrong_use_is_told(tmp_path, wrong, told):
    add_key(tmp_path / "keys.txt", "ann")
    with pytest.raises(UsageError, match=told):
        wrong(tmp_path / "keys.txt")


def test_a_server_does_not_start_without_its_keys(tmp_path, listen):
    with pytest.raises(UsageError, match="no file of keys"):
        listen(ServeSettings(keys_file=tmp_path / "none.txt"))


@pytest.mark.parametrize("header", ["Authorization", "authorization", "X-API-Key"])
def test_a_key_opens_by_either_header(address, ann, header):
    said = ask(address, **{header: ann if "API" in header else f"Bearer {ann}"})
    assert said.status_code == 200
    assert said.json()["predictions"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-API-Key": ""}, {"X-API-Key": "tamis_wrong"}, {"Authorization": "Basic YTpi"}, {"X-API-Key": b"\xff\xfe"}],
)
def test_without_a_known_key_the_answer_is_401(address, headers):
    said = ask(address, **headers)
    assert said.status_code == 401
    assert said.headers["content-type"] == "application/problem+json"
    assert said.headers["www-authenticate"] == "Bearer"
    assert "key" in said.json()["detail"]
    assert said.headers["x-request-id"]


def test_a_hash_out_of_the_file_opens_nothing(address, keys_file):
    assert ask(address, **{"X-API-Key": read_keys(keys_file)[0].sha256}).status_code == 401


@pytest.mark.parametrize("path", ["/livez", "/healthz", "/readyz", "/docs", "/openapi.json"])
def test_health_and_documentation_stay_open(address, path):
    assert httpx.get(address + path).status_code == 200


@pytest.mark.parametrize("path", ["/info", "/metrics", "/nothing", "/livez/", "//livez", "/livez/../info"])
def test_all_else_is_closed(address, path):
    assert httpx.get(address + path).status_code == 401


def test_the_documentation_tells_where_a_key_is_needed(address):
    told = httpx.get(f"{address}/openapi.json").json()
    assert told["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert told["paths"]["/predict"]["post"]["security"] == [{"key": []}]
    assert told["paths"]["/livez"]["get"]["security"] == []


def test_a_running_server_hears_of_new_and_ended_keys(address, keys_file, ann):
    bob = add_key(keys_file, "bob")
    time.sleep(1.05)
    assert ask(address, **{"X-API-Key": bob}).status_code == 200
    remove_key(keys_file, "bob")
    time.sleep(1.05)
    assert ask(address, **{"X-API-Key": bob}).status_code == 401
    keys_file.write_text(keys_file.read_text() + "a broken line\n")
    time.sleep(1.05)
    assert ask(address, **{"X-API-Key": ann}).status_code == 200  # and not everybody is locked out


def test_keys_are_made_on_the_command_line(tamis, workspace):
    made = tamis("serve-keys", "add", "ann")
    assert made.code == 0
    assert made.out.startswith("tamis_")
    assert "serve.keys_file=serve-keys.txt" in made.err
    assert "ann" in tamis("serve-keys", "list").out
    assert tamis("serve-keys", "remove", "ann").code == 0
    assert read_keys(workspace.root / "serve-keys.txt") == []
    assert tamis("serve-keys", "remove", "ann").code == 2
