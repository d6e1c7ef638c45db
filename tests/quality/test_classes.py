"""Classes: too few rows, missing in a split, very unequal, or none at all."""

from __future__ import annotations

import pytest


def test_few_rows_and_gaps_in_splits(found, calm):
    findings = found(
        "classes",
        text=calm * 2,
        label=["a", "b"] * 15 + ["a"] * 8 + ["rare", "rare"],
        split=["train"] * 30 + ["test"] * 10,
    )
    assert findings["classes.few"].severity == "warning"
    assert findings["classes.few"].rows.tolist() == [39, 40]
    assert "'rare' (2)" in findings["classes.few"].title
    assert list(findings) == ["classes.missing", "classes.few"]


@pytest.mark.parametrize(("lacking", "severity"), [("train", "error"), ("test", "warning")])
def test_a_class_that_a_split_lacks(found, calm, lacking, severity):
    other = "test" if lacking == "train" else "train"
    gap = found("classes", text=calm, label=["a", "b"] * 8 + ["c"] * 4,
                split=[lacking, lacking, other, other] * 4 + [other] * 4,
                settings={"min_rows_per_class": 1})["classes.missing"]  # fmt: skip
    assert gap.severity == severity
    assert gap.rows.tolist() == [17, 18, 19, 20]
    assert f"the split '{lacking}' has no row of 1 class: 'c'" in gap.title


def test_enough_of_each_is_quiet(found, calm):
    settings = {"min_rows_per_class": 5}
    assert found("classes", text=calm, label=["a", "b"] * 10, split=["train", "train", "test", "test"] * 5,
                 settings=settings) == {}  # fmt: skip
    assert found("classes", text=calm, label=["a", "b"] * 10, settings=settings) == {}


def test_rows_without_label_are_told_and_kept(found, calm):
    findings = found("classes", text=calm, label=["a", "b"] * 5 + [None] * 10, settings={"min_rows_per_class": 5})
    assert list(findings) == ["classes.unlabelled"]
    assert findings["classes.unlabelled"].severity == "note"
    assert findings["classes.unlabelled"].rows.tolist() == list(range(11, 21))
    assert found("classes", text=calm) == {}


def test_one_class_only_is_an_error(found, calm):
    assert found("classes", text=calm, label=["a"] * 20)["classes.single"].severity == "error"


def test_imbalance(found, calm):
    unequal = found("imbalance", text=calm, label=["a"] * 19 + ["b"])["imbalance"]
    assert unequal.severity == "note"
    assert "19 to 1" in unequal.title
    assert "95 %" in unequal.explanation
    assert found("imbalance", text=calm, label=["a"] * 14 + ["b"] * 6) == {}
