"""A training that is killed at any moment goes on to the very same weights."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

SETTINGS = json.dumps({"epochs": 3, "dropout": 0.1, "average": "ema", "checkpoint_minutes": 1e-9})


def start(tiny, folder, *more):
    return subprocess.Popen(
        [sys.executable, tiny.__file__, str(folder), SETTINGS, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@pytest.mark.slow
def test_killed_again_and_again_it_ends_with_the_same_bytes(tiny, tmp_path):
    whole = tmp_path / "whole"
    process = start(tiny, whole)
    assert process.communicate(timeout=300)[0]
    killed = tmp_path / "killed"
    tiny.write_backbone(killed / "backbone")
    seed = random.randrange(10**6)
    draw, reached = random.Random(seed), 0
    for _ in range(3):
        wanted = draw.randint(2, 7)
        process = start(tiny, killed, "--resume")
        steps = 0
        for line in process.stdout:
            if line.startswith("StepDone"):
                steps, reached = steps + 1, int(line.split()[1])
                if steps == wanted:
                    break
        process.kill()  # SIGKILL: in the middle of whatever follows, writing a checkpoint as likely as not
        process.communicate()
    assert 0 < reached < 24, f"seed {seed}"
    process = start(tiny, killed, "--resume")
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, f"seed {seed}"
    first = next(int(line.split()[1]) for line in out.splitlines() if line.startswith("StepDone"))
    assert first in (reached, reached + 1), f"seed {seed}"
    one, other = (folder / "draft" / "model.safetensors" for folder in (whole, killed))
    assert one.read_bytes() == other.read_bytes(), f"seed {seed}"
