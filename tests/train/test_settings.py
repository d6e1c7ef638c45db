"""Every setting takes effect: it makes another model in each family that heeds it, or something else has a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tamis.train import TrainSettings
from tamis.train.families import FAMILIES

BASE = {"learning_rate": 0.005, "clip": 0.1, "layer_decay": 0.9, "epochs": 4, "seed": 2}

LINEAR = {"class_weights": ["balanced", {"good": 3.0}]}
PROBE = {
    **LINEAR,
    "backbone": ["other"],
    "smoothing": [0.2],
    "focal": [2.0],
    "precision": ["bf16"],
    "long_text": [{"max_tokens": 8}, {"max_tokens": 8, "policy": "windows", "overlap": 2}],
}
ENCODER = {
    **PROBE,
    "seed": [1],
    "epochs": [3],
    "learning_rate": [0.02],
    "layer_decay": [0.5],
    "warm_up": [0.5],
    "weight_decay": [0.5],
    "batch_rows": [4],
    "batch_tokens": [40],
    "accumulate": [2],
    "clip": [0],
    "dropout": [0.3],
    "average": ["ema", "checkpoints"],
    "keep": ["highest"],
    "freeze": ["embeddings", 1, "all"],
}
HEEDED = {"linear": LINEAR, "probe": PROBE, "encoder": ENCODER}
"""What makes another model, by family: settings with the values that are tried."""

ELSEWHERE = {
    "family": "test_a_family_makes_a_bundle_whose_scores_are_those_it_serves",
    "parents": "test_several_labels_a_text_keep_their_hierarchy",
    "seeds": "test_seeds_give_a_mean_and_a_spread_and_the_best_is_kept",
    "average_seeds": "test_seeds_give_a_mean_and_a_spread_and_the_best_is_kept",
    "patience": "test_training_ends_when_validation_gets_no_better",
    "device": "test_a_gpu_that_is_not_there_is_told",
    "checkpoint_minutes": "test_going_on_gives_the_very_same_weights",
    "keep_checkpoints": "test_only_the_newest_few_stay_and_nothing_half_written",
    "stop_on": "test_a_real_nan_ends_the_run",
    "trackers": "test_a_tracker_that_nobody_has_is_told_before_the_work",
}
"""What does something else, with the test that would miss it."""


@pytest.fixture(scope="module")
def fit(tiny, tmp_path_factory):
    """Fit a family with some settings, and return the bytes of its weights; the same ones only once."""
    folder = tmp_path_factory.mktemp("settings")
    other = tiny.write_backbone(folder / "other", seed=5)
    known = {}

    def fit(family, change):
        name = f"{family} {change}"
        if name not in known:
            settings = {**BASE, **change}
            if settings.get("backbone") == "other":
                settings["backbone"] = str(other)
            draft = f"draft-{len(known)}"
            more = {"seed": settings["seed"], "checkpoints": folder / "checkpoints" / draft}
            FAMILIES[family].fit(tiny.assignment(folder, settings, draft=draft, **more))
            known[name] = (folder / draft / "model.safetensors").read_bytes()
        return known[name]

    return fit


@pytest.mark.parametrize(
    ("family", "setting", "value"),
    [(family, name, value) for family, heeded in HEEDED.items() for name, values in heeded.items() for value in values],
    ids=str,
)
def test_a_setting_takes_effect(fit, family, setting, value):
    assert fit(family, {setting: value}) != fit(family, {})


@pytest.mark.parametrize("family", ["linear", "probe"])
def test_what_a_family_does_not_heed_leaves_its_model_alone(fit, family):
    """As docs/training.md says."""
    rest = {name: values[0] for name, values in ENCODER.items() if name not in HEEDED[family]}
    assert fit(family, rest) == fit(family, {})


def test_no_setting_is_without_a_test():
    assert set(ENCODER) | set(ELSEWHERE) == set(TrainSettings.model_fields)
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__))
    assert [test for test in ELSEWHERE.values() if f"def {test}(" not in tests] == []
