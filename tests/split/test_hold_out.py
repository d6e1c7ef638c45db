"""A given hold-out becomes the test split, and nothing of it stays in train."""

from __future__ import annotations

import pytest

from tamis.core import DataError, Silent, UsageError
from tamis.split import SplitOptions, open_hold_out, split_dataset

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"]


def text(number):
    """Texts of which no two are near-duplicates."""
    return " ".join(f"{word}{number}" for word in WORDS[: 4 + number % 5])


@pytest.fixture
def reviews(make_dataset):
    return make_dataset(text=[text(number) for number in range(40)], label=["x", "y"] * 20)


def splits(dataset):
    return {row["id"]: row["split"] for row in dataset.table(["id", "split"]).to_pylist()}


def test_a_file_becomes_the_test_split(workspace, reviews, tamis, tmp_path):
    file = tmp_path / "held.csv"
    lines = [f"{text(number)},{'xy'[number % 2]}" for number in range(100, 110)]
    file.write_text("\n".join(["text,label", *lines, f"{text(3)} indeed,x", ""]))
    outcome = tamis("data", "split", "reviews", "--hold-out", file)
    assert outcome.code == 0, outcome.err
    assert "the other rows are shared out as train 0.824, validation 0.176" in outcome.out
    assert "11 ids of the hold-out are ids of the dataset too" in outcome.out
    assert "warning: leakage: 1 row is nearly the same as rows of the hold-out reviews-hold-out@1" in outcome.out
    dataset = open_hold_out(workspace, reviews, "reviews", progress=Silent())
    found = splits(dataset)
    assert len(found) == 51
    assert found["4"] is None  # the row that leaked
    assert sum(split == "test" for split in found.values()) == 11
    assert found["hold-out-1"] == "test"
    assert {split for name, split in found.items() if not name.startswith("hold-out")} == {"train", "validation", None}


def test_splitting_again_starts_from_before_the_hold_out(workspace, reviews, make_dataset):
    held = make_dataset("held", text=[text(number) for number in range(50, 55)], label=["x"] * 5)
    first = split_dataset(workspace, reviews, SplitOptions(hold_out=held))
    again = split_dataset(workspace, first.dataset, SplitOptions())
    assert (first.dataset.rows, again.dataset.rows) == (45, 40)
    assert "reviews@2 holds hold-out rows of an earlier split, so this one starts from reviews@1" in again.said


def test_roles_are_those_of_the_dataset(workspace, reviews, tmp_path):
    file = tmp_path / "held.csv"
    file.write_text("text,label,stars,other\nsome text of its own,x,5,u\nanother text quite new,y,1,v\n")
    held = open_hold_out(workspace, reviews, str(file), progress=Silent())
    assert held.manifest.label_counts == {"x": 1, "y": 1}
    joined = split_dataset(workspace, reviews, SplitOptions(hold_out=held)).dataset
    assert list(joined.columns) == ["id", "text", "label", "split"]


def test_by_group_and_by_time_with_a_hold_out(workspace, make_dataset):
    dataset = make_dataset(
        text=[text(number) for number in range(30)],
        label=["x", "y"] * 15,
        group=[f"g{number // 3}" for number in range(30)],
        time=list(range(30)),
    )
    held = make_dataset("held", text=[text(99)], label=["x"])
    options = {"fractions": {"train": 0.5, "validation": 0.5}, "hold_out": held}
    for by in ("group", "time"):
        result = split_dataset(workspace, dataset, SplitOptions(by=by, **options))
        assert result.rows == {"train": 15, "validation": 15, "test": 1}


def test_rows_that_leaked_do_not_count_in_the_shares_of_the_others(workspace, reviews, make_dataset):
    held = make_dataset("held", text=[text(number) for number in range(0, 40, 4)], label=["x"] * 10)
    options = SplitOptions(hold_out=held, fractions={"train": 0.5, "validation": 0.5})
    result = split_dataset(workspace, reviews, options)
    assert result.rows == {"train": 15, "validation": 15, "test": 10, "none": 10}
    assert {result.counts[split]["y"] for split in ("train", "validation")} == {10}


def test_labels_that_the_dataset_does_not_have_are_told(workspace, reviews, make_dataset):
    held = make_dataset("held", text=["a b c"], label=["z"])
    with pytest.raises(DataError, match=r"labels of the hold-out held@1 are not labels of reviews@1: 'z' \(1 rows\)"):
        split_dataset(workspace, reviews, SplitOptions(hold_out=held))
    import pyarrow as pa

    bare = make_dataset("bare", text=["a b c"], label=pa.array([None], pa.string()))
    with pytest.raises(DataError, match="no row of the hold-out bare@1 has a label"):
        split_dataset(workspace, reviews, SplitOptions(hold_out=bare))


def test_a_hold_out_of_the_same_rows_leaves_nothing_to_learn(workspace, reviews):
    with pytest.raises(DataError, match="nothing of reviews@1 is left to train on") as error:
        split_dataset(workspace, reviews, SplitOptions(hold_out=reviews))
    assert "leakage: 40 rows" in str(error.value)


def test_a_name_that_is_neither_is_told(workspace, reviews):
    with pytest.raises(UsageError, match=r"no dataset and no file is named 'reveiws'.*Did you mean 'reviews'"):
        open_hold_out(workspace, reviews, "reveiws", progress=Silent())
