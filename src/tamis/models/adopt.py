"""Adopt: a text classifier that others trained with transformers becomes a bundle, and none of its code is run."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tamis
from tamis.core import DataError, LabelSet, Schema, UsageError, fingerprint_file
from tamis.features import LongText
from tamis.models.backbones import WEIGHTS
from tamis.models.bundle import Bundle, seal_bundle
from tamis.models.card import write_card
from tamis.models.encoder import most_tokens, quietly, write_tokenizer
from tamis.models.manifest import BundleManifest, EngineChoice, Lineage, TaskSpec
from tamis.tasks import Task, task_for

UNKNOWN = "unknown"
_TASKS = {"single_label_classification": "single_label", "multi_label_classification": "multi_label"}
_PICKLED = ("pytorch_model.bin", "model.bin", "pytorch_model.bin.index.json")
_LONGEST = 512
_NO_LENGTH = 1_000_000  # transformers writes 10^30 where nobody said how much a tokenizer gives


def adopt_transformers(
    model: Path,
    into: Path,
    *,
    tokenizer: Path | None = None,
    name: str,
    origin: str,
    created: datetime | None = None,
) -> Bundle:
    """Return the bundle, in the new folder `into`, of a classifier as `save_pretrained` wrote it.

    `model` holds `config.json` and `model.safetensors`, `tokenizer` (default: the same folder) a `tokenizer.json`.
    Nothing else is taken. `created` is when it was made; with it the same model becomes the same bundle again, and
    without it now is taken. What it learned from is not known, so nothing is calibrated and it never keeps silent.
    """
    config = _config(model)
    task = _task(config, model)
    _check_files(model)
    into.mkdir(parents=True)
    for file in ("config.json", WEIGHTS):
        shutil.copyfile(model / file, into / file)
    source = tokenizer or model
    write_tokenizer(source, into, max_tokens := _tokens(source, _checked(into, task)))
    weights = fingerprint_file(into / WEIGHTS)
    manifest = BundleManifest(
        name=f"{name}.{weights[:4]}",
        family="encoder",
        task=TaskSpec.of(task),
        schema_=Schema(text=("text",), label=("label",)),
        long_text=LongText(max_tokens=max_tokens),
        engine=EngineChoice(name="torch", file=WEIGHTS),
        lineage=Lineage(
            run=origin,
            fingerprint=weights,
            dataset=UNKNOWN,
            dataset_fingerprint=UNKNOWN,
            tamis=tamis.__version__,
            created=created or datetime.now(UTC),
        ),
        notes={"imported": {"from": origin, "kind": str(config.get("model_type", ""))}},
    )
    sealed = seal_bundle(into, manifest)
    write_card(into, sealed.manifest)
    return sealed


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except FileNotFoundError:
        raise DataError(f"no config.json in {folder}: this is no model of transformers") from None
    except ValueError as error:
        raise DataError(f"{folder / 'config.json'} is no JSON: {error}") from None
    if not isinstance(config, dict):
        raise DataError(f"{folder / 'config.json'} is no JSON object")
    if config.get("auto_map"):
        raise UsageError(
            "the model brings code of its own (auto_map in its config.json), and Tamis runs none",
            hint="take a model of a type that transformers itself knows",
        )
    return config


def _task(config: dict[str, Any], folder: Path) -> Task:
    """Return the task of a model by its labels; texts with one label where it does not say that they have several."""
    kinds = [str(each) for each in config.get("architectures") or ()]
    if not any(kind.endswith("ForSequenceClassification") for kind in kinds):
        raise UsageError(
            f"{', '.join(kinds) or 'a model of no kind'} is no classifier of texts",
            hint="a model of the kind …ForSequenceClassification is",
        )
    problem, names = config.get("problem_type"), config.get("id2label")
    if problem not in (None, *_TASKS):
        raise UsageError(f"the model's problem is {problem!r}: it gives no labels", hint=f"known: {', '.join(_TASKS)}")
    try:
        labels = [str(names[key]) for key in sorted(names, key=int)]  # type: ignore[index, arg-type]
    except (TypeError, ValueError):
        raise DataError(f"{folder / 'config.json'} does not name the labels (id2label)") from None
    if len(labels) < 2:
        raise UsageError(f"the model has {len(labels)} label: it gives a number, and two labels are the fewest")
    return task_for(_TASKS[problem or "single_label_classification"], LabelSet(labels))


def _check_files(folder: Path) -> None:
    if (folder / WEIGHTS).is_file():
        return
    if any((folder / name).exists() for name in _PICKLED):
        raise UsageError(
            "the model's weights are a pickle, which Tamis never opens",
            hint=f"its owner can save them as {WEIGHTS}: model.save_pretrained(folder)",
        )
    raise UsageError(
        f"no {WEIGHTS} in {folder}",
        hint='one file is wanted: model.save_pretrained(folder, max_shard_size="1000GB")',
    )


def _checked(folder: Path, task: Task) -> int | None:
    """Return for how many tokens the model has positions; DataError when its weights are not those of its config."""
    from transformers import AutoModelForSequenceClassification

    with quietly():
        try:
            model, loaded = AutoModelForSequenceClassification.from_pretrained(
                folder,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
        except Exception as error:  # transformers raises OSError, ValueError, KeyError and its own
            said = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise DataError(f"transformers cannot open the model: {said}") from None
    lost = sorted(map(str, (*loaded["missing_keys"], *loaded["mismatched_keys"])))
    if lost or model.config.num_labels != len(task.outputs):
        raise DataError(
            f"the model's weights do not fit its config.json: {len(lost)} parts are missing or of another size"
            + (f", {lost[0]} among them" if lost else "")
        )
    return most_tokens(model)


def _tokens(tokenizer: Path, positions: int | None) -> int:
    """Return how many tokens of a text are read at once: what the tokenizer gives and the model has positions for."""
    try:
        said = json.loads((tokenizer / "tokenizer_config.json").read_bytes()).get("model_max_length")
    except (OSError, ValueError, AttributeError):
        said = None
    given = int(said) if isinstance(said, int | float) and 0 < said < _NO_LENGTH else _LONGEST
    return min(given, positions or given)
