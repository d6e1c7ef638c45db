"""Server: alive at once, ready when the models are warm, and not ready any more when it is told to stop."""

from __future__ import annotations

import threading

import pytest
from fastapi.testclient import TestClient

from tamis.core import DataError
from tamis.predict import PredictSettings
from tamis.serve import Server, ServeSettings, build_app, open_answering

SETTINGS = ServeSettings()


def test_it_is_alive_at_once_and_ready_when_the_models_are_warm(make_linear):
    warm = threading.Event()

    def open_models():
        assert warm.wait(20)
        return open_answering({"tiny": make_linear()}, SETTINGS, PredictSettings())

    server = Server(SETTINGS, open_models)
    with TestClient(build_app(server)) as client:
        for path in ("/livez", "/healthz"):
            assert client.get(path).status_code == 200
        for answer in (client.get("/readyz"), client.get("/info"), client.post("/predict", json={"text": "good"})):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["detail"] == "the models are being loaded"
        warm.set()
        client.portal.call(server.loaded)
        assert client.get("/readyz").json() == {"status": "ready"}
        assert client.post("/predict", json={"text": "good"}).status_code == 200
        server.drain()
        assert client.get("/readyz").status_code == 503  # nothing more is to be sent here
        assert client.get("/livez").status_code == 200
        assert client.post("/predict", json={"text": "good"}).status_code == 200  # what comes is answered


def test_models_that_cannot_be_loaded_are_told(caplog):
    def open_models():
        raise DataError("weights.onnx is no model")

    server = Server(SETTINGS, open_models)
    with TestClient(build_app(server)) as client:
        with pytest.raises(DataError, match=r"weights\.onnx is no model"):
            client.portal.call(server.loaded)
        assert client.get("/livez").status_code == 200
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["detail"] == "the models could not be loaded; the server's log says why"
    assert "weights.onnx is no model" in caplog.text


def test_it_tells_what_it_serves(make_linear):
    bundle = make_linear()
    server = Server(SETTINGS, lambda: open_answering({"tiny": bundle}, SETTINGS, PredictSettings()))
    with TestClient(build_app(server)) as client:
        client.portal.call(server.loaded)
        info = client.get("/info").json()
        (version,) = info["models"]["tiny"]["versions"]
        assert version["version"] == bundle.manifest.seal[:12]
        assert version["labels"] == ["bad", "good", "odd"]
        assert (version["engine"], version["family"], version["share"]) == ("linear", "linear", 1.0)
        assert info["models"]["tiny"]["shadow"] is None
