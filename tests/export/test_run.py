"""tamis export: from a bundle to a bundle that runs without torch, or a refusal with its numbers."""

import contextlib
import json
import subprocess
import sys

import numpy as np
import pytest

from tamis.core import UsageError
from tamis.decide import Calibration, Decider, Rule, Unknown
from tamis.export import ExportSettings, export_onnx
from tamis.export.form import FORMS, INT8, ONNX
from tamis.export.refit import refit_decider
from tamis.models import EngineChoice, open_bundle, seal_bundle, write_card
from tamis.predict import Classifier, RawScores

QUICK = ExportSettings(seconds=0.2, rows=400, resamples=200, tolerance=0.05)
TEXTS = ["good film of the story", "a very slow bad film", "", "warm " * 60]

WITHOUT_TORCH = """
import sys
blocked = {"torch", "transformers", "onnx", "sklearn", "scipy", "openvino"}

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Block())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in blocked else found(name, *rest)
from tamis.cli.main import main
main(sys.argv[1:])
"""


def without_torch(*words):
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_run_is_exported_in_place_and_predicts_without_torch(make_bundle, known_rows, runs, workspace, tamis):
    bundle = make_bundle(at=runs)
    write_card(runs, bundle.manifest)
    known_rows(bundle, 120, splits=("train", "validation", "test"))
    before = Classifier.open(bundle, engine="torch").predict(TEXTS)

    killed = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    (runs.parent / f".writing-{killed.stdout.strip()}-half").mkdir()

    outcome = tamis("export", "tiny-encoder-1", "--quick")
    assert outcome.code == 0, outcome.err
    assert "on 80 rows of reviews@1:test+validation" in outcome.out
    assert outcome.out.count("←") == 1
    assert max(map(len, outcome.out.splitlines()[2:8])) <= 80

    opened = open_bundle(runs)
    assert {ONNX, "parity.json"} <= set(opened.manifest.files)
    assert [path.name for path in runs.parent.iterdir()] == ["bundle"], "a draft was left behind"
    assert opened.manifest.name == bundle.manifest.name
    assert opened.manifest.engine.name in ("onnxruntime", "openvino", "torch")
    assert f"Runs with {opened.manifest.engine.name} in fp32" in (runs / "README.md").read_text()

    after = Classifier.open(opened).predict(TEXTS)
    assert [each.label for each in after] == [each.label for each in before]
    for one, other in zip(before, after, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-3)

    said = without_torch("--workspace", str(workspace.root), "predict", "--text", TEXTS[0], "--json")
    prediction = json.loads(said)
    prediction = prediction[0] if isinstance(prediction, list) else prediction
    assert prediction["label"] == before[0].label


@pytest.mark.slow
def test_parity_tells_every_form(make_bundle, known_rows, workspace):
    bundle = make_bundle()
    known_rows(bundle)
    exported = export_onnx(workspace, bundle, quantise=["int8"], settings=QUICK)
    parity = exported.parity
    assert exported.path == bundle.path
    forms = {form.name: form for form in parity.forms}
    assert list(forms) == ["onnxruntime fp32", "openvino fp32", "onnxruntime int8", "torch fp32"]
    assert [form.verdict for form in parity.forms] == ["same", "same", "within", "yardstick"]
    int8 = forms["onnxruntime int8"]
    assert int8.likeness.agreement > 0.97
    assert int8.likeness.largest_change > forms["onnxruntime fp32"].likeness.largest_change
    assert -int8.likeness.metric_change <= int8.likeness.loss_at_most < 0.05
    assert "0.05 is allowed" in int8.says
    assert int8.bytes < forms["onnxruntime fp32"].bytes
    assert all(form.speed.p50_ms > 0 and form.speed.texts_per_second > 0 for form in parity.forms)
    assert sum(form.chosen for form in parity.forms) == 1
    assert json.loads((bundle.path / "parity.json").read_text()) == parity.model_dump(mode="json", exclude_none=True)
    opened = open_bundle(bundle.path)
    engine = opened.manifest.engine
    assert (engine.name, engine.precision, engine.file) == (
        parity.chosen.engine, parity.chosen.precision, parity.chosen.file,
    )  # fmt: skip
    assert (INT8 in opened.manifest.files) == (parity.chosen.precision == "int8")

    again = export_onnx(workspace, opened, settings=QUICK).parity
    assert "onnxruntime int8" not in {form.name for form in again.forms}
    assert INT8 not in open_bundle(bundle.path).manifest.files, "what an earlier export left goes"


class StopsAtComparing:
    """A Progress that stops an export when its files are written and nothing is in place yet."""

    @contextlib.contextmanager
    def track(self, what, *, total, unit):
        if what == "comparing":
            raise KeyboardInterrupt
        yield lambda amount: None


def test_an_export_that_stops_has_not_written_into_the_files_of_the_live_model(make_bundle, known_rows, workspace):
    bundle = make_bundle()
    known_rows(bundle, 60)
    for name in (ONNX, INT8, "parity.json"):  # of an earlier export
        (bundle.path / name).write_text(f"the live {name}")
    bundle = seal_bundle(bundle.path, bundle.manifest)
    with pytest.raises(KeyboardInterrupt):
        export_onnx(workspace, bundle, quantise=["int8"], settings=QUICK, progress=StopsAtComparing())
    assert open_bundle(bundle.path).manifest == bundle.manifest


@pytest.mark.slow
def test_a_form_that_loses_more_is_refused_with_its_numbers(make_bundle, known_rows, runs, tamis):
    known_rows(make_bundle(at=runs), sure=False)  # rows on the edge, labelled as fp32 falls
    outcome = tamis("export", "tiny-encoder-1", "--quantise", "int8", "--quick", "--tolerance", "0.001")
    assert outcome.code == 3
    assert "refused, and not in the bundle: onnxruntime int8: macro_f1 -0." in outcome.err
    assert "a loss of at most" in outcome.err
    assert "WORSE" in outcome.out
    opened = open_bundle(runs)
    assert INT8 not in opened.manifest.files
    assert opened.manifest.engine.precision == "fp32"
    parity = json.loads((runs / "parity.json").read_text())
    assert parity["forms"][2]["verdict"] == "worse"
    assert parity["forms"][2]["likeness"]["agreement"] < 1


@pytest.mark.slow
@pytest.mark.parametrize("task", ["multi_label", "ordinal"])
def test_other_tasks_and_another_place(make_bundle, known_rows, workspace, tmp_path, task):
    bundle = make_bundle(task=task)
    known_rows(bundle, 60)
    sealed = (bundle.path / "tamis.json").read_bytes()
    out = tmp_path / ("model.tamis" if task == "ordinal" else "model")
    exported = export_onnx(workspace, bundle, settings=QUICK, out=out)
    assert exported.path == out
    assert (bundle.path / "tamis.json").read_bytes() == sealed, "the original stays"
    one, other = (Classifier.open(each, engine="onnxruntime").predict(TEXTS) for each in (out, exported.path))
    assert one == other
    assert [each.label for each in one] == [each.label for each in Classifier.open(bundle).predict(TEXTS)]
    with pytest.raises(UsageError, match="is there already"):
        export_onnx(workspace, bundle, settings=QUICK, out=out)


def test_what_cannot_be_exported_says_why(make_bundle, known_rows, make_dataset, workspace, tmp_path):
    bundle = make_bundle()
    linear = bundle.manifest.model_copy(update={"family": "linear"})
    with pytest.raises(UsageError, match=r"linear model: it runs with numpy alone[^$]*--to tamis"):
        export_onnx(workspace, type(bundle)(bundle.path, linear))
    with pytest.raises(UsageError, match=r"no precision 'fp16' to quantise to. Known: int8, bf16"):
        export_onnx(workspace, bundle, quantise=["fp16"])
    with pytest.raises(UsageError, match=r"reviews@1, which is not in this workspace[^$]*--data FILE"):
        export_onnx(workspace, bundle)
    make_dataset(text=["good film"] * 4, label=["good"] * 4, split=["train"] * 4)
    with pytest.raises(UsageError, match=r"no labelled rows besides those that[^$]*--data FILE"):
        export_onnx(workspace, bundle)
    assert {file.name for file in bundle.path.iterdir()} == {*bundle.manifest.files, "tamis.json"}


def test_bf16_is_refused_where_it_would_be_emulated(make_bundle, workspace):
    from tamis.export.form import has_bf16

    if has_bf16():
        pytest.skip("this processor computes in bf16")
    with pytest.raises(UsageError, match=r"bf16 needs a processor that computes in it[^$]*--quantise int8"):
        export_onnx(workspace, make_bundle(), quantise=["bf16"])


def raw(logits):
    rows = len(logits)
    nothing = np.zeros(rows, np.bool_)
    return RawScores(np.asarray(logits, np.float32), None, np.ones(rows, np.int32), nothing, nothing)


def test_a_form_is_calibrated_on_its_own_scores(make_bundle):
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 600)
    logits = random.normal(size=(600, 3)) + 1.5 * np.eye(3)[truth]
    before = Decider(
        calibration=Calibration(method="temperature", scale=(1.5,)), unknown=Unknown(method="energy", threshold=-1.2)
    )
    bundle = make_bundle(decider=before, settings={"decide": {"calibration": "temperature", "unknown": "energy"}})
    after = refit_decider(bundle, truth, raw(logits), raw(4 * logits))
    (own,) = after.calibration.scale
    (plain,) = refit_decider(bundle, truth, raw(logits), raw(logits)).calibration.scale
    assert own == pytest.approx(plain / 4, rel=0.02), "scores four times as large mean the same"
    task = bundle.task
    told = before.unknown.strangeness(task, logits, None) > before.unknown.threshold
    own_told = after.unknown.strangeness(task, 4 * logits, None) > after.unknown.threshold
    assert 0.05 < told.mean() < 0.95
    assert own_told.mean() == pytest.approx(told.mean(), abs=0.01)


def test_the_recorded_form_decides_with_its_own_decider_and_others_with_the_plain_one(make_bundle):
    from tamis.export.onnx_file import write_onnx
    from tamis.export.quantise import write_int8

    plain = Decider(rule=Rule(goal="coverage", least_score=0.0))
    strict = Decider(rule=Rule(goal="coverage", least_score=1.1))  # says nothing at all
    bundle = make_bundle(decider=plain)
    write_onnx(bundle.path, bundle.path / ONNX)
    write_int8(bundle.path / ONNX, bundle.path / INT8)
    form = FORMS[2]
    choice = EngineChoice(name=form.engine, precision=form.precision, file=form.file, decider=strict)
    seal_bundle(bundle.path, bundle.manifest.model_copy(update={"engine": choice}))
    opened = open_bundle(bundle.path)
    assert [each.label for each in Classifier.open(opened).predict(["good film"])] == [None]
    assert Classifier.open(opened, engine="torch").predict(["good film"])[0].label is not None


def test_a_model_is_packed_into_a_file_or_copied_to_a_folder(make_bundle, tamis, tmp_path):
    bundle = make_bundle()
    file, copy = tmp_path / "model.tamis", tmp_path / "copy"
    assert json.loads(tamis("export", bundle.path, "--to", "tamis", "-o", file, "--json").out)["written"] == str(file)
    assert tamis("export", file, "--to", "folder", "-o", copy).code == 0
    assert open_bundle(copy).manifest == open_bundle(file).manifest == bundle.manifest
    again = tamis("export", bundle.path, "--to", "folder", "-o", copy)
    assert (again.code, "is there already" in again.err) == (2, True)
    (copy / "stale.txt").write_text("from before")
    assert tamis("export", bundle.path, "--to", "folder", "-o", copy, "--force").code == 0
    assert {path.name for path in copy.iterdir()} == {*bundle.manifest.files, "tamis.json"}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    refused = tamis("export", bundle.path, "--to", "folder", "-o", tmp_path / "mine", "--force")
    assert (refused.code, "holds other files" in refused.err) == (2, True)
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_flags_that_would_have_no_effect_are_refused(make_bundle, tamis, tmp_path):
    bundle = make_bundle()
    assert "go with --to onnx" in tamis("export", bundle.path, "--to", "tamis", "-o", "m.tamis", "--quick").err
    nowhere = tamis("export", bundle.path, "--to", "tamis")
    assert (nowhere.code, "name it: -o tiny-encoder-1.tamis" in nowhere.err) == (2, True)
    tamis("export", bundle.path, "--to", "tamis", "-o", tmp_path / "m.tamis")
    assert "left as it is" in tamis("export", tmp_path / "m.tamis").err
