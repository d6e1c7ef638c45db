"""What stands around all routes: TLS, pages of other origins, and mistakes of our own."""

from __future__ import annotations

import logging
import ssl

import httpx
import pytest
from fastapi.testclient import TestClient

from tamis.core import UsageError
from tamis.serve import Server, ServeSettings, add_key, build_app, http_config, run_server


def test_with_a_certificate_only_https_is_spoken(listen, certificate):
    listening = listen(ServeSettings(certificate=certificate[0], private_key=certificate[1], request_seconds=1))
    trusted = ssl.create_default_context(cafile=certificate[0])
    said = httpx.post(f"{listening.address}/predict", json={"text": "a good film"}, verify=trusted)
    assert said.status_code == 200
    assert said.url.scheme == "https"
    with pytest.raises(httpx.ConnectError, match="self.signed"):
        httpx.get(f"{listening.address}/livez")
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{listening.port}/livez")


def test_half_a_pair_is_told(certificate):
    server = Server(ServeSettings(certificate=certificate[0], port=0), lambda: pytest.fail("nothing is to be opened"))
    with pytest.raises(UsageError, match="one of them is missing"):
        run_server(server)


def ask_from(address, origin, **headers):
    return httpx.options(
        f"{address}/predict", headers={"Origin": origin, "Access-Control-Request-Method": "POST", **headers}
    )


def test_other_origins_are_let_in_by_name_only(listen, tmp_path):
    add_key(tmp_path / "keys.txt", "ann")
    settings = ServeSettings(cors_origins=("https://app.example.org",), keys_file=tmp_path / "keys.txt")
    address = listen(settings).address
    wanted = {"Access-Control-Request-Headers": "authorization,content-type"}
    before = ask_from(address, "https://app.example.org", **wanted)  # a browser asks first, and without the key
    assert before.status_code == 200
    assert before.headers["access-control-allow-origin"] == "https://app.example.org"
    assert ask_from(address, "https://evil.example.org", **wanted).status_code == 400
    refused = httpx.post(f"{address}/predict", json={}, headers={"Origin": "https://app.example.org"})
    assert refused.status_code == 401  # and the page may read why
    assert refused.headers["access-control-allow-origin"] == "https://app.example.org"


def test_without_a_word_no_other_origin_is_let_in(listen):
    address = listen().address
    assert "access-control-allow-origin" not in ask_from(address, "https://app.example.org").headers
    said = httpx.post(f"{address}/predict", json={"text": "a"}, headers={"Origin": "https://app.example.org"})
    assert "access-control-allow-origin" not in said.headers


@pytest.mark.parametrize(
    ("host", "warned"),
    [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("10.1.2.3", True)],
)
def test_an_open_door_is_warned_of(host, warned, caplog, tmp_path):
    def nothing():
        pytest.fail("nothing is to be opened")

    with caplog.at_level(logging.WARNING, "tamis.serve"):
        http_config(Server(ServeSettings(host=host), nothing))
    assert ("whoever reaches" in caplog.text) is warned
    caplog.clear()
    add_key(tmp_path / "keys.txt", "ann")
    http_config(Server(ServeSettings(host=host, keys_file=tmp_path / "keys.txt"), nothing))
    assert not caplog.text


def test_only_this_machine_is_listened_to_unless_told():
    assert ServeSettings().host == "127.0.0.1"


def test_a_mistake_of_ours_is_a_problem_too_and_is_logged_and_counted(caplog):
    server = Server(ServeSettings(), lambda: pytest.fail("the models are not needed"))
    app = build_app(server)

    @app.get("/broken")
    async def broken():
        raise ZeroDivisionError("the secret of the house")

    client = TestClient(app)  # without its life: no model is opened
    said = client.get("/broken", headers={"X-Request-ID": "order-66"})
    assert said.status_code == 500
    assert said.headers["content-type"] == "application/problem+json"
    assert said.headers["x-request-id"] == "order-66"
    assert "secret" not in said.text
    assert "the secret of the house" in caplog.text
    assert 'tamis_request_seconds_count{route="/broken",status="500"} 1.0' in client.get("/metrics").text
