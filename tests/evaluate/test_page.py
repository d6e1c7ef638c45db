"""The page: complete in itself, safe with any text, and the same numbers as the JSON; pictures and files."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from tamis.core import UsageError
from tamis.evaluate import EvaluateSettings, assemble, check_folder, evaluation_page, write_evaluation
from tamis.evaluate.baseline import Baseline

QUICK = EvaluateSettings(resamples=100)
EVIL = "<script>alert('x')</script><img src=http://evil.example/x.png onerror=alert(1)>"


VOID = {"meta", "br", "img", "rect", "polyline"}


class Balanced(HTMLParser):
    """Notes tags that are not closed."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.tags = [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.wrong.append(tag)


@pytest.fixture
def judged(make_rows, workspace):
    def judge(labels, *, beside=False, conditions=(), by=(), learned=None, **options):
        rows = make_rows(labels, **options)
        other = make_rows(labels, **(options | {"strength": 0.5, "seed": 9})) if beside else None
        baseline = Baseline(kind="linear" if beside else "none", says="So it is.", rows=other)
        return assemble(
            workspace, rows, baseline, by=by, conditions=conditions, learned=learned, settings=QUICK, run="made"
        )

    return judge


def labels_of(count, names="abc"):
    return np.random.default_rng(0).choice(list(names), count).tolist()


@pytest.mark.parametrize("task", ["single_label", "ordinal", "multi_label"])
def test_the_page_needs_no_network_and_no_script(judged, task):
    labels = labels_of(150)
    if task == "multi_label":
        labels = [[label] if label != "c" else ["a", "c"] for label in labels]
    html = evaluation_page(judged(labels, task=task, beside=True, strength=1)).html()
    read = Balanced()
    read.feed(html)
    assert (read.open, read.wrong) == ([], [])
    assert not read.tags & {"script", "link", "iframe", "img"}
    assert not re.search(r"https?://|@import|url\(", html)
    for heading in ("At a glance", "Scores", "Labels", "Confusion", "By length", "Worst mistakes"):
        assert f"<h2>{heading}</h2>" in html


def test_texts_labels_and_columns_are_escaped(judged):
    names = ("a", "b", EVIL)
    labels = np.random.default_rng(0).choice(names, 120).tolist()
    evaluation = judged(
        labels,
        names=names,
        strength=0.5,
        texts=[EVIL] * 120,
        by=[EVIL],
        conditions=["<script>x</script>: 1=1"],
        **{EVIL: [EVIL] * 120},
    )
    html = evaluation_page(evaluation).html()
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_the_page_says_the_numbers_of_the_json(judged):
    evaluation = judged(labels_of(200), beside=True, strength=1)
    html = evaluation_page(evaluation).html()
    accuracy = evaluation.scores["accuracy"]
    assert f"{accuracy.model.value:.1%}".replace("%", " %") in html
    assert f"{accuracy.baseline.value:.1%}".replace("%", " %") in html
    macro = evaluation.scores["macro_f1"].model
    assert f"{macro.low:.3f} to {macro.high:.3f}" in html
    for sentence in evaluation.essence:
        assert sentence.split("“")[0] in html


def test_many_labels_and_odd_rows_have_a_page_too(judged):
    names = tuple(f"label {number}" for number in range(40))
    many = judged(np.random.default_rng(0).choice(names, 400).tolist(), names=names)
    assert "What is confused most" in evaluation_page(many).html()
    for labels in (["a"], ["a", "b", "a"], [*labels_of(40), None], ["a"] * 50):
        assert "<h2>Scores</h2>" in evaluation_page(judged(labels, beside=True)).html()


def test_slices_leaks_and_conditions_have_their_tables(judged):
    learned = np.arange(150) < 40
    evaluation = judged(
        labels_of(150), strength=1, by=["kind"], conditions=["first half: half"], learned=learned,
        kind=["x"] * 145 + ["rare"] * 5, half=[row < 75 for row in range(150)],
    )  # fmt: skip
    html = evaluation_page(evaluation).html()
    assert "<h3>kind</h3>" in html
    assert "rare (5)" in html
    assert "first half" in html
    assert "Texts that stand in training too" in html


def test_pictures_and_numbers_are_written(judged, tmp_path):
    written = write_evaluation(judged(labels_of(80), strength=1), tmp_path / "out")
    assert {path.stem for path in written.pictures} == {
        "confusion", "reliability", "risk-coverage", "roc", "precision-recall",
    }  # fmt: skip
    for picture in written.pictures:
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert len(picture.with_suffix(".csv").read_text().splitlines()) > 1
    said = json.loads(written.json.read_text(), parse_constant=pytest.fail)
    assert said["scores"]["accuracy"]["model"]["value"] is not None
    assert written.page.read_text().startswith("<!doctype html>")


def test_a_folder_with_other_files_is_left_alone(judged, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="no evaluation"):
        check_folder(tmp_path, force=False)
    with pytest.raises(UsageError, match="is a file"):
        check_folder(tmp_path / "mine.txt", force=True)
    check_folder(tmp_path, force=True)
    write_evaluation(judged(labels_of(30)), tmp_path / "again", pictures=False)
    check_folder(tmp_path / "again", force=False)


def test_the_share_of_cut_texts_is_always_told(make_rows, workspace):
    whole = make_rows(labels_of(100), texts=["a b c d"] * 50 + ["a"] * 50)
    cut = replace(whole, cut=np.arange(100) < 40)
    alone = Baseline(kind="none", says="So it is.", rows=None)
    one, other = (assemble(workspace, rows, alone, settings=QUICK, length_unit="tokens") for rows in (whole, cut))
    assert (one.cut_share, other.cut_share) == (0, 0.4)
    assert "none was cut" in evaluation_page(one).html()
    assert "40.0 % of the texts are longer than what the model reads" in evaluation_page(other).html()
    assert [part.rows for part in other.lengths.shown if part.name.startswith("cut")] == [40]
