"""Bundles of versions: they outlive their runs, appear whole or not at all, and are verified when they are used."""

from __future__ import annotations

import errno
import resource
import shutil
import signal

import pytest

from tamis.core import DataError, UsageError
from tamis.models import open_bundle, pack_bundle
from tamis.registry import bundles_folder, open_registry, register_run, version_bundle


def test_a_version_binds_bundle_data_run_scores_and_gate_and_outlives_its_run(workspace, make_run):
    run = make_run(macro_f1=0.75)
    gate = {"passed": True, "conditions": [{"name": "macro_f1", "value": 0.75, "passed": True}]}
    version = register_run(workspace, run, gate=gate, reason="the first one", who="ann")
    seal = open_bundle(workspace.runs / run / "bundle").manifest.seal
    assert (version.ref, version.status, version.registered.who) == ("reviews@1", "pending", "ann")
    assert version.facts["seal"] == seal
    assert version.facts["bundle"] == seal[:16]
    assert (version.facts["dataset"], version.facts["dataset_fingerprint"]) == ("reviews@1", "ef")
    assert version.facts["evaluation"]["scores"]["macro_f1"] == {"value": 0.75, "low": 0.5, "high": 0.875}
    assert version.facts["gate"] == gate
    shutil.rmtree(workspace.runs / run)
    bundle = version_bundle(workspace, "reviews@1")
    assert bundle.manifest.seal == seal
    assert bundle.path == bundles_folder(workspace) / seal[:16]


def test_the_same_bundle_is_the_same_version_however_it_is_named(workspace, make_run, tmp_path):
    run = make_run()
    first = register_run(workspace, run, reason="the first one")
    packed = pack_bundle(open_bundle(workspace.runs / run / "bundle"), tmp_path / "model.tamis")
    assert register_run(workspace, packed, reason="again") == first
    assert register_run(workspace, workspace.runs / run / "bundle", reason="and again") == first
    assert len(open_registry(workspace).history()) == 1
    assert register_run(workspace, run, model="other", reason="under another name").ref == "other@1"
    assert register_run(workspace, make_run(2), reason="a better one").ref == "reviews@2"


def test_links_are_made_but_the_card_is_one_of_its_own(workspace, make_run):
    folder = workspace.runs / make_run() / "bundle"
    (folder / "README.md").write_text("# a card")
    (folder / "model.safetensors").rename(folder.parent / "weights")
    (folder / "model.safetensors").symlink_to(folder.parent / "weights")  # as in the hub's cache
    register_run(workspace, folder, reason="the first one")
    kept = version_bundle(workspace, "reviews@1").path
    assert (kept / "model.safetensors").samefile(folder / "model.safetensors")
    assert not (kept / "model.safetensors").is_symlink()
    assert not (kept / "README.md").samefile(folder / "README.md")


def test_what_was_damaged_or_swapped_is_told_and_mended_by_registering_again(workspace, make_run):
    run, other = make_run(1), make_run(2)
    for each in (run, other):
        register_run(workspace, each, reason="a try")
    kept = version_bundle(workspace, "reviews@1").path
    weights = kept / "model.safetensors"
    weights.unlink()
    weights.write_bytes(b"others")
    with pytest.raises(DataError, match="not the file that was sealed"):
        version_bundle(workspace, "reviews@1")
    shutil.rmtree(kept)
    with pytest.raises(DataError, match=r"the bundle of reviews@1 is not in .*\n.*register the same bundle again"):
        version_bundle(workspace, "reviews@1")
    shutil.copytree(workspace.runs / other / "bundle", kept)
    with pytest.raises(DataError, match="another one lies in its place"):
        version_bundle(workspace, "reviews@1")
    register_run(workspace, run, reason="mend it")
    assert version_bundle(workspace, "reviews@1").path == kept
    assert len(open_registry(workspace).history()) == 2


def test_what_is_to_be_deployed_must_be_approved(workspace, make_run):
    register_run(workspace, make_run(), reason="a try")
    with pytest.raises(UsageError, match=r"reviews@1 is pending, not approved.*\n.*tamis models approve reviews@1"):
        version_bundle(workspace, "reviews@1", only_approved=True)
    open_registry(workspace).approve("reviews@1", reason="good")
    assert version_bundle(workspace, "reviews@1", only_approved=True)


def test_a_full_disk_tells_and_leaves_nothing(workspace, make_run):
    run = make_run()
    (workspace.runs / run / "bundle" / "README.md").write_text("x" * 100_000)  # not linked but copied
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))  # what a full disk is to whoever writes
    try:
        with pytest.raises(OSError, match="large") as error:
            register_run(workspace, run, reason="a try")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert error.value.errno in (errno.ENOSPC, errno.EFBIG)
    assert not list(bundles_folder(workspace).iterdir())
    assert open_registry(workspace).history() == []
    assert register_run(workspace, run, reason="with room").number == 1
