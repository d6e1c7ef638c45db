"""Tiny random encoders of every type, with a tokenizer, made on the spot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WORDS = (
    "good", "bad", "film", "story", "slow", "loud", "warm", "thin", "bright", "tender", "of", "minutes", "a", "the",
    "and", "is", "not", "very", "ever", "never",
)  # fmt: skip


def write_tokenizer(folder: Path, *, roberta: bool = False) -> int:
    """Write a small WordPiece tokenizer, with RoBERTa's special tokens and their numbers if asked; return its size."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?"
    special = ["<s>", "<pad>", "</s>", "<unk>"] if roberta else ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    first, pad, last, unknown = special if roberta else (special[2], special[0], special[3], special[1])
    pieces = dict.fromkeys([*special, *WORDS, *letters, *(f"##{letter}" for letter in letters)])
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=unknown))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=[(first, vocabulary[first]), (last, vocabulary[last])]
    )
    tokenizer.enable_truncation(7)  # sentence-transformers saves such; a bundle must not keep it
    tokenizer.enable_padding(pad_id=vocabulary[pad], pad_token=pad)
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"pad_token": pad, "unk_token": unknown, "cls_token": first, "sep_token": last}
    settings = {"tokenizer_class": "RobertaTokenizer" if roberta else "BertTokenizer", "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "special_tokens_map.json").write_text(json.dumps({**names, "pad_token": {"content": pad}}))
    return len(vocabulary)


def write_backbone(folder: Path, kind: str = "bert", *, seed: int = 0, **changes: Any) -> Path:
    """Write a random encoder of 2 layers, 32 wide, without a head, as a model's folder on the hub."""
    import torch
    from transformers import AutoConfig, AutoModel

    folder.mkdir(parents=True, exist_ok=True)
    roberta = kind == "roberta"
    sizes = {
        "vocab_size": write_tokenizer(folder, roberta=roberta),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 66 if roberta else 64,
        "pad_token_id": int(roberta),
        "initializer_range": 0.3,
    }
    sizes |= {
        "roberta": {"type_vocab_size": 1, "bos_token_id": 0, "eos_token_id": 2},
        "distilbert": {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 2},
        "deberta": {"pooler_hidden_size": 32, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
        "deberta-v2": {"pooler_hidden_size": 32, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
        "modernbert": {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3},
    }.get(kind, {})
    if kind == "distilbert":
        for name in ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"):
            del sizes[name]
    torch.manual_seed(seed)
    model = AutoModel.from_config(AutoConfig.for_model(kind, **{**sizes, **changes}))
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that returns the folder of a tiny encoder of a type, made once."""
    made: dict[str, Path] = {}

    def make(kind: str = "bert") -> Path:
        if kind not in made:
            made[kind] = write_backbone(tmp_path_factory.mktemp("backbone") / kind, kind)
        return made[kind]

    return make
