"""Splits of real data: nothing leaks, and every class has its share."""

from __future__ import annotations

import numpy as np
import pytest

from tamis.data import RoleChoice, import_dataset
from tamis.features import find_near_duplicates
from tamis.split import SplitOptions, split_dataset

pytestmark = pytest.mark.slow
SPLITS = ("train", "validation", "test")


def crossing_pairs(dataset):
    """Pairs of near-duplicates with their two rows in different splits."""
    table = dataset.table(["text", "split"])
    pairs = find_near_duplicates(table["text"]).pairs
    split = np.array([name or "" for name in table["split"].to_pylist()])
    one, other = split[pairs[:, 0]], split[pairs[:, 1]]
    return len(pairs), int(((one != other) & (one != "") & (other != "")).sum())


def furthest(counts):
    """How far the share of a class in a split is from what was asked, at most."""
    found = np.array([[counts[split].get(label, 0) for split in SPLITS] for label in counts["train"]])
    return np.abs(found / found.sum(axis=1, keepdims=True) - [0.7, 0.15, 0.15]).max()


def test_olid(workspace, shared):
    roles = RoleChoice(text=("tweet",), label=("subtask_a",), id="id")
    dataset = import_dataset(workspace, str(shared("olid/olid-training-v1.0.tsv")), name="olid", roles=roles).dataset
    result = split_dataset(workspace, dataset)
    assert result.dataset.rows == 13_240
    assert furthest(result.counts) < 0.001
    pairs, crossing = crossing_pairs(result.dataset)
    assert pairs > 33
    assert crossing == 0
    again = split_dataset(workspace, dataset)
    assert not again.new
    other = split_dataset(workspace, dataset, SplitOptions(seed=1))
    assert other.new


def test_womens_clothing_by_garment(workspace, shared):
    roles = RoleChoice(text=("Review Text",), label=("Department Name",), group="Clothing ID")
    path = shared("womens-clothing/Womens Clothing E-Commerce Reviews.csv.gz")
    dataset = import_dataset(workspace, str(path), name="clothing", roles=roles).dataset
    result = split_dataset(workspace, dataset, SplitOptions(by="group"))
    assert result.dataset.rows == 23_486
    frame = result.dataset.scan().select("group", "split").collect()
    groups = frame.filter(frame["split"].is_not_null()).unique()
    assert groups["group"].n_unique() == len(groups)
    assert crossing_pairs(result.dataset)[1] == 0
    assert furthest({split: {k: v for k, v in result.counts[split].items() if k[0] != "("} for split in SPLITS}) < 0.02


def test_amazon_stars(workspace, shared):
    roles = RoleChoice(
        text=("review_headline", "review_body"), label=("star_rating",), task="ordinal", time="review_date"
    )
    path = shared("amazon-reviews/amazon_reviews_multi_category.tsv.gz")
    dataset = import_dataset(workspace, str(path), name="amazon", roles=roles).dataset
    result = split_dataset(workspace, dataset)
    assert furthest(result.counts) < 0.01
    pairs, crossing = crossing_pairs(result.dataset)
    assert pairs > 250
    assert crossing == 0
    by_time = split_dataset(workspace, dataset, SplitOptions(by="time"))
    assert crossing_pairs(by_time.dataset)[1] == 0
    assert "1 row is without a time and in train" in by_time.said
    frame = by_time.dataset.scan().select("time", "split").collect().drop_nulls()
    ends = [frame.filter(frame["split"] == split)["time"] for split in SPLITS]
    assert ends[0].max() < ends[1].min() <= ends[1].max() < ends[2].min()


def test_all_beauty_is_mostly_copies(workspace, shared):
    roles = RoleChoice(text=("reviewText",), label=("overall",))
    path = shared("amazon-reviews/All_Beauty_5.json.gz")
    dataset = import_dataset(workspace, str(path), name="beauty", roles=roles).dataset
    result = split_dataset(workspace, dataset)
    assert result.dataset.rows == 5_269
    assert crossing_pairs(result.dataset) == (crossing_pairs(result.dataset)[0], 0)
    assert all(result.rows[split] > 5_269 * share * 0.8 for split, share in zip(SPLITS, (0.7, 0.15, 0.15), strict=True))


def test_project_tags_with_their_own_hold_out(workspace, shared, tamis):
    roles = RoleChoice(text=("title", "description"), label=("tag",), id="id")
    import_dataset(workspace, str(shared("madewithml/dataset.csv")), name="tags", roles=roles)
    outcome = tamis("data", "split", "tags", "--hold-out", shared("madewithml/holdout.csv"), "--json")
    assert outcome.code == 0, outcome.err
    import json

    result = json.loads(outcome.out)
    assert result["rows"]["test"] == 191
    assert sum(result["rows"].values()) == 764 + 191
