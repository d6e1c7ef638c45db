"""Encoder: a pre-trained transformer with a fresh head for a task, as transformers itself builds and opens it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tamis.core import DataError, UsageError
from tamis.models.backbones import MINILM, WEIGHTS, find_backbone
from tamis.tasks import Task

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

Freeze = Literal["none", "embeddings", "all"] | int


def build_encoder(
    backbone: str | Path, task: Task, *, seed: int = 0, settings: Mapping[str, Any] | None = None
) -> PreTrainedModel:
    """Return a backbone with a head that has one logit for each output of the task, in fp32, ready to train.

    The head is random, drawn from `seed`, unless the backbone was trained for the very same labels. Any type that
    transformers can classify with will do: BERT, RoBERTa, DistilBERT, DeBERTa, ModernBERT… No code is taken from it.
    `settings` overrules what its `config.json` says, where it says it (dropout, for one).
    """
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    model: PreTrainedModel
    folder = find_backbone(backbone)
    labels = list(task.outputs)
    same_labels = _labels_of(folder) == labels
    # drawn apart, so that building a model changes nobody else's random numbers
    with quietly(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            config.id2label = dict(enumerate(labels))
            config.label2id = {label: number for number, label in enumerate(labels)}
            config.update({"problem_type": task.problem_type})
            config.update({name: value for name, value in (settings or {}).items() if hasattr(config, name)})
            model, loaded = AutoModelForSequenceClassification.from_pretrained(
                folder,
                config=config,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=torch.float32,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
        except Exception as error:  # transformers raises OSError, ValueError, KeyError and its own
            raise DataError(
                f"the backbone {str(backbone)!r} cannot be opened as a text classifier: {_first_line(error)}",
                hint="give one of BERT's kind, as transformers' save_pretrained writes it: config.json, "
                + f"{WEIGHTS}, tokenizer.json",
            ) from None
        _check_weights(backbone, model, loaded)
        if not same_labels:
            _forget(final_layer(model), spread=getattr(config, "initializer_range", 0.02))
    return model


def freeze(model: PreTrainedModel, what: Freeze) -> int:
    """Stop a part of the encoder from learning, and return how many of the model's weights still learn.

    `embeddings` are the word embeddings; a number is all embeddings and so many layers from below; `all` leaves only
    the head.
    """
    layers = layers_of(model)
    model.requires_grad_(True)
    if what == "embeddings":
        model.get_input_embeddings().requires_grad_(False)
    elif what == "all":
        model.base_model.requires_grad_(False)
        if (pooler := getattr(model.base_model, "pooler", None)) is not None:
            pooler.requires_grad_(True)  # BERT counts its first half of the head among the encoder
    elif isinstance(what, int) and not isinstance(what, bool):
        if not 0 <= what <= len(layers):
            raise UsageError(f"freeze {what}: this encoder has {len(layers)} layers", hint=f"0 to {len(layers)}")
        lower: list[Any] = [model.base_model.embeddings, *layers[:what]] if what else []
        for part in lower:
            part.requires_grad_(False)
    elif what != "none":
        raise UsageError(f"freeze {what!r}: none, embeddings, all, or a number of layers")
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


READS_FIRST_TOKEN = ("bert", "roberta", "xlm-roberta", "camembert")
"""Types that have the same layers, and a head that reads nothing but the first token."""


def layers_of(model: PreTrainedModel) -> list[torch.nn.Module]:
    """Return the encoder's layers from below, whatever the type of model calls them."""
    from torch import nn

    wanted = model.config.num_hidden_layers
    for part in model.base_model.modules():
        if isinstance(part, nn.ModuleList) and len(part) == wanted:
            return list(part)
    raise DataError(f"a {model.config.model_type} shows no list of its {wanted} layers")


def final_layer(model: PreTrainedModel) -> torch.nn.Linear:
    """Return the linear layer that gives the logits: the last one that the model owns besides its encoder."""
    from torch import nn

    inside = {id(part) for part in model.base_model.modules()}
    linear = [part for part in model.modules() if isinstance(part, nn.Linear) and id(part) not in inside]
    if not linear or linear[-1].out_features != model.config.num_labels:
        raise DataError(f"a {model.config.model_type} does not end in a linear layer of its own")
    return linear[-1]


def pooled(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the embedding of each text: the mean of the last layer over the tokens that are no padding.

    Every engine gives this one, whatever the head reads: unknown texts are judged by it.
    """
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)


def most_tokens(model: PreTrainedModel) -> int | None:
    """Return how many tokens the model has positions for; None where nothing limits them."""
    said = getattr(model.config, "max_position_embeddings", None)
    if not isinstance(said, int) or said <= 0:
        return None
    position = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    padding = getattr(position, "padding_idx", None)
    return said if padding is None else said - padding - 1  # RoBERTa counts its positions from the padding's id on


def save_encoder(model: PreTrainedModel, tokenizer: str | Path, out: Path, *, max_tokens: int) -> None:
    """Write a folder that `transformers.pipeline("text-classification", out)` opens unaided.

    `tokenizer` is the backbone it came with. `max_tokens` becomes the tokenizer's `model_max_length`, so that
    `truncation=True` cuts where Tamis does.
    """
    source = find_backbone(tokenizer) if str(tokenizer) == MINILM or not Path(tokenizer).is_dir() else Path(tokenizer)
    out.mkdir(parents=True, exist_ok=True)
    with quietly():
        model.save_pretrained(out, max_shard_size="1000GB")
    (out / WEIGHTS).chmod((out / "config.json").stat().st_mode)  # safetensors writes for the owner's eyes only
    write_tokenizer(source, out, max_tokens)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Keep transformers' bars and remarks off the terminal while a model is opened or written."""
    from transformers.utils import logging as theirs

    logging: Any = theirs  # its functions have no types
    bar, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


def write_tokenizer(source: Path, out: Path, max_tokens: int) -> None:
    """The tokenizer's own file as it is, without the cutting and filling that some carry, and what it is called."""
    try:
        tokenizer = json.loads((source / "tokenizer.json").read_bytes())
    except FileNotFoundError:
        raise DataError(
            f"no tokenizer.json in {source}",
            hint="save it there with transformers: AutoTokenizer.from_pretrained(…).save_pretrained(…)",
        ) from None
    except ValueError as error:
        raise DataError(f"{source / 'tokenizer.json'} is no JSON: {error}") from None
    tokenizer["truncation"], tokenizer["padding"] = None, None
    (out / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    settings = {
        # the generic class takes tokenizer.json as it is; the others build it anew from what they think a BERT has
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_tokens,
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        **_special_tokens(source),
    }
    (out / "tokenizer_config.json").write_text(json.dumps(settings, ensure_ascii=False, indent=2) + "\n", "utf-8")


def _special_tokens(source: Path) -> dict[str, str]:
    found = {}
    for file in ("special_tokens_map.json", "tokenizer_config.json"):
        for name, token in _json(source / file).items():
            text = token.get("content") if isinstance(token, dict) else token
            if name.endswith("_token") and isinstance(text, str):
                found[name] = text
    return found


def _forget(layer: torch.nn.Linear, *, spread: float) -> None:
    """Draw a layer anew: what it learned was for other labels."""
    from torch import nn

    nn.init.normal_(layer.weight, std=spread)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _check_weights(backbone: str | Path, model: PreTrainedModel, loaded: dict[str, Any]) -> None:
    """Refuse a folder whose weights are another model's: transformers would go on with random ones."""
    prefix = f"{model.base_model_prefix}."
    wrong = [str(entry[0] if isinstance(entry, tuple) else entry) for entry in loaded["mismatched_keys"]]
    lost = [
        key for key in (*loaded["missing_keys"], *wrong) if key.startswith(prefix) and f"{prefix}pooler." not in key
    ]
    if lost:
        raise DataError(
            f"the weights of the backbone {str(backbone)!r} do not fit its config.json: "
            f"{len(lost)} parts are missing or of another size, {lost[0]} among them"
        )


def _labels_of(folder: Path) -> list[str]:
    names = _json(folder / "config.json").get("id2label")
    return [str(names[key]) for key in sorted(names, key=int)] if isinstance(names, dict) else []


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
