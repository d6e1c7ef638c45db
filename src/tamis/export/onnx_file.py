"""The ONNX file: ids and mask in, logits and maybe the pooled embedding out, for any batch and any length."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from tamis.core import DataError, MissingExtra
from tamis.export.first_token import only_first_token
from tamis.models import pooled, quietly

OPSET = 17
"""The first with LayerNormalization as one operator; engines of the last years read it."""

_EXAMPLE = (2, 7)


def write_onnx(folder: Path, target: Path, *, embeddings: bool = True) -> None:
    """Write the encoder of a model folder as one ONNX file, in fp32, with each weight once.

    Without `embeddings` the file gives logits alone, and types whose head reads one token compute less.
    Attention is written out plainly (`eager`): so ONNX Runtime knows it again and fuses it when it loads the file.
    """
    try:
        import onnx  # noqa: F401 - torch asks for it late, with a message of its own
        import torch
        from transformers import AutoModelForSequenceClassification
    except ModuleNotFoundError as error:
        raise MissingExtra("writing ONNX files", extra="export" if error.name == "onnx" else "train") from None
    with quietly():
        model = AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, attn_implementation="eager"
        )
    ids = torch.full(_EXAMPLE, min(5, model.config.vocab_size - 1), dtype=torch.int64)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0  # a mask that the tracer cannot take for a constant of ones
    if not embeddings:
        only_first_token(model)
    outputs = ["logits", "pooled"] if embeddings else ["logits"]
    rows, places = {0: "batch"}, {0: "batch", 1: "tokens"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer, about shapes that are checked below and by the parity
        try:
            torch.onnx.export(
                (_with_pooled(model) if embeddings else _logits_alone(model)).eval(),
                (ids, mask),
                str(target),
                input_names=["input_ids", "attention_mask"],
                output_names=outputs,
                dynamic_axes={"input_ids": places, "attention_mask": places} | dict.fromkeys(outputs, rows),
                opset_version=OPSET,
                dynamo=False,  # what the other exporter writes cannot be quantised
            )
        except Exception as error:  # torch has no narrower one
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise DataError(
                f"an encoder of the type {model.config.model_type} cannot be written as ONNX: {reason}",
                hint="BERT, RoBERTa, DistilBERT, ELECTRA, DeBERTa and ModernBERT can; this model runs with torch",
            ) from None


def _with_pooled(model: Any) -> Any:
    """The model as the file shows it: the mean of the last layer beside the logits, as torch's engine gives it."""
    import torch

    class Both(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.last: list[torch.Tensor] = []
            model.base_model.register_forward_hook(lambda module, given, out: self.last.append(out[0]))

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            logits = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
            return logits, pooled(self.last.pop(), attention_mask)

    return Both()


def _logits_alone(model: Any) -> Any:
    """The model as the file shows it when nobody needs embeddings."""
    import torch

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
            return logits

    return Logits()
