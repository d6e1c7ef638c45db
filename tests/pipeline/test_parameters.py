"""Parameters: what a command line gives becomes the declared type, within its bounds, or an error that helps."""

import pytest

from tamis.core import UsageError
from tamis.pipeline import Graph, Parameter, Step, given_parameters


def value(parameter, given):
    graph = Graph(name="small", parameters={"it": Parameter(**parameter)}, steps=(Step(name="a", uses="a"),))
    return given_parameters(graph, {} if given is None else {"it": given})["it"]


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("int", "3", 3),
        ("int", 3.0, 3),
        ("float", "1e-4", 1e-4),
        ("float", 2, 2.0),
        ("bool", "False", False),
        ("bool", True, True),
        ("str", "007", "007"),
        ("list", "linear,encoder", ["linear", "encoder"]),
        ("list", "[1, 2]", [1, 2]),
        ("list", "3", [3]),
        ("list", ("a", "b"), ["a", "b"]),
    ],
)
def test_text_becomes_the_type(kind, given, expected):
    found = value({"type": kind}, given)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("parameter", "given", "told"),
    [
        ({"type": "int"}, "3.5", "'3.5' is not a whole number"),
        ({"type": "int"}, True, "True is not a whole number"),
        ({"type": "int"}, 2.5, "2.5 is not a whole number"),
        ({"type": "float"}, "many", "'many' is not a number"),
        ({"type": "bool"}, "yes", "'yes' is not true or false"),
        ({"type": "bool"}, 1, "1 is not true or false"),
        ({"type": "str"}, 7, "7 is not a text"),
        ({"type": "list"}, "[1, 2", "is not a list"),
        ({"type": "int", "minimum": 1}, "0", "0 is below the minimum, 1"),
        ({"type": "float", "maximum": 0.5}, "0.6", "0.6 is above the maximum, 0.5"),
        ({"type": "float", "minimum": 0}, "nan", "nan is below the minimum"),
        ({"type": "list", "maximum": 3}, "1,2,4", "4 is above the maximum, 3"),
        ({"type": "str", "choices": ["linear", "encoder"]}, "liner", "none of linear, encoder. Did you mean 'linear'?"),
        ({"type": "list", "choices": ["a", "b"]}, "a,c", "'c' is none of a, b"),
        ({"type": "int"}, None, "it has no default; give a whole number"),
    ],
)
def test_what_does_not_fit_is_told(parameter, given, told):
    with pytest.raises(UsageError, match="parameter it: ") as refused:
        value(parameter, given)
    assert told in str(refused.value)


def test_the_default_holds_and_what_is_given_takes_its_place():
    assert value({"type": "int", "default": 3}, None) == 3
    assert value({"type": "int", "default": 3}, "4") == 4


def test_all_that_is_wrong_is_told_at_once():
    graph = Graph(name="small", parameters={"epochs": Parameter(type="int")}, steps=(Step(name="a", uses="a"),))
    with pytest.raises(UsageError) as refused:
        given_parameters(graph, {"epoch": "3"})
    assert "small has no parameter 'epoch'. Parameters: epochs. Did you mean 'epochs'?" in str(refused.value)
    assert "parameter epochs: it has no default" in str(refused.value)
