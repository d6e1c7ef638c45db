"""Two processes train the model that one would."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file


def trained(tiny, folder, settings, *, processes, rows="60"):
    tiny.write_backbone(folder / "backbone")
    alone = [sys.executable, str(tiny.__file__)]
    together = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        str(processes),
        str(tiny.__file__),
    ]
    done = subprocess.run(
        [*(together if processes > 1 else alone), str(folder), json.dumps(settings), "--rows", rows],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()


@pytest.mark.slow
def test_two_processes_give_the_model_of_one(tiny, tmp_path):
    settings = {"epochs": 2, "batch_rows": 8}
    one = trained(tiny, tmp_path / "one", settings, processes=1, rows="57")
    two = trained(tiny, tmp_path / "two", settings, processes=2, rows="57")
    assert sum(line.startswith("StepDone") for line in two) == sum(line.startswith("StepDone") for line in one)
    ends = [json.loads(line) for line in two if line.startswith("{")]
    assert ends == [json.loads(one[-1])] * 2  # both processes know which epoch was the best
    scores = [
        [json.loads(line.split(" ", 2)[2]) for line in lines if line.startswith("EpochDone")] for lines in (one, two)
    ]
    assert [pytest.approx(epoch, abs=1e-3) for epoch in scores[0]] == scores[1]
    assert not (tmp_path / "two" / "draft-1" / "model.safetensors").exists()  # the first one writes
    alone = load_file(tmp_path / "one" / "draft" / "model.safetensors")
    shared = load_file(tmp_path / "two" / "draft-0" / "model.safetensors")
    for name, weight in alone.items():
        torch.testing.assert_close(shared[name], weight, atol=1e-4, rtol=0)
    assert len(list((tmp_path / "two" / "checkpoints").iterdir())) == 2
