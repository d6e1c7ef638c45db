"""`tamis data clean`: shows, records, and never touches the stored text."""

from __future__ import annotations

import json

import pyarrow as pa

from tamis.data import Span, open_dataset
from tamis.features import STEPS

TEXTS = ["<p>See https://x.com/a.</p>", "plain text", None, "\x00"]


def test_a_preview_records_nothing(make_dataset, workspace, tamis):
    make_dataset(text=TEXTS)
    outcome = tamis("data", "clean", "reviews", "--steps", "html, {urls: {replace: URL}}, whitespace", "--preview", "1")
    assert outcome.code == 0
    assert "See URL." in outcome.out
    assert "1 of 4 rows change. Nothing was recorded" in outcome.out
    assert open_dataset(workspace, "reviews").version == 1
    outcome = tamis("data", "clean", "reviews", "--preview", "5", "--json")
    assert json.loads(outcome.out) == {
        "dataset": "reviews@1",
        "cleaning": ["unicode", "whitespace"],
        "rows": 4,
        "changed": 1,
        "emptied": 1,
        "preview": [{"row": 4, "before": "\x00", "after": ""}],
    }


def test_the_spec_is_recorded_once_and_the_text_stays(make_dataset, workspace, tamis):
    make_dataset(text=TEXTS)
    spec = ["html", {"urls": {"replace": "URL"}}]
    assert tamis("data", "clean", "reviews", "--steps", "{urls: {replace: URL}}, html").out == (
        "reviews@2: clean: html, urls\n"
    )
    cleaned = open_dataset(workspace, "reviews")
    assert list(cleaned.manifest.cleaning) == spec
    assert cleaned.manifest.parents[0].operation == "clean: html, urls"
    assert cleaned.table(["text"])["text"].to_pylist() == TEXTS
    again = tamis("data", "clean", "reviews", "--steps", "html, {urls: {replace: URL}}", "--json")
    assert json.loads(again.out) == {"dataset": "reviews@2", "new": False, "cleaning": spec}
    assert tamis("data", "clean", "reviews", "--steps", "none").out == "reviews@3: clean: nothing\n"
    assert "nothing to do: reviews@3" in tamis("data", "clean", "reviews", "--steps", "none").out


def test_the_workspace_says_the_default(make_dataset, workspace, tamis):
    make_dataset(text=TEXTS)
    tamis("data", "clean", "reviews", "features.cleaning=[case]")
    assert open_dataset(workspace, "reviews").manifest.cleaning == ("case",)
    outcome = tamis("data", "clean", "reviews", "features.cleaning=[csae]")
    assert (outcome.code, "no cleaning step 'csae'" in outcome.err) == (2, True)
    assert "Did you mean 'case'" in outcome.err


def test_every_step_is_listed(tamis):
    listed = tamis("data", "clean", "--list").out
    assert all(f" {name} " in listed for name in STEPS)
    assert json.loads(tamis("data", "clean", "--list", "--json").out).keys() == STEPS.keys()


def test_wrong_use_is_told(make_dataset, tamis):
    make_dataset(text=TEXTS)
    for words, message in [
        (("reviews", "--steps", "hmtl"), "no cleaning step 'hmtl'"),
        (("reviews", "--steps", "urls: ["), "--steps cannot be read: urls: ["),
        (("reveiws",), "Did you mean 'reviews'"),
        ((), "which dataset?"),
    ]:
        outcome = tamis("data", "clean", *words)
        assert (outcome.code, message in outcome.err) == (2, True), outcome


def test_texts_with_spans_are_not_cleaned(make_dataset, tamis):
    spans = pa.array([[{"start": 0, "end": 1, "label": "x"}]], pa.list_(Span))
    make_dataset("entities", text=["a  b"], label=spans)
    outcome = tamis("data", "clean", "entities", "--steps", "whitespace")
    assert outcome.code == 2
    assert "the labels of entities@1 are spans, which count the characters" in outcome.err
