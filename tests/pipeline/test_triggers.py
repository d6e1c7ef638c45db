"""Triggers: each event starts exactly one run, whatever the clock, the disk or a kill does."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tamis.core import Workspace
from tamis.pipeline import PipelineSettings
from tamis.pipeline.triggers.captured import raise_alarm
from tamis.pipeline.triggers.memory import memory_file, read_memory, write_memory
from tamis.pipeline.triggers.schedule import look_at_clock, next_time
from tamis.pipeline.triggers.watch import Ran, check_triggers
from tamis.serve import ServeSettings, open_events

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Scene:
    """A workspace with triggers, a clock that stands where a test puts it, and runs that only are counted."""

    def __init__(self, root, **triggers):
        root.mkdir(exist_ok=True)
        (root / "tamis.yaml").write_text(json.dumps({"pipeline": {"triggers": triggers}}))  # JSON is YAML too
        self.root = root
        self.now = NOON
        self.started = []
        self.problem = None

    def look(self, **passed):
        """Look once, after so much time, and return what was started."""
        self.now += timedelta(**passed)
        before = len(self.started)
        self.seen = list(check_triggers(Workspace(self.root), start=self.start, clock=lambda: self.now))
        return self.started[before:]

    def start(self, firing, settings):
        if self.problem:
            raise self.problem
        self.started.append(firing)
        return Ran(run=f"run-{len(self.started)}", outcome="finished")

    def feedback(self, *ids, at=None):
        log = open_events(Workspace(self.root), ServeSettings())
        log.append([{"kind": "feedback", "id": each, "time": (at or self.now).timestamp()} for each in ids])
        log.close()


@pytest.fixture
def scene(tmp_path):
    return lambda **triggers: Scene(tmp_path / "work", **triggers)


# the clock


def test_a_schedule_fires_once_at_its_time_and_begins_with_the_first_look(scene):
    here = scene(nightly={"cron": "0 3 * * *"})
    assert here.look() == []  # three o'clock was before the first look
    assert here.look(hours=14, minutes=59) == []
    assert [firing.why for firing in here.look(minutes=1)] == ["the schedule 0 3 * * *: 2026-11-22 03:00 UTC"]
    assert here.look() == []
    assert here.look(hours=23) == []
    assert len(here.look(hours=1)) == 1


def test_times_that_were_missed_are_one_run(scene):
    here = scene(hourly={"cron": "0 * * * *"})
    here.look()
    assert len(here.look(days=40)) == 1
    assert here.look(minutes=1) == []
    assert len(here.look(hours=1)) == 1


def test_a_clock_that_is_set_back_repeats_nothing(scene):
    here = scene(hourly={"cron": "0 * * * *"})
    here.look()
    assert len(here.look(hours=5)) == 1
    assert here.look(hours=-3) == []
    assert here.look(hours=2) == []
    assert len(here.look(hours=2)) == 1  # six hours after noon: the first time that is new


def test_a_clock_that_was_years_ahead_does_not_keep_a_schedule_from_firing(scene):
    here = scene(hourly={"cron": "0 * * * *"})
    here.look(days=4000)
    assert len(here.look(hours=1)) == 1
    assert here.look(days=-4000) == []
    assert len(here.look(hours=1)) == 1


def test_a_time_that_summer_skips_comes_right_after_and_one_that_winter_repeats_comes_once():
    zone, cron = "Europe/Berlin", "30 2 * * *"
    skipped = next_time(cron, zone, after=datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert skipped == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # three o'clock there, as half past two is not
    assert next_time(cron, zone, after=skipped) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)
    times, at = [], datetime(2026, 10, 24, 12, tzinfo=UTC)
    while at < datetime(2026, 10, 26, 12, tzinfo=UTC):
        at += timedelta(minutes=10)
        if not times or look_at_clock(cron, zone, {"at": times[-1].isoformat()}, now=at).why:
            times.append(at) if times or at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC) else None
    assert times == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ({}, "this one has none"),
        ({"cron": "0 3 * * *", "labels": 3}, "this one has cron and labels"),
        ({"cron": "0 25 * * *"}, "bad hour"),
        ({"cron": "* * *"}, "five words"),
        ({"cron": "*/5 * * * * *"}, "five words"),
        ({"cron": "0 0 31 2 *"}, "bad day-of-month"),
        ({"cron": "0 3 * * *", "zone": "Europe/Berlni"}, "no time zone of that name"),
        ({"labels": 0}, "greater than or equal to 1"),
        ({"croon": "0 3 * * *"}, "Did you mean 'cron'?"),
    ],
)
def test_a_trigger_that_makes_no_sense_is_told_with_its_place(scene, trigger, said):
    here = scene(odd=trigger)
    with pytest.raises(Exception, match="pipeline.triggers.odd") as error:
        Workspace(here.root).config.of(PipelineSettings)
    assert said in str(error.value)


# files


def test_a_file_counts_once_when_it_stays_as_it_is(scene):
    here = scene(inbox={"data": "inbox", "pattern": "*.csv", "files_to": "files"})
    inbox = here.root / "inbox"
    inbox.mkdir()
    (inbox / "old.csv").write_text("there before")
    assert here.look() == []
    new = inbox / "new.csv"
    new.write_text("a,b\n")
    assert here.look(seconds=30) == []
    new.write_text("a,b\n1,2\n")  # it grows
    os.utime(new, ns=(1, 1))
    assert here.look(seconds=30) == []
    (firing,) = here.look(seconds=10)
    assert firing.files == (new.as_uri(),)
    assert firing.why == "1 new file: new.csv"
    assert here.look(seconds=60) == []
    new.write_text("a,b\n3,4\n")  # another content of the same length
    os.utime(new, ns=(2, 2))
    here.look()
    assert [firing.files for firing in here.look(seconds=10)] == [(new.as_uri(),)]


def test_what_is_half_written_hidden_empty_or_called_otherwise_does_not_count(scene):
    here = scene(inbox={"data": "inbox", "pattern": "*.csv", "settle_seconds": 0})
    (here.root / "inbox").mkdir()
    here.look()
    for name in (".a.csv", "a.csv.part", "a.txt", "folder/a.csv.tmp"):
        (here.root / "inbox" / name).parent.mkdir(exist_ok=True)
        (here.root / "inbox" / name).write_text("x")
    (here.root / "inbox" / "a.csv").touch()
    assert here.look(minutes=5) == []
    (here.root / "inbox" / "a.csv").write_text("x")
    assert len(here.look(minutes=5)) == 1


def test_complete_files_wait_a_while_for_those_that_grow_but_not_for_ever(scene):
    here = scene(inbox={"data": "inbox"})
    (here.root / "inbox").mkdir()
    here.look()
    (here.root / "inbox" / "done.csv").write_text("x")
    looks = 0
    while not (fired := here.look(seconds=5)):
        looks += 1
        with (here.root / "inbox" / "endless.csv").open("a") as file:
            file.write("x")
    assert looks == 100 / 5
    assert [len(firing.files) for firing in fired] == [1]
    here.look(seconds=5)
    assert [firing.why for firing in here.look(seconds=10)] == ["1 new file: endless.csv"]


def test_a_folder_that_is_away_for_a_while_makes_nothing_new(scene):
    here = scene(inbox={"data": "inbox", "settle_seconds": 0})
    (here.root / "inbox").mkdir()
    (here.root / "inbox" / "a.csv").write_text("x")
    here.look()
    (here.root / "inbox").rename(here.root / "away")
    assert here.look(minutes=1) == []
    (here.root / "away").rename(here.root / "inbox")
    assert here.look(minutes=1) == here.look(minutes=1) == []


@pytest.mark.slow
def test_new_objects_in_a_bucket_count(scene, s3_bucket):
    from tamis.core.plugins import store_of

    here = scene(inbox={"data": f"{s3_bucket}/new", "settle_seconds": 1})
    assert here.look() == []
    with store_of(s3_bucket).write(f"{s3_bucket}/new/a.csv") as file:
        file.write(b"a,b\n")
    assert here.look() == []
    assert [firing.files for firing in here.look(seconds=2)] == [(f"{s3_bucket}/new/a.csv",)]
    assert here.look(seconds=60) == []


# the captures


def test_an_alarm_counts_once_and_only_by_its_name(scene):
    here = scene(drift={"alarm": "drift"}, every={"alarm": "any"})
    raise_alarm(Workspace(here.root), "drift", why="before the first look", now=here.now - timedelta(hours=1))
    assert here.look() == []
    raise_alarm(Workspace(here.root), "words", why="new words", now=here.now)
    raise_alarm(Workspace(here.root), "drift", why="p = 0.0001", now=here.now)
    assert here.look(seconds=5) == []  # a later look is surer that nothing comes in between
    fired = here.look(seconds=10)
    assert [(firing.trigger, firing.why) for firing in fired] == [
        ("drift", "1 alarm, the last: drift: p = 0.0001"),
        ("every", "2 alarms, the last: drift: p = 0.0001"),
    ]
    assert here.look(hours=1) == []


def test_labels_are_counted_by_text_from_one_run_to_the_next(scene):
    here = scene(relabel={"labels": 3})
    here.feedback("old")
    assert here.look(minutes=1) == []
    here.feedback("a", "b", "a")
    assert here.look(minutes=1) == []
    assert here.seen[0].note == "2 of 3 labels"
    here.feedback("c", "d")
    assert [firing.why for firing in here.look(minutes=1)] == ["4 new labels"]
    here.feedback("e", "f")
    assert here.look(minutes=1) == []
    here.feedback("g")
    assert len(here.look(minutes=1)) == 1


# between events


def test_what_happens_while_a_trigger_cools_down_starts_one_run_after_that(scene):
    here = scene(drift={"alarm": "any", "cool_down_minutes": 60})
    here.look()

    def alarm():
        raise_alarm(Workspace(here.root), "drift", why="", now=here.now)

    alarm()
    assert len(here.look(minutes=1)) == 1
    for _ in range(3):
        alarm()
        assert here.look(minutes=10) == []
    assert "cools down until 2026-11-21 13:01 UTC" in here.seen[0].note
    assert [firing.why for firing in here.look(minutes=31)] == ["3 alarms, the last: drift"]
    alarm()
    here.now -= timedelta(days=300)  # the clock is set back
    assert here.look(minutes=59) == []
    assert len(here.look(minutes=61)) == 1


def test_a_run_that_cannot_start_now_waits_and_is_not_lost(scene):
    from tamis.core import UsageError

    here = scene(nightly={"cron": "0 3 * * *"})
    here.look()
    here.problem = UsageError("run-9 runs in this workspace")
    for _ in range(5):
        assert here.look(days=1) == []
        assert here.seen[0].problem == "run-9 runs in this workspace"
    here.problem = None
    (firing,) = here.look(days=1)
    assert firing.at == NOON + timedelta(days=1)


def test_one_trigger_in_trouble_does_not_keep_the_others(scene):
    here = scene(away={"data": "gs://nowhere/x"}, nightly={"cron": "0 3 * * *"})
    here.look()
    assert "no store named 'gs'" in here.seen[0].problem
    assert len(here.look(days=1)) == 1


def test_a_trigger_that_was_set_to_something_else_begins_anew(scene):
    here = scene(one={"cron": "0 3 * * *"})
    here.look()
    assert len(here.look(days=1)) == 1
    other = scene(one={"labels": 1})
    other.now = here.now
    other.feedback("a")
    assert other.look(minutes=1) == []
    assert len(read_memory(Workspace(other.root), "one").fired) == 1  # what it did is not forgotten


def test_what_a_trigger_knows_may_be_damaged(scene):
    here = scene(one={"cron": "0 3 * * *"})
    here.look()
    memory_file(Workspace(here.root), "one").write_text("{")
    here.look()
    assert "is damaged" in here.seen[0].problem
    assert "remove it" in here.seen[0].problem


def test_a_second_process_is_refused(scene):
    here = scene(one={"cron": "0 3 * * *"})
    here.look()
    held = subprocess.Popen([sys.executable, "-c", HOLD, str(here.root)], stdout=subprocess.PIPE, text=True)
    try:
        assert held.stdout.readline() == "held\n"
        with pytest.raises(Exception, match=rf"another process looks at the triggers .*\(process {held.pid}\)"):
            here.look()
    finally:
        held.kill()
        held.communicate()
    assert here.look() == []  # the system let go


HOLD = """
import sys, time
from pathlib import Path
from tamis.core import Workspace
from tamis.pipeline.triggers.watch import _alone
with _alone(Workspace(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


def in_a_child(root, *, die_at):
    """Look once in a process that is killed at its n-th step on the disk or in the run; tell whether it came through.

    The run only leaves its name, so that to begin it twice is to go on with it.
    """
    if (child := os.fork()) == 0:
        moment = 0

        def maybe_die():
            nonlocal moment
            moment += 1
            if moment == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

        def start(firing, settings):
            maybe_die()
            (root / "runs" / firing.id).touch()
            maybe_die()
            return Ran(run=firing.id, outcome="finished")

        def at_the_disk(event, arguments):
            if event in ("os.rename", "open") and str(arguments[0]).startswith(str(root / ".tamis")):
                maybe_die()

        with contextlib.suppress(BaseException):
            sys.addaudithook(at_the_disk)
            for seen in check_triggers(Workspace(root), start=start, clock=lambda: NOON + timedelta(days=1)):
                os._exit(1 if seen.problem else 0)
        os._exit(2)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL)
    return status == 0


def test_a_kill_at_any_moment_neither_loses_nor_doubles_a_run(scene, tmp_path):
    for moment in range(1, 60):
        here = Scene(tmp_path / f"work-{moment}", nightly={"cron": "0 3 * * *"})
        here.look()
        (here.root / "runs").mkdir()
        through = in_a_child(here.root, die_at=moment)
        assert through or in_a_child(here.root, die_at=0)
        assert len(list((here.root / "runs").iterdir())) == 1
        memory = read_memory(Workspace(here.root), "nightly")
        assert (memory.pending, len(memory.fired)) == (None, 1)
        if through:
            break
    else:
        pytest.fail("it never came through")
    assert moment > 5


def test_a_run_in_which_the_process_dies_again_and_again_is_given_up(scene):
    here = scene(nightly={"cron": "0 3 * * *"})
    here.look()

    def die(firing, settings):
        raise SystemExit  # as near to a kill as one process can tell

    memory = read_memory(Workspace(here.root), "nightly")
    here.now += timedelta(days=1)
    with contextlib.suppress(SystemExit):
        list(check_triggers(Workspace(here.root), start=die, clock=lambda: here.now))
    memory = read_memory(Workspace(here.root), "nightly")
    assert memory.pending.tries == 0  # it was asked to end: that was no try
    killed = memory.model_copy(update={"pending": memory.pending.model_copy(update={"tries": 3})})
    write_memory(Workspace(here.root), "nightly", killed)
    assert here.look() == []
    assert here.seen[0].fired.outcome == "given up: 3 times the process died in it"
    assert len(here.look(days=1)) == 1
