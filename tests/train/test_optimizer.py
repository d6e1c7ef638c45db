"""Each weight has its part of the model, whatever the type, and each part its rate."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tamis.models import build_encoder
from tamis.train.optimizer import make_optimizer, named_parts, rate_at, set_rate


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "modernbert"])
def test_weights_are_told_by_layer_for_every_type(tiny, tmp_path, kind):
    model = build_encoder(tiny.write_backbone(tmp_path, kind), tiny.good_or_bad())
    parts = named_parts(model)
    assert set(parts.values()) == {"embeddings", "layer 0", "layer 1", "head"}
    assert parts.keys() == dict(model.named_parameters()).keys()
    for name, part in parts.items():
        if "embeddings" in name:
            assert part == "embeddings"
        if any(f"{word}.1." in name for word in ("layer", "layers")):
            assert part == "layer 1"
        if "classifier" in name or "pooler" in name:
            assert part == "head"


def test_each_layer_down_learns_slower_and_only_matrices_shrink(tiny, tmp_path):
    model = build_encoder(tiny.write_backbone(tmp_path), tiny.good_or_bad())
    optimizer = make_optimizer(model, named_parts(model), layer_decay=0.5, weight_decay=0.1, betas=(0.9, 0.999))
    set_rate(optimizer, 0.8)
    rates = {
        id(weight): (group["lr"], group["weight_decay"])
        for group in optimizer.param_groups
        for weight in group["params"]
    }
    found = {name: rates[id(weight)] for name, weight in model.named_parameters()}
    assert found["classifier.weight"] == (0.8, 0.1)
    assert found["classifier.bias"] == (0.8, 0.0)
    assert found["bert.encoder.layer.1.output.dense.weight"] == (0.8, 0.1)
    assert found["bert.encoder.layer.0.output.dense.weight"] == (0.4, 0.1)
    assert found["bert.encoder.layer.0.output.LayerNorm.weight"] == (0.4, 0.0)
    assert found["bert.embeddings.word_embeddings.weight"] == (0.2, 0.0)


def test_the_rate_rises_to_the_highest_and_falls_to_nothing():
    rates = [rate_at(step, steps=20, highest=1.0, warm_up=0.2) for step in range(1, 21)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4] == 1.0
    assert all(after < before for before, after in pairwise(rates[4:]))
    assert 0 < rates[-1] <= 1 / 16
    assert rate_at(1, steps=4, highest=1.0, warm_up=0.0) == 1.0
