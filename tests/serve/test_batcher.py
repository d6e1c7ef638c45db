"""Batcher: what arrives together shares a pass, nobody starves, and trouble stays with who brought it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.predict import Classifier
from tamis.serve import Batcher, Problem
from tamis.serve.problem import Busy, TooLate


@pytest.fixture(scope="module")
def bundle(make_linear):
    return make_linear()


@pytest.fixture(scope="module")
def plain(bundle):
    return Classifier.open(bundle)


@pytest.fixture
def scorer(bundle, gated):
    return gated(bundle)


@pytest.fixture
def batcher(bundle, scorer):
    """A function that returns a batcher over the gated model."""

    def make(*, queue_texts=1000, wait_seconds=0.0, batch_tokens=10_000, **options):
        return Batcher(
            Classifier(bundle, scorer),
            queue_texts=queue_texts,
            wait_seconds=wait_seconds,
            batch_tokens=batch_tokens,
            **options,
        )

    return make


def ask(batcher, *texts, deadline_seconds=20.0):
    """Return a task that asks for some texts, which are named by themselves."""
    return asyncio.ensure_future(
        batcher.predict(texts, [str(text) for text in texts], deadline_seconds=deadline_seconds)
    )


async def queued(batcher, texts):
    """Return when so many texts wait."""
    while batcher.waiting_texts != texts:
        await asyncio.sleep(0.001)


def test_texts_that_come_together_share_a_pass(batcher, scorer, plain):
    async def scenario():
        seen = []
        batching = batcher(observe=seen.append)
        scorer.gate.clear()
        first = ask(batching, "good film")
        await scorer.began()
        others = [ask(batching, text) for text in ("bad", "slow story", "loud")]
        await queued(batching, 3)
        scorer.gate.set()
        answers = await asyncio.gather(first, *others)
        await batching.close()
        return answers, seen

    answers, seen = asyncio.run(scenario())
    assert list(map(sorted, scorer.passes)) == [["good film"], ["bad", "loud", "slow story"]]
    names = ["good film", "bad", "slow story", "loud"]
    assert [each for answer in answers for each in answer] == plain.predict(names, names)
    assert [(batch.texts, batch.tokens) for batch in seen] == [(1, 2), (3, 4)]
    assert all(batch.seconds > 0 and batch.waited_seconds >= 0 for batch in seen)


def test_the_oldest_goes_with_those_of_its_length(batcher, scorer):
    short, long = [f"good {number}" for number in range(6)], [f"{'tender story ' * 20}{number}" for number in range(6)]
    mixed = [text for pair in zip(short, long, strict=True) for text in pair]

    async def scenario():
        batching = batcher(batch_tokens=1000)
        scorer.gate.clear()
        first = ask(batching, "good")
        await scorer.began()
        others = [ask(batching, text) for text in mixed]
        await queued(batching, len(mixed))
        scorer.gate.set()
        await asyncio.gather(first, *others)
        await batching.close()

    asyncio.run(scenario())
    assert scorer.passes[1:] == [short, long]


def test_as_many_passes_run_at_once_as_the_engine_has_room_for(bundle, gated, plain):
    scorer = gated(bundle, side_by_side=2)
    texts = [f"{'tender story ' * (number % 3 * 20)}good {number}" for number in range(9)]

    async def scenario():
        batching = Batcher(Classifier(bundle, scorer), queue_texts=100, wait_seconds=0.0, batch_tokens=2000)
        scorer.gate.clear()
        tasks = [ask(batching, text) for text in texts]
        await scorer.began(2)
        await asyncio.sleep(0.05)
        assert len(scorer.passes) == 2
        scorer.gate.set()
        said = await asyncio.gather(*tasks)
        await batching.close()
        return [each for part in said for each in part]

    running = threading.active_count()
    assert asyncio.run(scenario()) == plain.predict(texts, texts)
    assert threading.active_count() == running


@settings(max_examples=25)
@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=30), batch_tokens=st.integers(1, 120))
def test_the_oldest_is_in_the_next_pass_whatever_comes(make_linear, gated, sizes, batch_tokens):
    bundle = make_linear()
    scorer = gated(bundle)
    texts = [f"{number} {'good ' * size}".strip() for number, size in enumerate(sizes)]

    async def scenario():
        batching = Batcher(Classifier(bundle, scorer), queue_texts=1000, wait_seconds=0.0, batch_tokens=batch_tokens)
        scorer.gate.clear()
        first = ask(batching, "first")
        await scorer.began()
        others = [ask(batching, text) for text in texts]
        await queued(batching, len(texts))
        scorer.gate.set()
        await asyncio.gather(first, *others)
        await batching.close()

    asyncio.run(scenario())
    left = list(texts)
    for taken in scorer.passes[1:]:
        assert left[0] in taken
        left = [text for text in left if text not in taken]
    assert not left


def test_a_lone_client_never_waits(batcher):
    async def scenario():
        batching = batcher(wait_seconds=1.0)
        start = time.monotonic()
        for number in range(20):
            await ask(batching, f"good film {number}")
        alone = time.monotonic() - start
        for _ in range(3):
            await asyncio.gather(*(ask(batching, f"bad {number}") for number in range(8)))
        await asyncio.sleep(0.1)  # the crowd has gone home
        start = time.monotonic()
        await ask(batching, "slow")
        after = time.monotonic() - start
        await batching.close()
        return alone, after

    alone, after = asyncio.run(scenario())
    assert alone < 1.0
    assert after < 0.5


def test_who_waited_for_a_crowd_that_went_home_does_not_wait_again(batcher):
    async def scenario():
        batching = batcher(wait_seconds=0.2)
        for _ in range(5):
            await asyncio.gather(*(ask(batching, f"bad {number}") for number in range(8)))
        start = time.monotonic()
        for number in range(20):
            await ask(batching, f"good {number}")
        seconds = time.monotonic() - start
        await batching.close()
        return seconds

    assert asyncio.run(scenario()) < 2.0  # each of them waiting would take four


def test_many_who_hang_up_while_others_are_waited_for_leave_no_trace(batcher):
    def depth():
        (model,) = (each for each in threading.enumerate() if each.name == "tamis-model-0")
        frame, count = sys._current_frames()[model.ident], 0
        while frame is not None:
            count += frame.f_code.co_name == "_next"
            frame = frame.f_back
        return count

    async def scenario():
        batching = batcher(wait_seconds=60.0)
        for _ in range(5):
            await asyncio.gather(*(ask(batching, f"bad {number}") for number in range(8)))
        for number in range(20):
            with pytest.raises(TooLate):
                await ask(batching, f"good {number}", deadline_seconds=0.01)
        deepest = depth()
        await batching.close()
        return deepest

    assert asyncio.run(scenario()) == 1  # a thousand calls within each other would be its end


def test_a_busy_server_waits_for_what_is_likely_to_come(batcher, scorer):
    async def scenario():
        batching = batcher(wait_seconds=5.0)
        scorer.gate.clear()
        first = ask(batching, "first")
        await scorer.began()
        crowd = [ask(batching, f"bad {number}") for number in range(9)]
        await queued(batching, 9)
        scorer.gate.set()
        await asyncio.gather(first, *crowd)
        some = []
        for text in ("good", "slow", "thin"):  # about as many as came together of late
            some.append(ask(batching, text))
            await asyncio.sleep(0.002)
        await asyncio.gather(*some)
        await batching.close()

    asyncio.run(scenario())
    assert list(map(len, scorer.passes)) == [1, 9, 3]


def test_a_full_queue_is_told_with_the_time_after_which_to_try_again(batcher, scorer):
    async def scenario():
        batching = batcher(queue_texts=3)
        scorer.gate.clear()
        tasks = [ask(batching, *["good"] * 10)]  # larger than the queue, and alone
        await scorer.began()
        tasks += [ask(batching, "bad", "slow"), ask(batching, "loud")]
        await queued(batching, 3)
        with pytest.raises(Busy) as busy:
            await ask(batching, "thin")
        scorer.gate.set()
        await asyncio.gather(*tasks)
        assert batching.waiting_texts == 0
        await ask(batching, "thin")
        await batching.close()
        return busy.value

    busy = asyncio.run(scenario())
    assert busy.status == 429
    assert int(busy.headers["Retry-After"]) >= 1
    assert "3 texts are waiting" in busy.detail


def test_who_waits_too_long_is_told_while_the_engine_still_works(batcher, scorer):
    async def scenario():
        batching = batcher()
        scorer.gate.clear()
        running = ask(batching, "good", deadline_seconds=0.2)
        await scorer.began()
        waiting = ask(batching, "bad", deadline_seconds=0.05)
        late = await asyncio.gather(running, waiting, return_exceptions=True)
        assert batching.waiting_texts == 0
        scorer.gate.set()
        await ask(batching, "thin")
        await batching.close()
        return late

    late = asyncio.run(scenario())
    assert [type(each) for each in late] == [TooLate, TooLate]
    assert late[0].status == 504
    assert scorer.passes == [["good"], ["thin"]]


def test_a_client_that_went_away_costs_no_pass(batcher, scorer):
    async def scenario():
        batching = batcher(batch_tokens=8)
        scorer.gate.clear()
        first = ask(batching, "good")
        await scorer.began()
        gone, large, stays = ask(batching, "bad"), ask(batching, *["slow loud"] * 20), ask(batching, "thin")
        await queued(batching, 22)
        for task in (gone, large):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        assert batching.waiting_texts == 1
        scorer.gate.set()
        await asyncio.gather(first, stays)
        await batching.close()

    asyncio.run(scenario())
    assert scorer.passes == [["good"], ["thin"]]


def test_an_engine_that_fails_fails_only_who_brought_the_trouble(batcher, scorer, plain):
    async def scenario():
        batching = batcher()
        scorer.gate.clear()
        first = ask(batching, "good")
        await scorer.began()
        others = [ask(batching, text) for text in ("bad", "poison", "slow")]
        await queued(batching, 3)
        scorer.gate.set()
        said = await asyncio.gather(first, *others, return_exceptions=True)
        after = await ask(batching, "thin")
        await batching.close()
        return said, after

    (_, bad, poison, slow), after = asyncio.run(scenario())
    assert isinstance(poison, RuntimeError)
    assert [*bad, *slow, *after] == plain.predict(names := ["bad", "slow", "thin"], names)


def test_others_get_their_turn_between_the_parts_of_a_large_request(batcher, scorer, plain):
    many = [f"{'good ' * (number % 7)}bad {number}" for number in range(60)]

    async def scenario():
        batching = batcher(batch_tokens=64)
        scorer.gate.clear()
        large = ask(batching, *many)
        await scorer.began()
        small = ask(batching, "thin")
        await asyncio.sleep(0.01)
        scorer.gate.set()
        said = await large
        await small
        await batching.close()
        return said

    assert asyncio.run(scenario()) == plain.predict(many, many)
    assert len(scorer.passes) > 5
    assert "thin" in {text for taken in scorer.passes[:3] for text in taken}


def test_what_waits_is_answered_before_the_end(batcher, scorer, plain):
    many = [f"{'good ' * (number % 7)}bad {number}" for number in range(60)]

    async def scenario():
        batching = batcher(batch_tokens=64)
        scorer.gate.clear()
        tasks = [ask(batching, "good"), ask(batching, *many), ask(batching, "slow")]
        await scorer.began()
        closing = asyncio.ensure_future(batching.close())
        await asyncio.sleep(0.02)
        with pytest.raises(Problem) as stopping:
            await ask(batching, "thin")
        assert stopping.value.status == 503
        scorer.gate.set()
        time.sleep(0.1)  # the thread is done with what it has before the loop brings the next part
        said = await asyncio.gather(*tasks)
        await closing
        return said

    running = threading.active_count()
    _, said, _ = asyncio.run(scenario())
    assert said == plain.predict(many, many)
    assert threading.active_count() == running


def test_no_texts_are_no_work(batcher, scorer):
    assert asyncio.run(batcher().predict([], [], deadline_seconds=1.0)) == []
    assert scorer.passes == []


@settings(max_examples=25)
@given(
    requests=st.lists(
        st.tuples(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=8), st.integers(0, 3)), max_size=25
    ),
    batch_tokens=st.integers(1, 200),
    wait_seconds=st.sampled_from([0.0, 0.002]),
)
def test_each_request_gets_exactly_its_own_predictions(make_linear, requests, batch_tokens, wait_seconds):
    classifier = Classifier.open(make_linear())

    async def scenario():
        batching = Batcher(classifier, queue_texts=1000, wait_seconds=wait_seconds, batch_tokens=batch_tokens)

        async def one(number, texts, later):
            for _ in range(later):
                await asyncio.sleep(0)
            names = [f"{number}-{place}" for place in range(len(texts))]
            return await batching.predict(texts, names, deadline_seconds=20.0)

        said = await asyncio.gather(*(one(number, *request) for number, request in enumerate(requests)))
        await batching.close()
        return said

    expected = [
        classifier.predict(texts, [f"{number}-{place}" for place in range(len(texts))])
        for number, (texts, _) in enumerate(requests)
    ]
    assert asyncio.run(scenario()) == expected
