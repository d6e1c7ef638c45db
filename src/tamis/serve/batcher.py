"""Batcher: lets texts that arrive one by one run through a model together.

Requests put their texts into a queue, and as many threads as the engine has room for take them out, a pass at a time:
the one that came first, and those that are so like it in length that little is padding. While the engine works the
queue fills, so a busy server batches by itself; only a server that was busy a moment ago waits, and at most
`wait_seconds`, for the requests that are likely to come. A large request goes in part by part, so that others get their
turn between. The threads never wait for the event loop, nor the loop for the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from tamis.core import Prediction
from tamis.features import cheapest_batches
from tamis.predict import PASS_TOKENS, Classifier
from tamis.serve.problem import Busy, Problem, TooLate
from tamis.serve.said import Said

CHARACTERS_PER_TOKEN = 4
"""About; only the choice of who goes together depends on it."""
MOST_LOOKED_AT = 64
"""Of so many that came first a pass is chosen: with more to choose from hardly less is padding."""
QUIET_SECONDS = 0.05
"""After so long without work the server was not busy a moment ago."""
_SMOOTH = 0.2


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one pass was, for whoever counts."""

    texts: int
    tokens: int
    padding: int
    """Places that the engine ran and that hold no token."""
    seconds: float
    waited_seconds: float
    """How long its oldest text had waited."""
    contexts: Sequence[contextvars.Context] = ()
    """Of the requests that were in it, for whoever traces."""


@dataclass(eq=False)
class _Part:
    """Texts that go through the model in one pass: a request, or a part of a large one."""

    texts: Sequence[str | None]
    ids: Sequence[str]
    size: int
    """The length of its longest text, in about tokens."""
    answer: asyncio.Future[list[Said]]
    since: float = field(default_factory=time.monotonic)
    context: contextvars.Context = field(default_factory=contextvars.copy_context)


class Batcher:
    """Answers requests with a classifier, many in one pass."""

    def __init__(
        self,
        classifier: Classifier,
        *,
        queue_texts: int,
        wait_seconds: float,
        batch_tokens: int,
        observe: Callable[[Batch], None] = lambda batch: None,
    ) -> None:
        self._classifier = classifier
        self._queue_texts = queue_texts
        self._wait_seconds = wait_seconds
        self._batch_tokens = batch_tokens
        self._observe = observe
        self._queue: list[_Part] = []  # the oldest first
        self._waiting_texts = 0  # in the queue, and what large requests have yet to put there
        self._usual_parts = 1.0  # in a pass, of late
        self._seconds_per_text = 0.01  # of late
        self._closing = False
        self._changed = threading.Condition()
        self._running = 0  # passes under way
        self._threads: list[threading.Thread] = []

    @property
    def waiting_texts(self) -> int:
        """How many texts wait for the model."""
        return self._waiting_texts

    async def predict(
        self, texts: Sequence[str | None], ids: Sequence[str], *, deadline_seconds: float
    ) -> list[Prediction]:
        """Return one prediction a text, as `ask` has it."""
        return [said.prediction for said in await self.ask(texts, ids, deadline_seconds=deadline_seconds)]

    async def ask(self, texts: Sequence[str | None], ids: Sequence[str], *, deadline_seconds: float) -> list[Said]:
        """Return what is said of each text; raises `Busy` when the queue is full and `TooLate` after the deadline.

        A request that alone is larger than the queue is taken when nothing else waits.
        """
        if not texts:
            return []
        self._admit(len(texts))
        left = len(texts)
        said: dict[int, Said] = {}
        try:
            async with asyncio.timeout(deadline_seconds):
                for places in _parts(texts, self._batch_tokens):
                    left -= len(places)
                    part = self._put([texts[place] for place in places], [ids[place] for place in places])
                    try:
                        said.update(zip(places, await part.answer, strict=True))
                    except asyncio.CancelledError:  # its client went away, or the deadline passed
                        self._take_back(part)
                        raise
        except TimeoutError:
            raise TooLate(deadline_seconds) from None
        finally:
            if left:  # it ended before all was put into the queue
                self._release(left)
        return [said[place] for place in range(len(texts))]

    async def close(self) -> None:
        """Answer what waits, then end the threads."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _admit(self, texts: int) -> None:
        with self._changed:
            if self._closing:
                raise Problem(503, "the server is stopping", headers={"Retry-After": "1"})
            if self._waiting_texts and self._waiting_texts + texts > self._queue_texts:
                raise Busy(self._waiting_texts, retry_seconds=self._waiting_texts * self._seconds_per_text)
            self._waiting_texts += texts

    def _put(self, texts: Sequence[str | None], ids: Sequence[str]) -> _Part:
        loop = asyncio.get_running_loop()
        part = _Part(texts, ids, max(map(_size, texts)), loop.create_future())
        with self._changed:
            if not self._threads:
                for number in range(self._classifier.side_by_side):
                    thread = threading.Thread(
                        target=self._work, args=(loop,), name=f"tamis-model-{number}", daemon=True
                    )
                    self._threads.append(thread)
                    thread.start()
            self._queue.append(part)
            self._changed.notify()
        return part

    def _take_back(self, part: _Part) -> None:
        """Take a part for which nobody waits any more out of the queue, if it is still there."""
        with self._changed:
            if part in self._queue:
                self._queue.remove(part)
                self._release(len(part.texts))

    def _release(self, texts: int) -> None:
        with self._changed:
            self._waiting_texts -= texts
            self._changed.notify_all()

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while parts := self._next():
            outcomes = self._run(parts, alone=self._running == 1 and not self._queue)
            with self._changed:
                self._running -= 1
            with contextlib.suppress(RuntimeError):  # the loop is gone: the process ends
                loop.call_soon_threadsafe(_deliver, outcomes)

    def _next(self) -> list[_Part]:
        """Wait for work and return what goes together; nothing when all is done and the batcher is closed."""
        with self._changed:
            while True:
                idle_since = time.monotonic()
                while not self._queue:
                    if self._closing and not self._waiting_texts:
                        return []
                    self._changed.wait()
                if time.monotonic() - idle_since > QUIET_SECONDS:
                    self._usual_parts = 1.0
                if len(self._queue) < round(self._usual_parts):
                    self._wait_for_more()
                if self._queue:  # else who was waiting went away meanwhile
                    break
            taken = self._alike()
            self._running += 1
            if self._queue or self._closing:  # another thread may go on, or end
                self._changed.notify_all()
            self._waiting_texts -= sum(len(part.texts) for part in taken)
            self._usual_parts += _SMOOTH * (len(taken) - self._usual_parts)
            return taken

    def _wait_for_more(self) -> None:
        """Wait for as many as were usual of late; when they do not come, no more are expected next time."""
        until = time.monotonic() + self._wait_seconds
        while self._queue and not self._closing and len(self._queue) < round(self._usual_parts):
            left = until - time.monotonic()
            if left <= 0:
                self._usual_parts = len(self._queue)
                return
            self._changed.wait(left)

    def _alike(self) -> list[_Part]:
        """Take a pass out of the queue: all that came first would take the least time if they were cut like this."""
        looked_at = self._queue[:MOST_LOOKED_AT]
        texts = [part.size for part in looked_at for _ in part.texts]
        owners = [number for number, part in enumerate(looked_at) for _ in part.texts]
        cut = cheapest_batches(np.array(texts), batch_tokens=self._batch_tokens, pass_tokens=PASS_TOKENS)
        chosen = {owners[place] for place in next(batch for batch in cut if 0 in batch)}
        self._queue = [part for number, part in enumerate(self._queue) if number not in chosen]
        return [looked_at[number] for number in sorted(chosen)]

    def _run(self, parts: list[_Part], *, alone: bool) -> list[tuple[_Part, list[Said] | Exception]]:
        texts = [text for part in parts for text in part.texts]
        start = time.monotonic()
        try:
            raw = self._classifier.raw(texts, alone=alone)
            predictions = self._classifier.decide([name for part in parts for name in part.ids], raw)
            seconds = time.monotonic() - start
            self._observe(
                Batch(
                    texts=len(texts),
                    tokens=int(np.sum(raw.tokens)),
                    padding=raw.padding,
                    seconds=seconds,
                    waited_seconds=start - min(part.since for part in parts),
                    contexts=[part.context for part in parts],
                )
            )
        except Exception as error:  # the thread must live on; who brought the trouble is told, and nobody else
            if len(parts) == 1:
                return [(parts[0], error)]
            return [outcome for part in parts for outcome in self._run([part], alone=alone)]
        seconds /= len(texts) * len(self._threads)
        self._seconds_per_text += _SMOOTH * (seconds - self._seconds_per_text)
        rest = map(Said, predictions, raw.logits, raw.cut.tolist())
        return [(part, [next(rest) for _ in part.texts]) for part in parts]


def _size(text: str | None) -> int:
    return 1 + len(text or "") // CHARACTERS_PER_TOKEN


def _parts(texts: Sequence[str | None], batch_tokens: int) -> Iterator[list[int]]:
    """Yield the places of the texts that go together, like lengths in one part, each part one pass of the engine."""
    if len(texts) == 1:
        yield [0]
        return
    part: list[int] = []
    for place in sorted(range(len(texts)), key=lambda place: _size(texts[place])):
        if part and _size(texts[place]) * (len(part) + 1) > batch_tokens:
            yield part
            part = []
        part.append(place)
    yield part


def _deliver(outcomes: list[tuple[_Part, list[Said] | Exception]]) -> None:
    for part, outcome in outcomes:
        if part.answer.done():  # the client went away
            continue
        if isinstance(outcome, Exception):
            part.answer.set_exception(outcome)
        else:
            part.answer.set_result(outcome)
