"""The standard graph: what runs from a source to a champion, what runs again after a change, what a gate refuses."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from tamis.core import UsageError, Workspace, plugins
from tamis.data import RoleChoice, SourceOptions, open_dataset
from tamis.evaluate import starter_suite
from tamis.models import seal_bundle
from tamis.pipeline import RunState, RunStore, reproduce, run_graph, standard_graph
from tamis.pipeline.config import ReadSettings
from tamis.registry import open_registry
from tamis.train import find_run, list_runs

SETTINGS = """\
train: {trackers: [], family: linear}
evaluate: {resamples: 200, find_slices: false}
pipeline:
  source: films.csv
  dataset: films
  families: [linear]
  pictures: false
  approve: automatic
"""
AFTER_TRAINING = ["calibrate", "export", "evaluate", "explain", "gate", "register", "approve", "deploy"]
STEPS = ["import", "check", "split", "features", "train[family=linear]", *AFTER_TRAINING]


def films() -> str:
    words = {"good": ["warm", "bright", "tender", "witty"], "bad": ["dull", "slow", "loud", "thin"]}
    scenes = ["harbour", "school", "court", "farm", "palace", "market", "desert", "island", "prison", "theatre"]
    people = ["actors", "songs", "jokes", "scenes", "lines", "dances", "fights"]
    rows = []
    for number in range(280):
        label = "good" if number % 2 else "bad"
        said = words["good" if number % 9 == 4 else label][number // 2 % 4]  # some are hard to tell
        text = f"{said} {people[number % 7]} in the {scenes[number // 7 % 10]} of part {number} and {number * 7 % 31}"
        rows.append(f"{number},{text},{label}")
    return "\n".join(["id,text,label", *rows]) + "\n"


def run(workspace: Workspace, *overrides: str, **given: object) -> RunState:
    there = Workspace(workspace.root, overrides)
    graph = standard_graph(there)
    return run_graph(there, graph, given, store=RunStore.create(there, graph, given))


def ran(state: RunState) -> list[str]:
    """The steps that were run and not taken from before."""
    return [name for name, step in state.steps.items() if step.status not in ("cached", "waiting", "skipped")]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which the standard graph ran; nobody may change it."""
    root = tmp_path_factory.mktemp("films")
    (root / "tamis.yaml").write_text(SETTINGS)
    (root / "films.csv").write_text(films())
    state = run(Workspace(root))
    assert (state.status, ran(state)) == ("finished", STEPS), state
    return Workspace(root)


@pytest.fixture
def copy(done: Workspace, tmp_path: Path) -> Workspace:
    """The same as one's own."""
    shutil.copytree(done.root, tmp_path / "copy", symlinks=True)
    return Workspace(tmp_path / "copy")


def test_a_run_ends_with_a_champion_that_passed_its_gate(done):
    version = open_registry(done).state().version("films@champion")
    assert (version.number, version.status) == (1, "approved")
    assert version.judged.reason.startswith("automatic: all 3 conditions")
    assert version.facts["gate"]["passed"]
    folder = find_run(done, "films-linear-1").path
    assert "warm" in json.loads((folder / "words" / "words.json").read_text())["words"]["good"]
    assert "3 of 3 conditions hold" in (folder / "gate" / "gate.html").read_text()
    assert list(folder.glob("evaluation/*/evaluation.json"))


def test_a_second_run_runs_nothing_and_says_why(copy):
    state = run(copy)
    assert ran(state) == []
    assert {step.why for step in state.steps.values()} == {"nothing changed since run-1"}


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ("# a remark\n" + SETTINGS, []),
        (SETTINGS.replace("family: linear", "family: linear, epochs: 9"), STEPS[4:]),
        (SETTINGS + "decide: {goal: coverage, coverage: 0.9}\n", AFTER_TRAINING),
        (
            SETTINGS.replace("resamples: 200", "resamples: 300"),
            ["export", "evaluate", "gate", "register", "approve", "deploy"],
        ),
        (SETTINGS + "features: {cleaning: [unicode]}\n", STEPS[1:]),
        (SETTINGS + "split: {seed: 3}\n", STEPS[2:]),
        (SETTINGS + "serve: {port: 9999}\n", []),
    ],
    ids=["remark", "epochs", "decide", "evaluate", "features", "split", "serve"],
)
def test_a_changed_setting_runs_what_depends_on_it(copy, changed, again):
    (copy.root / "tamis.yaml").write_text(changed)
    state = run(Workspace(copy.root))
    assert state.status == "finished", state
    assert ran(state) == again


def test_a_changed_label_runs_all_that_depends_on_the_rows(copy):
    source = copy.root / "films.csv"
    source.write_text(source.read_text().replace("part 100 and 18,bad", "part 100 and 18,good"))
    state = run(copy)
    assert ran(state) == STEPS
    assert "has other rows than films@1" in state.steps["check"].why
    assert open_registry(copy).state().version("films@champion").number == 2
    source.write_text(films())
    assert ran(run(copy)) == ["gate", "register"]  # all was there before, but the champion is another
    assert open_registry(copy).state().version("films@champion").number == 2  # who moved it had a reason


def test_a_row_in_another_file_runs_the_import_and_nothing_else(copy):
    source = copy.root / "films.csv"
    source.write_text(source.read_text().replace("\n", "\r\n"))  # other bytes, the same rows
    assert ran(run(copy)) == ["import"]


def test_decisions_are_fitted_anew_on_the_weights_that_are_there(copy):
    state = run(copy, "decide.goal=coverage", "decide.coverage=0.9")
    assert state.status == "finished"
    first, second = list_runs(copy)
    assert second.notes["weights_of"] == first.name
    assert second.bundle.manifest.decider.rule.goal == "coverage"
    files = [run.bundle.manifest.files["model.safetensors"] for run in (first, second)]
    assert files[0] == files[1]
    assert reproduce(copy, second.name).same  # a training with these settings makes the same


def test_parameters_take_effect(copy):
    state = run(copy, epochs=7)
    assert ran(state) == STEPS[4:]
    assert find_run(copy, "films-linear-2").settings["train"]["epochs"] == 7
    with pytest.raises(UsageError, match="epochs: 0 is below the minimum, 1"):
        run(copy, epochs=0)


def test_several_seeds_fan_out_and_validation_chooses(copy):
    state = run(copy, "pipeline.seeds=[1, 2]")
    trained = [name for name in state.steps if name.startswith("train")]
    assert trained == ["train[family=linear,seed=1]", "train[family=linear,seed=2]"]
    assert state.steps["calibrate"].outputs["run"]["ref"] == state.steps[trained[0]].outputs["run"]["ref"]  # a tie


def test_a_failed_gate_names_each_condition_and_registers_nothing(copy):
    gates = "{minimum: {macro_f1: 0.99, accuracy: 0.1}, slices: {label: 0.2, length: 0.98}, ece: 0.0001}"
    state = run(copy, f"pipeline.gates={gates}", "train.seed=5")
    assert (state.status, state.steps["gate"].status) == ("failed", "failed")
    why = state.steps["gate"].why
    assert "macro F1 at least 0.99: 0." in why
    assert "calibration error at most 0.0001: 0." in why
    assert "accuracy at least 0.1" not in why
    assert [state.steps[name].status for name in ("register", "approve", "deploy")] == ["waiting"] * 3
    assert len(open_registry(copy).state().model("films").versions) == 1
    report = json.loads((find_run(copy, "films-linear-2").path / "gate" / "gate.json").read_text())
    assert not report["passed"]
    held = {each["condition"]: each["holds"] for each in report["conditions"]}
    assert held["accuracy at least 0.1"]
    assert held["not worse than films@champion (films@1)"]
    assert held["no error in the data"]
    assert not held["macro F1 at least 0.99"]


def test_a_suite_is_a_condition_and_another_one_opens_the_gate_again(copy):
    suite = copy.root / "suite.yaml"
    suite.write_text(starter_suite(["bad", "good"], open_dataset(copy, "films"), name="films-linear-1"))
    gates = "pipeline.gates={suite: suite.yaml, pass_rate: 0}"
    state = run(copy, gates)
    assert state.status == "finished", state.why
    assert "at least 0% of the tests hold" in state.steps["gate"].outputs["conditions"]
    suite.write_text(suite.read_text() + "# a remark\n")
    assert ran(run(copy, gates)) == ["gate"]


def test_who_is_to_approve_is_waited_for(copy):
    state = run(copy, "train.seed=5", approve="manual")
    assert state.status == "finished"
    assert state.steps["deploy"].status == "skipped"
    assert open_registry(copy).state().version("films@champion").number == 1
    open_registry(copy).approve("films@2", reason="looked at it")
    state = run(copy, "train.seed=5", approve="manual")
    assert ran(state) == ["approve", "deploy"]
    assert open_registry(copy).state().version("films@champion").number == 2


def test_a_model_that_was_spoilt_is_not_reproduced(copy):
    from safetensors.numpy import load_file, save_file

    assert reproduce(copy, "films-linear-1").same
    bundle = find_run(copy, "films-linear-1").bundle
    weights = load_file(bundle.path / "model.safetensors")
    weights["bias"] = np.nextafter(weights["bias"], np.float32(9))
    save_file(weights, bundle.path / "model.safetensors")
    seal_bundle(bundle.path, bundle.manifest)
    found = reproduce(copy, "films-linear-1")
    assert not found.same
    assert found.differences == ()
    assert "came out another" in found.verdict


def test_a_version_is_reproduced_by_the_run_that_made_it(copy, tamis):
    told = tamis("--workspace", copy.root, "repro", "films@champion")
    assert (told.code, "films-linear-1 came out the same" in told.out) == (0, True)
    record = find_run(copy, "films-linear-1").path / "run.json"
    record.write_text(record.read_text().replace(find_run(copy, "films-linear-1").fingerprint, "0" * 32))
    other = tamis("--workspace", copy.root, "repro", "films@1")  # a run of that name, and not the same
    assert (other.code, "the training that made films@1 is not in this workspace" in other.err) == (2, True)


def test_a_model_that_was_damaged_is_trained_anew(copy):
    weights = find_run(copy, "films-linear-1").bundle.path / "model.safetensors"
    weights.write_bytes(weights.read_bytes() + b"x")
    state = run(copy)
    assert state.status == "finished", state.why
    assert state.steps["train[family=linear]"].why == "what it made is gone or changed: run films-linear-1"
    assert state.steps["calibrate"].outputs["run"]["ref"] == "films-linear-2"


def test_whatever_an_import_can_be_told_the_settings_can_say():
    told = {field.name for kind in (SourceOptions, RoleChoice) for field in fields(kind)}
    here = {"password", "password_file", "workers", "executor", "cache"}  # of one machine, and no part of what is read
    assert set(ReadSettings.model_fields) == told - here | {"kind", "hub_split", "max_rejects"}


def test_a_workspace_without_a_source_is_told_what_to_write(tmp_path):
    (tmp_path / "tamis.yaml").write_text("")
    with pytest.raises(UsageError, match=r"pipeline.source is empty\n.*source: reviews.csv"):
        standard_graph(Workspace(tmp_path))


def test_a_misspelt_measure_is_told_before_anything_is_trained(tmp_path):
    (tmp_path / "tamis.yaml").write_text("pipeline: {source: films.csv, gates: {minimum: {macro_f2: 0.5}}}\n")
    with pytest.raises(UsageError, match=r"gates.minimum: no measure 'macro_f2'. Did you mean 'macro_f1'"):
        standard_graph(Workspace(tmp_path))


def test_a_stored_dataset_may_be_the_source(copy: Workspace, tmp_path: Path):
    state = run(copy, "pipeline.source=dataset:films")
    assert ran(state) == ["import"]
    assert state.steps["import"].outputs["dataset"]["ref"] == "films@1"


@pytest.mark.slow
def test_on_ray_every_step_makes_the_same(done, tmp_path, ray_cluster):
    for name in ("tamis.yaml", "films.csv"):
        shutil.copy(done.root / name, tmp_path / name)
    workspace = Workspace(tmp_path)
    graph = standard_graph(workspace)
    store = RunStore.create(workspace, graph, {})
    there = run_graph(workspace, graph, {}, store=store, executor=plugins.load("executor", "ray")())
    assert (there.status, ran(there)) == ("finished", STEPS), there
    here = RunStore(done, "run-1").state()
    for name in STEPS:
        if name != "register":  # a version knows when it was registered
            assert there.steps[name].outputs == here.steps[name].outputs


@pytest.mark.slow
def test_an_encoder_is_exported_before_it_is_judged(copy, backbone):
    settings = (
        "pipeline.families=[encoder]",
        "pipeline.quick_export=true",
        "export={seconds: 0.2, tolerance: 0.5, resamples: 100}",
        f"train={{backbone: {backbone()}, epochs: 1, trackers: []}}",
        "pipeline.gates={champion: null}",
    )
    state = run(copy, *settings)
    assert state.status == "finished", state.why
    assert "fp32" in state.steps["export"].outputs["form"] or "bf16" in state.steps["export"].outputs["form"]
    conditions = state.steps["gate"].outputs["conditions"]
    assert state.steps["export"].outputs["form"] in conditions["the exported form is the same model"]
    assert ran(run(copy, *settings)) == []
