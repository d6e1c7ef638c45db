"""Fractions and the names of splits."""

from __future__ import annotations

import pytest

from tamis.core import UsageError
from tamis.split import check_fractions, parse_fractions, parse_names, split_name


def test_fractions_come_in_the_order_of_use_under_their_own_names():
    assert list(parse_fractions("test=0.1, dev=0.2,train=0.7").items()) == [
        ("train", 0.7),
        ("validation", 0.2),
        ("test", 0.1),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train=0.7,test=0.2", r"sum to 0.9 and not to 1: train 0.7 \+ test 0.2"),
        ("train=0.8,tset=0.2", r"no split named 'tset'.*Did you mean"),
        ("train=1.2,test=-0.2", "'train' is 1.2: it must be above 0 and at most 1"),
        ("train=1,test=0", "'test' is 0: it must be above 0"),
        ("train=0.5,train=0.5", "'train' is given twice"),
        ("validation=0.5,train=0.3,val=0.2", "'validation' is given twice"),
        ("train", "'train' is no fraction"),
        ("train=nan", "'train=nan' is no fraction"),
        ("train=70%,test=30%", "'train=70%' is no fraction"),
        ("test=1", "nothing to train on"),
        ("", "'' is no fraction"),
    ],
)
def test_wrong_fractions_are_told(text, message):
    with pytest.raises(UsageError, match=message):
        parse_fractions(text)


def test_a_third_each_is_whole():
    assert len(check_fractions({"train": 1 / 3, "validation": 1 / 3, "test": 1 / 3})) == 3


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("TRAIN", "train"),
        ("training", "train"),
        ("dev", "validation"),
        ("Valid", "validation"),
        (" val ", "validation"),
        ("hold-out", "test"),
        ("hold_out", "test"),
        ("holdout", "test"),
        ("cal", "calibration"),
        ("3", None),
    ],
)
def test_what_people_call_splits(value, name):
    assert split_name(value) == name


def test_pairs_of_value_and_split():
    assert parse_names(["a=b=test", "1=train"]) == {"a=b": "test", "1": "train"}
    with pytest.raises(UsageError, match="write it as VALUE=SPLIT"):
        parse_names(["fold"])
