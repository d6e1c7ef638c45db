"""The ONNX file says what the model says, whatever the type of encoder, the batch and the length."""

import warnings

import numpy as np
import pytest

from tamis.core import DataError
from tamis.export.form import FORMS, INT8, ONNX, YARDSTICK, Form
from tamis.export.onnx_file import write_onnx
from tamis.export.quantise import write_int8
from tamis.predict import load_engine

SHAPES = [(1, 3), (3, 20), (5, 48), (2, 2), (4, 33)]


def batch(rows: int, length: int, *, pad: int, seed: int = 0):
    random = np.random.default_rng(seed)
    ids = random.integers(4, 60, (rows, length))
    mask = np.ones_like(ids)
    for row in range(1, rows):  # all but the first are shorter
        mask[row, max(1, length - 3 * row) :] = 0
    ids[mask == 0] = pad
    return ids, mask


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "deberta", "deberta-v2", "modernbert", "electra"])
def test_every_type_of_encoder_says_the_same_at_every_shape(make_bundle, kind):
    bundle = make_bundle(kind)
    write_onnx(bundle.path, bundle.path / ONNX)
    torch = load_engine(YARDSTICK.of(bundle), "torch", device="cpu", threads=1)
    for form in FORMS[:2]:
        engine = load_engine(form.of(bundle), form.engine, threads=1)
        for shape in SHAPES:
            given = batch(*shape, pad=int(kind == "roberta"))
            expected, means = torch.run(*given)
            logits, pooled = engine.run(*given)
            assert np.abs(logits - expected).max() < 1e-3, (form.name, shape)
            assert np.abs(pooled - means).max() < 1e-3, (form.name, shape)
    assert np.ptp(expected) > 0.1, "a model that says the same of everything would pass"


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
def test_without_embeddings_the_logits_are_the_same(make_bundle, kind):
    bundle = make_bundle(kind)
    write_onnx(bundle.path, bundle.path / ONNX, embeddings=False)
    torch = load_engine(YARDSTICK.of(bundle), "torch", device="cpu", threads=1)
    for form in FORMS[:2]:
        engine = load_engine(form.of(bundle), form.engine, threads=1)
        for shape in SHAPES:
            given = batch(*shape, pad=int(kind == "roberta"))
            logits, pooled = engine.run(*given)
            assert pooled is None
            assert np.abs(logits - torch.run(*given)[0]).max() < 1e-3, (form.name, shape)


def test_the_file_holds_each_weight_once_and_the_model_stays_out_of_training(make_bundle):
    bundle = make_bundle()
    write_onnx(bundle.path, bundle.path / ONNX)
    weights = (bundle.path / "model.safetensors").stat().st_size
    assert (bundle.path / ONNX).stat().st_size < weights + 60_000
    write_onnx(bundle.path, bundle.path / "again.onnx")
    engines = [
        load_engine(Form("onnxruntime", "fp32", file).of(bundle), "onnxruntime") for file in (ONNX, "again.onnx")
    ]
    one, other = (engine.run(*batch(3, 9, pad=0))[0] for engine in engines)
    assert np.array_equal(one, other), "dropout was on"


def test_int8_is_small_near_and_says_nothing_on_the_way(make_bundle, caplog, capfd):
    bundle = make_bundle()
    write_onnx(bundle.path, bundle.path / ONNX)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_int8(bundle.path / ONNX, bundle.path / INT8)
    assert not caplog.records
    assert capfd.readouterr().err == ""
    plain = load_engine(FORMS[0].of(bundle), "onnxruntime")
    short = load_engine(FORMS[2].of(bundle), "onnxruntime")
    assert short.precision == "int8"
    given = batch(5, 30, pad=0)
    expected, logits = plain.run(*given)[0], short.run(*given)[0]
    assert 0 < np.abs(logits - expected).max() < 0.2 * np.ptp(expected)


def test_an_encoder_that_cannot_be_written_is_told(make_bundle, tmp_path):
    bundle = make_bundle()
    with pytest.raises(DataError, match="an encoder of the type bert cannot be written as ONNX: .*No such file"):
        write_onnx(bundle.path, tmp_path / "nowhere" / "model.onnx")
