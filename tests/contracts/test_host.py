"""What every Host promises, run against what is here: a `tamis serve` in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tamis.core import TamisError, UsageError, create_workspace, plugins
from tamis.serve import add_key

pytestmark = pytest.mark.slow


def tamis(root, *words):
    command = [sys.executable, "-m", "tamis", "--workspace", str(root), *words]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address and the key of a server that has two runs, reviews-linear-1 and reviews-linear-2."""
    root = create_workspace(tmp_path_factory.mktemp("host")).root
    words = ["tender", "bright", "slow", "loud", "warm", "thin"]
    rows = [f"{n},a {words[n % 6]} film of {n} minutes,{'good' if n % 3 else 'bad'}" for n in range(60)]
    (root / "reviews.csv").write_text("\n".join(["id,text,label", *rows]) + "\n")
    tamis(root, "data", "import", str(root / "reviews.csv"), "--name", "reviews")
    tamis(root, "data", "split", "reviews")
    for seed in ("1", "2"):
        tamis(root, "train", "reviews", "--family", "linear", "train.trackers=[]", f"train.seed={seed}")
    key = add_key(root / "keys", "chief")
    settings = ("serve.keys_file=keys", "serve.admin_keys=[chief]", "serve.capture=false")
    command = [
        sys.executable,
        "-m",
        "tamis",
        "--workspace",
        str(root),
        "serve",
        "first=reviews-linear-1",
        "--port",
        "0",
    ]
    with (root / "log").open("w") as log:
        process = subprocess.Popen([*command, *settings], stdout=subprocess.PIPE, stderr=log, text=True)
    with process:
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, line + (root / "log").read_text()
        yield found[0], key
        process.terminate()
        assert process.wait(30) == 0


@pytest.fixture(params=["local"])
def host(request, server):
    address, key = server
    return plugins.load("host", request.param)(address=address, key=key)


FIRST, SECOND = "reviews-linear-1", "reviews-linear-2"


def live(host, name):
    return [(each["run"], each["share"]) for each in host.state(name)["versions"]]


def test_what_is_deployed_is_live(host):
    host.deploy(FIRST, name="deployed")
    assert live(host, "deployed") == [(FIRST, 1.0)]
    host.deploy(SECOND, name="deployed")
    assert live(host, "deployed") == [(SECOND, 1.0)]
    (version,) = host.state("deployed")["versions"]
    assert version["version"]


def test_a_rollback_puts_the_one_before_live(host):
    host.deploy(FIRST, name="back")
    host.deploy(SECOND, name="back")
    host.roll_back("back")
    assert live(host, "back") == [(FIRST, 1.0)]


def test_a_repeated_deployment_changes_nothing(host):
    host.deploy(FIRST, name="twice")
    host.deploy(SECOND, name="twice")
    host.deploy(SECOND, name="twice")
    host.roll_back("twice")
    assert live(host, "twice") == [(FIRST, 1.0)]


def test_names_do_not_touch_each_other(host):
    host.deploy(FIRST, name="one")
    host.deploy(SECOND, name="two")
    host.deploy(FIRST, name="two")
    host.roll_back("two")
    assert (live(host, "one"), live(host, "two")) == ([(FIRST, 1.0)], [(SECOND, 1.0)])


def test_a_bundle_that_cannot_be_put_live_changes_nothing(host):
    host.deploy(FIRST, name="refused")
    with pytest.raises(TamisError, match="reviews-linear-9"):
        host.deploy("reviews-linear-9", name="refused")
    assert live(host, "refused") == [(FIRST, 1.0)]
    with pytest.raises(TamisError, match="reviews-linear-9"):
        host.deploy("reviews-linear-9", name="never")
    with pytest.raises(UsageError, match="never"):
        host.state("never")


def test_there_is_nothing_to_go_back_to(host):
    host.deploy(FIRST, name="only")
    with pytest.raises(TamisError, match="nothing was served as 'only' before"):
        host.roll_back("only")
    with pytest.raises(TamisError, match="nowhere"):
        host.roll_back("nowhere")


def test_the_local_host_says_why_it_is_not_let_in(server, monkeypatch):
    make = plugins.load("host", "local")
    address, key = server
    with pytest.raises(UsageError, match="this key is not known here\n  the key comes from TAMIS_SERVE_KEY"):
        make(address=address, key="guessed").state("first")
    monkeypatch.setenv("TAMIS_SERVE_KEY", key)
    assert live(make(address=address), "first") == [(FIRST, 1.0)]
    assert key not in repr(make(address=address))
    with pytest.raises(
        TamisError, match=r"no answer from http://127\.0\.0\.1:9: .*refused\n  is `tamis serve` running"
    ):
        make(address="http://127.0.0.1:9").state("first")
