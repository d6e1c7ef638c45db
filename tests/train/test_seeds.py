"""Several seeds: weights are averaged where they can be, the best is kept, rows are held back and weighted fairly."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tamis.core import LabelSet
from tamis.tasks import MultiLabel, SingleLabel, Strata
from tamis.train import TrainingRows, TrainSettings, train_model
from tamis.train.class_weights import label_weights
from tamis.train.hold_back import hold_back
from tamis.train.seeds import average_weights


def models(tmp_path, *tensors):
    folders = []
    for number, each in enumerate(tensors):
        folder = tmp_path / str(number)
        folder.mkdir()
        save_file(
            {name: np.array(values, dtype) for name, (values, dtype) in each.items()}, folder / "model.safetensors"
        )
        folders.append(folder)
    return folders


def test_weights_are_averaged_in_double_precision_and_counts_are_left_alone(tmp_path):
    folders = models(
        tmp_path,
        {"w": ([1.0, 2.0], "float32"), "positions": ([0, 1], "int64")},
        {"w": ([3.0, 5.0], "float32"), "positions": ([0, 1], "int64")},
    )
    assert average_weights(folders, folders[0]) == ""
    mean = load_file(folders[0] / "model.safetensors")
    assert mean["w"].tolist() == [2.0, 3.5]
    assert mean["w"].dtype == np.float32
    assert mean["positions"].tolist() == [0, 1]


def test_models_of_different_shapes_are_not_averaged(tmp_path):
    folders = models(tmp_path, {"w": ([1.0, 2.0], "float32")}, {"w": ([3.0], "float32")})
    assert average_weights(folders, folders[0]) == "they differ in shape"
    assert load_file(folders[0] / "model.safetensors")["w"].tolist() == [1.0, 2.0]


def test_a_linear_model_is_the_same_for_every_seed_and_the_first_is_kept(workspace, make_dataset):
    text = [f"a {word} film {n}" for n in range(8) for word in ("fine", "dull")]
    dataset = make_dataset(text=text, label=["good", "bad"] * 8, split=["train"] * 12 + ["validation"] * 4)
    run = train_model(workspace, dataset, TrainSettings(family="linear", seeds=2, trackers=(), average_seeds=True))
    assert [seed.seed for seed in run.seeds] == [0, 1]
    assert run.spread["macro_f1"] == (1.0, 0.0)
    assert "the average of 2 seeds' weights is no better than the best of them" in run.warnings
    assert {path.name for path in run.path.iterdir()} >= {"bundle", "run.json"}
    assert not (run.path / "seeds").exists()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5])
def test_rows_are_held_back_from_each_class_and_none_loses_its_last(share):
    codes = np.array([0] * 40 + [1] * 20 + [2] * 1 + [-1] * 3)
    held = hold_back(Strata.one_each(codes), share=share, seed=1)
    assert held[codes == 0].sum() == 40 * share
    assert abs(held[codes == 1].sum() - 20 * share) <= 1
    assert not held[codes == 2].any()
    assert not held[codes == -1].any()
    np.testing.assert_array_equal(held, hold_back(Strata.one_each(codes), share=share, seed=1))


def rows(task, labels):
    return TrainingRows.of(["a text"] * len(labels), labels, task)


def test_balanced_weights_give_each_label_the_same_say():
    task = SingleLabel(LabelSet(["a", "b", "c"]))
    weights = label_weights(task, rows(task, ["a"] * 6 + ["b"] * 2), "balanced")
    assert weights.tolist() == pytest.approx([8 / 12, 2.0, 1.0])
    assert weights @ [6, 2, 0] == pytest.approx(8), "the mean weight of a row is 1"
    assert label_weights(task, rows(task, ["a", "b"]), "none") is None
    assert label_weights(task, rows(task, ["a", "b"]), {"b": 3.0}).tolist() == [1.0, 3.0, 1.0]
    several = MultiLabel(LabelSet(["a", "b"]))
    assert label_weights(several, rows(several, [["a", "b"], ["a"], ["a"]]), "balanced").tolist() == pytest.approx(
        [4 / 6, 2.0]
    )
