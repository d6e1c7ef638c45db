"""Duplicates, leakage, contradictions: texts that are there more than once."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tamis.data import derive
from tamis.quality import check_dataset


def test_exact_copies_are_found_and_short_ones_let_be(found, calm):
    text = [*calm, calm[3], calm[3], "thank you", "thank you", "thank you"]
    findings = found("duplicates", text=text, label=["a"] * 25)
    exact = findings["duplicates.exact"]
    assert exact.rows.tolist() == [21, 22]
    assert exact.fix.drop.tolist() == [21, 22]
    assert exact.samples[0].startswith("×3 A small bakery")
    assert "2 more of fewer than 3 words" in exact.explanation
    assert list(found("duplicates", text=["thank you"] * 4 + calm)) == ["duplicates.short"]
    assert found("duplicates", text=calm, label=["a"] * 20) == {}


def test_near_copies(found, calm):
    text = [*calm, calm[0].replace("little", "bit"), calm[1].upper() + "!!", "buy more now", "buy now"]
    near = found("duplicates", text=text)["duplicates.near"]
    assert near.rows.tolist() == [21, 22]
    assert "≈" in near.samples[0]


def test_a_copy_in_a_test_split_is_an_error(found, calm):
    text = [*calm[:15], calm[0], *calm[15:19]]
    split = ["train"] * 15 + ["test"] * 5
    leak = found("leakage", text=text, label=["a", "b"] * 10, split=split)["leakage.exact"]
    assert leak.severity == "error"
    assert leak.rows.tolist() == [1]
    assert leak.fix.drop.tolist() == [1]
    assert "train → test: 1" in leak.title
    assert found("leakage", text=calm, label=["a", "b"] * 10, split=split) == {}
    assert found("leakage", text=[*calm[:19], calm[0]]) == {}
    # copies within the test split are the check duplicates's
    assert found("leakage", text=[*calm[:19], calm[18]], split=split) == {}


def test_a_near_copy_leaks_too_and_the_higher_split_stays(found, calm):
    text = [*calm[:17], calm[16] + " again", calm[0].replace("morning", "evening"), calm[2]]
    split = ["train"] * 17 + ["validation", "validation", "test"]
    findings = found("leakage", text=text, split=split)
    assert findings["leakage.exact"].rows.tolist() == [3]
    assert findings["leakage.near"].rows.tolist() == [1, 17]
    assert "train → validation: 2" in findings["leakage.near"].title
    between = found("leakage", text=[*calm[:18], calm[18], calm[18]], split=["train"] * 18 + ["validation", "test"])
    assert between["leakage.exact"].severity == "warning"
    assert between["leakage.exact"].rows.tolist() == [19]


def test_one_text_with_two_labels(found, calm):
    text = [*calm, calm[5], calm[5], calm[7]]
    label = ["a", "b"] * 10 + ["a", "b", "a"]
    exact = found("contradictions", text=text, label=label)["contradictions.exact"]
    assert exact.rows.tolist() == [6, 8, 21, 22, 23]
    # two of three say b; the other text is a tie
    assert exact.fix.drop.tolist() == [8, 21, 23]
    assert exact.samples[0].startswith("b ×2, a ×1: The library")
    assert found("contradictions", text=[*calm, calm[5]], label=["a", "b"] * 10 + ["b"]) == {}
    assert found("contradictions", text=[*calm, calm[5]], label=["a", "b"] * 10 + [None]) == {}


def test_near_contradictions_are_a_note(found, calm):
    near = found("contradictions", text=[*calm, calm[0] + "!"], label=["a", "b"] * 10 + ["b"])["contradictions.near"]
    assert near.severity == "note"
    assert near.fix is None
    assert near.rows.tolist() == [1, 21]
    assert "'a':" in near.samples[0]
    assert "'b':" in near.samples[0]


@pytest.mark.parametrize("task", ["multi_label", "spans"])
def test_contradictions_of_lists_and_spans(found, calm, task):
    one = [["a", "b"], ["b", "a"], ["a"]]
    if task == "spans":
        one = [[{"start": 0, "end": 3, "label": name} for name in names] for names in one]
    label = [one[0], *[one[2]] * 19, one[1], one[2]]
    text = [*calm, calm[0], calm[1]]
    assert found("contradictions", text=text, label=label) == {}
    assert "contradictions.exact" in found("contradictions", text=[*text, calm[0]], label=[*label, one[2]])


def test_oversampled_rows_are_no_duplicates(workspace, make_dataset, calm):
    ids = [str(row) for row in range(1, 21)] + ["1#2", "1#3"]
    dataset = make_dataset(id=ids, text=[*calm, calm[0], calm[0]])
    assert check_dataset(dataset, only=["duplicates"]).findings
    balanced, _ = derive(
        workspace, dataset, lambda table: table.append_column("split", pa.array(["train"] * 22)),
        operation="split --balance over", notes={"split": {"copies": 2}},
    )  # fmt: skip
    assert not check_dataset(balanced, only=["duplicates"]).findings
