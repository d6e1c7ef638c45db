"""Answering: the order in which an answer comes about, without HTTP."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tamis.decide import Decider, Rule
from tamis.predict import PredictSettings
from tamis.serve import Asked, Problem, Route, Served, ServeSettings, open_answering
from tamis.serve.fallback import Link

SILENT = Decider(rule=Rule(least_score=1.1))


class NotedLog:
    """An event log that notes when something was kept; `refused` says which events it fails on."""

    def __init__(self, refused=lambda event: False):
        self.events = []
        self.refused = refused
        self.threads = set()

    def append(self, events):
        if any(map(self.refused, events)):
            raise ValueError("this is no event of mine")
        self.events += events
        self.threads |= {threading.current_thread()} if events else set()

    def read(self, *, after=0):
        yield from list(enumerate(self.events, 1))[after:]

    def sync(self):
        pass

    def close(self):
        pass


def run(bundles, work, **told):
    """Open who answers, do some work with it, and close it."""
    settings = told.pop("settings", ServeSettings())

    async def main():
        answering = open_answering(bundles, settings, PredictSettings(), **told)
        try:
            return await work(answering)
        finally:
            await answering.close()

    return asyncio.run(main())


def test_who_counts_hears_of_an_answer_after_it_was_kept(make_linear):
    log = NotedLog()
    heard = []

    async def work(answering):
        answering.observe = lambda asked, answered: heard.append((asked.request_id, len(log.events)))
        await answering.answer(Asked(texts=["a", "b"], request_id="r"))

    run({"m": make_linear()}, work, events=log)
    assert heard == [("r", 2)]
    assert threading.main_thread() not in log.threads


def test_what_was_not_kept_nobody_hears_of(make_linear):
    heard = []

    async def work(answering):
        answering.observe = lambda asked, answered: heard.append(asked)
        with pytest.raises(Problem) as error:
            await answering.answer(Asked(texts=["a"], request_id="r"))
        return error.value.status

    assert run({"m": make_linear()}, work, events=NotedLog(lambda event: True)) == 503
    assert heard == []


def test_a_shadow_is_kept_as_one_and_when_it_cannot_be_the_caller_does_not_notice(make_linear):
    bundle, other = make_linear(), make_linear(seed=2)

    async def work(answering):
        shadow = Served.open(other, answering.settings, PredictSettings())
        (shares,) = (route.shares for route in answering.fleet.routes.values())
        answering.fleet.routes["m"] = Route(shares, shadow=shadow)
        return await answering.answer(Asked(texts=["a good film"], request_id="r", metadata={"n": 1}, threshold=1.0))

    log = NotedLog()
    answered = run({"m": bundle}, work, events=log)
    live, shadow = sorted(log.events, key=lambda event: event["shadow"])
    assert (live["shadow"], live["version"], live["id"]) == (False, answered.version, "r")
    assert (shadow["shadow"], shadow["version"], shadow["id"]) == (True, other.manifest.seal[:12], "r")
    assert shadow["metadata"] == {"n": 1}
    assert shadow["prediction"]["model"] == other.name
    assert len(answered.predictions) == 1

    log = NotedLog(lambda event: event["shadow"])
    assert run({"m": bundle}, work, events=log).version == answered.version
    assert [event["shadow"] for event in log.events] == [False]


class NotedServed:
    """A model that notes how long it may take."""

    def __init__(self, served):
        self.name, self.batcher = served.name, served.batcher
        self.given = []

    async def predict(self, texts, ids, *, deadline_seconds):
        self.given.append(deadline_seconds)
        return await self.batcher.predict(texts, ids, deadline_seconds=deadline_seconds)


def test_a_second_model_has_only_the_time_that_is_left(make_linear):
    async def work(answering):
        second = NotedServed(Served.open(make_linear(seed=2), answering.settings, PredictSettings()))
        answering.links = [Link("m", served=second)]
        await answering.answer(Asked(texts=["a"], request_id="r", deadline_seconds=5.0))
        return second.given

    (given,) = run({"m": make_linear(decider=SILENT)}, work)
    assert 0 < given < 5.0


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"texts": ["a"] * 4}, 422, "texts"),
        ({"texts": ["a", "b" * 11]}, 422, "texts.1"),
        ({"texts": ["a"], "ids": ["1", "2"]}, 422, "ids"),
        ({"texts": ["a"], "model": "n"}, 404, "model"),
        ({"texts": ["a"], "version": "1"}, 404, "version"),
    ],
)
def test_what_cannot_be_answered_is_told_and_not_kept(asked, status, field, make_linear):
    log = NotedLog()

    async def work(answering):
        with pytest.raises(Problem) as error:
            await answering.answer(Asked(**asked, request_id="r"))
        return error.value.status, error.value.field

    settings = ServeSettings(max_texts=3, max_text_characters=10)
    assert run({"m": make_linear()}, work, events=log, settings=settings) == (status, field)
    assert log.events == []


def test_a_stopped_answering_refuses(make_linear):
    async def work(answering):
        await answering.close()
        with pytest.raises(Problem) as error:
            await answering.answer(Asked(texts=["a"], request_id="r"))
        return error.value.status

    assert run({"m": make_linear()}, work, events=NotedLog()) == 503
