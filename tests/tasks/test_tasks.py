"""Tasks: labels become numbers and come back, whatever the task."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.core import DataError, LabelSet, UsageError
from tamis.tasks import MASKED, MultiLabel, Ordinal, SingleLabel, Spans, task_for

OLID = LabelSet(["OFF", "UNT", "TIN", "IND", "GRP", "OTH"])
PARENTS = {"UNT": "OFF", "TIN": "OFF", "IND": "TIN", "GRP": "TIN", "OTH": "TIN"}
STARS = LabelSet(["1", "2", "3", "4", "5"])
one_label = st.lists(st.none() | st.sampled_from(STARS.names))
several_labels = st.lists(st.none() | st.lists(st.sampled_from(OLID.names), unique=True))


@given(one_label)
def test_single_label_comes_back(labels):
    task = SingleLabel(STARS)
    codes = task.encode(pa.array(labels, pa.string()))
    assert codes.dtype == np.int64
    assert task.decode(codes) == labels
    assert [code == MASKED for code in codes] == [label is None for label in labels]


@given(one_label)
def test_ordinal_comes_back(labels):
    task = Ordinal(STARS)
    codes = task.encode(labels)
    assert codes.shape == (len(labels), 4)
    assert task.decode(codes) == labels
    # whoever is above 4 is above 3
    assert (np.nan_to_num(np.diff(codes, axis=1)) <= 0).all()


@given(several_labels)
def test_multi_label_comes_back(labels):
    task = MultiLabel(OLID)
    back = task.decode(task.encode(labels))
    assert [None if row is None else set(row) for row in back] == [None if row is None else set(row) for row in labels]


@given(several_labels)
def test_a_child_brings_its_parents(labels):
    task = MultiLabel(OLID, parents=PARENTS)

    def closed(names):
        every = set(names)
        for name in names:
            while name in PARENTS:
                name = PARENTS[name]
                every.add(name)
        return every

    back = task.decode(task.encode(labels))
    assert [row and set(row) for row in back] == [row and closed(row) for row in map(_tuple, labels)]
    wrong = [row for row, names in enumerate(labels) if names and set(names) != closed(names)]
    assert task.inconsistent(labels).tolist() == wrong


def _tuple(row):
    return None if row is None else tuple(row)


@given(several_labels, st.integers(1, 7))
def test_strata_do_not_depend_on_chunks(labels, size):
    task = MultiLabel(OLID, parents=PARENTS)
    whole = task.strata(labels)
    kind = pa.list_(pa.string())
    chunks = [pa.array(labels[start : start + size], kind) for start in range(0, len(labels), size)]
    chunked = task.strata(pa.chunked_array(chunks, kind))
    assert whole.offsets.tolist() == chunked.offsets.tolist()
    assert whole.codes.tolist() == chunked.codes.tolist()
    for row, names in enumerate(labels):
        expected = [] if names is None else [code for code, on in enumerate(task.encode([names])[0]) if on] or [6]
        assert whole.of(row).tolist() == expected


@pytest.mark.parametrize("task", [SingleLabel(STARS), Ordinal(STARS)])
def test_strata_of_one_label_a_row(task):
    strata = task.strata(["5", None, "1"])
    assert strata.sizes.tolist() == [1, 0, 1]
    assert strata.codes.tolist() == [4, 0]


def test_strata_of_spans_are_the_kinds_that_occur():
    strata = Spans(LabelSet(["Chemical", "Disease"])).strata(
        [[{"start": 0, "end": 1, "label": "Disease"}, {"start": 2, "end": 3, "label": "Disease"}], [], None]
    )
    assert [strata.of(row).tolist() for row in range(3)] == [[1], [2], []]


def test_a_sliced_column_is_read_from_its_own_start():
    rows = pa.array([["UNT"], None, ["IND", None], []], pa.list_(pa.string())).slice(1)
    assert np.nan_to_num(MultiLabel(OLID).encode(rows), nan=-1).tolist() == [[-1] * 6, [0, 0, 0, 1, 0, 0], [0] * 6]


def test_probabilities_are_decided_at_a_half():
    assert MultiLabel(OLID, parents=PARENTS).decode(np.array([[0.1, 0.9, 0.2, 0.1, 0.1, 0.1]])) == [("OFF", "UNT")]
    assert Ordinal(STARS).decode(np.array([[0.9, 0.6, 0.4, 0.1]])) == ["3"]


def test_wrong_labels_are_told_with_the_nearest():
    with pytest.raises(DataError, match=r"no label 'OOF'.*Did you mean 'OFF'"):
        MultiLabel(OLID).encode([["OOF"]])
    with pytest.raises(DataError, match="these labels are not a list of labels a row"):
        MultiLabel(OLID).encode(["OFF"])
    with pytest.raises(DataError, match="these labels are not one label a row"):
        SingleLabel(OLID).encode([["OFF"]])
    with pytest.raises(DataError, match="two labels or more, not 1"):
        Ordinal(LabelSet(["1"]))


def test_a_wrong_hierarchy_is_told_at_once():
    with pytest.raises(UsageError, match=r"there is no label 'OOF'.*Did you mean 'OFF'"):
        MultiLabel(OLID, parents={"UNT": "OOF"})
    with pytest.raises(UsageError, match=r"in a circle: TIN -> IND -> TIN"):
        MultiLabel(OLID, parents={"TIN": "IND", "IND": "TIN"})
    with pytest.raises(UsageError, match="takes no parents"):
        task_for("single_label", OLID, parents=PARENTS)


def test_tasks_are_found_by_name():
    assert task_for("multi_label", OLID, parents=PARENTS) == MultiLabel(OLID, parents=PARENTS)
    with pytest.raises(UsageError, match=r"no task named 'multilabel'.*Did you mean 'multi_label'"):
        task_for("multilabel", OLID)


@pytest.mark.parametrize(
    "task",
    [SingleLabel(STARS), Ordinal(STARS), MultiLabel(STARS, parents={"2": "1", "3": "2"})],
    ids=lambda it: it.name,
)
def test_what_is_most_probable_is_the_same_in_numbers_and_in_names(task):
    probabilities = np.random.default_rng(0).dirichlet(np.full(5, 0.4), size=50)
    numbers = task.most_probable(probabilities)
    assert numbers.tolist() == task.truth(task.choose(probabilities)).tolist()
    assert len(np.unique(numbers, axis=0)) > 3
    assert task.most_probable(probabilities[:0]).shape == numbers[:0].shape


def test_the_most_probable_of_ordered_labels_is_the_median():
    said = [[0.3, 0.25, 0.05, 0.1, 0.3], [0.49, 0, 0, 0, 0.51], [0.51, 0, 0, 0, 0.49], [0.2, 0.2, 0.2, 0.2, 0.2]]
    assert Ordinal(STARS).choose(np.array(said)) == ["2", "5", "1", "3"]
