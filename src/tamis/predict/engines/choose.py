"""Which engine runs a bundle: the one asked for, the one the bundle recorded, or the first that can."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from tamis.core import DataError, MissingExtra, UsageError, did_you_mean
from tamis.models import Bundle
from tamis.predict.engine import Engine

ONNX_FILE = "model.onnx"
TORCH_FILE = "model.safetensors"

ENGINES = {"onnxruntime": "onnxruntime", "openvino": "openvino", "torch": "transformers"}
"""Each engine and the package it needs, in the order in which `auto` tries them after the one the bundle recorded."""

_EXTRAS = {"onnxruntime": "predict", "openvino": "export", "torch": "train"}
_log = logging.getLogger(__name__)


def load_engine(bundle: Bundle, name: str = "auto", *, threads: int = 0, device: str = "auto") -> Engine:
    """Return the engine that runs a bundle's encoder; `auto` is the one the bundle recorded, if it can run here.

    `threads` 0 is as many as there are cores. Only torch knows a `device` other than the processor.
    """
    if name != "auto" and name not in ENGINES:
        raise UsageError(f"no engine {name!r}. Engines: auto, {', '.join(ENGINES)}.{did_you_mean(name, ENGINES)}")
    if device not in ("auto", "cpu") and name not in ("auto", "torch"):
        raise UsageError(f"the engine {name} runs on the processor, not on {device}", hint="--engine torch does")
    if name == "auto" and device not in ("auto", "cpu"):
        name = "torch"
    if name != "auto":
        return _load(bundle, name, threads=threads, device=device)
    recorded = bundle.manifest.engine.name
    tried: list[str] = []
    for each in dict.fromkeys([recorded, *ENGINES]):
        if each not in ENGINES:
            continue
        missing = _missing(bundle, each)
        if not missing:
            if tried:
                _log.warning("%s; %s runs the model instead", "; ".join(tried), each)
            return _load(bundle, each, threads=threads, device=device)
        if each == recorded:
            tried.append(f"{bundle.name} was to be run by {each}, but {missing}")
    raise _nothing_runs(bundle)


def _load(bundle: Bundle, name: str, *, threads: int, device: str) -> Engine:
    if find_spec(ENGINES[name]) is None or (name == "torch" and find_spec("torch") is None):
        raise MissingExtra(f"the engine {name}", extra=_EXTRAS[name])
    file = _file(bundle, name)
    if not (bundle.path / file).is_file():
        raise UsageError(
            f"{bundle.name} has no {file}, which {name} reads",
            hint=f"make it with `tamis export {bundle.manifest.lineage.run} --to onnx`"
            if name != "torch"
            else "this bundle holds no weights for torch; leave --engine out",
        )
    build: Callable[..., Engine] = import_module(f"tamis.predict.engines.{_MODULES[name]}").open_engine
    recorded = bundle.manifest.engine
    precision = recorded.precision if recorded.name == name else "fp32"
    return build(bundle.path, file, precision=precision, threads=threads, device=device)


_MODULES = {"onnxruntime": "onnx", "openvino": "openvino", "torch": "torch"}


def _file(bundle: Bundle, name: str) -> str:
    recorded = bundle.manifest.engine
    if recorded.name == name:
        return recorded.file
    return TORCH_FILE if name == "torch" else ONNX_FILE


def _missing(bundle: Bundle, name: str) -> str:
    """Say what keeps an engine from running a bundle here; nothing when it can."""
    if find_spec(ENGINES[name]) is None or (name == "torch" and find_spec("torch") is None):
        return f"{name} is not installed"
    file = _file(bundle, name)
    return "" if (bundle.path / file).is_file() else f"there is no {file}"


def _nothing_runs(bundle: Bundle) -> Exception:
    if (bundle.path / ONNX_FILE).is_file():
        return MissingExtra(f"running {bundle.name}", extra="predict")
    if (bundle.path / TORCH_FILE).is_file():
        return MissingExtra(f"running {bundle.name}, which was not exported to ONNX,", extra="train")
    return DataError(f"{bundle.name} holds neither {ONNX_FILE} nor {TORCH_FILE}: there is nothing to run")
