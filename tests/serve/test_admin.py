"""Admin: the owners of a few keys put models live while it runs, and only such as the settings allow."""

from __future__ import annotations

import contextlib
from functools import partial

import pytest
from fastapi.testclient import TestClient

from tamis.core import Workspace
from tamis.models import pack_bundle
from tamis.predict import PredictSettings
from tamis.serve import Server, ServeSettings, add_key, build_app, find_allowed, open_answering


@pytest.fixture(scope="module")
def workspace_of_three(make_linear, tmp_path_factory):
    """A workspace with two runs, a folder of bundles from elsewhere, and one bundle that nobody allowed."""
    root = tmp_path_factory.mktemp("admin") / "work"
    (root / "brought").mkdir(parents=True)
    (root / "tamis.yaml").write_text("")
    for seed in (1, 2):
        make_linear(seed=seed, at=root / ".tamis" / "runs" / f"tiny-linear-{seed}" / "bundle")
    pack_bundle(make_linear(seed=3), root / "brought" / "third.tamis")
    make_linear(seed=4, at=root / "secret")
    (root / "brought" / "link").symlink_to(root / "secret")
    return Workspace(root)


@pytest.fixture(scope="module")
def open_server(workspace_of_three):
    """A function that serves tiny-linear-1 as `topics` and returns the chief's client and a user's headers."""
    with contextlib.ExitStack() as until_the_end:

        def opened(**changes):
            root = workspace_of_three.root
            path = root / f"keys-{len(list(root.glob('keys-*')))}"
            keys = {name: add_key(path, name) for name in ("chief", "user")}
            told = {"keys_file": path, "admin_keys": ("chief",), "bundle_folders": ("brought",), **changes}
            settings = ServeSettings.model_validate(told)
            find = partial(find_allowed, workspace_of_three, folders=settings.bundle_folders)
            bundles = {"topics": find("tiny-linear-1")}
            server = Server(settings, lambda: open_answering(bundles, settings, PredictSettings(), find=find))
            chief = until_the_end.enter_context(TestClient(build_app(server)))
            chief.portal.call(server.loaded)
            chief.headers["x-api-key"] = keys["chief"]
            return chief, {"x-api-key": keys["user"]}

        yield opened


@pytest.fixture
def chief(open_server):
    return open_server()[0]


def live(client, name="topics"):
    model = client.get("/models").json()[name]
    return {each["run"]: each["share"] for each in model["versions"]}


def test_a_model_is_put_live_and_taken_back(chief):
    answer = chief.put("/models/topics", json={"bundle": "tiny-linear-2"})
    assert answer.status_code == 200
    assert answer.json()["versions"][0]["run"] == "tiny-linear-2"
    assert answer.json()["before"]["versions"][0]["run"] == "tiny-linear-1"
    assert chief.post("/predict", json={"text": "good"}).json()["predictions"][0]["model"] == "tiny-linear-2.abcd"
    assert chief.post("/models/topics/rollback").status_code == 200
    assert live(chief) == {"tiny-linear-1": 1.0}


def test_shares_and_shadows(chief):
    chief.put("/models/topics", json={"bundle": "tiny-linear-2", "share": 0.25})
    assert live(chief) == {"tiny-linear-1": 0.75, "tiny-linear-2": 0.25}
    said = chief.put("/models/topics", json={"bundle": "third.tamis", "shadow": True}).json()
    assert said["shadow"]["run"] == "tiny-linear-3"
    assert live(chief) == {"tiny-linear-1": 0.75, "tiny-linear-2": 0.25}
    assert chief.get("/info").json()["models"]["topics"]["shadow"]["run"] == "tiny-linear-3"


def test_a_second_name_comes_and_goes(chief):
    assert chief.put("/models/stars", json={"bundle": "third.tamis"}).status_code == 200
    assert chief.post("/predict", json={"text": "good", "model": "stars"}).json()["model"] == "stars"
    assert chief.delete("/models/stars").status_code == 204
    assert chief.post("/predict", json={"text": "good", "model": "stars"}).status_code == 404
    assert chief.delete("/models/stars").status_code == 404
    assert chief.delete("/models/topics").status_code == 409


def test_what_the_settings_do_not_allow_is_not_loaded_nor_told_of(chief, workspace_of_three):
    root = workspace_of_three.root
    for ref in (
        str(root / "secret"),
        "../secret",
        "link",
        "..",
        str(root / "brought" / ".." / "secret"),
        "/etc/passwd",
        "nothing",
        "x" * 500,
    ):
        answer = chief.put("/models/topics", json={"bundle": ref})
        assert answer.status_code == 422, ref
        assert answer.json()["field"] == "bundle"
        assert answer.json()["detail"].startswith("no bundle '"), ref
        assert "tiny-linear-1, tiny-linear-2" in answer.json()["detail"]
    assert chief.put("/models/topics", json={"bundle": str(root / "brought" / "third.tamis")}).status_code == 200


@pytest.mark.parametrize(
    ("name", "body", "status", "field"),
    [
        ("topics", {"bundle": "tiny-linear-2", "share": 0}, 422, "share"),
        ("topics", {"bundle": "tiny-linear-2", "share": 1.5}, 422, "share"),
        ("topics", {"bundle": "a\0b"}, 422, "bundle"),
        ("topics", {"bundle": ""}, 422, "bundle"),
        ("topics", {}, 422, "bundle"),
        ("topics", {"bundle": "tiny-linear-2", "shares": 1}, 422, "shares"),
        ("a b", {"bundle": "tiny-linear-2"}, 422, "name"),
        ("new", {"bundle": "tiny-linear-2", "share": 0.5}, 409, "model"),
        ("topics", {"bundle": "tiny-linear-1", "shadow": True}, 409, "bundle"),
    ],
)
def test_a_wrong_request_is_told_which_field(chief, name, body, status, field):
    answer = chief.put(f"/models/{name}", json=body)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert live(chief) == {"tiny-linear-1": 1.0}


def test_a_bundle_that_was_changed_is_refused(chief, make_linear, workspace_of_three):
    folder = workspace_of_three.root / "brought" / "changed"
    bundle = make_linear(seed=5, at=folder)
    (folder / sorted(bundle.manifest.files)[0]).write_bytes(b"something else")
    answer = chief.put("/models/topics", json={"bundle": "changed"})
    assert answer.status_code == 422
    assert "is not the file that was sealed" in answer.json()["detail"]


def requests_of(client, headers=None):
    yield client.get("/models", headers=headers)
    yield client.put("/models/topics", json={"bundle": "tiny-linear-2"}, headers=headers)
    yield client.post("/models/topics/rollback", headers=headers)
    yield client.delete("/models/topics", headers=headers)


def test_only_the_chief_may(open_server):
    chief, user = open_server()
    assert {answer.status_code for answer in requests_of(chief, user)} == {403}
    assert {answer.status_code for answer in requests_of(chief, {"x-api-key": "guessed"})} == {401}
    assert chief.post("/predict", json={"text": "good"}, headers=user).status_code == 200
    assert live(chief) == {"tiny-linear-1": 1.0}


def test_without_admin_keys_nobody_may(open_server):
    nobody, _ = open_server(admin_keys=())
    assert {answer.status_code for answer in requests_of(nobody)} == {403}
    with_no_keys, _ = open_server(admin_keys=(), keys_file=None)
    assert {answer.status_code for answer in requests_of(with_no_keys)} == {403}


def test_admin_keys_without_a_file_of_keys_are_a_mistake():
    with pytest.raises(ValueError, match="there is no `keys_file`"):
        ServeSettings(admin_keys=("chief",))
