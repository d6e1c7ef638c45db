"""Balancing: only train, only as asked."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tamis.core import DataError, LabelSet, UsageError
from tamis.split import SplitOptions, split_dataset
from tamis.split.balance import balance
from tamis.tasks import MultiLabel, Strata

FRACTIONS = {"train": 0.6, "test": 0.4}


@pytest.fixture
def uneven(make_dataset):
    """100 rows of a, 40 of b, 10 of c, and one without a label."""
    labels = ["a"] * 100 + ["b"] * 40 + ["c"] * 10 + [None]
    return make_dataset(text=[f"row number {number}" for number in range(151)], label=labels)


def counts(dataset, split):
    rows = dataset.table(["label", "split"]).to_pylist()
    return dict(Counter(row["label"] for row in rows if row["split"] == split))


def options(**more):
    return SplitOptions(fractions=FRACTIONS, near_duplicates=False, **more)


def test_down_leaves_rows_of_train_out_and_loses_none(workspace, uneven):
    result = split_dataset(workspace, uneven, options(balance="down"))
    assert counts(result.dataset, "train") == {"a": 6, "b": 6, "c": 6, None: 1}
    assert counts(result.dataset, "test") == {"a": 40, "b": 16, "c": 4}
    assert counts(result.dataset, None) == {"a": 54, "b": 18}
    assert result.dataset.rows == uneven.rows


def test_over_repeats_rows_of_train_under_new_ids(workspace, uneven):
    result = split_dataset(workspace, uneven, options(balance="over"))
    assert counts(result.dataset, "train") == {"a": 60, "b": 60, "c": 60, None: 1}
    assert counts(result.dataset, "test") == {"a": 40, "b": 16, "c": 4}
    rows = result.dataset.table(["id", "text", "split"]).to_pylist()
    assert len({row["id"] for row in rows}) == len(rows)
    copies = [row for row in rows if "#" in row["id"]]
    assert {row["split"] for row in copies} == {"train"}
    texts = {row["id"]: row["text"] for row in rows}
    assert all(texts[row["id"].split("#")[0]] == row["text"] for row in copies)
    of_c = Counter(
        row["id"].split("#")[0] for row in rows if row["split"] == "train" and int(row["id"].split("#")[0]) > 140
    )
    assert set(of_c.values()) <= {1, 10}  # the unlabelled row once, each of c's ten times


def test_a_ratio_leaves_some_unevenness(workspace, uneven):
    down = split_dataset(workspace, uneven, options(balance="down", balance_ratio=3))
    assert counts(down.dataset, "train") == {"a": 18, "b": 18, "c": 6, None: 1}
    over = split_dataset(workspace, uneven, options(balance="over", balance_ratio=3))
    assert counts(over.dataset, "train") == {"a": 60, "b": 24, "c": 20, None: 1}


def test_all_splits_only_with_a_warning(workspace, uneven, tamis):
    words = ("data", "split", "reviews", "--fractions", "train=0.6,test=0.4", "--balance", "down", "--balance-all")
    outcome = tamis(*words)
    assert outcome.code == 0
    assert "warning: validation and test are balanced too" in outcome.out
    result = split_dataset(workspace, uneven, options(balance="down", balance_all=True))
    assert counts(result.dataset, "test") == {"a": 4, "b": 4, "c": 4}


def test_splitting_again_starts_from_before_the_copies(workspace, uneven):
    copied = split_dataset(workspace, uneven, options(balance="over")).dataset
    again = split_dataset(workspace, copied, options())
    assert again.dataset.rows == uneven.rows
    assert again.said[0] == "reviews@2 holds copies of an earlier split, so this one starts from reviews@1"


def test_repeats_are_left_out_first():
    strata = Strata.one_each(np.zeros(6, dtype=np.int64) + np.array([0, 0, 0, 0, 1, 1]))
    repeats = np.array([True, False, True, False, False, False])
    everything = np.ones(6, dtype=np.bool_)
    done = balance(strata, everything, np.arange(6, dtype=np.uint64), how="down", ratio=1, repeats=repeats)
    assert np.flatnonzero(done.left_out).tolist() == [0, 2]


def test_a_row_of_several_labels_counts_for_its_rarest():
    labels = [["a", "b"]] * 2 + [["a"]] * 6 + [[]] * 4
    strata = MultiLabel(LabelSet(["a", "b"])).strata(labels)
    done = balance(strata, np.ones(12, dtype=np.bool_), np.arange(12, dtype=np.uint64), how="over", ratio=1)
    assert [int(part.sum()) for part in (done.copies[:2], done.copies[2:8], done.copies[8:])] == [4, 0, 2]


def test_wrong_use_is_told(workspace, make_dataset):
    with pytest.raises(UsageError, match="--balance-all says where to balance, not how"):
        SplitOptions(balance_all=True)
    with pytest.raises(UsageError, match="balance ratio is 0.5: it must be 1 or more"):
        SplitOptions(balance="over", balance_ratio=0.5)
    with pytest.raises(DataError, match="there are no labels to balance"):
        split_dataset(workspace, make_dataset(text=["a", "b", "c"]), options(balance="over"))
