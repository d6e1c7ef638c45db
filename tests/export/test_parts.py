"""The parts of an export: the bound of a loss, the choice, the timing, and one folder for another."""

import sys
import threading

import numpy as np
import pyarrow as pa
import pytest

from tamis.core import CheckFailed, LabelSet, Silent
from tamis.evaluate import LabelledRows, scored
from tamis.export import ExportSettings
from tamis.export.choose import choose_form
from tamis.export.form import FORMS, YARDSTICK, absent, has_bf16
from tamis.export.likeness import compare_form, judge
from tamis.export.replace import exchange, replace_folder
from tamis.export.speed import Speed, time_forms
from tamis.export.trial import FormTrial, MeasuredForm
from tamis.predict import RawScores
from tamis.tasks import task_for


def answers(right, *, sure=3.0):
    """Scored rows of the labels a and b by turns, each answered rightly or not."""
    rows = len(right)
    labels = ["ab"[row % 2] for row in range(rows)]
    logits = np.zeros((rows, 2), np.float32)
    for row, good in enumerate(right):
        logits[row, row % 2 if good else 1 - row % 2] = sure
    told = LabelledRows(
        name="rows",
        ids=[str(row) for row in range(rows)],
        texts=[f"text {row}" for row in range(rows)],
        labels=pa.array(labels),
        columns=pa.table({"n": list(range(rows))}),
    )
    nothing = np.zeros(rows, np.bool_)
    raw = RawScores(logits, None, np.ones(rows, np.int32), nothing, nothing)
    return scored(told, task_for("single_label", LabelSet(["a", "b"])), raw)


SETTINGS = ExportSettings(resamples=400)


def test_rounding_is_no_change():
    plain = answers([True] * 80 + [False] * 20)
    found = compare_form(plain, answers([True] * 80 + [False] * 20, sure=3.0001), SETTINGS)
    assert judge(found, "macro_f1", 100, SETTINGS)[0] == "same"
    assert found.agreement == 1
    assert 0 < found.largest_change < 1e-3
    assert found.metric_change == 0


def test_few_rows_without_a_change_do_not_show_that_there_is_none():
    for rows, verdict in ((100, "unproven"), (400, "within")):
        found = compare_form(answers([True] * rows), answers([True] * rows, sure=2.0), SETTINGS)
        assert found.loss_at_most == pytest.approx(1 - 0.05 ** (1 / rows))
        said, why = judge(found, "macro_f1", rows, SETTINGS)
        assert said == verdict, why
    assert "a loss of at most 0.0075; 0.01 is allowed" in why


def test_what_loses_more_than_allowed_is_worse_and_the_bound_is_wider_than_the_loss():
    plain = answers([True] * 300)
    found = compare_form(plain, answers([False] * 9 + [True] * 291), SETTINGS)
    assert found.metric_change == pytest.approx(-0.03, abs=0.001)
    assert found.change_low < found.metric_change < found.change_high <= 0
    assert 0.03 < found.loss_at_most < 0.06
    assert found.agreement == pytest.approx(0.97)
    said, why = judge(found, "macro_f1", 300, SETTINGS)
    assert said == "worse"
    assert "macro_f1 -0.0300 on 300 rows" in why
    lax = SETTINGS.model_copy(update={"tolerance": 0.04})
    assert judge(found, "macro_f1", 300, lax)[0] == ("within" if found.loss_at_most <= 0.04 else "unproven")
    assert judge(found, "macro_f1", 300, SETTINGS.model_copy(update={"tolerance": 0.1}))[0] == "within"


def test_a_gain_on_one_row_proves_nothing():
    found = compare_form(answers([False] + [True] * 99), answers([True] * 100, sure=2.0), SETTINGS)
    assert found.metric_change > 0
    assert found.loss_at_most == pytest.approx(1 - 0.05**0.01)


def speed(single, rate):
    return Speed(p50_ms=single, p95_ms=single, texts_per_second=rate, singles=1, batch=1)


def test_a_special_form_must_be_worth_it():
    plain, openvino, int8 = FORMS[:3]
    speeds = {plain.name: speed(10, 100), openvino.name: speed(9.5, 104), int8.name: speed(5, 200)}
    assert choose_form([plain, openvino], speeds) == plain
    assert choose_form([plain, openvino, int8], speeds) == int8
    speeds[int8.name] = speed(20, 190)  # slower alone, quicker together: no gain in all
    assert choose_form([plain, openvino, int8], speeds) == plain
    speeds |= {YARDSTICK.name: speed(7, 140), "torch bf16": speed(4, 260)}
    assert choose_form([plain, YARDSTICK], speeds) == plain, "torch must be quicker by half"
    assert choose_form([plain, YARDSTICK, FORMS[5]], speeds) == FORMS[5]


class Slow:
    """Answers after a while, and remembers who was asked."""

    def __init__(self, name, seconds, asked):
        self.name, self.seconds, self.asked = name, seconds, asked

    def predict(self, texts):
        self.asked.append((self.name, len(texts)))
        threading.Event().wait(self.seconds * (0.5 + len(texts) / 2))


def test_forms_are_timed_by_turns_on_the_same_texts():
    asked = []
    forms = {"quick": Slow("quick", 0.001, asked), "slow": Slow("slow", 0.004, asked)}
    found = time_forms(forms, ["a", "b", "c"], seconds=0.3)
    assert found["quick"].p50_ms < found["slow"].p50_ms
    assert found["quick"].texts_per_second > found["slow"].texts_per_second
    assert found["quick"].p50_ms <= found["quick"].p95_ms
    batches = [name for name, texts in asked if texts >= 16]
    assert batches[:4] == ["quick", "slow", "slow", "quick"]
    assert found["quick"].batch == found["slow"].batch == {texts for _, texts in asked if texts > 8}.pop()


def test_what_cannot_run_here_says_why():
    assert absent(YARDSTICK) == ""
    bf16 = [form for form in FORMS if form.precision == "bf16"]
    assert len(bf16) == 2
    for form in bf16:
        assert absent(form) == ("" if has_bf16() else "this processor has no bf16 arithmetic")


def folder(path, **files):
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text)
    return path


@pytest.mark.parametrize("new", [True, False])
def test_a_folder_takes_anothers_place_whole(tmp_path, new):
    if not new:
        folder(tmp_path / "model", a="old", b="old")
    replace_folder(folder(tmp_path / "draft", a="new"), tmp_path / "model")
    assert {file.name: file.read_text() for file in (tmp_path / "model").iterdir()} == {"a": "new"}
    assert list(tmp_path.iterdir()) == [tmp_path / "model"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux swaps names at once")
def test_no_reader_ever_finds_nothing(tmp_path):
    one, other = folder(tmp_path / "one", a="1"), folder(tmp_path / "two", a="2")
    assert exchange(one, other)
    assert ((one / "a").read_text(), (other / "a").read_text()) == ("2", "1")
    missing, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            try:
                (one / "a").read_text()
            except FileNotFoundError:
                missing.append(1)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(300):
        exchange(one, other)
    stop.set()
    reader.join()
    assert not missing
    assert not exchange(one, tmp_path / "none")


def test_a_failed_replacement_leaves_the_old_folder(tmp_path):
    old = folder(tmp_path / "model", a="old")
    with pytest.raises(OSError, match="draft"):
        replace_folder(tmp_path / "draft", old)
    assert (old / "a").read_text() == "old"


def test_an_onnx_file_that_says_something_else_stops_the_export(make_bundle, workspace):
    right, wrong = answers([True] * 100), answers([False] * 10 + [True] * 90)
    pace = speed(1, 1)
    told = [MeasuredForm(FORMS[0], rows=wrong, speed=pace), MeasuredForm(YARDSTICK, rows=right, speed=pace)]
    job = FormTrial(workspace, make_bundle(), right, SETTINGS, Silent())
    with pytest.raises(CheckFailed, match=r"does not say what the model says: macro_f1 -0\.1[^$]*nothing was changed"):
        job.parity(told)
    chosen, parity = job.parity([MeasuredForm(FORMS[0], rows=right, speed=pace), told[1]])
    assert (chosen.form, parity.chosen.verdict, parity.refused) == (FORMS[0], "same", ())
