"""Following: what an alias names answers, soon after it was moved; and whatever breaks, what answers goes on."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import threading
import time
from functools import partial

import pytest
from fastapi.testclient import TestClient

from tamis.core import Workspace
from tamis.models import MANIFEST
from tamis.predict import PredictSettings
from tamis.registry import Entry, bundle_of, bundles_folder, open_registry, register_run
from tamis.serve import Following, Server, ServeSettings, add_key, build_app, find_allowed, open_answering


@pytest.fixture
def registry(make_linear, tmp_path):
    """The registry of a workspace in which docs has three versions: 1, the champion, and 2 are approved."""
    return filled(Workspace(tmp_path), make_linear)


def filled(workspace, make_linear):
    (workspace.root / "tamis.yaml").write_text("")
    registry = open_registry(workspace)
    for seed in (1, 2, 3):
        shutil.copytree(make_linear(seed=seed).path, workspace.runs / f"tiny-linear-{seed}" / "bundle")
        register_run(workspace, f"tiny-linear-{seed}", model="docs", reason="a try")
    for number in (1, 2):
        registry.approve(f"docs@{number}", reason="good")
    registry.promote("docs@1", reason="the first one")
    registry.workspace = workspace
    return registry


class Serving:
    """A server in this process that follows docs@champion."""

    def __init__(self, registry, stack, *, look_seconds=0.02, **settings):
        workspace = registry.workspace
        told = ServeSettings(capture=False, **settings)
        version = registry.state().version("docs@champion")
        find = partial(find_allowed, workspace, folders=())
        bundles = {"docs": bundle_of(workspace, version)}
        self.server = Server(
            told,
            lambda: open_answering(bundles, told, PredictSettings(), find=find),
            following=Following(registry, {"docs": "docs@champion"}, look_seconds=look_seconds),
        )
        self.client = stack.enter_context(TestClient(build_app(self.server)))
        self.client.portal.call(self.server.loaded)

    def until(self, **told):
        """Wait until /readyz tells so of docs."""
        end = time.monotonic() + 30
        while True:
            answer = self.client.get("/readyz")
            assert answer.status_code == 200
            following = answer.json()["following"]["docs"]
            if following | told == following:
                return
            assert time.monotonic() < end, following
            time.sleep(0.01)

    def answers(self):
        """The run of the model that answers."""
        (said,) = self.client.post("/predict", json={"text": "a good film"}).json()["predictions"]
        return re.search(r"tiny-linear-\d", said["model"])[0]

    def until_before(self, run):
        """Wait until the run is open to go back to."""
        end = time.monotonic() + 30
        while True:
            before = self.client.get("/info").json()["models"]["docs"]["before"]
            if before and before["versions"][0]["run"] == run:
                return
            assert time.monotonic() < end, before
            time.sleep(0.01)


@pytest.fixture
def serve(registry):
    """A function that starts a server and ends it with the test."""
    with contextlib.ExitStack() as stack:
        yield partial(Serving, registry, stack)


@pytest.fixture
def folder_of(registry):
    """A function that returns where the bundle of a version is."""
    return lambda number: (
        bundles_folder(registry.workspace) / registry.state().version(f"docs@{number}").facts["bundle"]
    )


def test_a_version_takes_over_when_the_alias_moves_and_goes_when_it_is_rolled_back(registry, serve, folder_of):
    serving = serve()
    serving.until(follows="docs@champion", serves="docs@1", up_to_date=True)
    assert serving.answers() == "tiny-linear-1"
    registry.promote("docs@2", reason="better")
    serving.until(serves="docs@2", up_to_date=True)
    assert serving.answers() == "tiny-linear-2"
    shutil.rmtree(folder_of(1))  # what it goes back to is open
    registry.roll_back("docs", reason="worse after all")
    serving.until(serves="docs@1")
    assert serving.answers() == "tiny-linear-1"
    assert serving.client.get("/info").json()["models"]["docs"]["following"] == {
        "follows": "docs@champion",
        "serves": "docs@1",
        "trouble": None,
    }
    assert (
        'tamis_following{alias="docs@champion",model="docs",serves="docs@1"} 1.0' in serving.client.get("/metrics").text
    )


def test_a_fresh_server_opens_what_a_rollback_would_go_back_to(registry, serve, folder_of):
    registry.promote("docs@2", reason="better")
    serving = serve()
    serving.until_before("tiny-linear-1")
    shutil.rmtree(folder_of(1))
    registry.roll_back("docs", reason="worse after all")
    serving.until(serves="docs@1", up_to_date=True)
    assert serving.answers() == "tiny-linear-1"
    registry.approve("docs@3", reason="good")
    registry.promote("docs@2", reason="again")
    registry.promote("docs@3", reason="better")
    serving.until(serves="docs@3")
    serving.until_before("tiny-linear-2")  # and no longer the first


def test_what_a_rollback_goes_back_to_is_open_after_several_moves_at_once(registry, serve):
    serving = serve(look_seconds=60)
    serving.until(serves="docs@1", up_to_date=True)  # it has looked, and does by itself no more
    registry.approve("docs@3", reason="good")

    def forth():
        registry.promote("docs@2", reason="better")
        registry.promote("docs@3", reason="better still")
        serving.client.portal.call(serving.server.following.look)
        serving.until_before("tiny-linear-2")

    forth()
    for _ in range(2):
        registry.roll_back("docs", reason="worse after all")
    serving.client.portal.call(serving.server.following.look)
    assert serving.answers() == "tiny-linear-1"
    forth()


def test_a_name_that_follows_is_not_put_before_the_models_are_warm(registry, make_linear):
    key, warm = add_key(registry.workspace.root / "more.txt", "chief"), threading.Event()
    told = ServeSettings(capture=False, keys_file=registry.workspace.root / "more.txt", admin_keys=("chief",))

    def open_models():
        assert warm.wait(20)
        return open_answering({"docs": make_linear()}, told, PredictSettings())

    server = Server(told, open_models, following=Following(registry, {"docs": "docs@champion"}))
    with TestClient(build_app(server), headers={"X-API-Key": key}) as client:
        answer = client.put("/models/docs", json={"bundle": "docs@1"})
        warm.set()
        client.portal.call(server.loaded)
    assert (answer.status_code, answer.json()["detail"]) == (503, "the models are being loaded")


def test_a_history_that_cannot_be_read_changes_nothing_until_it_can_be(registry, serve, caplog):
    serving = serve()
    serving.until(serves="docs@1", up_to_date=True)
    history = registry.workspace.registry / "history.db"
    sound = history.read_bytes()
    history.write_bytes(b"no database " * 1000)
    serving.until(serves="docs@1", up_to_date=False)
    assert serving.answers() == "tiny-linear-1"
    told = serving.client.get("/info").json()["models"]["docs"]["following"]["trouble"]
    assert told.startswith("the registry cannot be read")
    assert "history.db" not in serving.client.get("/readyz").text  # everybody may ask that
    assert 'serves="docs@1"} 0.0' in serving.client.get("/metrics").text
    time.sleep(0.2)
    assert caplog.text.count("does not follow docs@champion: the registry cannot be read") == 1
    history.write_bytes(sound)
    registry.promote("docs@2", reason="better")
    serving.until(serves="docs@2", up_to_date=True)
    assert serving.answers() == "tiny-linear-2"


def test_a_bundle_that_cannot_be_opened_changes_nothing_until_it_can_be(registry, serve, folder_of, caplog):
    serving = serve()
    serving.until(serves="docs@1", up_to_date=True)
    folder_of(2).rename(folder_of(2).with_name("elsewhere"))
    registry.promote("docs@2", reason="better")
    serving.until(serves="docs@1", up_to_date=False)
    assert serving.answers() == "tiny-linear-1"
    assert "the bundle of docs@2 is not in" in caplog.text
    folder_of(2).with_name("elsewhere").rename(folder_of(2))
    serving.until(serves="docs@2", up_to_date=True)
    folder_of(1).joinpath(MANIFEST).write_text("{}")  # is open already
    registry.roll_back("docs", reason="worse after all")
    serving.until(serves="docs@1", up_to_date=True)


def append(registry, **changes):
    """Add a promotion that the registry would not have made; whoever can write the file can do that."""

    def make(lines):
        last = json.loads(lines[-1])
        said = {
            "number": last["number"] + 1,
            "at": last["at"],
            "who": "eve",
            "action": "promote",
            "model": "docs",
            "version": 2,
            "alias": "champion",
            "reason": "why not",
            "before": last["hash"],
        }
        return [Entry.model_validate(said | changes).sealed().line]

    registry.ledger.append(make)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version": 3}, "docs@champion is docs@3, which is pending, not approved"),
        ({"before": "0" * 32}, "history was changed at entry 7"),
        ({"version": 9}, "does not follow from those before it"),
    ],
)
def test_what_was_not_approved_or_slipped_in_is_never_served(registry, serve, changes, says):
    serving = serve()
    serving.until(serves="docs@1", up_to_date=True)
    append(registry, **changes)
    serving.until(serves="docs@1", up_to_date=False)
    assert says in serving.client.get("/info").json()["models"]["docs"]["following"]["trouble"]
    assert serving.answers() == "tiny-linear-1"


def test_a_name_that_follows_is_changed_by_its_alias_only_and_others_take_approved_versions(registry, serve):
    key = add_key(registry.workspace.root / "more.txt", "chief")
    serving = serve(look_seconds=30, keys_file=registry.workspace.root / "more.txt", admin_keys=("chief",))
    client = serving.client
    client.headers["X-API-Key"] = key
    for answer in (
        client.put("/models/docs", json={"bundle": "tiny-linear-2"}),
        client.put("/models/docs", json={"bundle": "docs@2"}),
        client.put("/models/docs", json={"bundle": "docs@1", "shadow": True}),
        client.post("/models/docs/rollback"),
        client.delete("/models/docs"),
    ):
        assert answer.status_code == 409
        assert "'docs' serves what docs@champion names in the registry" in answer.json()["detail"]
        assert answer.json()["hint"] == "tamis models promote docs@N --alias champion --reason …"
    registry.promote("docs@2", reason="better")
    pushed = client.put("/models/docs", json={"bundle": "docs@2"})  # it looks at once
    assert (pushed.status_code, pushed.json()["versions"][0]["run"]) == (200, "tiny-linear-2")
    assert client.put("/models/other", json={"bundle": "docs@1"}).json()["versions"][0]["run"] == "tiny-linear-1"
    refused = client.put("/models/other", json={"bundle": "docs@3"})
    assert refused.status_code == 422
    assert "docs@3 is pending, not approved" in refused.json()["detail"]


@pytest.mark.slow
def test_a_history_that_is_shared_is_followed_over_a_cut_connection(make_linear, tmp_path, postgres_database):
    from adbc_driver_postgresql import dbapi

    url = postgres_database()
    registry = filled(Workspace(tmp_path, overrides=(f"registry.url={url}",)), make_linear)
    elsewhere = open_registry(registry.workspace)  # as another machine has it
    with contextlib.closing(elsewhere.ledger), contextlib.ExitStack() as stack:
        serving = Serving(registry, stack)
        serving.until(serves="docs@1", up_to_date=True)
        with dbapi.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            cursor.fetchall()
        elsewhere.promote("docs@2", reason="better")
        serving.until(serves="docs@2", up_to_date=True)
        assert serving.answers() == "tiny-linear-2"
