"""Token cache: a data set's tokens on disk, mapped into memory, so that any number of rows trains in flat memory."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tamis.core import Progress, Silent, abandoned, draft_folder, fingerprint, publish
from tamis.features import LongText, Tokenizer, TokenRows, tokenize
from tamis.train.rows import TrainingRows

_FORMAT = 1
_TEXTS = 1024  # tokenised at a time; the tokenizers library holds some 150 bytes a token until they are taken
_PARTS = ("ids", "offsets", "texts", "lengths")


def cached_tokens(
    rows: TrainingRows, tokenizer: Tokenizer, long_text: LongText, *, cache: Path, progress: Progress = Silent()
) -> TokenRows:
    """Return the tokens of rows, from the cache if they are there: by texts, cleaning, tokenizer and `long_text`."""
    name = fingerprint([_FORMAT, rows.fingerprint, _digest(tokenizer), long_text.model_dump(mode="json")])
    folder = cache / "tokens" / name
    if not folder.is_dir():
        for leftover in abandoned(folder.parent):
            shutil.rmtree(leftover, ignore_errors=True)
        with draft_folder(folder.parent) as draft:
            _write(draft, rows, tokenizer, long_text, progress)
            try:
                publish(draft, folder)
            except FileExistsError:  # another process was quicker, and wrote the same
                shutil.rmtree(draft)
    return _open(folder)


def cut_share(tokens: TokenRows, long_text: LongText) -> float:
    """Return the share of texts of which the model does not read everything."""
    if long_text.policy == "windows" or not len(tokens.lengths):
        return 0.0
    return float((tokens.lengths > long_text.max_tokens).mean())


def _write(folder: Path, rows: TrainingRows, tokenizer: Tokenizer, long_text: LongText, progress: Progress) -> None:
    kind = np.uint16 if tokenizer.engine.get_vocab_size() <= 2**16 else np.int32
    files = {part: (folder / part).open("wb") for part in _PARTS}
    pieces = texts = tokens = 0
    try:
        files["offsets"].write(np.zeros(1, np.int64).tobytes())
        with progress.track("tokens", total=len(rows), unit="rows") as advance:
            for batch in _small(rows):
                part = tokenize(batch, tokenizer, long_text)
                files["ids"].write(part.ids.astype(kind).tobytes())
                files["offsets"].write((part.offsets[1:] + tokens).tobytes())
                files["texts"].write((part.texts + texts).tobytes())
                files["lengths"].write(part.lengths.tobytes())
                pieces, texts, tokens = pieces + len(part), texts + len(batch), tokens + len(part.ids)
                advance(len(batch))
    finally:
        for file in files.values():
            file.close()
    (folder / np.dtype(kind).name).touch()


def _open(folder: Path) -> TokenRows:
    kind = np.uint16 if (folder / "uint16").exists() else np.int32
    return TokenRows(
        ids=_mapped(folder / "ids", kind),
        offsets=_mapped(folder / "offsets", np.int64),
        texts=_mapped(folder / "texts", np.int64),
        lengths=_mapped(folder / "lengths", np.int32),
    )


def _mapped(path: Path, kind: npt.DTypeLike) -> npt.NDArray[Any]:
    if not path.stat().st_size:  # nothing cannot be mapped
        return np.zeros(0, kind)
    return np.memmap(path, dtype=kind, mode="r")


def _small(rows: TrainingRows) -> Iterator[list[str]]:
    for batch in rows.batches():
        for start in range(0, len(batch), _TEXTS):
            yield batch[start : start + _TEXTS]


def _digest(tokenizer: Tokenizer) -> str:
    return hashlib.sha256(tokenizer.engine.to_str().encode()).hexdigest()
