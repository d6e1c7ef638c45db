"""Stratified splits: fair to every label, and steady."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.core import LabelSet
from tamis.split.draw import draws
from tamis.split.stratified import share_out
from tamis.tasks import MultiLabel, SingleLabel, Strata

LABELS = LabelSet([f"c{number}" for number in range(8)])
FRACTIONS = {"train": 0.7, "validation": 0.15, "test": 0.15}


def drawn(count, seed=0):
    return draws(pa.array([f"row {number}" for number in range(count)]), seed=seed, purpose="split")


def shares(labels, fractions=FRACTIONS, units=None, seed=0):
    strata = SingleLabel(LABELS).strata(pa.array(labels, pa.string()))
    units = np.arange(len(labels)) if units is None else np.asarray(units)
    return share_out(strata, drawn(len(labels), seed), units, fractions)


@settings(deadline=None)
@given(
    st.lists(st.integers(7, 60), min_size=1, max_size=8),
    st.sampled_from([FRACTIONS, {"train": 0.5, "test": 0.5}, {"train": 0.4, "validation": 0.3, "test": 0.3}]),
)
def test_each_class_is_within_a_row_of_its_share(sizes, fractions):
    labels = np.repeat(LABELS.names[: len(sizes)], sizes)
    splits = shares(labels.tolist(), fractions)
    for number, size in enumerate(sizes):
        counts = np.bincount(splits[labels == f"c{number}"], minlength=len(fractions))
        assert np.abs(counts - size * np.array(list(fractions.values()))).max() <= 1


def test_the_whole_is_right_when_every_class_leaves_rows_over():
    names = LabelSet([f"n{number}" for number in range(300)])
    strata = SingleLabel(names).strata(np.repeat(names.names, 5).tolist())
    splits = share_out(strata, drawn(1500), np.arange(1500), FRACTIONS)
    assert np.abs(np.bincount(splits) - [1050, 225, 225]).max() <= 2


def test_a_class_of_few_rows_is_taught_first():
    splits = shares(["c0"] * 100 + ["c1", "c2", "c2"])
    assert splits[100] == 0
    assert 0 in splits[101:]
    names = LabelSet([f"n{number}" for number in range(300)])
    alone = SingleLabel(names).strata(list(names) + list(names.names[:5]) * 100)
    assert (share_out(alone, drawn(800), np.arange(800), FRACTIONS)[5:300] == 0).all()


@pytest.mark.parametrize("seed", range(10))
def test_every_label_of_several_has_its_share(seed):
    random = np.random.default_rng(seed)
    count = int(random.integers(200, 600))
    bears = random.random((count, 8)) < np.linspace(0.02, 0.6, 8)
    rows = [[LABELS.names[code] for code in np.flatnonzero(row)] for row in bears]
    splits = share_out(MultiLabel(LABELS).strata(rows), drawn(count), np.arange(count), FRACTIONS)
    for code in range(8):
        counts = np.bincount(splits[bears[:, code]], minlength=3)
        wanted = bears[:, code].sum() * np.array([0.7, 0.15, 0.15])
        assert np.abs(counts - wanted).max() <= 3
    assert np.abs(np.bincount(splits, minlength=3) - count * np.array([0.7, 0.15, 0.15])).max() <= 5


def test_several_labels_are_shared_better_than_by_chance():
    random = np.random.default_rng(1)
    bears = random.random((2000, 8)) < 0.05
    rows = [[LABELS.names[code] for code in np.flatnonzero(row)] for row in bears]
    splits = share_out(MultiLabel(LABELS).strata(rows), drawn(2000), np.arange(2000), FRACTIONS)

    def error(given):
        found = np.array([bears[given == split].sum(axis=0) for split in range(3)])
        return np.abs(found - np.array([[0.7], [0.15], [0.15]]) * bears.sum(axis=0)).max()

    assert error(splits) <= 1.5 < error(random.choice(3, size=2000, p=[0.7, 0.15, 0.15]))


@settings(deadline=None)
@given(st.permutations(range(40)))
def test_the_order_of_rows_does_not_count(order):
    labels = np.array(["c0"] * 20 + ["c1"] * 13 + ["c2"] * 7)
    strata, order = SingleLabel(LABELS), np.array(order)
    straight = share_out(strata.strata(labels.tolist()), drawn(40), np.arange(40), FRACTIONS)
    mixed = share_out(strata.strata(labels[order].tolist()), drawn(40)[order], np.arange(40), FRACTIONS)
    assert (mixed == straight[order]).all()


def test_rows_that_come_later_move_few_of_the_earlier_ones():
    labels = [f"c{number % 4}" for number in range(4000)]
    before, after = shares(labels), shares(labels + ["c0", "c1", "c2", "c3"] * 100)
    assert (before != after[:4000]).mean() < 0.02


def test_another_seed_is_another_split():
    labels = ["c0", "c1"] * 200
    assert (shares(labels, seed=1) == shares(labels, seed=1)).all()
    assert 0.3 < (shares(labels, seed=1) != shares(labels, seed=2)).mean() < 0.6


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from([*LABELS.names[:4], None])), min_size=1, max_size=120))
def test_units_are_never_torn_apart(rows):
    units = np.unique([unit for unit, _ in rows], return_inverse=True)[1]
    splits = shares([label for _, label in rows], units=units)
    for unit in set(units.tolist()):
        assert len(set(splits[units == unit].tolist())) == 1
    labelled = {unit for unit, (_, label) in zip(units.tolist(), rows, strict=True) if label is not None}
    if len(labelled) >= 3:
        assert set(splits.tolist()) == {0, 1, 2}


def test_big_units_leave_room_for_the_right_shares():
    random = np.random.default_rng(3)
    sizes = np.minimum(random.zipf(1.6, 200), 150)
    units = np.repeat(np.arange(200), sizes)
    labels = random.choice(LABELS.names[:4], size=len(units), p=[0.6, 0.2, 0.15, 0.05])
    splits = shares(labels.tolist(), units=units)
    whole = np.array([0.7, 0.15, 0.15])
    for name in LABELS.names[:4]:
        share = np.bincount(splits[labels == name], minlength=3) / (labels == name).sum()
        assert np.abs(share - whole).max() < 0.05


def test_rows_without_label_teach_unless_they_belong_to_others():
    units = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10])
    labels = ["c0"] * 10 + [None, None]
    splits = shares(labels, {"train": 0.5, "test": 0.5}, units)
    assert splits[11] == 0
    assert splits[10] == splits[9]
    assert sorted(np.bincount(splits[:10]).tolist()) == [5, 5]


def test_rows_that_nobody_labelled_are_shared_out_by_number():
    assert np.bincount(shares([None] * 100)).tolist() == [70, 15, 15]


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_strata_of_batches_make_the_same_split(batch):
    labels = pa.array([f"c{number % 5}" for number in range(500)])
    task = SingleLabel(LABELS)
    strata = Strata.concat([task.strata(labels.slice(start, batch)) for start in range(0, 500, batch)])
    pieces = [f"row {number}" for number in range(500)]
    drawn_in_pieces = np.concatenate(
        [draws(pa.array(pieces[start : start + batch]), seed=0, purpose="split") for start in range(0, 500, batch)]
    )
    splits = share_out(strata, drawn_in_pieces, np.arange(500), FRACTIONS)
    assert (splits == shares(labels.to_pylist())).all()


def test_draws_are_even_and_depend_on_every_byte():
    ids = pa.array([str(number) for number in range(20_000)])
    found = draws(ids, seed=0, purpose="split")
    assert len(np.unique(found)) == 20_000
    assert np.abs(np.histogram(found / 2**64, bins=10, range=(0, 1))[0] - 2000).max() < 200
    alike = draws(pa.array(["", "a", "aa", "ab", "ba", "a\0", "é", "x" * 500, "x" * 501]), seed=0, purpose="split")
    assert len(np.unique(alike)) == 9
    assert (draws(ids.slice(7, 5), seed=0, purpose="split") == found[7:12]).all()
    assert (draws(ids, seed=0, purpose="balance") != found).all()


def test_draws_stay_what_they_were():
    """A split made today must be the split made after an upgrade."""
    assert draws(pa.array(["a", "review-17"]), seed=42, purpose="split").tolist() == [
        2097463644425366570,
        14214740732814062257,
    ]
