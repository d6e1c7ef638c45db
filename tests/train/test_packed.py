"""The packed way gives what transformers' own forward gives, and the same gradients."""

from __future__ import annotations

import pytest
import torch

from tamis.models import build_encoder
from tamis.train.packed import packed_forward


def batch(sizes, *, pad):
    torch.manual_seed(0)
    ids = torch.full((len(sizes), max(sizes)), pad)
    mask = torch.zeros_like(ids)
    for row, size in enumerate(sizes):
        ids[row, :size] = torch.randint(4, 100, (size,))
        mask[row, :size] = 1
    return ids, mask


def gradients(model, forward, ids, mask):
    model.zero_grad()
    logits = forward(ids, mask)
    logits.square().sum().backward()
    return logits.detach(), {name: weight.grad.clone() for name, weight in model.named_parameters()}


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize("sizes", [(9, 5, 3), (7, 7), (1,)])
def test_forward_and_gradient_are_those_of_transformers(tiny, tmp_path, kind, sizes):
    model = build_encoder(tiny.write_backbone(tmp_path, kind), tiny.good_or_bad()).train()
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    ids, mask = batch(sizes, pad=int(kind == "roberta"))
    plain = gradients(model, lambda ids, mask: model(input_ids=ids, attention_mask=mask).logits, ids, mask)
    packed = gradients(model, packed_forward(model), ids, mask)
    torch.testing.assert_close(packed[0], plain[0], atol=1e-5, rtol=1e-5)
    assert packed[1].keys() == plain[1].keys()
    for name, gradient in plain[1].items():
        torch.testing.assert_close(packed[1][name], gradient, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["distilbert", "modernbert"])
def test_other_builds_have_no_packed_way(tiny, tmp_path, kind):
    assert packed_forward(build_encoder(tiny.write_backbone(tmp_path, kind), tiny.good_or_bad())) is None
