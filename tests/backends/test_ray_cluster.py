"""Where Ray works: on the cluster that is there, or on one of this machine that ends with who needed it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow
PROGRAM = """
import json, os, signal, sys, time
from tamis.core import plugins

def work(number):
    return os.getpid(), os.environ.get("RAY_USAGE_STATS_ENABLED"), open("here.txt").read()

def wait(number):
    time.sleep(600)

if __name__ == "__main__":
    executor = plugins.load("executor", "ray")(workers=1)
    handler = signal.getsignal(signal.SIGTERM)
    done = executor.run_trials(work, [1])[0]
    import ray
    kept = signal.getsignal(signal.SIGTERM) is handler
    print(json.dumps([*done, kept, ray.get_runtime_context().gcs_address]), flush=True)
    if "wait" in sys.argv:
        list(executor.map_batches(wait, range(4)))
"""


def started(folder: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    (folder / "program.py").write_text(PROGRAM)
    (folder / "here.txt").write_text("read from the folder of the caller")
    return subprocess.Popen(
        [sys.executable, folder / "program.py", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, **environment},
        start_new_session=True,
    )


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_cluster_of_this_machine_begins_and_ends_with_who_needs_it(tmp_path):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'tamis[ray]'")
    with started(tmp_path, "wait") as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        assert line, program.communicate()[1]
        worker, telemetry, read, kept, address = json.loads(line)
        family = psutil.Process(program.pid).children(recursive=True)
        assert worker in {process.pid for process in family}
        listening = {
            connection.laddr.ip.removeprefix("::ffff:")
            for process in family
            if alive(process)
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}
        assert address.startswith("127.0.0.1:")
        assert (telemetry, read, kept) == ("0", "read from the folder of the caller", True)
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=60) != 0
        until = time.monotonic() + 20
        while any(map(alive, family)):
            assert time.monotonic() < until, [process.cmdline() for process in family if alive(process)]
            time.sleep(0.1)


def test_a_cluster_that_was_there_is_used_and_stays(ray_cluster, tmp_path):
    import ray

    @ray.remote
    class Marker:
        def process(self) -> int:
            return os.getpid()

    marker = Marker.remote()
    before = ray.get(marker.process.remote())
    address = ray.get_runtime_context().gcs_address
    program = started(tmp_path, RAY_ADDRESS=address, RAY_AUTH_MODE="token")
    out, err = program.communicate(timeout=120)
    assert program.returncode == 0, err
    _, _, read, _, used = json.loads(out)
    assert used == address
    assert read == "read from the folder of the caller"
    assert ray.get(marker.process.remote()) == before
    ray.kill(marker)


def test_a_cluster_that_does_not_answer_is_told(tmp_path):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'tamis[ray]'")
    program = started(tmp_path, RAY_ADDRESS="127.0.0.1:9")
    _, err = program.communicate(timeout=60)
    assert "TamisError: no Ray cluster answers at RAY_ADDRESS=127.0.0.1:9" in err
