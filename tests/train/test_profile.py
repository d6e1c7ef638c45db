"""The profile: where time went, how busy the machine was, and advice that each planted fault brings forth."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from tamis.train.advice import advise
from tamis.train.events import StepDone
from tamis.train.profile import Profile, Profiler, read_profile, write_profile
from tamis.train.record import Run
from tamis.train.usage import Seen, Usage


def run(**changes):
    usual = {
        "name": "docs-encoder-1", "status": "finished", "fingerprint": "f", "dataset": "docs@1", "family": "encoder",
        "dataset_fingerprint": "d", "settings": {"train": {"precision": "auto", "freeze": "none"}}, "tamis": "0.1.0",
        "code": "c", "environment": {}, "started": datetime(2026, 1, 1, tzinfo=UTC),
        "host": {"cores": 4, "memory_gib": 8.0, "processor": ["AVX2"], "threads": None},
    }  # fmt: skip
    return Run.model_validate(usual | changes)


def profiler(*, steps=10, data=0.01, forward=0.2, backward=0.4, optimizer=0.1, padded=102, cores=3.6, memory=1000.0):
    made = Profiler(Usage(looks=[Seen(second, cores, memory) for second in range(1, 300)]))
    for number in range(1, steps + 1):
        parts = {"data": data, "forward": forward, "backward": backward, "optimizer": optimizer}
        made.hear(
            StepDone(
                step=number, steps=steps, epoch=1, loss=1.0, learning_rate=0.1, gradient_norm=1.0, rows=8, tokens=100,
                padded_tokens=padded, seconds=parts,
            )
        )  # fmt: skip
    return made


def test_parts_sum_to_the_whole():
    profile = profiler().profile(run(), seconds=10.0)
    assert profile.steps == 10
    assert profile.rows == 80
    assert profile.tokens_a_second == pytest.approx(1000 / 7.1, rel=1e-3)
    assert profile.padding_share == pytest.approx(1 - 100 / 102, abs=1e-4)
    assert sum(profile.parts.values()) == pytest.approx(10.0)
    assert profile.parts["outside"] == pytest.approx(2.9)
    assert sum(profile.shares.values()) == pytest.approx(1)
    assert profile.step_seconds["p50"] == pytest.approx(0.71)
    assert profile.cores_busy["p50"] == 3.6
    assert len(profile.usage) == 120, "a long run is thinned out"
    assert profile.usage[-1][0] == 299
    assert profile.advice == ()


@pytest.mark.parametrize(
    ("kind", "fault", "seconds", "changes"),
    [
        ("data", {"data": 0.3}, 10.0, {}),
        ("optimizer", {"optimizer": 0.6}, 13.0, {}),
        ("outside", {}, 30.0, {}),
        ("idle", {"cores": 1.0}, 10.0, {}),
        ("padding", {"padded": 130}, 8.0, {}),
        ("memory", {"memory": 7500.0}, 8.0, {}),
        (
            "precision",
            {},
            8.0,
            {
                "settings": {"train": {"precision": "fp32", "freeze": "none"}},
                "host": {"cores": 4, "memory_gib": 8.0, "processor": ["AMX bf16"]},
            },
        ),
        ("cut", {}, 8.0, {"notes": {"cut_share": 0.3}}),
    ],
)
def test_a_planted_fault_brings_its_advice_and_no_other(kind, fault, seconds, changes):
    (advice,) = profiler(**fault).profile(run(**changes), seconds=seconds).advice
    assert advice.kind == kind
    assert advice.seen
    assert advice.try_


def test_nobody_is_told_to_try_what_is_tried_already():
    tried = {"train": {"precision": "auto", "freeze": "none", "long_text": "auto"}}
    assert profiler().profile(run(settings=tried, notes={"cut_share": 0.3}), seconds=8.0).advice == ()


def test_a_run_without_steps_has_a_profile_too(tmp_path):
    profile = Profiler().profile(run(family="linear"), seconds=1.5)
    assert profile.parts == {"outside": 1.5}
    assert advise(profile, run()) == []
    write_profile(profile, tmp_path)
    assert "1.5 s in one go" in (tmp_path / "profile.html").read_text()


def test_the_page_needs_no_network_and_shows_what_the_file_holds(tmp_path):
    profile = profiler(data=0.3).profile(run(name="<b>docs</b>"), seconds=10.0)
    write_profile(profile, tmp_path)
    assert read_profile(tmp_path) == profile
    page = (tmp_path / "profile.html").read_text()
    assert "&lt;b&gt;docs&lt;/b&gt;" in page
    assert "<b>docs</b>" not in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    for words in (
        "Where the time went",
        "making batches",
        "Cores kept busy",
        "30% of the time went into making batches",
    ):
        assert words in page
    assert read_profile(tmp_path / "nowhere") is None


def test_usage_sees_a_busy_core_and_memory():
    usage = Usage(every_seconds=0.05).start()
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    usage.stop()
    assert len(usage.looks) >= 2
    assert max(look.cores for look in usage.looks) > 0.2
    assert min(look.memory_mb for look in usage.looks) > 10


def test_a_profile_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="extra"):
        Profile.model_validate({"run": "a", "seconds": 1.0, "cores": 1, "shoes": 2})
