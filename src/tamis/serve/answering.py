"""Answering: the one way from a request to its answer, for every wire format.

The route chooses a version, the batcher asks it, the request's threshold may make it silent, the fallbacks speak where
it is, a shadow reads along, and what was said is kept before the caller hears of it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tamis.core import Prediction
from tamis.serve.asked import Answered, Asked, tightened
from tamis.serve.capture import Capture
from tamis.serve.config import ServeSettings
from tamis.serve.fallback import Link, step_in
from tamis.serve.fleet import Fleet
from tamis.serve.problem import Problem
from tamis.serve.said import Said
from tamis.serve.served import Served

_SHADOW_SECONDS = 1.0
"""How long the end of the process waits for shadows."""
_TELL_SECONDS = 10.0
"""How often at most the log hears of a shadow that fails."""

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Answering:
    """Answers requests with a fleet of models."""

    fleet: Fleet
    settings: ServeSettings
    links: Sequence[Link] = ()
    capture: Capture | None = None
    observe: Callable[[Asked, Answered], None] = lambda asked, answered: None
    _shadows: set[asyncio.Task[None]] = field(default_factory=set)
    _shadow_failures: int = 0
    _shadow_told: float = -math.inf

    async def answer(self, asked: Asked) -> Answered:
        """Return what is said of each text, once it is kept."""
        start = time.perf_counter()
        self._check(asked)
        route = self.fleet.route(asked.model)
        served = (
            self.fleet.version(asked.model, asked.version)
            if asked.version
            else route.choose(asked.key or asked.request_id)
        )
        limit = self.settings.deadline_seconds
        deadline = min(limit, asked.deadline_seconds) if asked.deadline_seconds else limit
        names = asked.names()
        if route.shadow is not None and not asked.version:
            self._shadow(route.shadow, asked, names, deadline)
        own = await served.ask(asked.texts, names, deadline_seconds=deadline)
        if asked.whole:
            _check_whole(own)
        predictions = [tightened(each.prediction, asked.threshold) for each in own]
        name = asked.model or next(iter(self.fleet.routes))
        stepped = await step_in(
            [link for link in self.links if link.route == name],
            asked,
            predictions,
            task=served.classifier.bundle.task,
            deadline_seconds=max(0.0, deadline - (time.perf_counter() - start)),
        )
        answered = Answered(
            request_id=asked.request_id,
            predictions=predictions,
            route=name,
            version=served.version,
            fallbacks=stepped,
            own=own,
            seconds=time.perf_counter() - start,
        )
        if self.capture is not None:
            await self.capture.keep_answer(asked, answered)
        self.observe(asked, answered)
        return answered

    async def close(self) -> None:
        """End what is under way."""
        if self._shadows:
            _, slow = await asyncio.wait(self._shadows, timeout=_SHADOW_SECONDS)
            for task in slow:
                task.cancel()
        await self.fleet.close()
        await asyncio.gather(*(link.served.batcher.close() for link in self.links if link.served is not None))
        if self.capture is not None:
            await self.capture.close()

    def _check(self, asked: Asked) -> None:
        if len(asked.texts) > self.settings.max_texts:
            raise Problem(
                422,
                f"{len(asked.texts):,} texts; one request may hold {self.settings.max_texts:,}",
                field="texts",
                hint="send several requests, or use `tamis batch` for files",
            )
        for number, text in enumerate(asked.texts):
            if text is not None and len(text) > self.settings.max_text_characters:
                raise Problem(
                    422,
                    f"text {number + 1} has {len(text):,} characters; {self.settings.max_text_characters:,} are taken",
                    field=f"texts.{number}",
                )
        if asked.ids is not None and len(asked.ids) != len(asked.texts):
            raise Problem(422, f"{len(asked.ids)} ids for {len(asked.texts)} texts", field="ids")

    def _shadow(self, shadow: Served, asked: Asked, names: list[str], deadline: float) -> None:
        """Let a shadow read along; nothing that happens to it reaches the caller."""

        async def read_along() -> None:
            start = time.perf_counter()
            try:
                said: list[Prediction] = await shadow.predict(asked.texts, names, deadline_seconds=deadline)
                if self.capture is not None:
                    answered = Answered(
                        request_id=asked.request_id,
                        predictions=said,
                        route=asked.model or next(iter(self.fleet.routes)),
                        version=shadow.version,
                        fallbacks={},
                        seconds=time.perf_counter() - start,
                    )
                    await self.capture.keep_answer(asked, answered, shadow=True)
            except Exception as error:
                self._shadow_failed(shadow, error)

        task = asyncio.get_running_loop().create_task(read_along())
        self._shadows.add(task)
        task.add_done_callback(self._shadows.discard)

    def _shadow_failed(self, shadow: Served, error: Exception) -> None:
        """Say so, but not as often as requests come."""
        self._shadow_failures += 1
        if time.monotonic() - self._shadow_told > _TELL_SECONDS:
            _log.warning("the shadow %s: %s (%s so far)", shadow.name, error, f"{self._shadow_failures:,}")
            self._shadow_told = time.monotonic()


def _check_whole(own: Sequence[Said]) -> None:
    for number, said in enumerate(own):
        if said.cut:
            raise Problem(
                413,
                f"text {number + 1} is longer than what the model reads, and nothing of it was to be left out",
                field=f"texts.{number}",
                hint="shorten it, or let the model read a part (`truncate`: true)",
            )
