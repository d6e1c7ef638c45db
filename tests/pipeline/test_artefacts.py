"""For each kind of artefact: it is found as it is now, and never when it is gone or not whole."""

from __future__ import annotations

import json
import shutil

import pytest

from tamis.core import DataError, UsageError
from tamis.pipeline import KINDS, Artefact, find_artefact, is_there


def test_a_dataset_is_told_by_its_rows(workspace, make_dataset):
    make_dataset("docs", text=["a", "b"], label=["x", "y"])
    other = make_dataset("other", text=["a", "b"], label=["x", "y"])
    found = find_artefact(workspace, "dataset", "docs@1")
    assert found.fingerprint == find_artefact(workspace, "dataset", "other@1").fingerprint
    changed = make_dataset("docs", text=["a", "c"], label=["x", "y"])
    assert find_artefact(workspace, "dataset", changed.ref).fingerprint != found.fingerprint
    assert is_there(workspace, found)
    part = other.parts[0]
    part.write_bytes(part.read_bytes()[:-10])
    with pytest.raises(DataError, match="of other@1 is not as long as it was written"):
        find_artefact(workspace, "dataset", "other@1")
    part.unlink()
    with pytest.raises(DataError, match="the dataset other@1 cannot be read: No such file"):
        find_artefact(workspace, "dataset", "other@1")
    shutil.rmtree(workspace.datasets / "docs")
    assert not is_there(workspace, found)


def test_files_and_folders_are_told_by_their_bytes(workspace):
    folder = workspace.root / "many"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    file, whole = find_artefact(workspace, "file", "many/a.txt"), find_artefact(workspace, "folder", "many")
    (folder / ".writing-1-x").write_text("what a killed writer left")
    assert is_there(workspace, whole)
    (folder / "b.txt").write_text("b")
    assert is_there(workspace, file)
    assert not is_there(workspace, whole)
    for kind, ref in [("file", "none.txt"), ("folder", "none"), ("file", "many")]:
        with pytest.raises(DataError, match=f"the {kind} {ref} cannot be read"):
            find_artefact(workspace, kind, ref)


def test_an_evaluation_is_told_by_its_numbers(workspace):
    path = workspace.root / "evaluation.json"
    said = {"created": "2026-05-01", "model": "docs-1.ab", "scores": {"f1": 0.5}}
    path.write_text(json.dumps(said))
    found = find_artefact(workspace, "evaluation", "evaluation.json")
    path.write_text(json.dumps({**said, "created": "2026-06-01", "model": "docs-2.ab"}, indent=2))
    assert is_there(workspace, found)
    path.write_text(json.dumps({**said, "scores": {"f1": 0.6}}))
    assert not is_there(workspace, found)
    path.write_text("{")
    with pytest.raises(DataError, match=r"the evaluation evaluation.json is damaged"):
        find_artefact(workspace, "evaluation", "evaluation.json")


def test_a_kind_that_nobody_knows(workspace):
    with pytest.raises(UsageError, match="no artefact is a 'datset'. Kinds: dataset, run, .* Did you mean 'dataset'"):
        find_artefact(workspace, "datset", "docs@1")
    assert not is_there(workspace, Artefact(kind="datset", ref="a", fingerprint="1"))
    assert set(KINDS) == {"dataset", "run", "bundle", "evaluation", "version", "file", "folder"}
