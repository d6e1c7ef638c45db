"""Ids, columns and splits that tell more than they should."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from tamis.data import derive
from tamis.quality import check_dataset


@pytest.fixture
def shuffled() -> list[str]:
    """Forty labels, half of them a, in no order."""
    labels = ["a", "b"] * 20
    random.Random(3).shuffle(labels)
    return labels


@pytest.mark.parametrize("shape", ["{0}-{1}", "{1}_{0}", "{0}/{1}"])
def test_an_id_that_begins_or_ends_with_the_label(found, calm, shuffled, shape):
    ids = [shape.format("pos" if label == "a" else "neg", row) for row, label in enumerate(shuffled)]
    finding = found("ids", id=ids, text=calm * 2, label=shuffled)["ids.label"]
    assert finding.severity == "warning"
    assert "100 %" in finding.title
    assert any("pos'" in sample for sample in finding.samples)


def test_odd_numbers_and_ranges_give_away(found, calm, shuffled):
    odd = [str(20 * row + 7 * (label == "a")) for row, label in enumerate(shuffled)]
    assert "odd" in found("ids", id=odd, text=calm * 2, label=shuffled)["ids.label"].title
    ranges = [str(row + 5000 * (label == "a")) for row, label in enumerate(shuffled)]
    assert "ids.label" in found("ids", id=ranges, text=calm * 2, label=shuffled)


def test_ids_that_count_rows_are_only_a_note(found, calm):
    order = found("ids", text=calm * 2, label=["a", "b"] * 20)["ids.order"]
    assert order.severity == "note"
    assert "the order of the rows" in order.title


def test_sorted_rows_are_only_a_note(found, calm):
    assert list(found("ids", text=calm * 2, label=["a"] * 20 + ["b"] * 20)) == ["ids.sorted"]


def test_plain_ids_are_quiet(found, calm, shuffled):
    assert found("ids", text=calm * 2, label=shuffled) == {}
    assert found("ids", id=[f"doc-{row:04}" for row in range(40)], text=calm * 2, label=shuffled) == {}
    random_ids = [f"{random.Random(row).getrandbits(64):016x}" for row in range(40)]
    assert found("ids", id=random_ids, text=calm * 2, label=shuffled) == {}
    assert found("ids", text=calm * 2) == {}


def test_an_id_twice(found, calm):
    assert found("ids", id=["1", "2", "1", *map(str, range(3, 20))], text=calm)["ids.repeated"].rows.tolist() == [1, 3]


def test_a_column_that_is_the_label_in_other_words(found, calm, shuffled):
    stars = [5 if label == "a" else 1 for label in shuffled]
    noise = [row % 3 for row in range(40)]
    findings = found("columns", text=calm * 2, label=shuffled, stars=stars, noise=noise, title=calm * 2)
    assert list(findings) == ["columns"]
    assert findings["columns"].title.startswith("the column 'stars' gives the label away: right in 100 %")
    assert found("columns", text=calm * 2, label=shuffled, noise=noise, title=calm * 2) == {}


def test_a_group_of_one_label_is_a_note(found, calm, shuffled):
    group = [f"{label}{row % 4}" for row, label in enumerate(shuffled)]
    findings = found("columns", text=calm * 2, label=shuffled, group=group)
    assert {kind: finding.severity for kind, finding in findings.items()} == {"columns.group": "note"}


def test_a_few_lucky_rows_prove_nothing(found, calm):
    assert found("columns", text=calm[:12], label=["a", "b"] * 6, stars=[5, 1] * 6) == {}
    mostly = [5, 1] * 8 + [1, 5] * 2
    assert found("columns", text=calm, label=["a", "b"] * 10, stars=mostly) == {}
    assert found("columns", text=calm * 6, label=["a", "b"] * 60, stars=mostly * 6)["columns"].details[
        "gain"
    ] == pytest.approx(0.6)


def test_groups_in_two_splits(found, calm):
    split = ["train"] * 16 + ["test"] * 4
    group = ["ann", "bob"] * 8 + ["ann", "eve", "eve", "eve"]
    shared = found("split_leaks", text=calm, label=["a", "b"] * 10, split=split, group=group)["split_leaks.group"]
    assert shared.severity == "warning"
    assert shared.rows.tolist() == [*range(1, 17, 2), 17]
    assert shared.samples == ("ann (9 rows)",)
    kept = ["ann", "bob"] * 8 + ["eve"] * 4
    assert found("split_leaks", text=calm, split=split, group=kept) == {}
    assert found("split_leaks", text=calm, group=group) == {}


def test_a_split_by_group_that_leaks_is_an_error(workspace, make_dataset, calm):
    dataset = make_dataset(text=calm, split=["train"] * 16 + ["test"] * 4, group=["ann", "bob"] * 10)
    made, _ = derive(
        workspace, dataset, lambda table: table.append_column("extra", table["id"]), operation="split",
        notes={"split": {"by": "group"}},
    )  # fmt: skip
    assert check_dataset(made, only=["split_leaks"]).findings[0].severity == "error"


def test_learning_from_the_future(found, calm):
    start = datetime(2024, 1, 1)
    time = [start + timedelta(days=day) for day in range(40)]
    split = ["train"] * 32 + ["test"] * 8
    assert found("split_leaks", text=calm * 2, split=split, time=time) == {}
    late = [*time[:31], start + timedelta(days=36), *time[32:]]
    leak = found("split_leaks", text=calm * 2, split=split, time=late)["split_leaks.time"]
    assert leak.rows.tolist() == [32]
    assert "2024-02-02" in leak.title
    texts = [moment.isoformat() for moment in late]
    assert found("split_leaks", text=calm * 2, split=split, time=texts)["split_leaks.time"].rows.tolist() == [32]


def test_a_split_at_random_makes_no_promise_about_time(found, calm):
    time = [datetime(2024, 1, 1) + timedelta(days=day) for day in range(40)]
    assert found("split_leaks", text=calm * 2, split=["train", "train", "train", "test"] * 10, time=time) == {}
