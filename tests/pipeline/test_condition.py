"""Conditions: what may be said, what it is worth, and that nothing else is run."""

import pytest

from tamis.core import UsageError
from tamis.pipeline.condition import read_condition

WORTH = {
    "deploy": True,
    "families": ["linear", "encoder"],
    "evaluate.macro_f1": 0.82,
    "evaluate.name": "linear",
    "evaluate.all": [0.7, 0.9],
    "import.rows": 20,
}


def worth(reference):
    return WORTH[str(reference)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("evaluate.macro_f1 >= 0.8 and ${deploy}", True),
        ("evaluate.macro_f1 >= 0.8 and not deploy", False),
        ("0.8 < evaluate.macro_f1 < 0.81", False),
        ("evaluate.name in ['linear', 'encoder']", True),
        ("evaluate.name not in families", False),
        ("'encoder' in families or false", True),
        ("deploy == true and evaluate.name != null", True),
        ("max(evaluate.all) > 0.8 and len(evaluate.all) == 2 and min(evaluate.all) > -1", True),
        ("${import.rows} > 10", True),
        ("evaluate.name == 'none'", False),
    ],
)
def test_what_a_condition_is_worth(text, expected):
    assert read_condition(text).holds(worth) is expected


def test_a_condition_tells_what_it_refers_to_even_where_it_does_not_look():
    condition = read_condition("${deploy} or evaluate.macro_f1 > 1 or ${import.rows} > 3")
    assert [str(each) for each in condition.references] == ["deploy", "evaluate.macro_f1", "import.rows"]


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "evaluate.macro_f1.__class__()",
        "[each for each in families]",
        "(lambda: 1)()",
        "evaluate.all[0] > 1",
        "2 ** 99 > 1",
        "print(deploy)",
        "max(1, 2)",
        "deploy =",
        "",
        "evaluate.macro_f1 is 1",
        "f'{deploy}'",
        "x := 3",
        "'${deploy}' == 'x'",
        "${} > 1",
        "${a b} > 1",
        "not " * 5000 + "deploy",
    ],
)
def test_what_is_no_condition_is_refused_before_anything_is_computed(text):
    with pytest.raises(UsageError, match="cannot be read") as refused:
        read_condition(text)
    assert "a condition is made of" in str(refused.value)


def test_what_makes_no_sense_is_told():
    with pytest.raises(UsageError, match="'evaluate.name > 3' makes no sense: '>' not supported between"):
        read_condition("evaluate.name > 3").holds(worth)
