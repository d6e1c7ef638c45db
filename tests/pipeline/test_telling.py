"""What a step does just now is told in words, now and then."""

from __future__ import annotations

from tamis.pipeline.telling import Telling


def test_the_share_and_the_count_of_the_latest_work_are_told():
    told = []
    telling = Telling(lambda words, share: told.append((words, share)), every_seconds=0)
    with telling.track("reading", total=None, unit="rows") as advance:
        advance(1500)
        with telling.track("training", total=200, unit="steps") as step:
            step(50)
            step(500)
    assert told == [
        ("reading", None),
        ("reading: 1,500 rows", None),
        ("training", 0.0),
        ("training: 50 of 200 steps", 0.25),
        ("training: 550 of 200 steps", 1.0),
    ]


def test_it_does_not_speak_all_the_time():
    told = []
    telling = Telling(lambda words, share: told.append(words), every_seconds=60)
    for _ in range(100):
        with telling.track("training", total=10, unit="steps") as advance:
            advance(1)
    assert told == ["training"]
