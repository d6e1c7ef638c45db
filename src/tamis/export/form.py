"""Form: one way to run a model: an engine, its arithmetic, and the file it reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tamis.core.doctor import processor_features
from tamis.decide import Decider
from tamis.models import Bundle, EngineChoice
from tamis.predict import ENGINES

Precision = Literal["fp32", "int8", "bf16"]

WEIGHTS, ONNX, INT8 = "model.safetensors", "model.onnx", "model.int8.onnx"


@dataclass(frozen=True)
class Form:
    """One way to run a model."""

    engine: str
    precision: Precision
    file: str

    @property
    def name(self) -> str:
        """How tables call it."""
        return f"{self.engine} {self.precision}"

    def of(self, bundle: Bundle, decider: Decider | None = None) -> Bundle:
        """Return the bundle as it is when this form runs it, nothing written."""
        choice = EngineChoice(name=self.engine, precision=self.precision, file=self.file, decider=decider)
        return replace(bundle, manifest=bundle.manifest.model_copy(update={"engine": choice}))

    def size(self, folder: Path) -> int:
        """Return the bytes of the file it reads."""
        return (folder / self.file).stat().st_size


YARDSTICK = Form("torch", "fp32", WEIGHTS)
"""What all others are compared with: the weights as they were trained."""

FORMS = (
    Form("onnxruntime", "fp32", ONNX),
    Form("openvino", "fp32", ONNX),
    Form("onnxruntime", "int8", INT8),
    Form("openvino", "bf16", ONNX),
    YARDSTICK,
    Form("torch", "bf16", WEIGHTS),
)
"""All that is measured, the plainest first. OpenVINO reads int8 files of this kind too, at half the speed."""

_BF16 = {"AMX bf16", "AVX512-bf16", "ARM bf16"}


def absent(form: Form) -> str:
    """Say what keeps a form from running on this machine; nothing when it can."""
    if any(find_spec(package) is None for package in {ENGINES[form.engine], form.engine}):
        return f"{form.engine} is not installed"
    if form.precision == "bf16" and not has_bf16():
        return "this processor has no bf16 arithmetic"
    return ""


def has_bf16() -> bool:
    """Whether this processor computes in bf16; emulated, it is slower than fp32."""
    return not _BF16.isdisjoint(processor_features())
