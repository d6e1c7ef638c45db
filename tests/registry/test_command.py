"""`tamis models`: what it prints, what it asks for, and how it ends."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from tamis.registry import open_registry, register_run, version_bundle


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """A terminal that breaks no line of a table."""
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def versions(workspace, make_run):
    """Two versions, the first one approved and champion."""
    register_run(workspace, make_run(1, macro_f1=0.5), reason="the first one")
    register_run(workspace, make_run(2, macro_f1=0.75), reason="another")
    open_registry(workspace).approve("reviews@1", reason="good")
    open_registry(workspace).promote("reviews@1", reason="there is none yet")
    return workspace


def test_from_a_run_to_the_champion_and_back(tamis, make_run, workspace):
    run = make_run(1, macro_f1=0.75)
    assert "nothing is registered yet" in tamis("models", "list").out
    told = tamis("models", "register", run, "--reason", "the first one", "--by", "ann")
    assert "reviews@1 is pending" in told.out
    assert "by ann: the first one" in told.out
    assert "next: tamis models approve reviews@1" in told.out
    assert "no evaluation" not in told.out
    assert "reviews@1 is pending" in tamis("models", "register", run, "--reason", "again").out
    assert "by bob: good" in tamis("models", "approve", "reviews@1", "--reason", "good", "--by", "bob").out
    assert tamis("models", "promote", "reviews@1", "--reason", "now").out == "reviews@champion is reviews@1\n"
    assert "no evaluation is in its bundle" in tamis("models", "register", make_run(2), "--reason", "more").out
    tamis("models", "approve", "reviews@2", "--reason", "good")
    tamis("models", "promote", "reviews@2", "--reason", "newer")
    listed = tamis("models", "list").out
    for part in ("reviews", "approved", "champion", "tiny-linear-1", "reviews@1", "0.750 (0.500 to 0.875) macro_f1"):
        assert part in listed
    assert tamis("models", "rollback", "reviews", "--reason", "oh").out == "reviews@champion is reviews@1\n"
    assert [entry.action for entry in open_registry(workspace).history()] == [
        "register", "approve", "promote", "register", "approve", "promote", "rollback",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("register", "reviews-linear-1"),
        ("approve", "reviews@2"),
        ("reject", "reviews@2"),
        ("promote", "reviews@1"),
        ("rollback", "reviews"),
    ],
)
def test_without_a_reason_nothing_is_decided(tamis, versions, words):
    before = open_registry(versions).history()
    missing = tamis("models", *words)
    assert missing.code == 2
    assert "--reason" in missing.err
    empty = tamis("models", *words, "--reason", " ")
    assert empty.code == 2
    assert "a reason is needed" in empty.err
    assert open_registry(versions).history() == before


def test_json_says_all(tamis, versions):
    listed = json.loads(tamis("models", "list", "--json").out)
    assert [(each["ref"], each["status"], each["aliases"]) for each in listed] == [
        ("reviews@1", "approved", ["champion"]),
        ("reviews@2", "pending", []),
    ]
    shown = json.loads(tamis("models", "show", "reviews", "--json").out)
    assert shown == listed[0]
    assert shown["judged"]["reason"] == "good"
    assert shown["facts"]["evaluation"]["scores"]["macro_f1"]["value"] == 0.5
    moved = json.loads(tamis("models", "promote", "reviews@1", "--alias", "mine", "--reason", "x", "--json").out)
    assert (moved["ref"], moved["alias"], moved["hosts"]) == ("reviews@1", "mine", [])
    assert json.loads(tamis("models", "approve", "reviews@2", "--reason", "x", "--json").out)["status"] == "approved"
    compared = json.loads(tamis("models", "compare", "reviews@1", "reviews@2", "--json").out)
    assert compared["scores"]["macro_f1"][1]["value"] == 0.75
    entries = json.loads(tamis("models", "history", "--json").out)
    assert [each["number"] for each in entries] == [1, 2, 3, 4, 5, 6]
    assert json.loads(tamis("models", "gc", "--json").out) == {"removed": False, "versions": []}


def test_a_version_is_shown_with_its_scores_and_its_gate(tamis, workspace, make_run, tmp_path):
    gate = tmp_path / "gate.json"
    held = {"condition": "macro F1 at least 0.4", "holds": True, "says": "0.500 at least", "value": 0.5, "bound": 0.4}
    gate.write_text(json.dumps({"passed": True, "conditions": [held]}))
    tamis("models", "register", make_run(1, macro_f1=0.75), "--gate", gate, "--reason", "the first one")
    shown = tamis("models", "show", "reviews@1").out
    for part in ("pending", "0.750 (0.500 to 0.875)", "gate: passed", "macro F1 at least 0.4", "the first one"):
        assert part in shown
    tamis("models", "register", make_run(2), "--reason", "another")
    side = tamis("models", "compare", "reviews@1", "reviews@2").out
    for part in ("note: no evaluation came with reviews@2", "gate of reviews@2: none was asked of it", "epochs"):
        assert part in side


def test_the_gate_of_the_run_is_taken_and_what_failed_cannot_be_approved(tamis, workspace, make_run):
    run = make_run(1)
    folder = workspace.runs / run / "gate"
    folder.mkdir()
    failed = {"condition": "macro F1 at least 0.9", "holds": False, "says": "it is 0.75"}
    (folder / "gate.json").write_text(json.dumps({"passed": False, "conditions": [failed]}))
    tamis("models", "register", run, "--reason", "a try")
    refused = tamis("models", "approve", "reviews@1", "--reason", "I like it")
    assert refused.code == 3
    assert "did not pass its gate and cannot be approved\n  macro F1 at least 0.9: it is 0.75" in refused.err
    for broken in (
        "[]",
        '{"passed": true, "conditions": ["macro F1 at least 0.9"]}',
        '{"passed": true, "conditions": 1}',
    ):
        (folder / "gate.json").write_text(broken)
        refused = tamis("models", "register", run, "--reason", "again")
        assert (refused.code, "is no gate report" in refused.err) == (1, True)


def test_what_served_on_a_day_and_why(tamis, versions):
    today = datetime.now().astimezone()
    for at in (f"{today:%Y-%m-%d}", (today + timedelta(days=400)).isoformat()):
        said = tamis("models", "history", "--at", at).out
        for part in ("reviews@champion was reviews@1", "until now", "promoted by", "there is none yet", ": good"):
            assert part in said
    assert "no alias named a version then" in tamis("models", "history", "--at", "2020-01-01").out
    assert json.loads(tamis("models", "history", "--at", f"{today:%Y-%m-%d}", "--json").out)[0]["version"] == 1
    wrong = tamis("models", "history", "--at", "yesterday")
    assert (wrong.code, "write a day, 2026-11-21" in wrong.err) == (2, True)
    unknown = tamis("models", "history", "--model", "review")
    assert (unknown.code, "Did you mean 'reviews'?" in unknown.err) == (2, True)


def test_verify_tells_and_exits_with_3(tamis, versions):
    well = tamis("models", "verify")
    assert well.code == 0
    assert "4 entries and 2 bundles are what was written" in well.out
    head = open_registry(versions).history()[-1].hash
    assert f"head: {head}" in well.out
    assert tamis("models", "verify", "--head", head).code == 0
    cut = tamis("models", "verify", "--head", "0" * 32)
    assert (cut.code, "its end was cut off" in cut.err) == (3, True)
    (version_bundle(versions, "reviews@2").path / "model.safetensors").unlink()
    damaged = tamis("models", "verify", "--json")
    assert damaged.code == 3
    assert "reviews@2: model.safetensors" in damaged.err
    assert json.loads(damaged.out)["sound"] is False


def test_gc_shows_and_then_does(tamis, versions):
    assert "nothing to remove" in tamis("models", "gc").out
    shown = tamis("models", "gc", "--keep", "0").out
    assert "reviews@2" in shown
    assert "reviews@1" not in shown
    assert "these would go: tamis models gc --keep 0 --reason" in shown
    assert version_bundle(versions, "reviews@2")
    assert "removed" in tamis("models", "gc", "--keep", "0", "--reason", "room").out
    gone = tamis("models", "show", "reviews@2").out
    assert "removed" in gone
    assert "room" in gone


def test_a_registry_that_is_damaged_is_told(tamis, versions):
    (versions.registry / "history.db").write_bytes(b"hello " * 1000)
    told = tamis("models", "list")
    assert told.code == 1
    assert "history.db is damaged or no SQLite file" in told.err
    assert "Traceback" not in told.err


def test_a_long_list_is_cut_and_the_champion_stays_in_it(tamis, versions, make_run):
    for number in range(3, 8):
        register_run(versions, make_run(number), reason="more")
    listed = tamis("models", "list", "--newest", "2").out
    assert "champion" in listed
    assert "and 4 older ones" in listed


def test_names_from_elsewhere_do_nothing_to_the_terminal(tamis, workspace, tmp_path, seal):
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    evaluation = {"source": "[/red].csv\x1b[2J", "rows": 5, "main_metric": "accuracy", "scores": {}}
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    seal(folder, labels=["bad", "good"], name="nice\x1b[31m[bold]")
    assert tamis("models", "register", folder, "--reason", "from a stranger\x1b[2J").code == 0
    shown = tamis("models", "show", "reviews@1")
    assert (shown.code, "\x1b" in shown.out) == (0, False)
    for part in ("5 rows of [/red].csv?[2J", "nice?[31m[bold]", "from a stranger?[2J"):
        assert part in shown.out
