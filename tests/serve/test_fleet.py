"""Fleet: models come and go under load, and no caller notices; shadows never touch an answer."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.core import DataError
from tamis.predict import Classifier, PredictSettings
from tamis.serve import Answering, Asked, Batcher, Fleet, Problem, Route, Served, ServeSettings

SETTINGS = ServeSettings()


def opened(bundle):
    return Served.open(bundle, SETTINGS, PredictSettings())


def asked(text="a good film", **changes):
    return Asked(texts=[text], **{"request_id": "one", **changes})


@pytest.fixture
def fleet(make_linear):
    """A fleet that answers as `topics` with seed 1, finds seeds by their numbers, and counts what it opens."""

    def open_bundle(bundle):
        fleet.opened.append(bundle.name)
        return opened(bundle)

    def find(ref):
        if ref == "broken":
            raise DataError("no tamis.json in broken: this is no bundle")
        return make_linear(seed=int(ref))

    fleet = Fleet({"topics": Route(((opened(make_linear(seed=1)), 1.0),))}, find=find, open_bundle=open_bundle)
    fleet.opened = []
    return fleet


@pytest.fixture
def gated_served(make_linear, gated):
    """A function that returns a version that can be held up, with its scorer."""

    def make(*, seed=9, queue_texts=1000):
        bundle = make_linear(seed=seed)
        scorer = gated(bundle)
        batcher = Batcher(
            classifier := Classifier(bundle, scorer), queue_texts=queue_texts, wait_seconds=0.0, batch_tokens=1000
        )
        return Served(classifier, batcher), scorer

    return make


def live(fleet, name="topics"):
    return {served.name.split(".")[0][-1]: round(share, 6) for served, share in fleet.route(name).shares}


@given(key=st.text(), small=st.floats(0.01, 0.5), more=st.floats(0.01, 0.49))
def test_a_key_keeps_its_version_also_when_the_share_grows(make_linear, key, small, more):
    old, new = (make_linear(seed=seed) for seed in (1, 2))  # any two things can share traffic
    before = Route(((old, 1.0),)).with_share(new, small)
    after = before.with_share(new, small + more)
    assert before.choose(key) is before.choose(key)
    if before.choose(key) is new:
        assert after.choose(key) is new


def test_the_shares_are_what_was_asked_for(make_linear):
    old, new, third = (make_linear(seed=seed) for seed in (1, 2, 3))
    route = Route(((old, 1.0),)).with_share(new, 0.25).with_share(third, 0.2)
    assert route.shares == ((old, pytest.approx(0.6)), (new, pytest.approx(0.2)), (third, pytest.approx(0.2)))
    chosen = [route.choose(f"user {number}") for number in range(5000)]
    for served, share in route.shares:
        assert chosen.count(served) / 5000 == pytest.approx(share, abs=0.03)
    assert route.with_share(new, 1.0).shares == ((new, 1.0),)


def test_a_swap_under_load_drops_no_request_and_mixes_no_answers(fleet, make_linear):
    classifiers = {
        bundle.manifest.seal[:12]: Classifier.open(bundle) for bundle in (make_linear(seed=n) for n in (1, 2, 3))
    }
    answers, stop = [], False

    async def client(answering, number):
        turn = 0
        while not stop:
            turn += 1
            text = f"{'good ' * (turn % 5)}film {number} {turn}"
            answered = await answering.answer(asked(text, request_id=f"{number}-{turn}"))
            answers.append((text, answered))

    async def scenario():
        nonlocal stop
        answering = Answering(fleet, SETTINGS)
        clients = [asyncio.ensure_future(client(answering, number)) for number in range(8)]
        for ref in ("2", "3", "1", "2", "3"):
            await fleet.put("topics", ref)
            await asyncio.sleep(0.03)
            await fleet.roll_back("topics")
            await asyncio.sleep(0.03)
            await fleet.put("topics", ref, share=0.5)
            await asyncio.sleep(0.03)
        stop = True
        await asyncio.gather(*clients)  # raises if one of them was refused
        await answering.close()

    asyncio.run(scenario())
    assert {answered.version for _, answered in answers} == set(classifiers)
    for text, answered in answers:
        expected = classifiers[answered.version].predict([text], [answered.request_id])
        assert answered.predictions == expected


def test_going_back_opens_nothing_and_takes_no_time(fleet):
    async def scenario():
        with pytest.raises(Problem, match="nothing was served as 'topics' before") as nothing:
            await fleet.roll_back("topics")
        assert nothing.value.status == 409
        await fleet.put("topics", "2")
        await fleet.put("topics", "3", share=0.1)
        assert fleet.opened == ["tiny-linear-2.abcd", "tiny-linear-3.abcd"]
        start = time.monotonic()
        await fleet.roll_back("topics")
        assert live(fleet) == {"2": 1.0}
        assert time.monotonic() - start < 0.5
        await fleet.roll_back("topics")  # and forward again
        assert live(fleet) == {"2": 0.9, "3": 0.1}
        await fleet.put("topics", "3")  # it is open
        assert live(fleet) == {"3": 1.0}
        assert fleet.opened == ["tiny-linear-2.abcd", "tiny-linear-3.abcd"]
        await fleet.close()

    asyncio.run(scenario())


def test_what_is_live_as_asked_is_left_as_it_is(fleet):
    async def scenario():
        await fleet.put("topics", "2")
        await fleet.put("topics", "2")  # a deployment that was repeated
        await fleet.roll_back("topics")
        assert live(fleet) == {"1": 1.0}
        await fleet.close()

    asyncio.run(scenario())


def test_what_cannot_be_opened_changes_nothing(fleet):
    async def scenario():
        with pytest.raises(DataError, match="this is no bundle"):
            await fleet.put("topics", "broken")
        for change in (fleet.put, fleet.keep):
            with pytest.raises(DataError, match="found here as '2' is another bundle"):
                await change("topics", "2", seal="the one that was approved")
        with pytest.raises(Problem, match="its first version gets all the traffic"):
            await fleet.put("new", "2", share=0.1)
        with pytest.raises(Problem, match="it cannot read along"):
            await fleet.put("topics", "1", shadow=True)
        assert live(fleet) == {"1": 1.0}
        assert set(fleet.routes) == {"topics"}
        await fleet.close()

    asyncio.run(scenario())
    with pytest.raises(Problem, match="what it was started with") as fixed:
        asyncio.run(Fleet(dict(fleet.routes)).put("topics", "2"))
    assert fixed.value.status == 403


def test_the_memory_of_versions_that_are_gone_is_free_again(fleet):
    threads = threading.active_count()
    seen = []

    async def scenario():
        answering = Answering(fleet, SETTINGS)
        for ref in ("1", "2", "3", "4", "5"):
            await fleet.put("topics", ref)
            await answering.answer(asked())
            seen.append(weakref.ref(fleet.route("topics").shares[0][0].classifier))
        gc.collect()
        alive = [each() is not None for each in seen]
        await answering.close()
        return alive

    assert asyncio.run(scenario()) == [False, False, False, True, True]  # what is live, and what stood before
    assert threading.active_count() == threads


def test_several_names_in_one_process(fleet):
    async def scenario():
        answering = Answering(fleet, SETTINGS)
        await fleet.put("stars", "2")
        said = [await answering.answer(asked(model=name)) for name in (None, "topics", "stars")]
        assert [each.route for each in said] == ["topics", "topics", "stars"]
        assert [each.predictions[0].model for each in said] == [f"tiny-linear-{seed}.abcd" for seed in (1, 1, 2)]
        with pytest.raises(
            Problem, match=r"no model 'star'\. Models: topics, stars\. Did you mean 'stars'\?"
        ) as unknown:
            await answering.answer(asked(model="star"))
        assert unknown.value.status == 404
        version = fleet.route("stars").shares[0][0].version
        assert (await answering.answer(asked(model="stars", version=version))).version == version
        with pytest.raises(Problem, match="no version 'none' of it is served"):
            await answering.answer(asked(model="stars", version="none"))
        await fleet.remove("topics")
        assert (await answering.answer(asked())).route == "stars"
        with pytest.raises(Problem, match="is the only model") as only:
            await fleet.remove("stars")
        assert only.value.status == 409
        await answering.close()

    asyncio.run(scenario())


def test_a_model_that_is_taken_down_answers_what_it_was_asked(fleet, gated_served):
    served, scorer = gated_served()

    async def scenario():
        answering = Answering(fleet, SETTINGS)
        await fleet.swap("slow", Route(((served, 1.0),)))
        scorer.gate.clear()
        waiting = [asyncio.ensure_future(answering.answer(asked(model="slow"))) for _ in range(5)]
        await scorer.began()
        removing = asyncio.ensure_future(fleet.remove("slow"))
        await asyncio.sleep(0.02)
        assert not removing.done()
        with pytest.raises(Problem, match="no model 'slow'"):
            await answering.answer(asked(model="slow"))
        scorer.gate.set()
        said = await asyncio.gather(*waiting)
        await removing
        await answering.close()
        return said

    assert len(asyncio.run(scenario())) == 5


@pytest.mark.parametrize("trouble", ["slow", "full", "broken", "closed"])
def test_a_shadow_in_trouble_never_touches_the_caller(fleet, gated_served, caplog, trouble):
    served, scorer = gated_served(queue_texts=2 if trouble == "full" else 1000)

    async def scenario():
        answering = Answering(fleet, SETTINGS)
        await fleet.swap("topics", Route(fleet.route("topics").shares, served))
        if trouble in ("slow", "full"):
            scorer.gate.clear()
        if trouble == "closed":
            await served.batcher.close()
        text = "poison" if trouble == "broken" else "a good film"
        start = time.monotonic()
        said = [await answering.answer(asked(text)) for _ in range(20)]
        seconds = time.monotonic() - start
        scorer.gate.set()
        await answering.close()
        return said, seconds

    with caplog.at_level(logging.WARNING):
        said, seconds = asyncio.run(scenario())
    assert {each.predictions[0].model for each in said} == {"tiny-linear-1.abcd"}
    assert seconds < 2.0
    told = [record for record in caplog.records if "shadow" in record.message]
    assert len(told) == (trouble != "slow")  # once, not for each request


def test_a_shadow_reads_what_the_caller_asks(fleet, gated_served):
    served, scorer = gated_served()

    async def scenario():
        answering = Answering(fleet, SETTINGS)
        await fleet.swap("topics", Route(fleet.route("topics").shares, served))
        await asyncio.gather(*(answering.answer(asked(f"film {number}")) for number in range(10)))
        await answering.answer(asked("not this one", version=fleet.route("topics").shares[0][0].version))
        await answering.close()

    asyncio.run(scenario())
    assert sorted(text for taken in scorer.passes for text in taken) == sorted(f"film {number}" for number in range(10))


def test_users_keep_their_version(fleet):
    async def scenario():
        answering = Answering(fleet, SETTINGS)
        await fleet.put("topics", "2", share=0.5)
        seen = {}
        for number in range(200):
            user = f"user {number % 40}"
            answered = await answering.answer(asked(request_id=str(number), key=user))
            seen.setdefault(user, set()).add(answered.version)
        await answering.close()
        return seen

    seen = asyncio.run(scenario())
    assert all(len(versions) == 1 for versions in seen.values())
    assert len(set.union(*seen.values())) == 2
