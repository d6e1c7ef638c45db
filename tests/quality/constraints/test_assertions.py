"""Assertions: what people write, and what it means."""

from __future__ import annotations

import pytest

from tamis.quality import Assertion


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        (">= 0.99", [0.99, 1], [0.98]),
        (">1", [1.1], [1, 0]),
        ("<= 5", [5, -1], [5.1]),
        ("< 5", [4.9], [5]),
        ("== 1452", [1452], [1451]),
        ("= 1,452", [1452], [1451]),
        ("!= 0", [1], [0]),
        ("between 1 and 5", [1, 5, 3], [0.9, 5.1]),
        ("between -1.5 and 1e3", [-1.5, 1000], [-2]),
        (">= 99 %", [0.99], [0.989]),
        (">= 2015-08-20", ["2015-08-20", "2016-01-01", "2015-08-20 12:00:00"], ["2015-08-19"]),
        ("between 2015-01-01 and 2015-12-31T12:00", ["2015-06-01"], ["2014-12-31", "2015-12-31 12:30:00"]),
    ],
)
def test_an_assertion_holds_or_not(text, good, bad):
    assertion = Assertion.parse(text)
    assert all(assertion.holds(value) for value in good)
    assert not any(assertion.holds(value) for value in bad)
    assert Assertion.parse(str(assertion)) == assertion


def test_engines_may_differ_in_the_last_digit():
    assert Assertion.parse("== 0.3").holds(0.1 + 0.2)
    assert Assertion.parse(">= 0.3").holds(0.3 - 1e-17)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("about 5", "is no assertion"),
        (">= many", "neither a number nor a day"),
        (">= ", "is no assertion"),
        ("between 5 and 1", "the smaller one comes first"),
        ("between 1 and 2015-01-01", "mixes a number and a day"),
        ("== .", "neither a number nor a day"),
    ],
)
def test_what_says_nothing_is_told(text, message):
    with pytest.raises(ValueError, match=message):
        Assertion.parse(text)


def test_no_number_is_nothing():
    assert not Assertion.parse(">= 0").holds(float("nan"))
