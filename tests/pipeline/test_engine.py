"""Engine: steps run in order and at once, fail, are tried again, time out, are skipped, stopped and gone on with."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tamis.core import UsageError, Workspace, plugins
from tamis.pipeline import Graph, Parameter, RunStore, Step, cancel_flag, find_run, run_graph
from tamis.pipeline.call import Failure, Outcome


@pytest.fixture
def run(workspace):
    """Runs steps to their end: `run(Step(…), given={…})`; what happened is in `run.events`."""

    def go(*steps, given=None, parameters=None, store=None, on_event=None, workspace=workspace, **options):
        graph = Graph(name="x", parameters=parameters or {}, steps=steps)
        store = store or RunStore.create(workspace, graph, given or {})
        go.store, go.events = store, []

        def hear(event):
            go.events.append(event)
            if on_event:
                on_event(event)

        return run_graph(workspace, graph, given or {}, store=store, on_event=hear, **options)

    return go


def a(name, function, **said):
    return Step(name=name, uses=f"plain_steps:{function}", **said)


def notes(workspace):
    path = workspace.root / "notes.txt"
    return path.read_text().splitlines() if path.exists() else []


def statuses(state):
    return {name: step.status for name, step in state.steps.items()}


WRITE = a("write", "write")
LEARN = a("learn", "learn", inputs={"file": "write.file"}, for_each={"family": ["linear", "encoder"], "seed": [1, 2]})


def test_steps_run_in_order_and_hand_on_what_they_make(run, workspace):
    state = run(
        WRITE,
        LEARN,
        a("gather", "gather", inputs={"files": "learn.file"}),
        a("say", "say", parameters={"what": "${gather.count} of ${write.file.ref}, ${learn.score}"}),
    )
    assert state.status == "finished"
    assert (state.started, state.finished) != (None, None)
    assert state.steps["gather"].outputs == {
        "count": 4,
        "names": ["linear-1.txt", "linear-2.txt", "encoder-1.txt", "encoder-2.txt"],
    }
    assert state.steps["say"].outputs["said"].startswith("4 of written.txt, [0.71, 0.72")
    assert notes(workspace)[0] == "write a"
    assert [(each.step, each.what) for each in run.events if each.what != "progress"][:3] == [
        ("", "started"),
        ("write", "started"),
        ("write", "finished"),
    ]
    assert run.events == run.store.events()


def test_a_second_run_runs_nothing_and_a_parameter_only_what_depends_on_it(run, workspace):
    steps = (WRITE, a("learn", "learn", inputs={"file": "write.file"}, parameters={"epochs": "${epochs}"}))
    parameters = {"epochs": Parameter(type="int", default=3, minimum=1)}
    run(*steps, parameters=parameters)
    assert set(statuses(run(*steps, parameters=parameters)).values()) == {"cached"}
    state = run(*steps, parameters=parameters, given={"epochs": "4"})
    assert statuses(state) == {"write": "cached", "learn": "finished"}
    assert state.steps["learn"].why == "epochs was 3 and is 4"
    assert notes(workspace) == ["write a", "learn linear 1 3", "learn linear 1 4"]
    state = run(*steps, parameters=parameters, given={"epochs": "4"}, force=["write"])
    assert statuses(state) == {"write": "finished", "learn": "cached"}, "it made the same as before"


def test_what_never_is_kept_runs_every_time(run, workspace):
    step = a("say", "say", cache=False)
    run(step)
    assert statuses(run(step)) == {"say": "finished"}


def test_a_bad_parameter_is_refused_before_anything_runs(run, workspace):
    parameters = {"epochs": Parameter(type="int", default=3, maximum=9)}
    for given, told in {"10": "10 is above the maximum, 9", "x": "'x' is not a whole number"}.items():
        with pytest.raises(UsageError, match=told):
            run(
                WRITE, a("say", "say", parameters={"what": "${epochs}"}), parameters=parameters, given={"epochs": given}
            )
    assert run.store.events() == [] == notes(workspace)


def test_a_value_of_the_wrong_type_from_a_step_is_told(run):
    state = run(WRITE, a("learn", "learn", inputs={"file": "write.file"}, parameters={"epochs": "${write.file.ref}"}))
    assert statuses(state) == {"write": "finished", "learn": "failed"}
    assert "epochs = 'written.txt': input should be a valid integer" in state.steps["learn"].why
    assert state.exit_code == 2
    state = run(WRITE, a("judge", "judge", inputs={"file": "write.length"}))
    assert "the input 'file' takes an artefact, and write.length is a value: 1" in state.steps["judge"].why
    assert "give it as a parameter: ${write.length}" in state.steps["judge"].why


def test_settings_from_the_command_line_reach_a_step(run, workspace):
    graph = Graph(name="x", steps=(a("settings", "settings", cache=False),))
    told = Workspace(workspace.root, ("train.epochs=2",))
    state = run_graph(told, graph, {}, store=RunStore.create(told, graph, {}))
    assert state.steps["settings"].outputs == {"epochs": 2}


# conditions


def test_a_condition_that_does_not_hold_skips_the_step_and_who_uses_it(run):
    state = run(
        WRITE,
        a("learn", "learn", inputs={"file": "write.file"}, when="write.length > 1 and ${deploy}"),
        a("judge", "judge", inputs={"file": "learn.file"}),
        a("hinted", "judge", inputs={"file": "write.file", "hint": "learn.file"}),
        a("say", "say", parameters={"what": "${learn.score}"}),
        a("later", "say", after=("learn",)),
        parameters={"deploy": Parameter(type="bool", default=True)},
    )
    assert state.status == "finished"
    assert statuses(state) == {
        "write": "finished",
        "learn": "skipped",
        "judge": "skipped",
        "hinted": "finished",
        "say": "skipped",
        "later": "finished",
    }
    assert state.steps["learn"].why == ("write.length > 1 and ${deploy} does not hold: write.length = 1, deploy = True")
    assert state.steps["judge"].why == "it uses what learn makes, which was skipped"


def test_each_of_a_fan_out_has_its_own_condition_and_a_list_makes_do_with_the_rest(run):
    state = run(
        WRITE,
        LEARN,
        a("judge", "judge", inputs={"file": "learn.file"}, when="learn.score > 0.75"),
        a("gather", "gather", inputs={"files": "judge.file"}),
        a("some", "gather_some", inputs={"files": "judge.file"}),
        a("best", "say", when="max(learn.score) > 0.8"),
    )
    assert [statuses(state)[f"judge[family=linear,seed={seed}]"] for seed in (1, 2)] == ["skipped"] * 2
    assert [statuses(state)[f"judge[family=encoder,seed={seed}]"] for seed in (1, 2)] == ["finished"] * 2
    assert state.steps["gather"].status == "skipped"
    assert state.steps["some"].outputs == {"count": 2}
    assert state.steps["best"].status == "finished"


# several at once


def test_branches_run_at_once_and_no_more_than_may(run, workspace):
    (workspace.root / "tamis.yaml").write_text("pipeline: {parallel_steps: 2}\n")
    steps = [a(f"sleep{number}", "sleep", parameters={"seconds": 0.3, "word": str(number)}) for number in range(4)]
    state = run(*steps)
    assert state.status == "finished"
    words = notes(workspace)
    assert [word.endswith("begins") for word in words[:2]] == [True, True], "two began before one was over"
    under_way, most = 0, 0
    for word in words:
        under_way += 1 if word.endswith("begins") else -1
        most = max(most, under_way)
    assert most == 2


# failures


@pytest.mark.parametrize(("how", "tries"), [("data", 3), ("odd", 3), ("usage", 1), ("check", 1)])
def test_a_step_is_tried_again_after_longer_and_longer_waits_unless_that_is_no_use(run, workspace, how, tries):
    began = time.monotonic()
    state = run(a("fail", "fail_at_first", parameters={"how": how}, retries=2, backoff_seconds=0.05))
    assert len(notes(workspace)) == tries
    retried = [each for each in run.events if each.what == "retried"]
    if tries == 3:
        assert state.status == "finished"
        assert state.steps["fail"].outputs == {"tries": 3}
        assert state.steps["fail"].attempts == 3
        assert time.monotonic() - began > 0.15
        assert [each.attempt for each in retried] == [2, 3]
        assert "try 1 of 3 failed: " in retried[0].why
        assert "the next one in 0.05 s" in retried[0].why
        assert "the next one in 0.1 s" in retried[1].why
    else:
        assert state.status == "failed"
        assert (state.exit_code, retried) == ({"usage": 2, "check": 3}[how], [])
        assert state.why == "fail failed: not yet"


def test_an_error_that_nobody_expected_is_told_with_its_trace(run, workspace):
    state = run(a("fail", "fail_at_first", parameters={"how": "odd"}))
    told, _, where = state.steps["fail"].why.partition("\n  where it came from: ")
    assert told == "ZeroDivisionError: not yet"
    trace = (workspace.root / where).read_text()
    assert "plain_steps.py" in trace
    assert trace.endswith("ZeroDivisionError: not yet\n")


def test_a_failure_stops_what_has_not_begun_and_what_runs_ends(run):
    state = run(
        a("fail", "fail_at_first"),
        a("sleep", "sleep", parameters={"seconds": 0.3}),
        a("more", "sleep", parameters={"seconds": 0.3, "word": "more"}),
        a("after", "say", after=("sleep",)),
    )
    assert statuses(state) == {"fail": "failed", "sleep": "finished", "more": "waiting", "after": "waiting"}
    assert state.status == "failed"


def test_a_failure_that_is_let_go_ends_only_what_uses_it(run):
    state = run(
        a("fail", "fail_at_first", on_failure="continue"),
        a("uses", "say", parameters={"what": "${fail.tries}"}),
        a("other", "say", parameters={"what": "other"}),
        a("after", "say", after=("fail", "other")),
    )
    assert statuses(state) == {"fail": "failed", "uses": "skipped", "other": "finished", "after": "finished"}
    assert (state.status, state.exit_code, state.why) == ("finished", 0, "failed and let go: fail")


def test_a_step_stands_by_for_a_failure(run, workspace):
    steps = (
        WRITE,
        a("fail", "fail_at_first", parameters={"times": 1}, on_failure="tell", after=("write",)),
        a("tell", "say", parameters={"what": "told of ${write.length}"}),
        a("next", "say", after=("fail",)),
    )
    state = run(*steps)
    assert statuses(state) == {"write": "finished", "fail": "failed", "tell": "finished", "next": "waiting"}
    assert state.status == "failed"
    assert notes(workspace)[-1] == "say told of 1"
    state = run(*steps)
    assert statuses(state) == {"write": "cached", "fail": "finished", "tell": "skipped", "next": "finished"}
    assert state.steps["tell"].why == "nothing failed that it stands by for"


def test_outputs_that_were_not_declared_are_told(run):
    state = run(a("forget", "forget"))
    assert state.why == "forget failed: plain_steps:forget did not return its output 'a', only: b"


def test_outputs_that_json_has_not_are_told(run):
    state = run(a("odd", "odd_number", retries=2))
    assert state.why.startswith("odd failed: plain_steps:odd_number returned 'a' as what JSON has not: ")
    assert "numpy.int64" in state.why
    assert (state.exit_code, state.steps["odd"].attempts) == (2, 1)


# timeouts and processes


def alive(process_id):
    return psutil.pid_exists(process_id) and psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_a_step_that_takes_too_long_is_ended_with_its_children(run, workspace):
    state = run(a("long", "sleep_with_child", parameters={"seconds": 60}, timeout_seconds=3))
    assert state.steps["long"].why == "it took longer than its timeout, 3 s"
    (word,) = notes(workspace)
    child = int(word.removeprefix("child "))
    until = time.monotonic() + 5
    while alive(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(child)


@pytest.mark.slow
def test_a_file_that_is_called_like_a_library_hides_none_from_a_process(run, workspace, monkeypatch):
    (workspace.root / "struct.py").write_text("raise RuntimeError")
    monkeypatch.chdir(workspace.root)
    assert run(a("write", "write", timeout_seconds=60)).status == "finished"


@pytest.mark.slow
def test_a_process_that_was_killed_is_not_waited_for_though_a_child_of_it_lives_on(run):
    began = time.monotonic()
    state = run(a("die", "die_with_a_child_left", timeout_seconds=600))
    assert state.steps["die"].why == "its process ended by the signal SIGKILL; most likely the memory was full"
    assert time.monotonic() - began < 15, "the child sleeps for 20 s"


@pytest.mark.slow
def test_a_step_with_a_timeout_hands_on_what_it_makes_and_tells_why_it_fails(run):
    state = run(
        a("write", "write", parameters={"text": "slowly"}, timeout_seconds=60),
        a("fail", "fail_at_first", parameters={"how": "check"}, timeout_seconds=60, after=("write",)),
    )
    assert state.steps["write"].outputs["file"]["ref"] == "written.txt"
    assert ("write", "writing: 1 of 2 letters") in [(each.step, each.why) for each in run.events]
    assert (state.exit_code, state.why) == (3, "fail failed: not yet")


@pytest.mark.slow
def test_an_executor_runs_the_steps_elsewhere(run, workspace):
    state = run(
        WRITE,
        executor=plugins.load("executor", "local")(workers=2),
    )
    assert statuses(state) == {"write": "finished"}
    assert notes(workspace) == ["write a"]


# ended, and gone on with


def when_it_begins(workspace, deed):
    """Do something when the notes say that a step began; in another thread."""

    def watch():
        until = time.monotonic() + 20
        while not any("begins" in word or "child" in word for word in notes(workspace)) and time.monotonic() < until:
            time.sleep(0.02)
        deed()

    threading.Thread(target=watch, daemon=True).start()


SLEEP = a("sleep", "sleep", parameters={"seconds": 30})


def test_a_run_that_is_cancelled_ends_what_runs_and_can_be_gone_on_with(run, workspace):
    when_it_begins(workspace, lambda: cancel_flag(run.store.path).touch())
    began = time.monotonic()
    steps = (
        a("listen", "listen"),
        a("say", "say", cache=False, parameters={"what": "${listen.said}"}),
        a("sleep", "sleep", parameters={"seconds": "${seconds}"}, after=("say",)),
        WRITE,
    )
    parameters = {"seconds": Parameter(type="float", default=30)}
    state = run(*steps, parameters=parameters)
    assert time.monotonic() - began < 10
    assert (state.status, state.why) == ("cancelled", "it was asked to stop")
    finished = {"listen": "finished", "say": "finished", "sleep": "cancelled", "write": "finished"}
    assert statuses(state) == finished
    state = run(*steps, parameters=parameters, given={"seconds": 0}, store=find_run(workspace, run.store.name))
    assert state.status == "finished"
    again = {"listen": "cached", "say": "cached", "sleep": "finished", "write": "cached"}
    assert statuses(state) == again, "it is one run, so once is enough"
    assert statuses(run(a("listen", "listen"))) == {"listen": "finished"}


def test_control_c_leaves_a_run_that_can_be_gone_on_with(run, workspace):
    when_it_begins(workspace, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        run(WRITE, SLEEP)
    state = find_run(workspace, run.store.name).state()
    assert (state.status, state.steps["sleep"].status) == ("cancelled", "cancelled")
    assert state.can_be_resumed


def test_a_step_elsewhere_may_see_first_that_the_run_is_cancelled(run):
    class Elsewhere:
        def run_trials(self, fn, trials):
            cancel_flag(run.store.path).touch()
            return [Outcome(failure=Failure(message="it was stopped", retry=False, stopped=True))]

    state = run(WRITE, executor=Elsewhere())
    assert (state.status, state.why) == ("cancelled", "it was asked to stop")


@pytest.mark.slow
def test_cancelling_ends_the_process_of_a_step_too(run, workspace):
    when_it_begins(workspace, lambda: cancel_flag(run.store.path).touch())
    state = run(a("long", "sleep_with_child", parameters={"seconds": 60}, timeout_seconds=60))
    assert state.steps["long"].status == "cancelled"
    assert not alive(int(notes(workspace)[0].removeprefix("child ")))


def test_a_step_that_interrupts_itself_is_not_tried_again(run, workspace):
    with pytest.raises(KeyboardInterrupt):
        run(a("stop", "interrupt_itself", retries=3))
    assert find_run(workspace, run.store.name).state().status == "cancelled"


@pytest.mark.slow
def test_a_killed_run_takes_its_processes_along(workspace):
    code = f"""
import sys; sys.path.append({str(Path(__file__).parent)!r})
from pathlib import Path
from tamis.core import Workspace
from tamis.pipeline import *
workspace = Workspace(Path({str(workspace.root)!r}))
graph = Graph(name="x", steps=[
    Step(name="long", uses="plain_steps:sleep_with_child", parameters={{"seconds": 60}}, timeout_seconds=60)
])
run_graph(workspace, graph, {{}}, store=RunStore.create(workspace, graph, {{}}))
"""
    process = subprocess.Popen([sys.executable, "-c", code])
    until = time.monotonic() + 30
    while not notes(workspace) and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.wait()
    child = int(notes(workspace)[0].removeprefix("child "))
    while alive(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(child)
    assert find_run(workspace, "run-1").state().status == "interrupted"


# alone


def test_a_step_runs_alone_on_what_those_before_it_made_last(run, workspace):
    steps = (
        a("now", "say", cache=False, parameters={"what": "${text}"}),
        a("write", "write", parameters={"text": "${now.said}"}),
        a("learn", "learn", inputs={"file": "write.file"}),
        a("judge", "judge", inputs={"file": "learn.file"}),
    )
    parameters = {"text": Parameter(type="str", default="a")}
    state = run(*steps, only=["learn"], parameters=parameters)
    assert (state.status, state.exit_code) == ("failed", 2)
    assert state.steps["now"].why == "it must run first: it runs every time\n  add it: --only now"
    assert notes(workspace) == []
    run(*steps, only=["now", "write"], parameters=parameters)
    state = run(*steps, only=["learn"], parameters=parameters, given={"text": "b"})
    assert statuses(state) == {"now": "cached", "write": "cached", "learn": "finished", "judge": "waiting"}
    assert state.steps["now"].why == "as run-2 left it, for it is not to run now"
    assert state.steps["write"].why == "nothing changed since run-2"
    (workspace.root / "written.txt").write_text("changed")
    state = run(*steps, only=["judge"], parameters=parameters)
    assert state.steps["write"].why.startswith("it must run first: what it made is gone or changed: file written.txt")
    with pytest.raises(UsageError, match="no step 'lern'. Steps: now, write, learn, judge. Did you mean 'learn'"):
        run(*steps, only=["lern"], parameters=parameters)


def test_what_runs_alone_takes_nothing_from_another_pipeline(run, workspace):
    other = Graph(name="other", steps=(WRITE,))
    run_graph(workspace, other, {}, store=RunStore.create(workspace, other, {}))
    state = run(
        a("write", "write", cache=False, parameters={"text": "b"}),
        a("judge", "judge", inputs={"file": "write.file"}),
        only=["judge"],
    )
    assert state.steps["write"].why.startswith("it must run first")


def test_what_was_to_run_alone_or_anew_is_so_when_the_run_is_gone_on_with(run, workspace):
    steps = (
        WRITE,
        a("fail", "fail_at_first", parameters={"times": 1}, after=("write",)),
        a("more", "say", parameters={"what": "${write.length}"}, after=("fail",)),
    )
    run(WRITE)
    store = RunStore.create(workspace, Graph(name="x", steps=steps), {})
    state = run(*steps, store=store, force=["write", "more"], only=["write", "fail"])
    assert statuses(state) == {"write": "finished", "fail": "failed", "more": "waiting"}
    state = run(*steps, store=find_run(workspace, store.name))
    assert statuses(state) == {"write": "cached", "fail": "finished", "more": "waiting"}
    assert state.steps["write"].why.startswith("nothing changed since"), "anew once is enough"
    state = run(*steps, store=find_run(workspace, store.name), only=["more"])
    assert state.steps["more"].why == "it was asked to run anew"


def test_a_second_run_at_once_is_refused_with_the_name_of_the_first(run, workspace):
    graph = Graph(name="x", steps=(WRITE,))
    store = RunStore.create(workspace, graph, {})
    with store.hold(), pytest.raises(UsageError, match=rf"run-1 \(process {os.getpid()}, .* runs in this workspace"):
        run(WRITE)
