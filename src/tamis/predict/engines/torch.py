"""The torch engine: the bundle's own weights, on the processor or a GPU."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification

from tamis.core import UsageError
from tamis.models import pooled, quietly
from tamis.predict.engine import Floats32, Ids


class TorchEngine:
    """Runs the model of a folder as transformers reads it."""

    name = "torch"
    side_by_side = 1

    def __init__(self, model: Any, *, device: str, precision: str) -> None:
        self.precision = precision
        self.device = device
        self.batch_tokens = 1024 if device == "cpu" else 32_768
        self._model = model.to(device).eval()
        self._last: list[torch.Tensor] = []
        # the head reads one token or a mean of its own, but strangeness is judged by the mean of all: take it under way
        model.base_model.register_forward_hook(lambda module, given, out: self._last.append(out[0]))

    def run(self, ids: Ids, mask: Ids, *, alone: bool = True) -> tuple[Floats32, Floats32 | None]:
        """Return logits, and the mean of the last layer over the tokens that are no padding."""
        shown = torch.from_numpy(mask).to(self.device, non_blocking=True)
        low = torch.autocast(self.device, torch.bfloat16) if self.precision == "bf16" else contextlib.nullcontext()
        with torch.inference_mode(), low:
            logits = self._model(input_ids=torch.from_numpy(ids).to(self.device), attention_mask=shown).logits
            means = pooled(self._last.pop().float(), shown)
        return np.asarray(logits.float().cpu()), np.asarray(means.cpu())


def open_engine(folder: Path, file: str, *, precision: str, threads: int, device: str) -> TorchEngine:
    """Return the engine of a model folder."""
    chosen = _device(device)
    if threads:
        torch.set_num_threads(threads)
    with quietly():
        model = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    return TorchEngine(model, device=chosen, precision=precision if precision == "bf16" and _bf16(chosen) else "fp32")


def _device(asked: str) -> str:
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if asked == "auto":
        return next(device for device, is_there in there.items() if is_there)
    if not there.get(asked.partition(":")[0], False):
        seen = ", ".join(device for device, is_there in there.items() if is_there)
        raise UsageError(f"no {asked} on this machine; torch sees: {seen}", hint="use --device cpu, or leave it out")
    return asked


def _bf16(device: str) -> bool:
    """Whether the device computes in bf16 itself; emulated, it is slower than fp32."""
    if device != "cpu":
        return True
    said: bool = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return said
