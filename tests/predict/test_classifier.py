"""Classifier: the same answer from every engine and in every batch, in the order of the texts."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from tamis.core import DataError, MissingExtra, UsageError
from tamis.features import LongText
from tamis.models import EngineChoice
from tamis.predict import Classifier, load_engine
from tamis.tasks import softmax

ENGINES = ("torch", "onnxruntime", "openvino")


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_says_what_transformers_says(make_bundle, engine):
    bundle = make_bundle()
    texts = ["a good film", "slow, loud and thin", "never"]
    model = AutoModelForSequenceClassification.from_pretrained(bundle.path).eval()
    expected, means = [], []
    for text in texts:
        ids = torch.tensor([bundle.tokenizer.engine.encode(text).ids])
        with torch.inference_mode():
            out = model(input_ids=ids, output_hidden_states=True)
        expected.append(out.logits[0].numpy())
        means.append(out.hidden_states[-1][0].mean(0).numpy())
    raw = Classifier.open(bundle, engine=engine).raw(texts)
    np.testing.assert_allclose(raw.logits, expected, atol=2e-5)
    np.testing.assert_allclose(raw.pooled, means, atol=2e-5)
    assert raw.tokens.tolist() == [5, 7, 3]
    assert not raw.cut.any()
    assert not raw.empty.any()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_texts_beside_it_do_not_change_what_is_said_of_a_text(make_bundle, random_texts, engine):
    bundle = make_bundle()
    texts = random_texts(60)
    whole = Classifier.open(bundle, engine=engine).raw(texts)
    small = Classifier.open(bundle, engine=engine, batch_tokens=64, threads=1)
    backwards = small.raw(texts[::-1])
    alone = np.concatenate([small.raw([text]).logits for text in texts])
    if engine == "onnxruntime":  # to the last bit
        assert (alone == whole.logits).all()
        assert (backwards.logits[::-1] == whole.logits).all()
    np.testing.assert_allclose(alone, whole.logits, atol=5e-5)
    np.testing.assert_allclose(backwards.logits[::-1], whole.logits, atol=5e-5)
    np.testing.assert_allclose(backwards.pooled[::-1], whole.pooled, atol=5e-5)
    assert whole.empty.any()
    assert (whole.logits[whole.empty] == 0).all()


def test_a_linear_model_answers(make_linear, random_texts):
    classifier = Classifier.open(make_linear())
    assert classifier.engine == "linear"
    texts = random_texts(300)
    whole = classifier.raw(texts)
    assert (np.concatenate([classifier.raw([text]).logits for text in texts]) == whole.logits).all()
    assert whole.tokens.tolist() == [len(text.split()) for text in texts]
    assert whole.pooled is None
    assert not whole.cut.any()
    for options in ({"engine": "torch"}, {"device": "cuda"}):
        with pytest.raises(UsageError, match="is a linear model, which runs by itself: no (engine torch|device cuda)"):
            Classifier.open(classifier.bundle, **options)


def test_order_ids_and_names_are_kept_over_many_windows(make_bundle, random_texts):
    classifier = Classifier.open(make_bundle(labels=["z", "a", "m"]), engine="onnxruntime")
    texts = random_texts(9000, most=6)  # three windows
    ids = [f"row {number}" for number in range(9000)]
    predictions = classifier.predict(texts, ids)
    assert [each.id for each in predictions] == ids
    assert all(list(each.scores) == ["z", "a", "m"] for each in predictions)
    assert [each.reason == "empty" for each in predictions] == [not text for text in texts]
    streamed = [
        each
        for some in classifier.stream((ids[at : at + 700], texts[at : at + 700]) for at in range(0, 9000, 700))
        for each in some
    ]
    assert streamed == predictions
    assert classifier.predict(texts[:2])[1].id == "2"


def test_empty_texts_never_reach_the_model(make_bundle):
    bundle = make_bundle()

    class NeverRuns:
        name = precision = "never"
        batch_tokens = 64
        side_by_side = 1

        def run(self, ids, mask, *, alone=True):
            raise AssertionError(ids)

    classifier = Classifier.of_engine(bundle, NeverRuns())
    predictions = classifier.predict(["", None, " \n\t "])
    assert [(each.label, each.reason) for each in predictions] == [(None, "empty")] * 3
    assert classifier.predict([]) == []
    raw = classifier.raw([])
    assert raw.logits.shape == (0, 3)


def test_windows_of_a_long_text_are_averaged(make_bundle):
    text = " ".join(["good"] * 30 + ["bad"] * 30)
    bundle = make_bundle(long_text=LongText(max_tokens=20, policy="windows", overlap=0))
    classifier = Classifier.open(bundle, engine="onnxruntime")
    words = text.split()
    pieces = [words[start : start + 18] for start in (0, 18, 36, 42)]
    by_hand = classifier.raw([" ".join(piece) for piece in pieces])
    raw = classifier.raw(["thin", text, "bright"])
    np.testing.assert_allclose(raw.logits[1], by_hand.logits.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(raw.pooled[1], by_hand.pooled.mean(axis=0), atol=1e-5)
    assert raw.tokens.tolist() == [3, 62, 3]
    assert not raw.cut.any()  # all of it was read
    head = Classifier.open(make_bundle(long_text=LongText(max_tokens=20)), engine="onnxruntime").raw([text, "thin"])
    assert head.cut.tolist() == [True, False]


def test_probabilities_are_calibrated(make_bundle):
    from tamis.decide import Calibration, Decider

    bundle = make_bundle(decider=Decider(calibration=Calibration(method="temperature", scale=(0.5,))))
    classifier = Classifier.open(bundle, engine="onnxruntime")
    texts = ["a good film", "bad"]
    expected = softmax(classifier.raw(texts).logits * 0.5)
    np.testing.assert_allclose(classifier.probabilities(texts), expected, atol=1e-6)


@pytest.mark.parametrize("method", ["energy", "neighbours"])
def test_unknown_text_is_a_reason_of_its_own(make_bundle, method):
    from tamis.decide import Decider, Unknown

    texts = ["a good film", "", "9 8 7 6 5 4 3 2 1", "bad"]
    plain = Classifier.open(make_bundle(), engine="onnxruntime")
    raw = plain.raw(texts)
    arrays = {"references": raw.pooled[[0, 3]]} if method == "neighbours" else {}
    unknown = Unknown(method=method, threshold=0.0, neighbours=1, arrays=arrays)
    strangeness = unknown.strangeness(plain.bundle.task, raw.logits, raw.pooled)
    known = sorted(strangeness[[0, 2, 3]])
    decider = Decider(unknown=unknown.model_copy(update={"threshold": float((known[1] + known[2]) / 2)}))
    classifier = Classifier.open(make_bundle(decider=decider), engine="onnxruntime")
    reasons = [each.reason for each in classifier.predict(texts)]
    assert reasons[1] == "empty"
    assert reasons.count("unknown_text") == 1
    assert reasons.count("confident") == 2
    if method == "neighbours":
        assert reasons[2] == "unknown_text"
    assert [each.reason for each in classifier.predict(["", " "])] == ["empty", "empty"]


def test_cleaning_is_that_of_the_bundle(make_bundle):
    classifier = Classifier.open(make_bundle(cleaning=("html", "whitespace")), engine="onnxruntime")
    clean, raw = classifier.raw(["good film", "<b>good</b>   film"]).logits
    assert (clean == raw).all()


def test_auto_takes_what_the_bundle_recorded_and_else_what_can_run(make_bundle, caplog):
    onnx = EngineChoice(name="onnxruntime", file="model.onnx")
    assert Classifier.open(make_bundle(engine=onnx)).engine == "onnxruntime"
    assert Classifier.open(make_bundle()).engine == "torch"
    assert not caplog.records
    gone = EngineChoice(name="openvino", file="model.other.onnx")
    assert Classifier.open(make_bundle(engine=gone)).engine == "onnxruntime"
    assert "was to be run by openvino, but there is no model.other.onnx; onnxruntime runs" in caplog.text


def test_engines_that_cannot_run_are_told(make_bundle):
    bundle = make_bundle(onnx=False)
    with pytest.raises(UsageError, match="no engine 'onnxrun'. Engines: auto, onnxruntime.*Did you mean 'onnxruntime'"):
        load_engine(bundle, "onnxrun")
    with pytest.raises(UsageError, match=r"has no model.onnx, which onnxruntime reads\n.*tamis export tiny-encoder-1"):
        load_engine(bundle, "onnxruntime")
    with pytest.raises(UsageError, match="onnxruntime runs on the processor, not on cuda"):
        load_engine(bundle, "onnxruntime", device="cuda")
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match=r"no cuda on this machine; torch sees: cpu\n.*--device cpu"):
            load_engine(bundle, "auto", device="cuda")
    (bundle.path / "model.onnx").write_bytes(b"no onnx")
    for engine in ("onnxruntime", "openvino"):
        with pytest.raises(DataError, match="cannot read model.onnx"):
            load_engine(bundle, engine)


def test_wrong_use_is_told(make_bundle):
    classifier = Classifier.open(make_bundle(), engine="onnxruntime")
    with pytest.raises(UsageError, match="texts are a list, not one text"):
        classifier.predict("good")
    with pytest.raises(UsageError, match="1 ids for 2 texts"):
        classifier.predict(["good", "bad"], ["1"])


WITHOUT_TORCH = """
import sys
blocked = {"torch", "transformers", "sklearn", "scipy", "pandas", "sentence_transformers"} | set(sys.argv[2:])

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Block())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in blocked else found(name, *rest)
from tamis.predict import Classifier
from tamis.core import MissingExtra
try:
    print([each.label for each in Classifier.open(sys.argv[1]).predict(["good", "bad", ""])])
except MissingExtra as error:
    print(error.message)
print(sorted(blocked & set(sys.modules)))
"""


def run_without_torch(bundle, *more: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(bundle.path), *more], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_an_exported_model_runs_without_torch(make_bundle):
    bundle = make_bundle()
    said, loaded = run_without_torch(bundle)
    expected = [each.label for each in Classifier.open(bundle, engine="onnxruntime").predict(["good", "bad", ""])]
    assert (said, loaded) == (str(expected), "[]")


def test_a_linear_model_runs_without_torch_and_onnxruntime(make_linear):
    said, loaded = run_without_torch(make_linear(), "onnxruntime", "openvino", "tokenizers")
    assert loaded == "[]"
    assert said.endswith("None]")


def test_missing_libraries_are_named_with_their_extra(make_bundle):
    assert "needs the extra 'train'" in run_without_torch(make_bundle(onnx=False))[0]
    assert "needs the extra 'predict'" in run_without_torch(make_bundle(), "onnxruntime", "openvino")[0]
    assert issubclass(MissingExtra, Exception)
