"""What every Tracker must do, run for each that is installed; each is read back with its own system's reader."""

from __future__ import annotations

import logging
import math
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tamis.core import Tracker, UsageError, plugins

PARAMETERS = {"train": {"epochs": 2, "backbone": "minilm"}, "fingerprint": "3f9a", "dataset": "reviews@1"}


class Read(NamedTuple):
    """What a tracker's own system says of a run."""

    curves: dict[str, list[tuple[int, float]]]
    parameters: str
    status: str


def read_mlflow(state: Path, run: str) -> Read:
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{state / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("tamis").experiment_id
    found = client.search_runs([experiment], f"attributes.run_name = '{run}'")
    assert len(found) == 1, "a run that goes on is the same run"
    curves = {
        name: [(point.step, point.value) for point in client.get_metric_history(found[0].info.run_id, name)]
        for name in found[0].data.metrics
    }
    return Read(curves, str(found[0].data.params), found[0].info.status)


def read_tensorboard(state: Path, run: str) -> Read:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    curves: dict[str, list[tuple[int, float]]] = {}
    texts: dict[str, str] = {}
    for file in sorted((state / "runs" / run / "tensorboard").iterdir()):
        for record in RawEventFileLoader(str(file)).Load():
            event = Event.FromString(record)
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    curves.setdefault(value.tag, []).append((event.step, round(value.simple_value, 6)))
                else:
                    texts[value.tag] = value.tensor.string_val[0].decode()
    return Read(curves, texts["parameters/text_summary"], texts.get("status/text_summary", "RUNNING"))


READERS: dict[str, Callable[[Path, str], Read]] = {"mlflow": read_mlflow, "tensorboard": read_tensorboard}


@pytest.fixture(params=sorted(READERS))
def name(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(request.param)
    return str(request.param)


@pytest.fixture
def tracker(name: str, tmp_path: Path) -> Tracker:
    return plugins.load("tracker", name)(tmp_path)


@pytest.fixture
def read(name: str, tmp_path: Path) -> Callable[[str], Read]:
    return lambda run: READERS[name](tmp_path, run)


pytestmark = pytest.mark.slow  # importing MLflow takes seconds


def test_parameters_numbers_and_status_arrive(tracker, read):
    tracker.start("docs-linear-1", parameters=PARAMETERS)
    tracker.log("docs-linear-1", {"train.loss": 0.5, "validation.macro_f1": 0.25}, step=1)
    tracker.log("docs-linear-1", {"train.loss": 0.25}, step=2)
    tracker.finish("docs-linear-1", status="finished")
    found = read("docs-linear-1")
    assert found.curves == {"train.loss": [(1, 0.5), (2, 0.25)], "validation.macro_f1": [(1, 0.25)]}
    assert "minilm" in found.parameters
    assert "epochs" in found.parameters
    assert found.status.lower() == "finished"


def test_a_thousand_points_and_more_arrive(tracker, read):
    tracker.start("long", parameters={f"number {n}": n for n in range(150)})
    for step in range(1, 1202):
        tracker.log("long", {"loss": 1 / step}, step=step)
    tracker.finish("long", status="finished")
    assert [step for step, _ in read("long").curves["loss"]] == list(range(1, 1202))


def test_what_is_no_number_is_left_out(tracker, read):
    tracker.start("odd", parameters={})
    tracker.log("odd", {"loss": math.nan, "norm": math.inf, "fine": 1.0}, step=1)
    tracker.finish("odd", status="failed")
    found = read("odd")
    assert found.curves == {"fine": [(1, 1.0)]}
    assert found.status.lower() == "failed"


def test_a_run_goes_on_where_it_stopped(tracker, read):
    tracker.start("cut", parameters=PARAMETERS)
    tracker.log("cut", {"loss": 0.5}, step=1)
    tracker.finish("cut", status="stopped")
    tracker.start("cut", parameters=PARAMETERS)
    tracker.log("cut", {"loss": 0.25}, step=2)
    tracker.finish("cut", status="finished")
    found = read("cut")
    assert found.curves["loss"] == [(1, 0.5), (2, 0.25)]
    assert found.status.lower() == "finished"


def test_runs_stay_apart(tracker, read):
    for run in ("one", "two"):
        tracker.start(run, parameters={})
    tracker.log("one", {"loss": 1.0}, step=1)
    tracker.log("two", {"loss": 2.0}, step=1)
    for run in ("one", "two"):
        tracker.finish(run, status="finished")
    assert read("one").curves["loss"] == [(1, 1.0)]
    assert read("two").curves["loss"] == [(1, 2.0)]


def test_files_and_folders_can_be_attached(tracker, tmp_path):
    file, folder = tmp_path / "note.txt", tmp_path / "plots"
    file.write_text("seen")
    folder.mkdir()
    (folder / "loss.txt").write_text("0.5")
    tracker.start("kept", parameters={})
    tracker.attach("kept", file)
    tracker.attach("kept", folder)
    tracker.finish("kept", status="finished")


def test_it_is_quiet(tracker, caplog, capfd):
    with caplog.at_level(logging.INFO):
        tracker.start("quiet", parameters=PARAMETERS)
        tracker.log("quiet", {"loss": 1.0}, step=1)
        tracker.finish("quiet", status="finished")
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_mlflow_keeps_attached_files_and_no_telemetry_is_sent(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    from mlflow.telemetry.utils import is_telemetry_disabled

    tracker = plugins.load("tracker", "mlflow")(tmp_path)
    (tmp_path / "note.txt").write_text("seen")
    tracker.start("kept", parameters={})
    tracker.attach("kept", tmp_path / "note.txt")
    tracker.finish("kept", status="finished")
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    run = client.search_runs([client.get_experiment_by_name("tamis").experiment_id])[0]
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["note.txt"]
    assert list((tmp_path / "mlruns").rglob("note.txt"))
    assert is_telemetry_disabled()


def test_mlflow_keeps_a_bundle_as_a_model_that_predicts(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    import pandas as pd

    from tamis import TextClassifier

    texts, labels = ["a fine film", "a dull film", "fine and warm", "dull and cold"], ["good", "bad", "good", "bad"]
    bundle = TextClassifier(family="linear", validation=0).fit(texts, labels).save(tmp_path / "bundle")
    tracker = plugins.load("tracker", "mlflow")(tmp_path)
    tracker.start("docs-linear-1", parameters={})
    tracker.attach("docs-linear-1", bundle)
    tracker.finish("docs-linear-1", status="finished")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = mlflow.MlflowClient(tracking_uri=uri)
    run = client.search_runs([client.get_experiment_by_name("tamis").experiment_id])[0]
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    try:
        model = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    finally:
        mlflow.set_tracking_uri(before)
    expected = ["good", "bad"]
    assert model.predict(["warm and fine", "cold and dull"])["label"].tolist() == expected
    frame = pd.DataFrame({"stars": [5, 1], "text": ["warm and fine", "cold and dull"]})
    assert model.predict(frame)["label"].tolist() == expected
    assert model.predict(frame["text"])["label"].tolist() == expected
    assert model.predict([None])["reason"].tolist() == ["empty"]
    kept = [path.name for path in (tmp_path / "mlruns").rglob("*")]
    assert "tamis.json" in kept
    assert not [name for name in kept if name.endswith((".pkl", ".pickle"))]
    requirements = next((tmp_path / "mlruns").rglob("requirements.txt")).read_text()
    assert "tamis" in requirements


def test_a_database_that_is_none_is_told_at_once(tmp_path):
    pytest.importorskip("mlflow")
    (tmp_path / "mlflow.db").write_text("this is no database, for it holds only words" * 40)
    with pytest.raises(sqlite3.DatabaseError):
        plugins.load("tracker", "mlflow")(tmp_path)


def test_a_further_workspace_gets_a_copy_of_the_empty_database(tmp_path):
    pytest.importorskip("mlflow")
    first, second = tmp_path / "first", tmp_path / "second"
    for place in (first, second):
        tracker = plugins.load("tracker", "mlflow")(place)
        tracker.start(place.name, parameters={})
        tracker.finish(place.name, status="finished")
    assert read_mlflow(first, "first").status == "FINISHED"
    assert read_mlflow(second, "second").status == "FINISHED"
    with pytest.raises(AssertionError):
        read_mlflow(second, "first")


def test_tensorboard_is_written_without_tensorflow():
    pytest.importorskip("tensorboard")
    code = "import sys, tamis.backends.tensorboard.tracker; print('tensorflow' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_tracker_that_nobody_has_is_told_with_those_there_are():
    with pytest.raises(UsageError, match=r"no tracker named 'mlfow'.*Did you mean 'mlflow'"):
        plugins.load("tracker", "mlfow")
