"""Dataset versions: immutable, named by content, never half-written."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tamis.core import UsageError
from tamis.data import dataset_versions, derive, open_dataset


def test_the_same_rows_are_the_same_version(workspace, make_dataset):
    first = make_dataset(text=["a", "b"], label=["x", "y"])
    again = make_dataset(text=["a", "b"], label=["x", "y"])
    other = make_dataset(text=["a", "c"], label=["x", "y"])
    assert (first.version, again.version, other.version) == (1, 1, 2)
    assert first.manifest.fingerprint == again.manifest.fingerprint != other.manifest.fingerprint


def test_importing_again_does_not_undo_what_was_made_of_it(workspace, make_dataset):
    make_dataset(text=["a", "b"], label=["x", "y"])
    derive(workspace, open_dataset(workspace, "reviews"), lambda table: table.slice(0, 1), operation="first row")
    assert make_dataset(text=["a", "b"], label=["x", "y"]).version == 1
    assert dataset_versions(workspace, "reviews") == [1, 2]


def test_going_back_is_a_new_version_because_the_bare_name_means_the_newest(workspace, make_dataset):
    make_dataset(text=["a"], label=["x"])
    make_dataset(text=["b"], label=["x"])
    assert make_dataset(text=["a"], label=["x"]).version == 3
    first = open_dataset(workspace, "reviews@1")
    two, new = derive(workspace, first, lambda table: pa.concat_tables([table, table]), operation="twice")
    assert (two.version, new) == (4, True)
    assert derive(workspace, two, None, operation="nothing") == (two, False)
    back, new = derive(workspace, two, lambda table: table.slice(0, 1), operation="once")
    assert (back.version, new) == (5, True)
    assert back.manifest.fingerprint == first.manifest.fingerprint


def test_a_failing_writer_leaves_nothing(workspace, make_dataset):
    dataset = make_dataset(text=["a"], label=["x"])

    def fail(table):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        derive(workspace, dataset, fail, operation="test")
    assert dataset_versions(workspace, "reviews") == [1]
    assert [path.name for path in dataset.path.parent.iterdir()] == ["v1"]


def test_a_derived_version_knows_its_parent(workspace, make_dataset):
    dataset = make_dataset(text=["a", "b"], label=["x", "y"])
    fewer, new = derive(workspace, dataset, lambda table: table.slice(0, 1), operation="first row")
    assert new
    assert fewer.manifest.parents[0].fingerprint == dataset.manifest.fingerprint
    assert fewer.label_set.names == ("x", "y")


def test_unknown_names_are_told_with_the_nearest(workspace, make_dataset, tamis):
    make_dataset("reviews", text=["a"])
    with pytest.raises(UsageError, match="Did you mean 'reviews'"):
        open_dataset(workspace, "reveiws")
    outcome = tamis("data", "show", "reveiws")
    assert outcome.code == 2
    assert "no dataset 'reveiws'" in outcome.err
