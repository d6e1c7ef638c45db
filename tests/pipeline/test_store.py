"""The store of a run: its folder, its journal, and what may be used again."""

import json
import resource
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tamis.core import DataError, TamisError, UsageError, Workspace
from tamis.pipeline import Event, Graph, RunStore, Step, StepKey, find_artefact, find_run, run_names

GRAPH = Graph(name="small", steps=(Step(name="one", uses="a:one"), Step(name="two", uses="a:two")))
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Clock:
    """What tells the time, and is set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def new_run(workspace: Workspace, **given: object) -> RunStore:
    return RunStore.create(workspace, GRAPH, given)


def happened(store: RunStore, what: str, step: str = "", **values: object) -> Event:
    return store.append(Event.model_validate({"at": datetime.now(UTC), "what": what, "step": step, **values}))


def key(name: str, **parameters: object) -> StepKey:
    empty: dict[str, dict[str, object]] = {part: {} for part in ("settings", "inputs", "reads", "environment")}
    return StepKey(name * 32, {**empty, "code": {"step": "one"}, "parameters": parameters})


def file_of(workspace: Workspace, name: str, content: str = "x"):
    (workspace.root / name).write_text(content)
    return find_artefact(workspace, "file", name)


def test_a_run_is_there_whole_or_not_at_all(workspace):
    first = new_run(workspace, epochs=2)
    second = new_run(Workspace(workspace.root, ("train.seed=7",)))
    assert run_names(workspace) == ["run-1", "run-2"] == [first.name, second.name]
    assert sorted(path.name for path in first.path.iterdir()) == ["events.jsonl", "graph.json", "run.json"]
    again = find_run(workspace, "run-1")
    assert (again.graph, again.given) == (GRAPH, {"epochs": 2})
    assert find_run(workspace, "run-2").workspace.overrides == ("train.seed=7",), "what it was told on the command line"
    with pytest.raises(UsageError, match="no run 'run-3' of the pipeline. Runs: run-1, run-2. Did you mean 'run-2'"):
        find_run(workspace, "run-3")


def test_names_go_on_counting(workspace):
    for _ in range(11):
        new_run(workspace).close()
    assert run_names(workspace)[-2:] == ["run-10", "run-11"]


def test_the_journal_says_where_a_run_stands(workspace):
    store = new_run(workspace)
    assert store.state().status == "waiting"
    with store.hold():
        happened(store, "started")
        happened(store, "started", "one", why="it never ran", key="11")
        assert store.state().status == "running"
        happened(store, "finished", "one", outputs={"rows": 3}, seconds=0.5)
        happened(store, "started", "two")
    state = find_run(workspace, "run-1").state()
    assert state.status == "interrupted", "its process let go of the workspace and never said that it ended"
    assert state.can_be_resumed
    assert {name: step.status for name, step in state.steps.items()} == {"one": "finished", "two": "interrupted"}
    assert state.steps["one"].outputs == {"rows": 3}
    assert state.steps["one"].key == "11"


def test_a_run_that_ends_while_one_looks_was_not_cut_short(workspace):
    store = new_run(workspace)
    happened(store, "started")

    class EndsMeanwhile(RunStore):
        def events(self):
            found = super().events()
            if len(found) == 1:
                happened(store, "finished")
            return found

    assert EndsMeanwhile(workspace, store.name).state().status == "finished"


def test_a_line_that_a_kill_cut_short_is_left_out_and_taken_off(workspace):
    store = new_run(workspace)
    happened(store, "started")
    store.close()
    with (store.path / "events.jsonl").open("ab") as file:
        file.write(b'{"at": "2026-05-01T12:00:00Z", "what": "fini')
    store = find_run(workspace, "run-1")
    assert [event.what for event in store.events()] == ["started"]
    happened(store, "finished")
    assert [event.what for event in store.events()] == ["started", "finished"]
    assert len((store.path / "events.jsonl").read_bytes().splitlines()) == 2


def test_a_damaged_line_in_the_middle_is_told_by_its_number(workspace):
    store = new_run(workspace)
    for _ in range(3):
        happened(store, "progress", "one")
    lines = (store.path / "events.jsonl").read_text().splitlines()
    for bad, said in [
        ("{", "line 2 is damaged: the whole: Invalid JSON"),
        ('{"at": 1}', "line 2 is damaged: what: Field"),
    ]:
        (store.path / "events.jsonl").write_text("\n".join([lines[0], bad, lines[2]]) + "\n")
        with pytest.raises(DataError, match=said):
            store.events()


def test_a_clock_that_was_set_back_changes_no_order(workspace):
    store = new_run(workspace)
    store.append(Event(at=NOON, what="started"))
    written = store.append(Event(at=NOON - timedelta(hours=3), what="started", step="one"))
    assert written.at == NOON
    store.close()
    store = find_run(workspace, "run-1")
    store.append(Event(at=NOON - timedelta(hours=1), what="finished"))
    assert [event.at for event in store.events()] == [NOON] * 3
    assert store.state().finished == NOON


def test_many_threads_write_whole_lines(workspace):
    store = new_run(workspace)
    threads = [
        threading.Thread(target=lambda n=n: [happened(store, "progress", f"s{n}", why="x" * 500) for _ in range(20)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.events()) == 160


def test_what_a_step_made_is_used_again_by_another_run(workspace):
    store = new_run(workspace)
    assert store.reuse("one", key("a", size=1)).why == "it never ran"
    made = {"file": file_of(workspace, "out.txt"), "score": 0.5, "many": [file_of(workspace, "more.txt")], "none": None}
    store.keep("one", key("a", size=1), made)
    store.close()
    other = new_run(workspace)
    found = other.reuse("one", key("a", size=1))
    assert (found.outputs, found.why) == (made, "nothing changed since run-1")
    assert other.reuse("renamed", key("a", size=1)).outputs == made, "the name of a step has no say"
    assert other.reuse("one", key("b", size=2)) == type(found)(None, "size was 1 and is 2")


def test_what_is_gone_or_changed_is_never_used(workspace):
    store = new_run(workspace)
    store.keep("one", key("a"), {"files": {"here": [file_of(workspace, "out.txt")]}, "score": 1})
    (workspace.root / "out.txt").write_text("other")
    assert store.reuse("one", key("a")).why == "what it made is gone or changed: file out.txt"
    (workspace.root / "out.txt").unlink()
    assert store.reuse("one", key("a")).outputs is None
    file_of(workspace, "out.txt")
    assert store.reuse("one", key("a")).outputs is not None, "and there it is again"


def test_a_step_that_made_nothing_of_what_it_says_is_told(workspace):
    artefact = file_of(workspace, "out.txt")
    (workspace.root / "out.txt").unlink()
    with pytest.raises(DataError, match="step 'one' says that it made file out.txt, and it is not there"):
        new_run(workspace).keep("one", key("a"), {"file": artefact})


def test_nobody_can_tell(workspace):
    store = new_run(workspace)
    unknown = StepKey("", key("a").parts)
    store.keep("one", unknown, {"score": 1})
    assert store.reuse("one", unknown) == type(store.reuse("one", unknown))(
        None, "nobody can tell whether what it reads changed"
    )


def test_expiry_by_a_clock_that_goes_both_ways(workspace):
    clock = Clock()
    store = RunStore.create(workspace, GRAPH, {}, now=clock)
    store.keep("one", key("a"), {"score": 1})
    clock.now = NOON + timedelta(hours=23)
    assert store.reuse("one", key("a"), expires_hours=24).outputs == {"score": 1}
    clock.now = NOON + timedelta(hours=26)
    assert store.reuse("one", key("a"), expires_hours=24).why == "what it made expired 2 h ago"
    assert store.reuse("one", key("a")).outputs is not None
    clock.now = NOON - timedelta(seconds=5)
    assert store.reuse("one", key("a"), expires_hours=24).outputs is not None, "clocks differ by seconds"
    clock.now = NOON - timedelta(days=1)
    assert "the clock was set back" in store.reuse("one", key("a"), expires_hours=24).why
    store.keep("one", key("a"), {"score": 2})
    assert store.reuse("one", key("a"), expires_hours=24).outputs == {"score": 2}, "and from then on all is as ever"


def test_a_step_that_failed_or_was_cut_short_says_so(workspace):
    store = new_run(workspace)
    happened(store, "started")
    happened(store, "started", "one", key=key("a").fingerprint)
    happened(store, "failed", "one", key=key("a").fingerprint, why="no")
    happened(store, "started", "two", key=key("b").fingerprint)
    store.close()
    for again in (find_run(workspace, "run-1"), new_run(workspace)):
        happened(again, "started")
        assert again.reuse("one", key("a")).why == "it failed in run-1"
        assert again.reuse("two", key("b")).why == "run-1 was cut short while it ran"
        assert again.reuse("two", key("c")).why == "it never ran"
        again.close()


def test_a_full_disk_leaves_whole_lines_and_says_how_to_go_on(workspace):
    store = new_run(workspace)
    happened(store, "started")
    before = (store.path / "events.jsonl").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, hard))
    try:
        with pytest.raises(
            DataError, match="no room left on the disk for .*events.jsonl; the steps .* are kept"
        ) as told:
            happened(store, "finished")
        with pytest.raises(DataError, match="no room left on the disk for .*made.db"):
            store.keep("one", key("a"), {"score": 1})
        with pytest.raises(DataError, match="no room left on the disk for .*runs"):
            new_run(workspace)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "tamis run resume" in (told.value.hint or "")
    assert (store.path / "events.jsonl").read_bytes() == before, "no half line stays"
    assert run_names(workspace) == ["run-1"]
    happened(store, "finished")
    store.keep("one", key("a"), {"score": 1})
    assert store.state().status == "finished"
    assert store.reuse("one", key("a")).outputs == {"score": 1}


def test_a_store_of_a_newer_tamis_is_left_alone(workspace):
    store = new_run(workspace)
    store.keep("one", key("a"), {"score": 1})
    store.close()
    record = json.loads((store.path / "run.json").read_text())
    (store.path / "run.json").write_text(json.dumps({**record, "format": 2, "more": 1}))
    with pytest.raises(DataError, match=r"run.json has format 2; this Tamis reads format 1\n.*pip install --upgrade"):
        find_run(workspace, "run-1")
    with sqlite3.connect(workspace.pipeline / "made.db") as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    other = new_run(workspace)
    with pytest.raises(DataError, match="made.db has format 9; this Tamis reads format 1"):
        other.reuse("one", key("a"))


def test_what_is_damaged_is_named(workspace):
    store = new_run(workspace)
    store.keep("one", key("a"), {"score": 1})
    store.close()
    for rest in workspace.pipeline.glob("made.db*"):
        rest.write_bytes(b"no database at all" * 100)
    with pytest.raises(DataError, match=r"made.db is damaged: .*\n  delete it: then every step runs anew"):
        store.reuse("one", key("a"))
    for rest in workspace.pipeline.glob("made.db*"):
        rest.unlink()
    assert store.reuse("one", key("a")).outputs is None
    (store.path / "run.json").write_text("{")
    with pytest.raises(DataError, match="run.json is damaged"):
        find_run(workspace, "run-1")
    (store.path / "graph.json").write_text('{"name": 1}')
    with pytest.raises(DataError, match="graph.json is damaged"):
        _ = store.graph


def test_many_processes_of_one_workspace_keep_what_they_made(workspace):
    stores = [new_run(workspace) for _ in range(4)]

    def work(store: RunStore) -> None:
        for number in range(25):
            store.keep(f"{store.name}-{number}", StepKey(f"{store.name}-{number}", key("a").parts), {"n": number})

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]  # each has a connection of its own
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores[0].made.entries()) == 100
    assert all(store.reuse("x", StepKey("run-3-7", {})).outputs == {"n": 7} for store in stores)
    assert Path(stores[0].made.path).exists()


def test_a_database_that_cannot_be_had_is_no_damaged_one(workspace):
    workspace.pipeline.mkdir(parents=True)
    (workspace.pipeline / "made.db").mkdir()
    with pytest.raises(TamisError, match=r"made.db cannot be had now: unable to open database file"):
        new_run(workspace).reuse("one", key("a"))
