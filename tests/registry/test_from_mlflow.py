"""Models of MLflow become versions: sealed bundles, and classifiers of transformers; what would run is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tamis import TextClassifier
from tamis.core import DataError, UsageError, plugins
from tamis.models import open_bundle
from tamis.registry import bundle_of, is_elsewhere, keep_card, open_registry, register_from, register_run

TEXTS = ["a fine film", "a dull film", "fine and warm", "dull and cold"]
LABELS = ["good", "bad", "good", "bad"]


@pytest.fixture
def logged(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes the folder of an MLflow model: `logged(sklearn={…})`."""

    def log(**flavors: object) -> Path:
        folder = tmp_path / "logged"
        folder.mkdir(exist_ok=True)
        said = {"flavors": flavors, "utc_time_created": "2026-01-31 10:20:30.123456"}
        (folder / "MLmodel").write_text(yaml.safe_dump(said))
        return folder

    return log


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[[Path], tuple[Path, str]]:
    return lambda folder: plugins.load("models_from", "mlflow")(str(folder), tmp_path / "into", state=tmp_path)


def test_an_address_names_a_system_that_is_installed(tmp_path):
    assert is_elsewhere("mlflow:models:/docs/3")
    assert not is_elsewhere("docs-linear-1")
    assert not is_elsewhere("docs@3")
    assert not is_elsewhere("c:model")
    assert not is_elsewhere("mlflow:")


def test_a_classifier_of_transformers_becomes_a_version(workspace, tiny_model, logged, tmp_path):
    folder = logged(transformers={"task": "text-classification", "model_binary": "model", "code": None})
    (folder / "model").symlink_to(tiny_model())
    with pytest.raises(UsageError, match="does not hold the model itself"):  # a link to elsewhere is not followed
        register_from(workspace, f"mlflow:{folder}", reason="from the old system")
    (folder / "model").unlink()
    shutil.copytree(tiny_model(), folder / "model")
    version = register_from(workspace, f"mlflow:{folder}", reason="from the old system", model="tone")
    assert (version.ref, version.status) == ("tone@1", "pending")
    assert version.facts["run"] == f"mlflow:{folder}"
    bundle = bundle_of(workspace, version)
    assert bundle.task.label_set.names == ("bad", "good", "odd")
    assert f"{bundle.manifest.lineage.created:%Y-%m-%d %H:%M}" == "2026-01-31 10:20"
    again = register_from(workspace, f"mlflow:{folder}", reason="once more", model="tone")
    assert again.ref == "tone@1", "the same model is the same version"
    card = keep_card(workspace, "tone@1")
    for said in ("imported from", "not calibrated", "not trained by Tamis", "It was not evaluated"):
        assert said in card
    assert (bundle.path / "README.md").read_text() == card


@pytest.mark.parametrize(
    ("flavors", "why"),
    [
        ({"sklearn": {"pickled_model": "model.pkl"}, "python_function": {}}, "sklearn keeps a model as a pickle"),
        ({"pytorch": {"model_data": "data"}}, "pytorch keeps a model as a pickle"),
        ({"python_function": {"python_model": "python_model.pkl"}}, "a pickle or code of its own"),
        ({"onnx": {"data": "model.onnx"}}, "is a model of onnx"),
        ({}, "a model of no flavour"),
        ({"transformers": {"task": "summarization"}}, "a pipeline for 'summarization'"),
        ({"transformers": {"task": "text-classification", "code": "code"}}, "brings code of its own"),
        ({"transformers": {"task": "text-classification", "source_model_name": "big"}}, "only the name 'big'"),
        ({"transformers": {"task": "text-classification", "model_binary": "../../etc"}}, "does not hold the model"),
        ({"python_function": {"artifacts": {"bundle": {"path": "../../other"}}}}, "a pickle or code of its own"),
    ],
)
def test_what_would_run_when_it_is_opened_is_refused(logged, fetch, flavors, why):
    with pytest.raises(UsageError, match=why):
        fetch(logged(**flavors))


def test_a_bundle_that_was_changed_on_its_way_is_refused(logged, fetch, tmp_path):
    folder = logged(python_function={"artifacts": {"bundle": {"path": "artifacts/bundle"}}})
    model = TextClassifier(family="linear", validation=0).fit(TEXTS, LABELS)
    bundle = open_bundle(model.save(folder / "artifacts" / "bundle"))
    place, _ = fetch(folder)
    assert open_bundle(place).manifest.seal == bundle.manifest.seal
    (bundle.path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(DataError, match="is not the file that was sealed"):
        fetch(folder)


def test_what_is_no_model_is_told(fetch, tmp_path):
    with pytest.raises(UsageError, match="no MLmodel in"):
        fetch(tmp_path / "nowhere")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "MLmodel").write_text("flavors: [")
    with pytest.raises(DataError, match="is damaged"):
        fetch(tmp_path / "odd")


@pytest.mark.slow  # importing MLflow takes seconds
def test_what_mlflow_itself_keeps_comes_back(workspace, tiny_model, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    model = TextClassifier(family="linear", validation=0).fit(TEXTS, LABELS)
    sealed = open_bundle(model.save(tmp_path / "bundle"))
    register_run(workspace, sealed.path, model="docs", reason="the first one")
    (workspace.root / "tamis.yaml").write_text("registry: {mirrors: [mlflow]}\n")
    registry = open_registry(type(workspace)(workspace.root))
    registry.approve("docs@1", reason="good")
    registry.promote("docs@1", reason="better than none")

    back = register_from(workspace, "mlflow:models:/docs@champion", reason="it came back", model="docs-again")
    assert back.facts["seal"] == sealed.manifest.seal
    assert bundle_of(workspace, back).manifest.name == sealed.name

    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{workspace.state / 'mlflow.db'}")
    from transformers import pipeline

    classifier = pipeline("text-classification", str(tiny_model()))
    mlflow.transformers.save_model(
        classifier, str(tmp_path / "theirs"), task="text-classification", pip_requirements=["transformers"]
    )
    client.create_registered_model("tone")
    client.create_model_version("tone", (tmp_path / "theirs").as_uri())
    taken = register_from(workspace, "mlflow:models:/tone/1", reason="theirs")
    assert (taken.ref, taken.facts["labels"]) == ("tone@1", 3)
    with pytest.raises(UsageError, match="models:/tone/latest names no version"):
        register_from(workspace, "mlflow:models:/tone/latest", reason="whichever")
    with pytest.raises(DataError, match="MLflow does not hand over models:/tone/7"):
        register_from(workspace, "mlflow:models:/tone/7", reason="there is none")
