"""Precision: on which device, and in which numbers, a model is computed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Literal

from tamis.core import UsageError


@dataclass(frozen=True)
class Arithmetic:
    """A device and its numbers. Weights and the optimizer are always fp32; the passes may be in something shorter."""

    device: str
    precision: Literal["fp32", "bf16", "fp16"]

    @property
    def kind(self) -> str:
        """The kind of device, without its number."""
        return self.device.partition(":")[0]

    def shortened(self) -> contextlib.AbstractContextManager[Any]:
        """Return the context in which the model is run."""
        import torch

        if self.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.kind, torch.bfloat16 if self.precision == "bf16" else torch.float16)

    def scaler(self) -> Any:
        """Return what keeps small fp16 gradients from vanishing; with other numbers it does nothing."""
        import torch

        return torch.amp.GradScaler(self.kind, enabled=self.precision == "fp16")


def choose_arithmetic(device: str = "auto", precision: str = "auto") -> Arithmetic:
    """Return where and how to compute: as asked, or the quickest that this machine has instructions for."""
    chosen = _device(device)
    kind = chosen.partition(":")[0]
    if precision == "fp16" and kind != "cuda":
        raise UsageError(f"precision fp16 needs a GPU, and this runs on {chosen}", hint="leave it at auto")
    if precision in ("fp32", "bf16", "fp16"):
        return Arithmetic(chosen, precision)  # type: ignore[arg-type]
    return Arithmetic(chosen, _quickest(kind))


def _device(asked: str) -> str:
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if asked == "auto":
        return next(device for device, is_there in there.items() if is_there)
    if not there.get(asked.partition(":")[0], False):
        seen = ", ".join(device for device, is_there in there.items() if is_there)
        raise UsageError(
            f"train.device is {asked}, and there is none on this machine; torch sees: {seen}",
            hint="leave it at auto, or install a torch that is built for the GPU",
        )
    return asked


def _quickest(kind: str) -> Literal["fp32", "bf16", "fp16"]:
    import torch

    if kind == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    if kind == "cpu":  # without instructions of its own bf16 is emulated, and slower than fp32
        has = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
        return "bf16" if has else "fp32"
    return "fp32"
