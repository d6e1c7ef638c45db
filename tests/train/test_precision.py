"""Which device and numbers are taken, and what is said when there are none."""

from __future__ import annotations

import pytest
import torch

from tamis.core import UsageError
from tamis.train.precision import choose_arithmetic


def test_a_processor_without_instructions_for_it_computes_in_fp32():
    has = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    assert choose_arithmetic("cpu").precision == ("bf16" if has else "fp32")


def test_what_is_asked_for_is_taken(tiny, tmp_path):
    assert choose_arithmetic("cpu", "bf16").precision == "bf16"
    fitted = tiny.fit(tmp_path, {"precision": "bf16", "epochs": 1})
    assert fitted.notes["precision"] == "bf16"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_told(tiny, tmp_path):
    with pytest.raises(UsageError, match="train.device is cuda, and there is none on this machine; torch sees: cpu"):
        tiny.fit(tmp_path, {"device": "cuda"})


def test_fp16_is_for_gpus():
    with pytest.raises(UsageError, match="precision fp16 needs a GPU, and this runs on cpu"):
        choose_arithmetic("cpu", "fp16")
