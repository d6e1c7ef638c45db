"""The small nouns: label sets keep their order, predictions their names, pages their escapes."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import warnings

import pytest

import tamis
from tamis.core import DataError, LabelSet, Page, Prediction, fingerprint
from tamis.core.page import table


def test_labels_that_are_numbers_stand_in_the_order_of_numbers():
    assert LabelSet.from_values(["10", "2", "1", None]).names == ("1", "2", "10")
    assert LabelSet.from_values(["b", "10", "a"]).names == ("10", "a", "b")


def test_an_unknown_label_is_told_with_the_nearest():
    with pytest.raises(DataError, match="no label 'spma'.*Did you mean 'spam'"):
        LabelSet(["ham", "spam"]).index("spma")


def test_a_label_set_names_each_label_once():
    with pytest.raises(DataError, match="named twice: 'a'"):
        LabelSet(["a", "b", "a"])


def test_several_labels_stand_under_labels():
    several = Prediction(id="1", label=("a", "b"), several=True, scores={"a": 0.9, "b": 0.8}, model="m@1").to_dict()
    assert several["labels"] == ["a", "b"]
    silent = Prediction(id="1", label=None, several=True, reason="unknown_text").to_dict()
    assert silent["labels"] is None
    assert list(silent) == list(several) == ["id", "labels", "scores", "score", "reason", "model"]
    one = Prediction(id="1", label=None, reason="unknown_text").to_dict()
    assert one["label"] is None
    assert "labels" not in one


def test_fingerprints_name_content_not_order_of_keys():
    assert fingerprint({"a": [1, "é"], "b": None}) == fingerprint({"b": None, "a": [1, "é"]})
    assert fingerprint([1, 2]) != fingerprint([2, 1])


def test_a_page_escapes_what_users_wrote_and_asks_for_nothing():
    page = Page("<b>bold</b>")
    page.section(
        "A & B",
        table(
            ["<i>"],
            [
                [
                    "<script>alert(1)</script>",
                ],
            ],
        ),
    )
    html = page.html()
    assert "<script>" not in html
    assert "&lt;b&gt;bold" in html
    assert "http" not in html


def test_every_example_in_a_docstring_runs():
    tried = 0
    for module in pkgutil.walk_packages(tamis.__path__, "tamis."):
        if module.name == "tamis.__main__":
            continue
        with warnings.catch_warnings():  # MLflow warns of itself when it is loaded, by what was loaded before it
            warnings.filterwarnings("ignore", message=".*type hint is inferred as AnyType", category=UserWarning)
            imported = importlib.import_module(module.name)
        results = doctest.testmod(imported, optionflags=doctest.ELLIPSIS)
        assert results.failed == 0, module.name
        tried += results.attempted
    assert tried > 20
