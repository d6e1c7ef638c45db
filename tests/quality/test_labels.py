"""Labels that are one label: case, space, one slip. And labels that are not."""

from __future__ import annotations

import pytest

from tamis.quality.labels import slips, spellings


def test_case_space_and_slip_are_found_and_mended(found, calm):
    label = ["spam"] * 60 + ["ham"] * 60 + ["Spam", "spam ", "spamm"]
    findings = found("labels", text=calm * 6 + calm[:3], label=label)
    spelling = findings["labels.spelling"]
    assert spelling.severity == "error"
    assert spelling.rows.tolist() == [121, 122]
    assert spelling.fix.rename == {"Spam": "spam", "spam ": "spam"}
    typo = findings["labels.typo"]
    assert typo.severity == "warning"
    assert typo.rows.tolist() == [123]
    assert typo.fix.rename == {"spamm": "spam"}
    assert "'spamm' (1) → 'spam'" in typo.title


@pytest.mark.parametrize(
    "counts",
    [
        {"1": 500, "2": 3, "10": 400, "11": 1},  # numbers
        {"class1": 500, "class2": 1},
        {"NOT": 900, "NO": 2, "OFF": 300},  # short
        {"type a": 500, "type b": 2},  # a name of one letter
        {"sports": 300, "spirts": 280},  # both common
        {"moral": 500, "amoral": 2},  # another first letter
        {"male": 500, "female": 3, "mall": 2},
        {"comedy": 500, "remedy": 2},
        {"negative": 400, "positive": 3},
    ],
)
def test_labels_that_only_look_alike_stay(counts):
    assert slips(counts) == {}
    assert spellings(counts) == {}


def test_the_commonest_spelling_stays():
    assert spellings({"Not Spam": 3, "not_spam": 9, "not-spam": 1}) == {"Not Spam": "not_spam", "not-spam": "not_spam"}
    assert spellings({" lonely ": 4, "other": 3}) == {" lonely ": "lonely"}
    assert slips({"negative": 400, "negatvie": 2, "negativee": 1, "nagative": 3}) == {
        "nagative": "negative",
        "negativee": "negative",
        "negatvie": "negative",
    }


def test_multi_label_rows_are_read_label_by_label(found, calm):
    label = [["news", "sport"], ["News"], [], None] * 5
    spelling = found("labels", text=calm, label=label)["labels.spelling"]
    assert spelling.rows.tolist() == list(range(2, 21, 4))
    assert spelling.fix.rename == {"News": "news"} or spelling.fix.rename == {"news": "News"}
