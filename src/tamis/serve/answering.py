"""Answering: the one way from a request to its answer, for every wire format.

The route chooses a version, the batcher asks it, the request's threshold may make it silent, the fallbacks speak where
it is, a shadow reads along, and what was said is kept before the caller hears of it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tamis.core import Prediction
from tamis.serve.asked import Answered, Asked, tightened
from tamis.serve.capture import Capture, event_of
from tamis.serve.config import ServeSettings
from tamis.serve.fallback import Link, step_in
from tamis.serve.fleet import Fleet
from tamis.serve.problem import Problem
from tamis.serve.served import Served

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Answering:
    """Answers requests with a fleet of models."""

    fleet: Fleet
    settings: ServeSettings
    links: Sequence[Link] = ()
    capture: Capture | None = None
    observe: Callable[[Answered], None] = lambda answered: None
    _shadows: set[asyncio.Task[None]] = field(default_factory=set)

    async def answer(self, asked: Asked) -> Answered:
        """Return what is said of each text, once it is kept."""
        start = time.perf_counter()
        self._check(asked)
        route = self.fleet.route(asked.model)
        served = self.fleet.version(asked.model, asked.version) if asked.version else route.choose(asked.request_id)
        limit = self.settings.deadline_seconds
        deadline = min(limit, asked.deadline_seconds) if asked.deadline_seconds else limit
        names = asked.names()
        if route.shadow is not None and not asked.version:
            self._shadow(route.shadow, asked, names, deadline)
        said = await served.predict(asked.texts, names, deadline_seconds=deadline)
        predictions = [tightened(each, asked.threshold) for each in said]
        stepped = (
            await step_in(
                self.links, asked.texts, predictions, several=served.classifier.several, deadline_seconds=deadline
            )
            if self.links
            else {}
        )
        answered = Answered(
            request_id=asked.request_id,
            predictions=predictions,
            route=asked.model or next(iter(self.fleet.routes)),
            version=served.version,
            fallbacks=stepped,
            seconds=time.perf_counter() - start,
        )
        if self.capture is not None:
            await self.capture.keep(
                [event_of(asked, answered, number, policy=self.settings.capture_text) for number in range(len(names))]
            )
        self.observe(answered)
        return answered

    async def close(self) -> None:
        """End what is under way."""
        await asyncio.gather(*self._shadows, return_exceptions=True)
        await self.fleet.close()
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
            except Exception as error:
                _log.warning("the shadow %s did not answer: %s", shadow.name, error)
                return
            if self.capture is not None:
                answered = Answered(
                    request_id=asked.request_id,
                    predictions=said,
                    route=asked.model or next(iter(self.fleet.routes)),
                    version=shadow.version,
                    fallbacks={},
                    seconds=time.perf_counter() - start,
                )
                policy = self.settings.capture_text
                await self.capture.keep(
                    [event_of(asked, answered, number, policy=policy, shadow=True) for number in range(len(names))]
                )

        task = asyncio.get_running_loop().create_task(read_along())
        self._shadows.add(task)
        task.add_done_callback(self._shadows.discard)
