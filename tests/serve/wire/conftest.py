"""A server on loopback with two tiny models, and the same models in Python beside it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn

from tamis.core import EventLog
from tamis.models import Bundle
from tamis.predict import Classifier, PredictSettings
from tamis.serve import Server, ServeSettings, open_answering
from tamis.serve.run import http_config

ONE, SEVERAL = "film", "tags"
"""The names of a model that gives one label, and of one that may give several."""


@dataclass(frozen=True)
class Serving:
    """A server that answers."""

    port: int
    client: httpx.Client
    classifiers: dict[str, Classifier]
    """What it serves, opened once more."""

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """Send JSON, or bytes as they are."""
        told = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, content=body if isinstance(body, bytes) else json.dumps(body), headers=told)

    def ask(self, path: str, body: Any, **headers: str) -> Any:
        """Send JSON, or bytes as they are, and return the JSON of an answer that is no problem."""
        answer = self.post(path, body, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, path: str, body: Any, **headers: str) -> dict[str, Any]:
        """Send JSON, or bytes as they are, and return the problem."""
        answer = self.post(path, body, **headers)
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = answer.json()
        assert problem["status"] == answer.status_code
        return problem


@contextlib.contextmanager
def serve(bundles: dict[str, Bundle], settings: ServeSettings, *, events: EventLog | None = None) -> Iterator[Serving]:
    """Serve bundles in a thread of this process."""
    server = Server(settings, lambda: open_answering(bundles, settings, PredictSettings(), events=events))
    running = uvicorn.Server(http_config(server))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets=[listening])), daemon=True)
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
                while client.get("/readyz").status_code != 200:
                    pass
                yield Serving(port, client, {name: Classifier.open(bundle) for name, bundle in bundles.items()})
        finally:
            running.should_exit = True
            thread.join(30)


@pytest.fixture(scope="session")
def serving(make_linear: Callable[..., Bundle]) -> Iterator[Serving]:
    """A server whose first model gives one label."""
    bundles = {ONE: make_linear(), SEVERAL: make_linear(seed=2, task="multi_label")}
    with serve(bundles, ServeSettings(max_texts=20, max_body_bytes=100_000, max_text_characters=5_000)) as running:
        yield running


@pytest.fixture(scope="session")
def serving_several(make_linear: Callable[..., Bundle]) -> Iterator[Serving]:
    """A server whose first model may give several labels."""
    with serve({SEVERAL: make_linear(seed=2, task="multi_label")}, ServeSettings()) as running:
        yield running
