"""`tamis data split`: what it prints, stores and refuses."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from tamis.core import DataError
from tamis.data import open_dataset
from tamis.split import SplitOptions, split_dataset


@pytest.fixture
def reviews(make_dataset):
    labels = ["good"] * 60 + ["bad"] * 38 + ["odd"] * 2
    return make_dataset(
        text=[f"review number {number} says {number * 7}" for number in range(100)],
        label=labels,
        group=[f"shop {number % 12}" for number in range(100)],
    )


def test_the_table_shows_counts_and_shares(reviews, tamis):
    out = tamis("data", "split", "reviews", "--fractions", "train=0.5,test=0.5").out
    lines = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
    assert lines["class"] == ["train", "test", "all"]
    assert lines["good"] == ["30", "60.0%", "30", "60.0%", "60", "60.0%"]
    assert lines["rows"] == ["50", "50.0%", "50", "50.0%", "100", "100.0%"]


def test_json_and_notes_hold_the_same(workspace, reviews, tamis):
    outcome = tamis("data", "split", "reviews", "--json")
    printed = json.loads(outcome.out)
    manifest = open_dataset(workspace, "reviews").manifest
    notes = manifest.notes["split"]
    assert printed["counts"] == notes["counts"]
    assert printed["rows"] == notes["rows"] == {"train": 70, "validation": 15, "test": 15}
    assert printed["rows"] == {name: manifest.split_counts[name] for name in printed["rows"]}
    assert (notes["seed"], notes["by"]) == (0, "label")
    assert notes["fractions"] == {"train": 0.7, "validation": 0.15, "test": 0.15}
    assert manifest.parents[0].operation.startswith("split by label; train 0.7")
    assert any("has no row of 'odd' (has 2 in all)" in warning for warning in printed["warnings"])


def test_splitting_the_same_way_again_writes_nothing(workspace, reviews, tamis):
    first = tamis("data", "split", "reviews")
    again = tamis("data", "split", "reviews")
    assert "already; nothing was written" not in first.out
    assert "these very rows and splits are reviews@2 already; nothing was written" in again.out
    tamis("data", "split", "reviews", "--seed", "1")
    back = tamis("data", "split", "reviews", "--seed", "0")
    assert "already" not in back.out
    assert open_dataset(workspace, "reviews").manifest.notes["split"]["seed"] == 0


def test_settings_count_and_options_come_first(workspace, reviews, tamis):
    by_setting = tamis("data", "split", "reviews", "split.fractions={train: 0.9, test: 0.1}", "split.seed=5", "--json")
    assert json.loads(by_setting.out)["rows"] == {"train": 90, "test": 10}
    assert open_dataset(workspace, "reviews").manifest.notes["split"]["seed"] == 5
    by_option = tamis("data", "split", "reviews", "split.seed=5", "--seed", "6", "--json")
    assert by_option.code == 0
    assert open_dataset(workspace, "reviews").manifest.notes["split"]["seed"] == 6
    wrong = tamis("data", "split", "reviews", "split.fractions={train: 0.9}")
    assert wrong.code == 2
    assert "the fractions sum to 0.9 and not to 1" in wrong.err


def test_no_group_is_in_two_splits(workspace, reviews):
    result = split_dataset(workspace, reviews, SplitOptions(by="group"))
    rows = result.dataset.table(["group", "split"]).to_pylist()
    assert len({(row["group"], row["split"]) for row in rows}) == 12
    seeds = {
        str(split_dataset(workspace, reviews, SplitOptions(by="group", seed=seed)).dataset.table(["split"]))
        for seed in range(4)
    }
    assert len(seeds) > 1


def test_near_duplicates_that_cross_groups_stay_together(workspace, make_dataset):
    texts = [f"review number {number} says {number * 7}" for number in range(60)]
    for number in range(0, 60, 10):
        texts[number] = " ".join(f"{letter}{number // 20}" for letter in "abcdef")
    dataset = make_dataset(text=texts, label=["x", "y"] * 30, group=[f"g{number // 3}" for number in range(60)])
    result = split_dataset(workspace, dataset, SplitOptions(by="group"))
    rows = result.dataset.table(["text", "group", "split"]).to_pylist()
    for key in ("text", "group"):
        splits = {}
        for row in rows:
            splits.setdefault(row[key], set()).add(row["split"])
        assert all(len(found) == 1 for found in splits.values())
    assert "none" not in result.rows  # the groups are joined, so nothing has to be left out


def test_several_labels_and_rows_of_none(workspace, make_dataset):
    labels = [["a"], ["a", "b"], [], None] * 25
    result = split_dataset(
        workspace,
        make_dataset(text=[f"text {number} of {number * 3}" for number in range(100)], label=labels),
        SplitOptions(fractions={"train": 0.6, "test": 0.4}),
    )
    assert result.counts["test"] == {"a": 20, "b": 10, "(no label)": 10}
    assert result.counts["train"] == {"a": 30, "b": 15, "(no label)": 15, "(unlabelled)": 25}


def test_unlabelled_data_can_be_split(workspace, make_dataset):
    result = split_dataset(workspace, make_dataset(text=[f"text {n} of {n * 3}" for n in range(20)]))
    assert result.rows == {"train": 14, "validation": 3, "test": 3}
    assert result.warnings == ()


def test_too_few_rows_and_groups_are_told(workspace, make_dataset, tamis):
    make_dataset("two", text=["one thing", "another text"], label=["x", "x"], group=["g", "h"])
    assert "has no row: there are too few to share out" in tamis("data", "split", "two").out
    outcome = tamis("data", "split", "two", "--by", "group")
    assert outcome.code == 1
    assert "2 groups cannot fill 3 splits: column 'group' of two@" in outcome.err
    with pytest.raises(DataError, match="has no rows to split"):
        split_dataset(workspace, make_dataset("none", text=pa.array([], pa.string())))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--by", "labels"], "'labels' is not one of"),
        (["--fractions", "train=0.5"], "the fractions sum to 0.5"),
        (["--balance-all"], "--balance-all says where to balance, not how"),
        (["--by", "group", "--column", "shop"], "no column 'shop' in reviews@1"),
        (["--from-column", "label"], "column 'label' of reviews@1 does not name splits"),
        (["--map", "x"], "write it as VALUE=SPLIT"),
        (["--hold-out", "nowhere"], "no dataset and no file is named 'nowhere'"),
        (["--hold-out", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_wrong_use_is_told(reviews, tamis, words, message):
    outcome = tamis("data", "split", "reviews", *words)
    assert outcome.code == 2
    assert message in outcome.err


def test_a_ratio_alone_balances_nothing_and_is_told(reviews, tamis):
    outcome = tamis("data", "split", "reviews", "--balance-ratio", "3")
    assert outcome.code == 2
    assert "--balance-ratio says how far to balance, not how" in outcome.err
