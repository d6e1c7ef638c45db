"""fit_probe: a head learns a task on the embeddings of a frozen encoder, from rows to the files of a bundle."""

from __future__ import annotations

import hashlib
import shutil
from typing import Any

import numpy as np
import numpy.typing as npt

from tamis.core import draft_folder, fingerprint, publish
from tamis.features import Tokenizer, load_tokenizer
from tamis.models import (
    EngineChoice,
    build_probe,
    final_layer,
    find_backbone,
    fit_head,
    probe_features,
    save_encoder,
    set_head,
)
from tamis.train.class_weights import label_weights
from tamis.train.family import Assignment, Fitted
from tamis.train.long_choice import choose_long_text, tell_cut
from tamis.train.precision import Arithmetic, choose_arithmetic
from tamis.train.token_cache import cached_tokens, cut_share

WEIGHTS = "model.safetensors"
_FORMAT = 1


def fit_probe(given: Assignment) -> Fitted:
    """Embed each row once and train a head on that; the draft then holds an encoder with that head."""
    settings, task = given.settings, given.task
    arithmetic = choose_arithmetic(settings.device, settings.precision)
    folder = find_backbone(settings.backbone)
    tokenizer = load_tokenizer(folder)
    model: Any = build_probe(folder, task, seed=given.seed)
    long_text = choose_long_text(given, model, tokenizer, arithmetic, emit=given.emit)
    model.to(arithmetic.device)
    encoder, parts = _fingerprint(model), {}
    for rows in (given.train, given.validation):
        tokens = cached_tokens(rows, tokenizer, long_text, cache=given.cache, progress=given.progress)
        key = [rows.fingerprint, encoder, long_text.model_dump(mode="json"), arithmetic.precision]
        parts[id(rows)] = tokens, _cached_features(given, key, model, tokens, tokenizer, arithmetic)
    (tokens, features), (_, judged) = parts[id(given.train)], parts[id(given.validation)]
    cut = cut_share(tokens, long_text)
    tell_cut(cut, long_text, emit=given.emit)
    head = fit_head(
        features,
        given.train.targets,
        task,
        validation=(judged, given.validation.targets) if len(given.validation) else None,
        row_weights=given.train.weights,
        label_weights=label_weights(task, given.train, settings.class_weights),
        smoothing=settings.smoothing,
        focal=settings.focal,
    )
    set_head(model, head.weights, head.bias)
    save_encoder(model.cpu(), settings.backbone, given.draft, max_tokens=long_text.max_tokens)
    return Fitted(
        engine=EngineChoice(name="torch", file=WEIGHTS),
        long_text=long_text,
        notes={"pull": head.pull, "cut_share": round(cut, 6)},
    )


def _fingerprint(model: Any) -> str:
    """Of all weights but the last layer's, which is what is to be fitted."""
    own = {id(weight) for weight in final_layer(model).parameters()}
    state = hashlib.blake2b(digest_size=16)
    for name, weight in model.named_parameters():
        if id(weight) not in own:
            state.update(name.encode() + weight.detach().cpu().numpy().tobytes())
    return state.hexdigest()


def _cached_features(
    given: Assignment, key: list[Any], model: Any, tokens: Any, tokenizer: Tokenizer, arithmetic: Arithmetic
) -> npt.NDArray[np.float32]:
    """What the head reads of each row, from the cache if it is there."""
    from tamis.train.embed import embed

    folder = given.cache / "embeddings" / fingerprint([_FORMAT, *key])
    if not folder.is_dir():
        if not len(tokens):
            return np.zeros((0, 1), np.float32)
        values = embed(
            lambda ids, mask: probe_features(model, ids, mask),
            tokens,
            pad=tokenizer.pad,
            arithmetic=arithmetic,
            progress=given.progress,
        )
        with draft_folder(folder.parent) as draft:
            np.save(draft / "values.npy", values)
            try:
                publish(draft, folder)
            except FileExistsError:  # another process was quicker, and wrote the same
                shutil.rmtree(draft)
    return np.asarray(np.load(folder / "values.npy", allow_pickle=False))
