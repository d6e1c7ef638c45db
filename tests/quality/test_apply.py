"""Fixes: one new version, an account of what changed, and nothing left of what was fixed."""

from __future__ import annotations

import pytest

from tamis.core import UsageError
from tamis.data import dataset_versions, open_dataset
from tamis.quality import apply_fixes, check_dataset


@pytest.fixture
def faulty(make_dataset, calm):
    """Forty calm rows and nine with a fault each."""
    text = [*calm, *(f"{text}, they said" for text in calm)]
    text += [calm[0], "", "a cafÃ© on the corner", "salt &amp; pepper", "mail jane@example.com", "nul\x00 sign",
             calm[7],
             "caf&eacute; or cafÃ© and cafÃƒÂ©", "she put salt &amp;amp; pepper on it"]  # fmt: skip
    label = ["spam", "ham"] * 20 + ["Spam", "ham", "ham", "spam ", "ham", "ham", "ham", "spam", "ham"]
    split = ["train"] * 46 + ["test"] + ["train"] * 2
    return make_dataset(text=text, label=label, split=split)


def test_all_fixes_make_one_version_without_the_faults(workspace, faulty):
    report = check_dataset(faulty)
    applied = apply_fixes(workspace, faulty, report)
    fixed = applied.dataset
    assert (applied.new, fixed.version, dataset_versions(workspace, "reviews")) == (True, 2, [1, 2])
    assert applied.labels_merged == {"Spam": "spam", "spam ": "spam"}
    assert applied.rows_relabelled == {"Spam": 1, "spam ": 1}
    assert fixed.label_set.names == ("spam", "ham") or fixed.label_set.names == ("ham", "spam")
    assert fixed.rows == faulty.rows - applied.rows_dropped
    text = fixed.table(["text"])["text"].to_pylist()
    assert {"a café on the corner", "salt & pepper", "mail [email]", "nul sign", "café or café and café"} <= set(text)
    assert "she put salt & pepper on it" in text
    assert fixed.manifest.parents[0].operation.startswith("check --apply")
    assert fixed.manifest.notes["fixed"]["rows_dropped"] == applied.rows_dropped
    again = check_dataset(fixed)
    assert again.fixes == []
    nothing = apply_fixes(workspace, fixed, again)
    assert (nothing.new, nothing.dataset.version) == (False, 2)


def test_only_the_named_fixes_are_made(workspace, faulty):
    report = check_dataset(faulty)
    applied = apply_fixes(workspace, faulty, report, names=["html", "empty"])
    kinds = {finding.kind for finding in check_dataset(applied.dataset).findings}
    assert "html" not in kinds
    assert "lengths.empty" not in kinds
    assert {"labels.spelling", "encoding.double", "pii"} <= kinds
    assert applied.rows_dropped == 1
    assert applied.texts_altered == 3
    assert open_dataset(workspace, "reviews@1").rows == faulty.rows


def test_a_copy_that_only_mending_shows_is_dropped_too(workspace, make_dataset, calm):
    text = [*calm, "they like salt &amp; pepper on it", "they like salt & pepper on it"]
    dataset = make_dataset(text=[*text, calm[0]])
    applied = apply_fixes(workspace, dataset, check_dataset(dataset), names=["html", "duplicates"])
    assert applied.dataset.rows == 21
    assert check_dataset(applied.dataset, only=["html", "duplicates"]).findings == ()


def test_an_unknown_fix_is_told(workspace, faulty):
    with pytest.raises(UsageError, match="no fix 'htlm'") as told:
        apply_fixes(workspace, faulty, check_dataset(faulty), names=["htlm"])
    assert "Did you mean 'html'?" in str(told.value)


def test_a_slip_with_a_space_goes_the_whole_way(workspace, make_dataset, calm):
    label = ["negative", "positive"] * 60 + ["negatve "]
    dataset = make_dataset(text=[f"{text} {row}" for row in range(7) for text in calm][:121], label=label)
    applied = apply_fixes(workspace, dataset, check_dataset(dataset, only=["labels"]))
    assert applied.labels_merged == {"negatve ": "negative"}
    assert applied.dataset.manifest.label_counts == {"negative": 61, "positive": 60}


def test_multi_labels_merge_into_one(workspace, make_dataset, calm):
    dataset = make_dataset(text=calm, label=[["news", "sport"], ["News", "news"], [], None] * 5)
    applied = apply_fixes(workspace, dataset, check_dataset(dataset, only=["labels"]))
    assert applied.dataset.table(["label"])["label"].to_pylist()[:4] in (
        [["news", "sport"], ["news"], [], None],
        [["News", "sport"], ["News"], [], None],
    )
    assert len(applied.dataset.label_set) == 2


def test_texts_with_spans_are_never_altered(workspace, make_dataset, calm):
    label = [[{"start": 0, "end": 3, "label": "person"}], [{"start": 0, "end": 3, "label": "Person"}]] * 10
    dataset = make_dataset(text=[*calm[:19], "salt &amp; pepper"], label=label)
    report = check_dataset(dataset)
    assert next(finding for finding in report.findings if finding.kind == "html").fix is None
    applied = apply_fixes(workspace, dataset, report)
    names = {span["label"] for row in applied.dataset.table(["label"])["label"].to_pylist() for span in row}
    assert len(names) == 1
    assert applied.texts_altered == 0


def test_the_order_of_labels_stays(workspace, make_dataset, calm):
    dataset = make_dataset(text=calm, label=["10", "2", "1", "3"] * 5, task="ordinal")
    before = dataset.label_set.names
    applied = apply_fixes(workspace, dataset, check_dataset(dataset))
    assert applied.dataset.label_set.names == before
