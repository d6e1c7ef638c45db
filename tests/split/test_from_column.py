"""Splits that the data says itself."""

from __future__ import annotations

import pytest

from tamis.core import UsageError
from tamis.split import SplitOptions, split_dataset


def test_what_people_call_splits_is_known(workspace, make_dataset, tamis):
    make_dataset(
        text=[f"text number {number} of {number}" for number in range(6)],
        label=["x", "y"] * 3,
        part=["train", "Dev", "holdout", None, " ", "TRAIN"],
    )
    outcome = tamis("data", "split", "reviews", "--from-column", "part")
    assert outcome.code == 0, outcome.err
    assert "read 'Dev' as validation, 'holdout' as test, 'TRAIN' as train" in outcome.out
    assert "2 rows are empty in column 'part' and so in no split" in outcome.out


def test_splits_that_came_with_the_data_are_not_replaced_in_silence(workspace, make_dataset):
    dataset = make_dataset(text=["a b", "c d", "e f"], split=["train", "train", "dev"])
    result = split_dataset(workspace, dataset, SplitOptions(fractions={"train": 0.5, "test": 0.5}))
    assert result.said[0].startswith("reviews@1 came with splits ('dev' 1, 'train' 2), which this one replaces")
    kept = split_dataset(workspace, dataset, SplitOptions(from_column="split"))
    assert kept.dataset.table(["split"])["split"].to_pylist() == ["train", "train", "validation"]
    assert not any("replaces" in sentence for sentence in split_dataset(workspace, kept.dataset).said)


def test_unknown_values_are_listed_and_can_be_mapped(workspace, make_dataset):
    dataset = make_dataset(text=["a b", "c d", "e f", "g h"], fold=[0, 1, 1, 2])
    with pytest.raises(UsageError, match=r"does not name splits. Values: '1' \(2\), '0' \(1\), '2' \(1\)"):
        split_dataset(workspace, dataset, SplitOptions(from_column="fold"))
    names = {"0": "test", "1": "train", "2": "dev"}
    result = split_dataset(workspace, dataset, SplitOptions(from_column="fold", names=names))
    assert result.dataset.table(["split"])["split"].to_pylist() == ["test", "train", "train", "validation"]


def test_near_duplicates_of_the_test_leave_train(workspace, make_dataset):
    same = "the very same words as in another row"
    dataset = make_dataset(text=[same, "something else", same.upper()], part=["train", "train", "test"])
    result = split_dataset(workspace, dataset, SplitOptions(from_column="part"))
    assert result.dataset.table(["split"])["split"].to_pylist() == [None, "train", "test"]
    assert "(train as in test 1)" in result.warnings[0]
    as_it_is = split_dataset(workspace, dataset, SplitOptions(from_column="part", near_duplicates=False))
    assert as_it_is.dataset.table(["split"])["split"].to_pylist() == ["train", "train", "test"]


def test_wrong_use_is_told(workspace, make_dataset):
    dataset = make_dataset(text=["a b"], part=["train"])
    with pytest.raises(UsageError, match=r"no column 'prat' in reviews@1. Columns: .*Did you mean 'part'"):
        split_dataset(workspace, dataset, SplitOptions(from_column="prat"))
    with pytest.raises(UsageError, match="does not go with --by time"):
        SplitOptions(from_column="part", by="time")
    with pytest.raises(UsageError, match="does not go with --hold-out"):
        SplitOptions(from_column="part", hold_out=dataset)
    with pytest.raises(UsageError, match="--map goes with --from-column"):
        SplitOptions(names={"a": "test"})
    with pytest.raises(UsageError, match="no split named 'tst1'"):
        SplitOptions(from_column="part", names={"a": "tst1"})
    with pytest.raises(UsageError, match="--column goes with --by group or --by time"):
        SplitOptions(column="part")
