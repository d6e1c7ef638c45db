"""Hugging Face data sets: saved folders and files here; the network is never needed."""

from __future__ import annotations

import pytest

from tamis.core import DataError, UsageError

datasets = pytest.importorskip("datasets", reason="pip install 'tamis[hub]'")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with splits, saved by `datasets`, and one with plain files."""
    home = tmp_path_factory.mktemp("hub")
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["neg", "pos"]),
            "tags": datasets.List(datasets.ClassLabel(names=["O", "B-X"])),
            "tokens": datasets.List(datasets.Value("string")),
        }
    )
    rows = {"text": ["a", "b", "c"], "label": [1, -1, 0], "tags": [[0, 1], [], None], "tokens": [["a"], [], None]}
    one = datasets.Dataset.from_dict(rows, features=features)
    datasets.disable_progress_bars()
    datasets.DatasetDict({"train": one, "test": one.shuffle(seed=1).select([0])}).save_to_disk(str(home / "saved"))
    (home / "files").mkdir()
    (home / "files" / "train.jsonl").write_text('{"text": "x", "n": 1}\n{"text": "y", "n": 2}\n')
    return home


def test_classes_become_their_names(saved, read):
    found = read(f"hf://{saved}/saved@train")
    assert found.rows == [
        {"text": "a", "label": "pos", "tags": ["O", "B-X"], "tokens": ["a"]},
        {"text": "b", "label": None, "tags": [], "tokens": []},
        {"text": "c", "label": "neg", "tags": None, "tokens": None},
    ]


def test_without_a_split_all_are_read_and_named(saved, read, tamis):
    found = read(f"hf://{saved}/saved")
    assert [row["split"] for row in found.rows] == ["train", "train", "train", "test"]
    assert found.source.options == {"splits": {"train": 3, "test": 1}}
    assert tamis("data", "import", f"hf://{saved}/saved", "--name", "hub").code == 0


def test_a_folder_of_files(saved, read, monkeypatch, tmp_path):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    found = read(f"hf://{saved}/files", split="train")
    assert found.rows == [{"text": "x", "n": 1}, {"text": "y", "n": 2}]


@pytest.mark.parametrize(
    ("address", "kind", "says"),
    [
        ("{home}/saved@tarin", UsageError, r"no split 'tarin' in hf://.*Splits: train, test\. Did you mean 'train'"),
        ("/no/such/folder", UsageError, r"no such folder: /no/such/folder"),
        ("", UsageError, r"hf:// names no data set"),
    ],
)
def test_wrong_addresses(saved, read, address, kind, says):
    with pytest.raises(kind, match=says):
        read(f"hf://{address.format(home=saved)}")


def test_without_network_it_says_so_at_once(read, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", "https://no-such-hub.invalid")
    with pytest.raises(
        DataError, match=r"'nobody/nothing' is not in the cache of the hub, and no-such-hub\.invalid"
    ) as error:
        read("hf://nobody/nothing")
    assert "hf:///folder" in str(error.value)
