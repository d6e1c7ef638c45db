"""Waiting for hosts: who follows is waited for, who does not is told, and whoever does not come along is named."""

from __future__ import annotations

import json
import os
import shutil
import socketserver
import subprocess
import threading
import time
import urllib.request
from functools import partial

import pytest

from tamis.core import TamisError, Workspace, plugins
from tamis.predict import PredictSettings
from tamis.registry import announced, announced_servers, await_hosts, bundle_of, open_registry, register_run
from tamis.serve import Following, Server, ServeSettings, add_key, find_allowed, open_answering

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def registry(make_linear, tmp_path):
    """The registry of a workspace in which docs has two approved versions; 1 is the champion."""
    (tmp_path / "tamis.yaml").write_text("")
    workspace = Workspace(tmp_path, overrides=("registry.follow_seconds=30",))
    registry = open_registry(workspace)
    for seed in (1, 2):
        shutil.copytree(make_linear(seed=seed).path, workspace.runs / f"tiny-linear-{seed}" / "bundle")
        version = register_run(workspace, f"tiny-linear-{seed}", model="docs", reason="a try")
        registry.approve(version.ref, reason="good")
    registry.promote("docs@1", reason="the first one")
    registry.workspace = workspace
    return registry


@pytest.fixture
def serve(registry, listening):
    """A function that serves the champion on loopback and returns the address; it follows if it is told how often."""

    def start(*, look_seconds=0.0, **settings):
        told = ServeSettings(capture=False, **settings)
        bundles = {"docs": bundle_of(registry.workspace, registry.state().version("docs"))}
        find = partial(find_allowed, registry.workspace, folders=())
        follow = Following(registry, {"docs": "docs@champion"}, look_seconds=look_seconds) if look_seconds else None
        server = Server(told, lambda: open_answering(bundles, told, PredictSettings(), find=find), following=follow)
        return listening(server).address

    return start


def with_hosts(workspace, *addresses, seconds=30.0):
    told = (f"registry.hosts={json.dumps(addresses)}", f"registry.follow_seconds={seconds}")
    return Workspace(workspace.root, overrides=told)


def test_servers_of_the_workspace_are_waited_for_and_the_others_let_be(registry, serve):
    workspace = registry.workspace
    assert await_hosts(workspace, registry.promote("docs@2", reason="nobody serves")) == []
    registry.roll_back("docs", reason="from the start")
    follows, plain = serve(look_seconds=0.05), serve()
    with announced(workspace, follows):
        version = registry.promote("docs@2", reason="better")
        (followed,) = await_hosts(workspace, version)
        assert (followed.address, followed.trouble) == (follows, "")
        assert 0 < followed.seconds < 30
    with announced(workspace, plain):  # it was started with a run, and serves that
        assert await_hosts(workspace, registry.roll_back("docs", reason="worse")) == []
    assert announced_servers(workspace) == []


def test_who_does_not_follow_in_time_or_at_all_is_named(registry, serve):
    slow = serve(look_seconds=60)
    while b"docs@1" not in urllib.request.urlopen(f"{slow}/readyz", timeout=20).read():
        time.sleep(0.01)  # until it has looked, and will not again
    hosts = with_hosts(registry.workspace, slow, f"{NOBODY}/", NOBODY, seconds=0.5)
    start = time.monotonic()
    late, gone = await_hosts(hosts, registry.promote("docs@2", reason="better"))
    assert time.monotonic() - start >= 0.5
    assert (late.address, late.trouble) == (slow, f"it still serves docs@1; its log and {slow}/info say why")
    assert gone.address == NOBODY
    assert "Connection refused" in gone.trouble
    other = registry.promote("docs@2", alias="challenger", reason="to try it")
    (plain,) = await_hosts(with_hosts(registry.workspace, serve()), other, alias="challenger")  # at once
    assert plain.trouble == "it does not follow docs@challenger"


def test_a_host_that_follows_another_alias_is_let_be(registry, serve):
    hosts = with_hosts(registry.workspace, serve(look_seconds=0.05))
    other = registry.promote("docs@2", alias="challenger", reason="to try it")
    assert await_hosts(hosts, other, alias="challenger") == []
    shutil.copytree(registry.workspace.runs / "tiny-linear-2", registry.workspace.runs / "other")
    registry.approve(register_run(registry.workspace, "other", model="stars", reason="a try").ref, reason="good")
    assert await_hosts(hosts, registry.promote("stars@1", reason="the first one")) == []


def test_a_server_of_the_workspace_may_have_any_certificate(registry, serve, certificate):
    address = serve(look_seconds=0.05, certificate=certificate[0], private_key=certificate[1])
    with announced(registry.workspace, address):
        (followed,) = await_hosts(registry.workspace, registry.promote("docs@2", reason="better"))
    assert (followed.address, followed.trouble) == (address, "")
    (named,) = await_hosts(with_hosts(registry.workspace, address, seconds=0.1), registry.state().version("docs"))
    assert "self-signed certificate" in named.trouble


def test_a_host_that_follows_nothing_is_told_by_its_key(registry, serve, monkeypatch):
    keys = registry.workspace.root / "keys.txt"
    chief, guest = add_key(keys, "chief"), add_key(keys, "guest")
    address = serve(keys_file=keys, admin_keys=("chief",))
    hosts = with_hosts(registry.workspace, address)
    version = registry.promote("docs@2", reason="better")
    monkeypatch.setenv("TAMIS_SERVE_KEY", guest)
    (refused,) = await_hosts(hosts, version)
    assert "the key of 'guest' may ask the models, not change them" in refused.trouble
    monkeypatch.setenv("TAMIS_SERVE_KEY", chief)
    (told,) = await_hosts(hosts, version)
    assert (told.address, told.trouble) == (address, "")
    (back,) = await_hosts(hosts, registry.roll_back("docs", reason="worse"))
    assert back.trouble == ""


def test_who_was_overtaken_is_told_so(registry, serve):
    with announced(registry.workspace, serve(look_seconds=0.05)):
        version = registry.promote("docs@2", reason="better")
        registry.roll_back("docs", reason="somebody else thinks")
        (overtaken,) = await_hosts(with_hosts(registry.workspace, seconds=0.5), version)
    assert overtaken.trouble == "somebody moved docs@champion on to docs@1 meanwhile"


def test_something_else_at_an_address_is_named(registry):
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<p>hello")

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as page:
        thread = threading.Thread(target=page.serve_forever)
        thread.start()
        hosts = with_hosts(registry.workspace, f"http://127.0.0.1:{page.server_port}", seconds=0.1)
        (named,) = await_hosts(hosts, registry.promote("docs@2", reason="better"))
        page.shutdown()
        thread.join()
    assert named.trouble == "what answers there is no tamis serve"


def test_what_does_not_even_speak_http_is_named(registry):
    class Greeting(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(1000)
            self.request.sendall(b"SSH-2.0-OpenSSH\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Greeting) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{other.server_address[1]}"
        hosts = with_hosts(registry.workspace, address, seconds=0.1)
        (named,) = await_hosts(hosts, registry.state().version("docs"))
        with pytest.raises(TamisError, match="no answer from"):
            plugins.load("host", "local")(address=address).state("docs")
        other.shutdown()
        thread.join()
    assert named.trouble == "what answers there is no tamis serve"


def test_where_nothing_can_be_written_a_server_runs_all_the_same(registry, caplog):
    (registry.workspace.state / "servers").write_text("no folder")
    with announced(registry.workspace, NOBODY):
        assert "promote and rollback do not know of this server" in caplog.text
        assert announced_servers(registry.workspace) == []


def test_what_a_killed_server_left_is_cleared_away(registry):
    folder = registry.workspace.state / "servers"
    with announced(registry.workspace, NOBODY):
        (file,) = folder.iterdir()
        said = json.loads(file.read_text())
        assert (said["address"], said["process"]) == (NOBODY, os.getpid())
        assert announced_servers(registry.workspace) == [NOBODY]
        with subprocess.Popen(["true"]) as gone:
            pass
        (folder / "killed.json").write_text(json.dumps(said | {"process": gone.pid}))
        (folder / "elsewhere.json").write_text(json.dumps(said | {"process": gone.pid, "machine": "another"}))
        (folder / "torn.json").write_text("{")
        assert announced_servers(registry.workspace) == [NOBODY, NOBODY]
        assert not (folder / "killed.json").exists()
        assert await_hosts(registry.workspace, registry.state().version("docs")) == []  # nobody answers there
