"""RowHash: equal rows have an equal fingerprint, however they are cut; other rows have another."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tamis.data.rowhash import RowHash

WHEN = st.datetimes(min_value=dt.datetime(1970, 1, 2), max_value=dt.datetime(2100, 1, 1))
VALUES = {
    pa.null(): st.none(),
    pa.bool_(): st.booleans(),
    pa.int8(): st.integers(-128, 127),
    pa.uint16(): st.integers(0, 2**16 - 1),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float16(): st.floats(width=16, allow_nan=False),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.float64(): st.floats(allow_nan=False),
    pa.decimal128(12, 3): st.decimals(-1000, 1000, places=3),
    pa.decimal256(50, 2): st.decimals(-1000, 1000, places=2),
    pa.date32(): st.dates(),
    pa.date64(): st.dates(),
    pa.time32("s"): st.times().map(lambda time: time.replace(microsecond=0)),
    pa.time64("us"): st.times(),
    pa.timestamp("us"): WHEN,
    pa.timestamp("ms", tz="UTC"): WHEN.map(lambda when: when.replace(microsecond=0, tzinfo=dt.UTC)),
    pa.duration("us"): st.timedeltas(dt.timedelta(days=-99), dt.timedelta(days=99)),
    pa.month_day_nano_interval(): st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)).map(
        pa.MonthDayNano
    ),
    pa.string(): st.text(max_size=6),
    pa.large_string(): st.text(max_size=6),
    pa.string_view(): st.text(max_size=20),
    pa.binary(): st.binary(max_size=6),
    pa.large_binary(): st.binary(max_size=6),
    pa.binary_view(): st.binary(max_size=20),
    pa.binary(3): st.binary(min_size=3, max_size=3),
    pa.dictionary(pa.int32(), pa.string()): st.sampled_from(["a", "b", "ccc", ""]),
}
FLAT = st.sampled_from(list(VALUES))


def nested(inner):
    return st.one_of(
        inner.map(pa.list_),
        inner.map(pa.large_list),
        inner.map(lambda kind: pa.list_(kind, 2)),
        st.lists(inner, min_size=1, max_size=3).map(
            lambda kinds: pa.struct([(f"f{number}", kind) for number, kind in enumerate(kinds)])
        ),
        inner.map(lambda kind: pa.map_(pa.string(), kind)),
    )


KINDS = st.recursive(FLAT, nested, max_leaves=3)


def values(kind):
    """Values that fit a type, missing ones among them."""
    if kind in VALUES:
        found = VALUES[kind]
    elif pa.types.is_struct(kind):
        found = st.fixed_dictionaries({field.name: values(field.type) for field in kind})
    elif pa.types.is_map(kind):
        found = st.lists(st.tuples(st.text(max_size=3), values(kind.item_type)), max_size=3)
    elif pa.types.is_fixed_size_list(kind):
        found = st.lists(values(kind.value_type), min_size=2, max_size=2)
    else:
        found = st.lists(values(kind.value_type), max_size=3)
    return st.none() | found


@st.composite
def columns(draw, at_least=0):
    kind = draw(KINDS)
    return pa.array(draw(st.lists(values(kind), min_size=at_least, max_size=12)), kind)


def fingerprint(*arrays):
    rows = RowHash()
    for array in arrays:
        rows.add(pa.table({"a": array}))
    return rows.hexdigest()


@settings(deadline=None, max_examples=100)
@given(columns(), st.lists(st.integers(0, 12), max_size=4))
def test_cuts_leave_no_trace(array, cuts):
    borders = [0, *sorted(min(cut, len(array)) for cut in cuts), len(array)]
    slices = [array.slice(start, end - start) for start, end in itertools.pairwise(borders)]
    assert fingerprint(array) == fingerprint(*slices) == fingerprint(pa.chunked_array(slices, array.type))
    copied = [pa.array(piece.to_pylist(), array.type) for piece in slices]  # the same rows in memory of their own
    assert fingerprint(array) == fingerprint(*copied)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_other_rows_are_another_content(data):
    kind = data.draw(KINDS)
    one = pa.array(data.draw(st.lists(values(kind), max_size=5)), kind)
    other = pa.array(data.draw(st.lists(values(kind), max_size=5)), kind)
    assume(one.to_pylist() != other.to_pylist())
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["ab", "c"], ["a", "bc"]),
        (["", None], [None, ""]),
        ([0, None], [None, 0]),
        ([["a"], []], [[], ["a"]]),
        ([[], None], [None, []]),
        ([["a", "b"]], [["a"], ["b"]]),
        ([True, False], [False, True]),
        ([0.0], [-0.0]),
        ([Decimal("1.0")], [Decimal("2.0")]),
        ([{"x": None}], [None]),
        ([1], [1.0]),
        (["1"], [1]),
    ],
    ids=str,
)
def test_what_looks_alike_is_told_apart(one, other):
    assert fingerprint(pa.array(one)) != fingerprint(pa.array(other))


def test_what_lies_under_a_missing_value_does_not_count():
    mask = pa.array([False, True])
    clean, dirty = (
        pa.array([1, None]),
        pa.Array.from_buffers(pa.int64(), 2, [pa.array([1, None]).buffers()[0], pa.array([1, 99]).buffers()[1]]),
    )
    assert clean.equals(dirty)
    assert fingerprint(clean) == fingerprint(dirty)
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 3]), pa.array(["a", "hid", "den"]), mask=mask)
    assert fingerprint(lists) == fingerprint(pa.array([["a"], None]))
    structs = pa.StructArray.from_arrays([pa.array(["a", "hidden"])], names=["x"], mask=mask)
    assert fingerprint(structs) == fingerprint(pa.array([{"x": "a"}, None]))


def test_the_order_of_columns_does_not_count_but_their_names_do():
    def of(**arrays):
        rows = RowHash()
        rows.add(pa.table(arrays))
        return rows.hexdigest()

    assert of(a=[1], b=[2]) == of(b=[2], a=[1]) != of(a=[2], b=[1])
    assert of(a=[1]) != of(b=[1])
    assert of(a=pa.array([], pa.int64())) != of(b=pa.array([], pa.int64()))


def test_categories_in_another_order_are_the_same_rows():
    one = pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["x", "y"]))
    other = pa.DictionaryArray.from_arrays(pa.array([1, 0, None]), pa.array(["y", "x"]))
    assert fingerprint(one) == fingerprint(other) == fingerprint(pa.array(["x", "y", None]))
