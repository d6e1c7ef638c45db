"""Many at once: promotions and rollbacks from processes and threads leave one champion and a chain that verifies."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

from tamis.core import Workspace
from tamis.registry import broken_at, open_registry, state_of

VERSIONS = 5

CALLER = """
import json, random, sys, threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tamis.core import UsageError, Workspace
from tamis.registry import open_registry

root, me, threads, calls, shared = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] == "shared"
workspace = Workspace(Path(root))
one = open_registry(workspace)
together = threading.Barrier(threads)

def work(number):
    registry = one if shared else open_registry(workspace, who=f"{me}.{number}")
    chance, said = random.Random(f"{me}.{number}"), []
    together.wait()
    for call in range(calls):
        reason = f"{me}.{number}.{call}"
        try:
            if chance.random() < 0.6:
                version = registry.promote(f"docs@{chance.randint(1, 5)}", reason=reason)
            else:
                version = registry.roll_back("docs", reason=reason)
            said.append([reason, version.number])
        except UsageError as error:
            assert "there is nothing to go back to" in error.message, error
            said.append([reason, None])
    return said

print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(threads) as pool:
    print(json.dumps([each for said in pool.map(work, range(threads)) for each in said]))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def workspace(request, tmp_path):
    """A workspace whose registry is in a file, or in a database that is shared."""
    url = request.getfixturevalue("postgres_database")() if request.param == "postgresql" else ""
    (tmp_path / "tamis.yaml").write_text(f"registry: {{url: '{url}'}}\n")
    return Workspace(tmp_path)


def check(workspace, *, processes, threads, calls):
    """Let them all call at once, and see whether history, answers and champion agree; returns how many calls."""
    registry = open_registry(workspace)
    for number in range(1, VERSIONS + 1):
        registry.register("docs", {"seal": f"seal {number}", "bundle": "none"}, reason="a try")
        registry.approve(f"docs@{number}", reason="good")
    registry.promote("docs@1", reason="the first one")
    before = len(registry.history())
    command = [sys.executable, "-c", CALLER, str(workspace.root)]
    callers = [
        subprocess.Popen(
            [*command, f"p{number}", str(threads), str(calls), "shared" if number % 2 else "own"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(processes)
    ]
    for caller in callers:
        assert caller.stdout.readline() == "ready\n"
    for caller in callers:
        caller.stdin.write("go\n")
        caller.stdin.flush()
    said = {}
    for caller in callers:
        said |= dict(json.loads(caller.communicate(timeout=300)[0]))
        assert caller.returncode == 0
    assert len(said) == processes * threads * calls

    lines = list(registry.ledger.read())
    assert broken_at(lines) is None
    entries = registry.history()
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert Counter(entry.reason for entry in entries[before:]).most_common(1)[0][1] == 1
    for place, entry in enumerate(entries[before:], before):  # what each caller was told is what it did
        assert said[entry.reason] == entry.version
        was, now = (state_of(entries[: place + more]).models["docs"] for more in (0, 1))
        assert now.aliases["champion"] == entry.version
        if entry.action == "rollback":
            assert entry.version == was.place_before("champion")
    written = {entry.reason for entry in entries[before:]}
    for reason, number in said.items():  # who wrote nothing asked for what was so already, or had nowhere to go
        assert reason in written or number is None or number in range(1, VERSIONS + 1)
    champions = {open_registry(workspace).state().version("docs").number for _ in range(3)}
    assert champions == {entries[-1].version}
    registry.ledger.close()
    return len(said)


@pytest.mark.parametrize("workspace", ["sqlite"], indirect=True)
def test_a_few_at_once(workspace):
    assert check(workspace, processes=2, threads=3, calls=4) == 24


@pytest.mark.slow
def test_two_hundred_at_once(workspace):
    assert check(workspace, processes=4, threads=10, calls=5) == 200
