"""Versions by name: docs@3 and docs@champion wherever a command takes a model; what is not approved is not served."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.request

import pytest

from tamis.core import UsageError
from tamis.registry import announced_servers, find_model, open_registry, register_run


@pytest.fixture
def registry(make_linear, workspace):
    """The registry of the workspace, in which docs has an approved version 1, the champion, and a pending one."""
    registry = open_registry(workspace)
    for seed in (1, 2):
        shutil.copytree(make_linear(seed=seed).path, workspace.runs / f"tiny-linear-{seed}" / "bundle")
        register_run(workspace, f"tiny-linear-{seed}", model="docs", reason="a try")
    registry.approve("docs@1", reason="good")
    registry.promote("docs@1", reason="the first one")
    return registry


@pytest.mark.parametrize(
    ("ref", "run"),
    [
        ("docs@1", "tiny-linear-1"),
        ("docs@champion", "tiny-linear-1"),
        ("docs@2", "tiny-linear-2"),
        ("tiny-linear-2", "tiny-linear-2"),
        (None, "tiny-linear-2"),
    ],
)
def test_what_a_name_stands_for(registry, workspace, ref, run):
    assert find_model(workspace, ref).manifest.lineage.run == run


def test_a_version_outlives_its_run_and_a_file_goes_before_it(registry, workspace, make_linear, tmp_path, monkeypatch):
    shutil.rmtree(workspace.runs)
    assert find_model(workspace, "docs@1").manifest.lineage.run == "tiny-linear-1"
    monkeypatch.chdir(tmp_path)
    shutil.copytree(make_linear(seed=3).path, "docs@1")
    assert find_model(workspace, "docs@1").manifest.lineage.run == "tiny-linear-3"


@pytest.mark.parametrize(
    ("ref", "says"),
    [
        ("docs@9", "no version or alias '9' of 'docs'. There are: champion, 1, 2."),
        ("docs@champoin", "Did you mean 'champion'?"),
        ("dosc@1", "no model 'dosc' in the registry. Models: docs. Did you mean 'docs'?"),
        ("nodocs", "no model 'nodocs': neither a run here nor a file"),
    ],
)
def test_what_there_is_not_is_told(registry, workspace, ref, says):
    with pytest.raises(UsageError) as error:
        find_model(workspace, ref)
    assert says in error.value.message


def test_predict_takes_versions(registry, tamis):
    said = tamis("predict", "--text", "a good film", "--model", "docs@champion", "--json")
    assert said.code == 0, said.err
    assert "tiny-linear-1.abcd" in said.out
    assert "tiny-linear-2.abcd" in tamis("predict", "--text", "a good film", "-m", "docs@2", "--json").out


@pytest.mark.slow
def test_other_commands_take_versions(registry, workspace, tamis, tmp_path):
    (tmp_path / "rows.csv").write_text("text,label\n" + "a good film,good\nbad and slow,bad\n" * 12)
    assert tamis("batch", tmp_path / "rows.csv", "-o", tmp_path / "out", "--model", "docs@1").code == 0
    assert tamis("evaluate", "docs@1", tmp_path / "rows.csv", "--no-baseline", "-o", tmp_path / "judged").code == 0
    compared = tamis("compare", "docs@champion", "docs@2", tmp_path / "rows.csv")
    assert compared.code in (0, 3), compared.err
    assert tamis("export", "docs@1", "--to", "tamis", "-o", tmp_path / "docs.tamis").code == 0
    find_model(workspace, "docs@1")  # is what it was


def test_a_version_is_not_exported_in_its_place(registry, tamis):
    refused = tamis("export", "docs@champion")
    assert refused.code == 2
    assert "docs@champion is registered: it stays what was approved" in refused.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["docs@2"], "docs@2 is pending, not approved: it cannot be deployed\n  tamis models approve docs@2 --reason"),
        (["docs=docs@2"], "docs@2 is pending, not approved"),
        (["docs@challenger"], "no version or alias 'challenger' of 'docs'"),
        (["docs@champion", "docs@1"], "two models would be served as 'docs'\n  name them: a=MODEL b=MODEL"),
        (["docs@1", "serve.fallbacks=[{bundle: docs@2}]"], "docs@2 is pending, not approved"),
    ],
)
def test_what_is_not_approved_is_not_served(registry, tamis, words, says):
    refused = tamis("serve", "--port", "0", *words)
    assert refused.code == 2
    assert says in refused.err


def test_a_port_that_there_is_not_is_told(registry, tamis):
    refused = tamis("serve", "docs@1", "--port", "99999")
    assert refused.code == 2
    assert "less than or equal to 65535" in refused.err


@pytest.mark.slow
def test_aliases_versions_and_runs_are_served_together_and_the_end_leaves_no_trace(registry, workspace):
    names = ["docs@champion", "fixed=docs@1", "tiny-linear-2"]
    command = [sys.executable, "-m", "tamis", "--workspace", workspace.root, "serve", *names, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as popen:
        try:
            line = popen.stdout.readline()
            address = re.search(r"^docs, fixed, tiny-linear-2 at (http://\S+)$", line)[1]
            assert announced_servers(workspace) == [address]
            with urllib.request.urlopen(f"{address}/info", timeout=20) as answer:
                models = json.load(answer)["models"]
            assert [name for name, told in models.items() if "following" in told] == ["docs"]
            popen.send_signal(signal.SIGTERM)
            assert popen.wait(20) == 0
            assert announced_servers(workspace) == []
        finally:
            popen.kill()
