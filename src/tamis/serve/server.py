"""Server: what every route needs: the settings, and, once the models are warm, who answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from tamis.serve import access_log
from tamis.serve.answering import Answering
from tamis.serve.asked import Answered, Asked
from tamis.serve.batcher import Batch
from tamis.serve.config import ServeSettings
from tamis.serve.following import Following
from tamis.serve.metrics import Metrics
from tamis.serve.problem import MEDIA_TYPE, Problem
from tamis.serve.traces import Traces

_log = logging.getLogger(__name__)
_PROBLEM = {
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What came, what was expected, and what to do."},
        "field": {"type": "string", "description": "Which part of the request."},
    },
}


class Server:
    """The state of one server process: starting, ready, draining, or stopped."""

    def __init__(
        self,
        settings: ServeSettings,
        open_models: Callable[[], Answering],
        *,
        traces: Traces | None = None,
        following: Following | None = None,
    ) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.traces = traces
        self.following = following
        self._open_models = open_models
        self._answering: Answering | None = None
        self._loading: asyncio.Task[None] | None = None
        self._failed: Exception | None = None
        self._draining = False

    @property
    def answering(self) -> Answering:
        """Who answers; a problem 503 while the models load."""
        if self._failed is not None:
            raise Problem(503, "the models could not be loaded; the server's log says why")
        if self._answering is None:
            raise Problem(503, "the models are being loaded", headers={"Retry-After": "1"})
        return self._answering

    def check_ready(self) -> None:
        """Raise a problem 503 unless the models are warm and the server is to go on."""
        if self._draining:
            raise Problem(503, "the server is stopping", headers={"Retry-After": "1"})
        _ = self.answering

    def drain(self) -> None:
        """Say that nothing more is to be sent here; what comes nevertheless is answered."""
        self._draining = True

    async def start(self) -> None:
        """Begin to load the models; requests are answered meanwhile, with 503."""
        self._loading = asyncio.create_task(self._load())

    async def stop(self) -> None:
        """End the work under way and close the models."""
        self.drain()
        if self._loading is not None:
            await self._loading
        if self.following is not None:
            await self.following.stop()
        if self._answering is not None:
            await self._answering.close()
        if self.traces is not None:
            await asyncio.to_thread(self.traces.close)

    async def loaded(self) -> Answering:
        """Wait for the models; raises what kept them from being loaded."""
        if self._loading is not None:
            await self._loading
        if self._failed is not None:
            raise self._failed
        return self.answering

    async def _load(self) -> None:
        try:
            answering = await asyncio.to_thread(self._open_models)
            answering.observe = self.answered
            self.metrics.watch(answering.fleet, self.following)
            if self.following is not None:
                self.following.start(answering.fleet)
            self._answering = answering
        except Exception as error:  # told by `loaded`, which the runner awaits
            _log.error("the models could not be loaded: %s", error)
            self._failed = error

    def describe(self) -> Mapping[str, object]:
        """Tell what is served under each name, and which names follow the registry."""
        following = {} if self.following is None else self.following.describe()
        models = self.answering.fleet.describe()
        return {
            name: told | ({"following": following[name]} if name in following else {}) for name, told in models.items()
        }

    def batch(self, batch: Batch) -> None:
        """Hear of a pass of a model, for whoever counts."""
        self.metrics.batch(batch)
        if self.traces is not None:
            self.traces.batch(batch)

    def answered(self, asked: Asked, answered: Answered) -> None:
        """Hear of an answer, for whoever counts."""
        self.metrics.answered(answered)
        access_log.note(asked, answered, policy=self.settings.log_text)

    def problems(self, *statuses: int) -> dict[int | str, dict[str, Any]]:
        """Return what a route's documentation says of its problems."""
        return {
            status: {
                "description": HTTPStatus(status).phrase,
                "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
            }
            for status in statuses
        }
