"""`tamis run` and its commands, on small pipelines of real steps in real processes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from rich.console import Console

from tamis.cli.run_screen import Following, _folded, _Screen
from tamis.core import Workspace
from tamis.pipeline import Event, find_run, raise_alarm, run_names
from tamis.serve import ServeSettings, open_events

STEPS = '''
"""Steps for the tests of `tamis run`."""
import time
from pathlib import Path
from tamis.core import CheckFailed
from tamis.pipeline import find_artefact, step

def note(context, word):
    with (context.workspace.root / "notes.txt").open("a") as file:
        file.write(word + "\\n")

@step(outputs=("n",))
def count(context, to: int = 3):
    print("counting")
    note(context, f"count {to}")
    return {"n": to}

@step(outputs=("n",))
def double(context, n: int):
    print("doubling")
    note(context, f"double {n}")
    return {"n": 2 * n}

@step(outputs=())
def gate(context, n: int):
    note(context, f"gate {n}")
    if not (context.workspace.root / "open").exists():
        raise CheckFailed("the gate is shut: n is 6, and must be 7")
    return {}

@step(outputs=("version", "approved", "status"))
def judge(context, status: str):
    version = {"kind": "version", "ref": "films@3", "fingerprint": "", "where": ""}
    return {"version": version, "approved": status == "approved", "status": status}

@step(outputs=("file",))
def write(context):
    (context.workspace.root / "mine.json").write_text("{'no': json")
    return {"file": find_artefact(context.workspace, "file", "mine.json")}

@step(outputs=("done",))
def slow(context, seconds: float = 30.0, files: list = []):
    note(context, "slow begins")
    with context.progress.track("waiting", total=100, unit="bits") as advance:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not (context.workspace.root / "open").exists():
            time.sleep(0.02)
            advance(1)
    note(context, "slow ends")
    return {"done": True}
'''
GRAPH = """
name: small
parameters:
  to: {type: int, default: 3, minimum: 1}
steps:
  - {name: count, uses: "run_steps:count", parameters: {to: "${to}"}}
  - {name: double, uses: "run_steps:double", parameters: {n: "${count.n}"}, timeout_seconds: 60}
  - {name: gate, uses: "run_steps:gate", parameters: {n: "${double.n}"}}
"""
SLOW = """
name: slow
parameters:
  files: {type: list, default: []}
steps:
  - {name: count, uses: "run_steps:count"}
  - {name: slow, uses: "run_steps:slow", after: [count], parameters: {files: "${files}"}}
"""


@pytest.fixture
def small(workspace):
    (workspace.root / "run_steps.py").write_text(STEPS)
    (workspace.root / "small.yaml").write_text(GRAPH)
    (workspace.root / "slow.yaml").write_text(SLOW)
    return workspace.root / "small.yaml"


@pytest.fixture(autouse=True)
def _own_modules(monkeypatch):
    """Each test has steps of that name in a folder of its own."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    sys.modules.pop("run_steps", None)
    yield
    sys.modules.pop("run_steps", None)


def notes(workspace):
    path = workspace.root / "notes.txt"
    return path.read_text().split("\n")[:-1] if path.exists() else []


def in_background(workspace, *words):
    command = [sys.executable, "-m", "tamis", "--workspace", str(workspace.root), *map(str, words)]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=workspace.root, env=environment
    )


def wait_for(what, *, seconds=60):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.02)


def test_a_gate_that_does_not_hold_ends_with_3_and_retry_goes_on(tamis, workspace, small):
    done = tamis("run", small)
    assert done.code == 3
    assert "the gate is shut: n is 6, and must be 7" in done.err
    assert "run-1 failed after" in done.out
    assert "a run that is resumed keeps the parameters that it began with\nnext: tamis run resume run-1" in done.out
    assert "gate failed: the gate is shut: n is 6, and must be 7" in tamis("run", "show").out
    assert tamis("run", "list").out.count("run-1") == 1
    (workspace.root / "open").touch()
    for command in ("resume", "retry"):
        refused = tamis("run", command, "train.epochs=7")
        assert (refused.code, "train.epochs=7 would have no effect" in refused.err) == (2, True)
    assert tamis("run", "retry", "--json").code == 0
    assert notes(workspace) == ["count 3", "double 3", "gate 6", "gate 6"]
    damaged = workspace.pipeline / "runs" / "run-0" / "run.json"
    damaged.parent.mkdir()
    damaged.write_text("{")
    listed = tamis("run", "list")
    assert (listed.code, "run-1" in listed.out, "run.json is damaged" in listed.err) == (0, True, True)
    again = tamis("run", "resume")
    assert (again.code, again.out) == (0, "run-1 is done: there is nothing to go on with\n")
    assert tamis("run", "retry").out == "no step of run-1 failed\n"
    assert tamis("run", "cancel").out == "nothing runs in this workspace now\n"
    assert tamis("run", "cancel", "run-1").out == "run-1 is done: it does not run now\n"


def test_parameters_take_effect_and_what_they_do_not_reach_is_as_before(tamis, workspace, small):
    (workspace.root / "open").touch()
    told = json.loads(tamis("run", small, "to=5", "--json").out)
    assert [step["status"] for step in told["steps"]] == ["finished"] * 3
    assert told["steps"][1]["outputs"] == {"n": 10}
    assert notes(workspace) == ["count 5", "double 5", "gate 10"]
    told = json.loads(tamis("run", small, "to=5", "--json").out)
    assert {step["why"] for step in told["steps"]} == {"nothing changed since run-1"}
    assert (told["run"], told["exit_code"]) == ("run-2", 0)
    assert told["started"][10] == "T"  # ISO 8601, as everywhere
    assert tamis("run", small, "to=0").code == 2
    assert tamis("run", small, "too=5").code == 2
    assert run_names(workspace) == ["run-1", "run-2"]  # what is wrong makes no run


def test_a_run_that_waits_for_an_approval_says_how_to_give_it(tamis, workspace, small):
    small.write_text(
        "{name: small, parameters: {status: {type: str}}, "
        'steps: [{name: judge, uses: "run_steps:judge", parameters: {status: "${status}"}}]}'
    )
    told = "next: tamis models approve films@3 --reason … · then run again\n"
    assert tamis("run", small, "status=pending").out.endswith(told)
    assert "tamis models approve" not in tamis("run", small, "status=approved").out


def test_explain_runs_nothing(tamis, workspace, small):
    told = json.loads(tamis("run", small, "--explain", "--json").out)
    assert [each["verdict"] for each in told][:2] == ["runs", "runs"]
    assert "it never ran" in tamis("run", "--explain", small).out
    assert (notes(workspace), run_names(workspace)) == ([], [])


def test_only_from_and_force_choose_what_runs(tamis, workspace, small):
    (workspace.root / "open").touch()
    assert tamis("run", small, "--only", "double").code == 2  # what it uses is not there
    assert tamis("run", "resume").code == 2
    assert notes(workspace) == []  # it still is to run alone
    assert tamis("run", small).code == 0
    assert tamis("run", small, "--only", "double", "--force", "double").code == 0
    assert notes(workspace)[3:] == ["double 3"]
    assert tamis("run", small, "--from", "double").code == 0
    assert notes(workspace)[4:] == ["double 3", "gate 6"]
    there = run_names(workspace)
    for option in ("--from", "--only", "--force"):
        for more in ([], ["--explain"]):
            wrong = tamis("run", small, option, "dubble", *more)
            assert (wrong.code, "Did you mean 'double'?" in wrong.err) == (2, True)
    assert tamis("run", small, "--executor", "nobody").code == 2
    assert run_names(workspace) == there  # what is wrong makes no run
    both = tamis("run", small, "--explain", "--only", "double")
    assert (both.code, "leave one of them out" in both.err) == (2, True)
    shown = tamis("run", "show", "run-3")
    assert "run alone: double\nrun anew: double\n" in shown.out


def test_steps_beside_the_file_of_a_pipeline_are_found_when_its_run_goes_on(tamis, workspace, small):
    folder = workspace.root / "flows"
    folder.mkdir()
    for name in ("run_steps.py", "small.yaml"):
        (workspace.root / name).rename(folder / name)
    assert tamis("run", folder / "small.yaml").code == 3
    (workspace.root / "open").touch()
    sys.path[:] = [each for each in sys.path if each != str(folder)]  # as in a new process
    sys.modules.pop("run_steps")
    assert tamis("run", "resume").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lst"], "'lst' is no command of `tamis run` and no file. Did you mean 'list'?"),
        (["a=1", "x.yaml", "y.yaml"], "one pipeline at a time"),
        (["rows.csv"], "rows are a source: tamis run pipeline.source=rows.csv"),
        ([], "pipeline.source is empty"),
        (["resume"], "the pipeline has not run here yet"),
        (["show", "run-7"], "no run 'run-7' of the pipeline"),
        (["cancel", "run-7"], "no run 'run-7' of the pipeline"),
        (["graph", "-o", "a.gif", "small.yaml"], "no such file"),
        (["on-triggers"], "there are no triggers"),
    ],
)
def test_wrong_use_is_told(tamis, words, said, monkeypatch, workspace):
    monkeypatch.chdir(workspace.root)
    (workspace.root / "rows.csv").write_text("id,text,label\n")
    done = tamis("run", *words)
    if said == "no such file":
        assert done.code in (1, 2)
    else:
        assert (done.code, said in done.err) == (2, True), done.err


@pytest.mark.slow
def test_a_run_is_watched_and_cancelled_from_elsewhere_and_resumed(tamis, workspace, small):
    running = in_background(workspace, "run", "slow.yaml")
    try:
        wait_for(lambda: "slow begins" in notes(workspace))
        refused = tamis("run", small)
        assert (refused.code, f"run-1 (process {running.pid}" in refused.err) == (2, True)
        watching = in_background(workspace, "run", "watch")
        wait_for(lambda: find_run(workspace, "run-1").state().steps["slow"].says)
        told = json.loads(tamis("run", "show", "--json").out)
        assert told["status"] == "running"
        assert told["steps"][1]["says"].startswith("waiting")
        cancelled = tamis("run", "cancel")
        assert cancelled.out == "run-1 was stopped: tamis run resume run-1 goes on\n"
        assert running.wait(30) == 1
        out, err = watching.communicate(timeout=30)
        assert watching.returncode == 1
        assert "slow begins" in err
        assert "run-1 was stopped" in out
        (workspace.root / "open").touch()
        assert tamis("run", "resume").code == 0
        assert notes(workspace) == ["count 3", "slow begins", "slow begins", "slow ends"]
    finally:
        running.kill()
        running.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("with_", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda it: it.name)
def test_a_run_that_is_ended_goes_on_where_it_was(tamis, workspace, small, with_):
    running = in_background(workspace, "run", "slow.yaml")
    wait_for(lambda: "slow begins" in notes(workspace))
    running.send_signal(with_)
    _, err = running.communicate(timeout=30)
    assert running.returncode == (-with_ if with_ == signal.SIGKILL else 130)
    assert ("`tamis run resume run-1` goes on" in err) == (with_ != signal.SIGKILL)
    state = json.loads(tamis("run", "show", "--json").out)
    assert state["status"] == ("interrupted" if with_ == signal.SIGKILL else "cancelled")
    assert " ■  slow" in tamis("run", "show").out
    (workspace.root / "open").touch()
    assert tamis("run", "resume").code == 0
    assert notes(workspace).count("count 3") == 1


def test_a_page_passes_over_a_file_that_only_is_called_json(tamis, workspace, small, tmp_path):
    step = {"name": "write", "uses": "run_steps:write"}
    (workspace.root / "write.json").write_text(json.dumps({"name": "write", "steps": [step]}))
    assert tamis("run", workspace.root / "write.json").code == 0
    assert tamis("run", "graph", "-o", tmp_path / "g.html").code == 0


def test_pictures_are_drawn_of_a_run_and_of_a_file(tamis, workspace, small, tmp_path):
    assert tamis("run", "graph", small).out.startswith("flowchart TD\n")
    tamis("run", small)
    assert tamis("run", "graph", "-o", tmp_path / "g.svg").code == 0
    assert "gate" in "".join(ElementTree.parse(tmp_path / "g.svg").getroot().itertext())
    assert tamis("run", "graph", "-o", tmp_path / "g.svg").code == 2  # it is there already
    assert tamis("run", "graph", "run-1", "-o", tmp_path / "g.html").code == 0
    page = (tmp_path / "g.html").read_text()
    assert "the gate is shut: n is 6, and must be 7" in page
    assert "goes on: what is done stays done" not in page  # it would ask the same again
    assert "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")  # it needs no network
    told = json.loads(tamis("run", "graph", "--json").out)
    assert [(each["step"], each["status"]) for each in told] == [
        ("count", "finished"),
        ("double", "finished"),
        ("gate", "failed"),
    ]
    odd = tamis("run", "graph", "-o", tmp_path / "g.gif")
    assert (odd.code, "name a .svg, .mmd or .html file" in odd.err) == (2, True)


# the screen

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def happened(*events):
    following = Following("run-7", "docs", ["import", "train[family=encoder]", "gate"])
    for number, event in enumerate(events):
        following.hear(Event(at=NOON + timedelta(seconds=number), **event))
    return following


def drawn(following, *, width, height=24):
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    console.print(_Screen(following), end="")
    return console.file.getvalue().rstrip("\n").split("\n")


def test_the_screen_shows_state_time_reason_and_what_a_step_says_now():
    following = happened(
        {"what": "started"},
        {"step": "import", "what": "cached", "why": "nothing changed since run-6"},
        {"step": "train[family=encoder]", "what": "started", "why": "train.epochs was 3 and is 4"},
        {"step": "train[family=encoder]", "what": "progress", "why": "training: 50 of 100 steps", "share": 0.5},
    )
    wide = "\n".join(drawn(following, width=140))
    assert "run-7  docs" in wide
    assert "1 of 3 steps" in wide
    assert "as before  nothing changed since run-6" in wide
    assert "━━━━━━━━━━━━━━  50 %  training: 50 of 100 steps" in wide
    narrow = drawn(following, width=60)
    assert all(len(line) <= 60 for line in narrow)
    assert "    ━━━━━━━━━━━━━━  50 %  training: 50 of 100 steps" in [line.rstrip() for line in narrow]


def test_the_screen_estimates_how_long_the_work_of_a_step_will_take():
    name = "train[family=encoder]"
    following = happened(
        {"what": "started"},
        {"step": name, "what": "started", "why": "it never ran"},
        {"step": name, "what": "progress", "why": "reading: 9 of 10 rows", "share": 0.9},
        {"step": name, "what": "progress", "why": "training", "share": 0.0},  # other work: it begins to count here
    )
    step = following.state.steps[name]
    assert following.seconds_left(step, NOON + timedelta(seconds=3)) is None
    for second, share in ((5, 0.01), (13, 0.1), (23, 0.2)):
        event = Event(at=NOON + timedelta(seconds=second), step=name, what="progress", why="training", share=share)
        following.hear(event)
    step = following.state.steps[name]
    assert following.seconds_left(step, NOON + timedelta(seconds=23)) == pytest.approx(80)
    assert following.seconds_left(step, NOON + timedelta(seconds=33)) == pytest.approx(70)
    assert following.seconds_left(step, NOON + timedelta(seconds=333)) == 0
    following.hear(Event(at=NOON + timedelta(seconds=24), step=name, what="retried", why="it failed"))
    assert following.seconds_left(following.state.steps[name], NOON + timedelta(seconds=25)) is None


def test_a_screen_that_is_too_low_folds_what_rests():
    names = [f"s{number}" for number in range(40)]
    following = Following("run-1", "many", names)
    for number, name in enumerate(names[:20]):
        following.hear(Event(at=NOON, step=name, what="finished" if number < 18 else "started"))
    shown = _folded(list(following.state.steps.values()), room=10)
    assert len(shown) <= 10
    assert shown[0] == "18 more done"
    assert [step.name for step in shown[1:3]] == ["s18", "s19"]
    assert str(shown[-1]).endswith("more waiting")
    assert len(drawn(following, width=80, height=16)) <= 16


# the triggers

TRIGGERED = """
train: {trackers: []}
pipeline:
  triggers:
    inbox: {data: inbox, settle_seconds: 0, pipeline: slow.yaml, files_to: files, given: {}}
    drift: {alarm: drift, pipeline: small.yaml, given: {to: 4}}
"""


def test_one_trigger_in_trouble_does_not_hide_the_others(tamis, workspace):
    (workspace.root / "tamis.yaml").write_text(
        "pipeline: {triggers: {away: {data: 'gs://nowhere'}, nightly: {cron: 0 3 * * *, zone: Asia/Tokyo}}}"
    )
    (away, nightly) = json.loads(tamis("run", "triggers", "--json").out)
    assert "no store named 'gs'" in away["stands"]
    assert nightly["stands"].endswith("03:00 Asia/Tokyo")
    assert nightly["next"].endswith("18:00:00+00:00")


@pytest.mark.slow
@pytest.mark.parametrize("with_", [signal.SIGKILL, signal.SIGTERM], ids=lambda it: it.name)
def test_triggers_start_runs_and_one_that_was_ended_is_gone_on_with(tamis, workspace, small, with_):
    (workspace.root / "tamis.yaml").write_text(TRIGGERED)
    assert "nobody has looked yet" in tamis("run", "triggers").out
    assert tamis("run", "on-triggers", "--once").out == "inbox: 0 known files\ndrift: no alarm yet\n"
    (workspace.root / "inbox").mkdir()
    (workspace.root / "inbox" / "new.csv").write_text("a,b\n")
    watching = in_background(workspace, "run", "on-triggers", "--every", "100ms")
    wait_for(lambda: "slow begins" in notes(workspace))
    watching.send_signal(with_)
    watching.communicate(timeout=30)
    (inbox, _) = json.loads(tamis("run", "triggers", "--json").out)
    assert inbox["stands"] == "a run is under way or waits: 1 new file: new.csv"
    (workspace.root / "open").touch()
    done = tamis("run", "on-triggers", "--once")
    assert done.out.startswith("inbox: run-1 finished\n")
    assert "inbox starts run-1: 1 new file: new.csv" in done.err
    assert notes(workspace) == ["count 3", "slow begins", "slow begins", "slow ends"]
    given = find_run(workspace, "run-1").given
    assert given == {"files": [(workspace.root / "inbox" / "new.csv").as_uri()]}
    assert tamis("run", "on-triggers", "--once").out.startswith("inbox: 1 known file\n")
    assert run_names(workspace) == ["run-1"]
    listed = json.loads(tamis("run", "triggers", "--json").out)
    assert listed[0]["last"]["outcome"] == "finished"


@pytest.mark.slow
def test_who_watches_waits_until_a_mistake_in_the_settings_is_mended(tamis, workspace, small):
    settings = workspace.root / "tamis.yaml"
    settings.write_text(TRIGGERED)
    watching = in_background(workspace, "run", "on-triggers", "--every", "100ms")
    try:
        assert watching.stdout.readline() == "inbox: 0 known files\n"
        assert watching.stdout.readline() == "drift: no alarm yet\n"
        settings.write_text(TRIGGERED.replace("triggers:", "trigers:"))
        assert "Did you mean 'triggers'?" in watching.stdout.readline()
        settings.write_text(TRIGGERED)
        assert watching.stdout.readline() == "inbox: 0 known files\n"
    finally:
        watching.kill()
        watching.communicate()
    settings.write_text(TRIGGERED.replace("triggers:", "trigers:"))
    assert tamis("run", "on-triggers").code == 2, "from the beginning it is wrong use"


def test_a_trigger_starts_when_the_mistake_in_what_it_gives_is_mended(tamis, workspace, small):
    settings = workspace.root / "tamis.yaml"
    settings.write_text(TRIGGERED.replace("to: 4", "too: 4"))
    (workspace.root / "open").touch()
    tamis("run", "on-triggers", "--once")
    raise_alarm(Workspace(workspace.root), "drift", why="p = 0.001", now=datetime.now(UTC) - timedelta(minutes=1))
    wrong = tamis("run", "on-triggers", "--once")
    assert (wrong.code, "no parameter 'too'" in wrong.out) == (1, True)
    assert run_names(workspace) == []
    settings.write_text(TRIGGERED)
    mended = tamis("run", "on-triggers", "--once")
    assert (mended.code, "drift: run-1 finished" in mended.out) == (0, True)
    assert notes(workspace)[0] == "count 4"


def test_an_alarm_starts_its_run_once(tamis, workspace, small):
    (workspace.root / "tamis.yaml").write_text(TRIGGERED)
    (workspace.root / "open").touch()
    tamis("run", "on-triggers", "--once")
    raise_alarm(Workspace(workspace.root), "drift", why="p = 0.001", now=datetime.now(UTC) - timedelta(minutes=1))
    said = [json.loads(line) for line in tamis("run", "on-triggers", "--once", "--json").out.splitlines()]
    assert [(each["trigger"], each["fired"] and each["fired"]["why"]) for each in said] == [
        ("inbox", None),
        ("drift", "1 alarm, the last: drift: p = 0.001"),
    ]
    assert notes(workspace) == ["count 4", "double 4", "gate 8"]
    # one that is raised by a command is there too, and counts when a later look is surer that nothing comes before it
    assert tamis("run", "alarm", "drift", "--why", "p = 0.002").code == 0
    (inbox, drift) = json.loads(tamis("run", "triggers", "--json").out)
    assert (inbox["last"], drift["last"]["run"], drift["stands"]) == (None, "run-1", "no new alarm")
    log = open_events(Workspace(workspace.root), ServeSettings())
    assert [event["why"] for _, event in log.read()] == ["p = 0.001", "p = 0.002"]
