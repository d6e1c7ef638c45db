"""A sample: fewer rows in every split, the same ones as before and some more when more are asked for."""

from __future__ import annotations

from collections import Counter

import pytest

from tamis.split import SplitOptions, split_dataset

FRACTIONS = {"train": 0.5, "validation": 0.25, "test": 0.25}


@pytest.fixture
def two_hundred(make_dataset):
    return make_dataset(text=[f"row number {number}" for number in range(200)], label=["a", "b"] * 100)


def ids(workspace, dataset, rows):
    options = SplitOptions(fractions=FRACTIONS, near_duplicates=False, rows=rows)
    table = split_dataset(workspace, dataset, options).dataset.table(["id", "split"]).to_pylist()
    return {row["id"]: row["split"] for row in table if row["split"]}


def test_each_split_keeps_its_share_and_more_rows_only_add(workspace, two_hundred):
    some, more = ids(workspace, two_hundred, 40), ids(workspace, two_hundred, 80)
    assert Counter(some.values()) == {"train": 20, "validation": 10, "test": 10}
    assert some.items() < more.items() < ids(workspace, two_hundred, None).items()
    assert len(ids(workspace, two_hundred, 1000)) == 200


def test_the_rows_left_out_are_kept_and_told(workspace, two_hundred):
    result = split_dataset(workspace, two_hundred, SplitOptions(fractions=FRACTIONS, rows=40))
    assert result.dataset.rows == 200
    assert any("160 rows are in no split now" in said for said in result.said)


def test_one_row_is_no_sample(tamis, two_hundred):
    outcome = tamis("data", "split", "reviews", "--rows", "1")
    assert outcome.code == 2
    assert "a split needs two rows or more" in outcome.err
