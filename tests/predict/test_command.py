"""`tamis predict`: the same names, order and numbers from every surface, for each family and task."""

from __future__ import annotations

import csv
import io
import json
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamis.predict import Classifier, arriving_lines


@pytest.fixture
def pipe(tamis, monkeypatch):
    """Runs `tamis predict -` with some bytes on stdin."""

    def run(data: bytes, *words):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        return tamis("predict", "-", *words)

    return run


EXACT = ("linear", "onnxruntime")
"""Matrix products of the others differ in the last bits with the number of rows."""
LABELS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8),
    min_size=3,
    max_size=3,
    unique=True,
)


@pytest.mark.slow
@settings(max_examples=24, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    labels=LABELS,
    task=st.sampled_from(["single_label", "multi_label", "ordinal"]),
    family=st.sampled_from(["torch", "onnxruntime", "openvino", "linear"]),
)
def test_every_surface_says_the_same(tamis, pipe, make_bundle, make_linear, tmp_path, labels, task, family):
    name = "auto" if family == "linear" else family
    bundle = (make_linear if family == "linear" else make_bundle)(task=task, labels=labels)
    texts = ["a good film", "", "slow, loud and thin", "never ever", "the story of a tender film of 42 minutes"]
    expected = [each.to_dict() for each in Classifier.open(bundle, engine=name).predict(texts)]
    assert all(list(each["scores"]) == labels for each in expected)
    with (tmp_path / "in.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text"], *([text] for text in texts)])
    words = ["-m", bundle.path, "--engine", name]
    said = tamis("predict", tmp_path / "in.csv", "--text-column", "text", "-o", tmp_path / "out.jsonl", *words)
    assert said.code == 0, said.err
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    piped = [json.loads(line) for line in pipe("\n".join(texts).encode() + b"\n", *words).out.splitlines()]
    objects = "\n".join(json.dumps({"id": str(number), "text": text}) for number, text in enumerate(texts, start=1))
    as_json = [json.loads(line) for line in pipe(objects.encode(), *words).out.splitlines()]
    shown = json.loads(tamis("predict", *(w for t in texts for w in ("--text", t)), "--json", *words).out)
    for surface in (lines, piped, as_json, shown):
        same(surface, expected, exactly=family in EXACT)


def same(surface, expected, *, exactly: bool) -> None:
    if exactly:
        assert [list(each.items()) for each in surface] == [list(each.items()) for each in expected]
        return
    assert [list(each) for each in surface] == [list(each) for each in expected]
    for each, other in zip(surface, expected, strict=True):
        assert each["id"] == other["id"]
        assert each["reason"] == other["reason"]
        assert list(each["scores"]) == list(other["scores"])
        np.testing.assert_allclose(list(each["scores"].values()), list(other["scores"].values()), atol=1e-5)


def test_a_file_is_predicted_and_summed_up(tamis, make_bundle, tmp_path):
    bundle = make_bundle()
    source = tmp_path / "reviews.csv"
    source.write_text("id,text,label\n7,a good film,x\n8,,y\n9,bad,z\n10,too,many,fields\n")
    said = tamis("predict", source, "-o", tmp_path / "out.parquet", "-m", bundle.path, "--keep", "label", "--scores")
    assert said.code == 0, said.err
    assert "3 rows predicted by tiny-encoder-1.abcd (torch)." in said.out
    assert "empty" in said.out
    assert "1 rows could not be read" in said.out
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["id"], row["source_label"], row["reason"]) for row in rows] == [
        ("7", "x", "confident"),
        ("8", "y", "empty"),
        ("9", "z", "confident"),
    ]
    assert "score_good" in rows[0]
    assert "scores" not in rows[0]
    told = json.loads(tamis("predict", source, "-o", tmp_path / "out.csv", "-m", bundle.path, "--json").out)
    assert told["rows"] == 3
    assert told["reasons"] == {"confident": 2, "empty": 1}
    assert told["rejected"] == 1


def test_the_newest_run_is_the_model(tamis, make_bundle, workspace):
    import shutil

    assert "there is no model in this workspace yet" in tamis("predict", "--text", "good").err
    for name in ("reviews-encoder-1", "reviews-encoder-2"):
        bundle = make_bundle(name=f"{name}.abcd")
        shutil.copytree(bundle.path, workspace.runs / name / "bundle")
    shown = json.loads(tamis("predict", "--text", "good", "--json").out)
    assert shown[0]["model"] == "reviews-encoder-2.abcd"
    missing = tamis("predict", "--text", "good", "-m", "reviews-encodr-1")
    assert missing.code == 2
    assert "no model 'reviews-encodr-1'" in missing.err
    assert "Did you mean 'reviews-encoder-1'?" in missing.err


def test_texts_are_shown_in_a_table(tamis, make_bundle):
    bundle = make_bundle(task="multi_label")
    said = tamis("predict", "--text", "a good film " * 20, "--text", "", "-m", bundle.path, "--scores")
    assert said.code == 0, said.err
    assert "a good film" in said.out
    assert "…" in said.out
    assert "empty" in said.out


def test_lines_that_are_no_text_are_told(pipe, make_bundle):
    bundle = make_bundle()
    said = pipe(b'{"text": "good", "id": 4}\n{"text": 7}\n[]\n\xff\n{"text": null}\n{"id": "z"', "-m", bundle.path)
    assert said.code == 0
    assert [json.loads(line)["id"] for line in said.out.splitlines()] == ["4", "5"]
    for told in ("line 2: `text` is 7, not text", "line 3: no JSON object with `text`", "line 4: not UTF-8", "line 6:"):
        assert f"stdin, {told}" in said.err
    assert "4 lines were left out" in said.err
    plain = pipe('good\r\n{"no": 1}\nbad'.encode("utf-8-sig"), "-m", bundle.path, "--scores")
    assert [json.loads(line)["id"] for line in plain.out.splitlines()] == ["1", "2", "3"]
    assert "score_good" in json.loads(plain.out.splitlines()[0])
    assert pipe(b"", "-m", bundle.path).out == ""


def test_lines_are_read_as_they_come():
    pieces = [b"one\ntw", b"o\n", b"three"]

    class Slow(io.RawIOBase):
        def read(self, size=-1):
            return pieces.pop(0) if pieces else b""

    assert [(each.ids, each.texts) for each in arriving_lines(Slow())] == [
        (["1"], ["one"]),
        (["2"], ["two"]),
        (["3"], ["three"]),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "give a FILE, - for stdin, or --text"),
        (["in.csv", "--text", "good"], "give a FILE, - for stdin, or --text"),
        (["in.csv"], "where should the predictions of in.csv go?"),
        (["--text", "good", "-o", "out.csv"], "--text prints its predictions"),
        (["-", "-o", "out.csv"], "- prints its predictions"),
        (["-", "--keep", "a"], "--keep says how to read a FILE, and there is none"),
        (["in.csv", "-o", "out.xlsx"], "cannot tell from its name what out.xlsx is to be"),
        (["in.csv", "-o", "out.csv", "--engine", "tensorrt"], "no engine 'tensorrt'. Engines: auto, onnxruntime"),
        (["nowhere.csv", "-o", "out.csv"], "nowhere.csv"),
    ],
)
def test_wrong_use_is_told(tamis, make_bundle, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text("id,text\n1,good\n")
    said = tamis("predict", *words, "-m", make_bundle().path)
    assert said.code in (1, 2)
    assert told in said.err
    assert "Traceback" not in said.err
