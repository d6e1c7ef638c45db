"""Splits by time."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.core import DataError, UsageError
from tamis.split import SplitOptions, split_dataset
from tamis.split.by_time import read_times, split_by_time

FRACTIONS = {"train": 0.6, "validation": 0.2, "test": 0.2}


@given(st.lists(st.none() | st.integers(0, 30), min_size=3, max_size=200))
def test_the_oldest_teach_and_ties_stay_together(times):
    known = np.array([time is not None for time in times])
    values = np.array([time or 0 for time in times])
    if len(set(values[known])) < 3:
        with pytest.raises(DataError, match="different times"):
            split_by_time(values, known, FRACTIONS)
        return
    splits = split_by_time(values, known, FRACTIONS)
    ends = [(values[known & (splits == split)].min(), values[known & (splits == split)].max()) for split in range(3)]
    assert ends[0][1] < ends[1][0] <= ends[1][1] < ends[2][0]
    assert (splits[~known] == 0).all()


def test_borders_come_nearest_to_the_fractions():
    splits = split_by_time(np.arange(100), np.ones(100, dtype=np.bool_), FRACTIONS)
    assert np.bincount(splits).tolist() == [60, 20, 20]


@pytest.mark.parametrize(
    "times",
    [
        [date(2020, 1, day) for day in (3, 1, 2)],
        [datetime(2020, 1, day) for day in (3, 1, 2)],
        [30.5, 10.25, 20.0],
        [30, 10, 20],
        ["2020-03-01", "2020-01-01", "2020-02-01"],
        ["2020-01-01 10:00:00", "2020-01-01 08:00:00", "2020-01-01 09:00:00"],
        ["2020-01-03T10:00:00Z", "2020-01-01T08:00:00+00:00", "2020-01-02T09:00:00Z"],
        ["2020-01-02", "2020-01-01 08:00:00", "2020-01-01 09:00"],
        ["09 3, 2016", "09 1, 2016", "09 2, 2016"],
        ["1472860800", "1472688000", "1472774400"],
        ["2016", "2004", "2010"],
    ],
    ids=str,
)
def test_times_of_every_form_are_ordered(make_dataset, times):
    dataset = make_dataset(text=["a", "b", "c", "d"], time=pa.array([*times, None]))
    found = read_times(dataset, "time")
    assert np.argsort(found.moments[:3]).tolist() == [1, 2, 0]
    assert found.known.tolist() == [True, True, True, False]


def test_what_is_no_time_is_told_with_its_row(make_dataset):
    dataset = make_dataset(text=["a", "b"], time=["2020-01-01", "soon"])
    with pytest.raises(DataError, match=r"'soon' in row 2 is no time that can be read \(1 such rows\)"):
        read_times(dataset, "time")


def test_rows_without_time_teach_and_it_is_said(workspace, make_dataset):
    days = [date(2020, 1, 1) + timedelta(days=number) for number in range(19)]
    dataset = make_dataset(text=[f"text of {number}" for number in range(20)], time=pa.array([*days, None]))
    result = split_dataset(workspace, dataset, SplitOptions(by="time", fractions=FRACTIONS))
    rows = result.dataset.table(["time", "split"]).to_pylist()
    assert [row["split"] for row in rows] == ["train"] * 11 + ["validation"] * 4 + ["test"] * 4 + ["train"]
    assert "train until 2020-01-11, validation until 2020-01-15, test until 2020-01-19" in result.said
    assert "1 row is without a time and in train" in result.said


def test_a_copy_of_a_newer_row_is_left_out(workspace, make_dataset):
    dataset = make_dataset(
        text=[
            "one two three four five six",
            *[f"something else {n}" for n in range(8)],
            "One two three four five six!",
        ],
        time=list(range(10)),
    )
    result = split_dataset(workspace, dataset, SplitOptions(by="time", fractions=FRACTIONS))
    assert (
        result.dataset.table(["split"])["split"].to_pylist()
        == [None] + ["train"] * 5 + ["validation"] * 2 + ["test"] * 2
    )
    assert "1 row is nearly the same as rows of another split (train as in test 1)" in result.warnings[0]


def test_data_without_times_is_told(workspace, make_dataset, tamis):
    make_dataset(text=["a", "b"], label=["x", "y"])
    outcome = tamis("data", "split", "reviews", "--by", "time")
    assert outcome.code == 2
    assert "has no column in the role of time. Columns: id, text, label" in outcome.err
    assert "--by time --column COLUMN" in outcome.err
    with pytest.raises(UsageError, match=r"no column 'whn'"):
        split_dataset(workspace, make_dataset(text=["a"], when=[1]), SplitOptions(by="time", column="whn"))
