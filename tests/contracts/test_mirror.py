"""What every RegistryMirror must do; MLflow's is read back with MLflow's own client."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tamis import TextClassifier
from tamis.core import DataError, RegistryMirror, ShownModel, ShownVersion, Workspace, plugins
from tamis.models import Bundle, open_bundle
from tamis.registry import open_registry, register_run, show_in_mirrors

mlflow = pytest.importorskip("mlflow")
pytestmark = pytest.mark.slow  # importing MLflow takes seconds

TEXTS = ["a fine film", "a dull film", "fine and warm", "dull and cold"]
LABELS = ["good", "bad", "good", "bad"]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    folder = tmp_path_factory.mktemp("bundles")
    made = []
    for number, texts in enumerate([TEXTS, [*TEXTS[:2], "fine and bright", "dull and thin"]]):
        model = TextClassifier(family="linear", validation=0).fit(texts, LABELS)
        made.append(open_bundle(model.save(folder / str(number))))
    return made


def version(number: int, bundle: Bundle, *, kept: bool = True, **tags: str) -> ShownVersion:
    return ShownVersion(
        number=number,
        seal=bundle.manifest.seal,
        bundle=bundle.path if kept else None,
        run="docs-linear-1",
        description=f"the version {number}",
        tags={f"tamis.{name}": value for name, value in tags.items()},
    )


def model(*versions: ShownVersion, name: str = "docs", **aliases: int) -> ShownModel:
    return ShownModel(name=name, versions=versions, aliases=aliases, tags={})


@pytest.fixture
def mirror(tmp_path: Path) -> RegistryMirror:
    return plugins.load("mirror", "mlflow")(tmp_path)


@pytest.fixture
def client(tmp_path: Path) -> Callable[[], Any]:
    return lambda: mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")


def read(client: Any, name: str = "docs") -> dict[int, dict[str, str]]:
    """Return the tags of each version that MLflow shows."""
    return {int(each.version): dict(each.tags) for each in client.search_model_versions(f"name='{name}'")}


def load(state: Path, uri: str) -> Any:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{state / 'mlflow.db'}")
    try:
        return mlflow.pyfunc.load_model(uri)
    finally:
        mlflow.set_tracking_uri(before)


def test_what_is_shown_is_what_the_registry_says_and_answers_the_same(mirror, client, bundles, tmp_path, caplog, capfd):
    first, second = bundles
    with caplog.at_level(logging.INFO):
        mirror.show([model(version(1, first, status="approved"), version(2, second, status="pending"), champion=1)])
    assert not caplog.records
    assert capfd.readouterr() == ("", "")
    shown = read(client())
    assert {number: tags["tamis.status"] for number, tags in shown.items()} == {1: "approved", 2: "pending"}
    assert client().get_model_version_by_alias("docs", "champion").version in (1, "1")
    assert client().get_model_version("docs", "2").description == "the version 2"
    answers = load(tmp_path, "models:/docs@champion").predict(["warm and fine", "cold and dull"])
    from tamis import Classifier

    expected = Classifier.open(first.path).predict(["warm and fine", "cold and dull"])
    assert answers["label"].tolist() == [each.label for each in expected] == ["good", "bad"]
    assert answers["score"].tolist() == [each.score for each in expected]
    weights = next(path for path in (tmp_path / "mlruns").rglob("model.safetensors"))
    assert weights.stat().st_nlink > 1, "the weights lie on the disk once"

    before = client().get_registered_model("docs").last_updated_timestamp
    mirror.show([model(version(1, first, status="approved"), version(2, second, status="pending"), champion=1)])
    assert client().get_registered_model("docs").last_updated_timestamp == before

    mirror.show([model(version(1, first, kept=False, status="removed"), version(2, second, status="approved"), best=2)])
    assert {number: tags["tamis.status"] for number, tags in read(client()).items()} == {1: "removed", 2: "approved"}
    assert client().get_registered_model("docs").aliases.keys() == {"best"}
    assert load(tmp_path, "models:/docs@best").predict(["dull"])["label"].tolist() == ["bad"]
    kept = [each.name for each in (tmp_path / "mlruns" / "registry").iterdir()]
    assert kept == [second.manifest.seal[:16]]


def test_what_was_changed_there_or_left_half_done_is_mended(mirror, client, bundles, tmp_path):
    first, second = bundles
    wanted = [model(version(1, first, status="approved"), version(2, second, status="approved"), champion=2)]
    # a kill after the first steps: a model without versions, files without a version
    tracker = plugins.load("tracker", "mlflow")(tmp_path)
    tracker.start("docs-linear-1", parameters={})
    tracker.finish("docs-linear-1", status="finished")
    client().create_registered_model("docs", tags={"tamis.mirror": "written by Tamis"})
    (tmp_path / "mlruns" / "registry" / ".writing-1-left").mkdir(parents=True)
    mirror.show(wanted)
    assert read(client()).keys() == {1, 2}
    assert client().get_model_version("docs", "1").run_id, "a version names the run that was tracked"
    assert not list((tmp_path / "mlruns" / "registry").glob(".writing*"))

    client().set_model_version_tag("docs", "1", "tamis.status", "rejected")
    client().set_model_version_tag("docs", "1", "tamis.made_up", "yes")
    client().set_model_version_tag("docs", "1", "team", "search")
    client().set_registered_model_alias("docs", "champion", "1")
    client().set_registered_model_alias("docs", "mine", "1")
    client().update_model_version("docs", "2", "better than it is")
    mirror.show(wanted)
    shown = read(client())
    assert (shown[1]["tamis.status"], shown[1]["team"], "tamis.made_up" in shown[1]) == ("approved", "search", False)
    assert {name: int(number) for name, number in client().get_registered_model("docs").aliases.items()} == {
        "champion": 2
    }
    assert client().get_model_version("docs", "2").description == "the version 2"

    client().delete_model_version("docs", "1")  # MLflow gives no number twice
    mirror.show(wanted)
    assert read(client()).keys() == {1, 2}
    client().create_model_version("docs", "file:///tmp/nowhere")
    mirror.show(wanted)
    assert read(client()).keys() == {1, 2}

    shutil.rmtree(tmp_path / "mlruns" / "registry")
    mirror.show(wanted)
    assert load(tmp_path, "models:/docs/2").predict(["dull"])["label"].tolist() == ["bad"]


def test_a_model_that_somebody_else_made_is_left_alone(mirror, client, bundles):
    mirror.show([])
    client().create_registered_model("docs", description="not ours")
    with pytest.raises(DataError, match="a model 'docs' that Tamis did not make"):
        mirror.show([model(version(1, bundles[0])), model(version(1, bundles[1]), name="other")])
    assert client().get_registered_model("docs").description == "not ours"
    assert read(client(), "other").keys() == {1}


def test_a_damaged_bundle_keeps_nothing_else_from_being_shown(mirror, client, bundles, tmp_path, caplog):
    broken = shutil.copytree(bundles[0].path, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"")
    damaged = Bundle(broken, bundles[0].manifest)
    mirror.show([model(version(1, damaged), version(2, bundles[1]), champion=2)])
    assert "shows version 1 without its files" in caplog.text
    assert load(tmp_path, "models:/docs@champion").predict(["dull"])["label"].tolist() == ["bad"]


def test_every_change_of_the_registry_is_told_and_trouble_costs_the_registry_nothing(workspace, bundles, caplog):
    (workspace.root / "tamis.yaml").write_text("registry: {mirrors: [mlflow]}\n")
    workspace = Workspace(workspace.root)
    register_run(workspace, bundles[0].path, model="docs", reason="the first one", who="anna")
    registry = open_registry(workspace, who="anna")
    registry.approve("docs@1", reason="good enough, and better than nothing")
    registry.promote("docs@1", reason="let it serve")
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{workspace.state / 'mlflow.db'}")
    tags = read(client)[1]
    assert tags["tamis.status"] == "approved"
    assert (tags["tamis.judged.by"], tags["tamis.judged.reason"]) == ("anna", "good enough, and better than nothing")
    assert client.get_registered_model("docs").tags["tamis.alias.champion.reason"] == "let it serve"
    assert "for 2 labels" in client.get_model_version("docs", "1").description

    database = (workspace.state / "mlflow.db").rename(workspace.state / "aside.db")
    (workspace.state / "mlflow.db").write_text("this is no database, for it holds only words" * 40)
    register_run(workspace, bundles[1].path, model="docs", reason="the second one", who="anna")
    assert registry.state().version("docs@2").status == "pending"
    assert "the registry has it, but its mirror does not" in caplog.text
    assert "tamis models mirror" in caplog.text
    with pytest.raises(DataError, match="does not show the registry as it is"):
        show_in_mirrors(workspace, registry)
    database.replace(workspace.state / "mlflow.db")
    assert show_in_mirrors(workspace, registry) == ["mlflow"]
    assert read(client).keys() == {1, 2}
