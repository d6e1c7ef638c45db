"""Backbones: the packaged one is verified, a folder is checked, a hub id is asked for offline first."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tamis.core import DataError, UsageError
from tamis.models import MINILM, backbones, find_backbone


def test_the_packaged_backbone_is_the_one_we_know():
    folder = find_backbone(MINILM)
    assert (folder / "model.safetensors").is_file()
    assert backbones.model_type(folder) == "bert"
    assert find_backbone() == folder


def test_packaged_weights_that_changed_are_refused(monkeypatch):
    monkeypatch.setattr(backbones, "MINILM_SHA256", "0" * 64)
    with pytest.raises(DataError, match="are not the ones Tamis knows: sha256 53aa51") as caught:
        find_backbone(MINILM)
    assert "force-reinstall" in str(caught.value)


def test_a_folder_is_taken_as_it_is(backbone):
    assert find_backbone(backbone()) == backbone()
    assert find_backbone(str(backbone())) == backbone()


def test_weights_in_several_files(backbone, tmp_path):
    shutil.copytree(backbone(), tmp_path / "parts")
    (tmp_path / "parts" / "model.safetensors").rename(tmp_path / "parts" / "model-00001-of-00001.safetensors")
    index = {"weight_map": {"a": "model-00001-of-00001.safetensors"}}
    (tmp_path / "parts" / "model.safetensors.index.json").write_text(json.dumps(index))
    assert find_backbone(tmp_path / "parts")
    (tmp_path / "parts" / "model-00001-of-00001.safetensors").unlink()
    with pytest.raises(DataError, match=r"no model\.safetensors in the backbone folder"):
        find_backbone(tmp_path / "parts")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"no config\.json in .*: this is no model folder"),
        ({"config.json": "{"}, r"config\.json is no JSON"),
        ({"config.json": "[]"}, "names no `model_type`"),
        ({"config.json": "{}"}, "names no `model_type`"),
        ({"config.json": '{"model_type": "bert"}'}, r"no model\.safetensors in the backbone folder"),
        (
            {"config.json": '{"model_type": "bert"}', "pytorch_model.bin": "x"},
            r"only as pytorch_model\.bin; Tamis loads no pickles",
        ),
    ],
)
def test_a_wrong_folder_says_what_is_wrong(tmp_path, files, message):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        find_backbone(tmp_path)
    if "pytorch_model.bin" in files:
        assert "save_pretrained" in str(caught.value)


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "~/nowhere-at-all", "no such", "a/b/c"])
def test_no_such_folder(name):
    with pytest.raises(UsageError, match="there is no such folder"):
        find_backbone(name)
    with pytest.raises(UsageError, match="there is no such folder"):
        find_backbone(Path(name))


def test_a_file_is_no_backbone(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="there is no such folder"):
        find_backbone(str(tmp_path / "file"))


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The hub's local cache of this test, and a hub that nobody answers at."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    def cache(name: str, source: Path) -> Path:
        home = tmp_path / "cache" / f"models--{name.replace('/', '--')}"
        shutil.copytree(source, home / "snapshots" / "abc")
        (home / "refs").mkdir()
        (home / "refs" / "main").write_text("abc")
        return home / "snapshots" / "abc"

    return cache


def test_a_hub_id_is_found_in_the_local_cache(hub, backbone):
    folder = hub("someone/tiny", backbone())
    assert find_backbone("someone/tiny") == folder


def test_a_hub_id_that_is_not_to_be_had_says_so(hub, backbone):
    with pytest.raises(
        DataError, match=r"'minilmm' is no folder here, not in the hub's local cache, and not to be had"
    ) as caught:
        find_backbone("minilmm")
    assert "Did you mean 'minilm'?" in str(caught.value)
    (hub("someone/half", backbone()) / "model.safetensors").unlink()  # only its tokenizer was asked for before
    with pytest.raises(DataError, match="not to be had|loads no pickles"):
        find_backbone("someone/half")
