"""Batcher: lets texts that arrive one by one run through a model together.

Requests put their texts into a queue, and one thread takes them out: the oldest request, and beside it those whose
texts are most like it in length, as many as the engine likes in one pass. While the engine works the queue fills, so a
busy server batches by itself; only a server that was busy a moment ago waits, and at most `wait_seconds`, for the
requests that are likely to come. The thread never waits for the event loop, nor the loop for the engine.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tamis.core import Prediction
from tamis.predict import Classifier
from tamis.serve.problem import Busy, Problem, TooLate

CHARACTERS_PER_TOKEN = 4
"""About; only the choice of who goes together depends on it."""
_SMOOTH = 0.2


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one pass was, for whoever counts."""

    texts: int
    tokens: int
    seconds: float
    waited_seconds: float
    """How long its oldest text had waited."""


@dataclass(eq=False)
class _Waiting:
    texts: Sequence[str | None]
    ids: Sequence[str]
    size: int
    """The length of its longest text, in about tokens."""
    answer: asyncio.Future[list[Prediction]]
    deadline: float
    patience: float
    since: float = field(default_factory=time.monotonic)


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
        self._queue: deque[_Waiting] = deque()
        self._waiting_texts = 0
        self._usual_requests = 1.0  # in a batch, of late
        self._seconds_per_text = 0.01  # of late
        self._closing = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def waiting_texts(self) -> int:
        """How many texts are in the queue."""
        return self._waiting_texts

    async def predict(
        self, texts: Sequence[str | None], ids: Sequence[str], *, deadline_seconds: float
    ) -> list[Prediction]:
        """Return one prediction a text; raises `Busy` when the queue is full and `TooLate` after the deadline.

        A request that alone is larger than the queue is taken when nothing else waits.
        """
        loop = asyncio.get_running_loop()
        longest = max((len(text) for text in texts if text), default=0)
        waiting = _Waiting(
            texts=texts,
            ids=ids,
            size=max(1, longest // CHARACTERS_PER_TOKEN),
            answer=loop.create_future(),
            deadline=time.monotonic() + deadline_seconds,
            patience=deadline_seconds,
        )
        with self._changed:
            if self._closing:
                raise Problem(503, "the server is stopping", headers={"Retry-After": "1"})
            if self._queue and self._waiting_texts + len(texts) > self._queue_texts:
                raise Busy(self._waiting_texts, retry_seconds=self._waiting_texts * self._seconds_per_text)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, args=(loop,), name="tamis-model", daemon=True)
                self._thread.start()
            self._queue.append(waiting)
            self._waiting_texts += len(texts)
            self._changed.notify()
        return await waiting.answer

    async def close(self) -> None:
        """Answer what waits, then end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while batch := self._next():
            late = [each for each in batch if each.deadline < time.monotonic()]
            ready = [each for each in batch if each not in late and not each.answer.cancelled()]
            outcomes: list[tuple[_Waiting, list[Prediction] | Exception]] = [
                (each, TooLate(each.patience)) for each in late
            ]
            if ready:
                outcomes += self._run(ready)
            loop.call_soon_threadsafe(_deliver, outcomes)

    def _next(self) -> list[_Waiting]:
        """Wait for work and return what goes together; nothing when all is done and the batcher is closed."""
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            if not self._queue:
                return []
            if len(self._queue) < round(self._usual_requests):
                until = time.monotonic() + self._wait_seconds
                while len(self._queue) < round(self._usual_requests) and not self._closing:
                    left = until - time.monotonic()
                    if left <= 0 or not self._changed.wait(left):
                        break
            taken = self._most_alike()
            self._waiting_texts -= sum(len(each.texts) for each in taken)
            self._usual_requests += _SMOOTH * (len(taken) - self._usual_requests)
            return taken

    def _most_alike(self) -> list[_Waiting]:
        """Take the oldest request out of the queue, and those most like it in length, up to one pass of the engine."""
        oldest = self._queue[0]
        alike = sorted(self._queue, key=lambda each: (each is not oldest, abs(each.size - oldest.size)))
        longest = texts = count = 0
        for each in alike:
            longest, texts = max(longest, each.size), texts + len(each.texts)
            if count and longest * texts > self._batch_tokens:
                break
            count += 1
        taken = alike[:count]
        gone = set(map(id, taken))
        self._queue = deque(each for each in self._queue if id(each) not in gone)
        return taken

    def _run(self, ready: list[_Waiting]) -> list[tuple[_Waiting, list[Prediction] | Exception]]:
        texts = [text for each in ready for text in each.texts]
        ids = [name for each in ready for name in each.ids]
        start = time.monotonic()
        try:
            raw = self._classifier.raw(texts)
            predictions = self._classifier.decide(ids, raw)
        except Exception as error:  # the thread must live on; the request is told
            return [(each, error) for each in ready]
        seconds = time.monotonic() - start
        self._seconds_per_text += _SMOOTH * (seconds / len(texts) - self._seconds_per_text)
        self._observe(
            Batch(
                texts=len(texts),
                tokens=int(np.sum(raw.tokens)),
                seconds=seconds,
                waited_seconds=start - min(each.since for each in ready),
            )
        )
        outcomes: list[tuple[_Waiting, list[Prediction] | Exception]] = []
        place = 0
        for each in ready:
            outcomes.append((each, predictions[place : place + len(each.texts)]))
            place += len(each.texts)
        return outcomes


def _deliver(outcomes: list[tuple[_Waiting, list[Prediction] | Exception]]) -> None:
    for waiting, outcome in outcomes:
        if waiting.answer.done():  # the client went away
            continue
        if isinstance(outcome, Exception):
            waiting.answer.set_exception(outcome)
        else:
            waiting.answer.set_result(outcome)
