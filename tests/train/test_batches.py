"""Batches: each row once, like lengths together, and the same again from the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.train.batches import padding_share, passes, plan_epoch, share_of

MIXED = np.minimum(np.random.default_rng(0).lognormal(3.5, 0.8, 20_000).astype(int) + 3, 256)


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=200),
    batch_rows=st.integers(1, 33),
    workers=st.integers(1, 4),
    batch_tokens=st.integers(16, 300),
)
def test_each_row_is_read_once_in_an_epoch_however_it_is_shared(sizes, batch_rows, workers, batch_tokens):
    lengths = np.array(sizes)
    steps = plan_epoch(lengths, batch_rows=batch_rows, seed=3, epoch=1)
    seen = [
        row
        for step in steps
        for rank in range(workers)
        for some in passes(share_of(step, lengths, rank=rank, workers=workers), lengths, batch_tokens=batch_tokens)
        for row in some.tolist()
    ]
    assert sorted(seen) == list(range(len(sizes)))
    assert max(map(len, steps)) <= batch_rows
    assert max(map(len, steps)) - min(map(len, steps)) <= 1


def test_the_seed_and_the_epoch_say_the_order():
    def order(**changes):
        plan = plan_epoch(MIXED, **{"batch_rows": 32, "seed": 0, "epoch": 1, **changes})
        return np.concatenate(plan).tolist()

    assert order() == order()
    assert order() != order(seed=1)
    assert order() != order(epoch=2)


def test_rows_meet_others_in_the_next_epoch():
    first, second = (
        {frozenset(step.tolist()) for step in plan_epoch(MIXED[:640], batch_rows=8, seed=0, epoch=epoch)}
        for epoch in (1, 2)
    )
    assert not first & second


@pytest.mark.parametrize("batch_rows", [16, 32])
def test_mixed_lengths_waste_at_most_three_percent(batch_rows):
    steps = plan_epoch(MIXED, batch_rows=batch_rows, seed=0, epoch=1)
    waste = padding_share(steps, MIXED, batch_tokens=4096)
    assert waste <= 0.03
    random = np.array_split(np.random.default_rng(0).permutation(len(MIXED)), len(steps))
    assert padding_share(random, MIXED, batch_tokens=4096) > 0.4


def test_a_pass_stays_within_its_tokens_and_rows():
    rows = np.arange(500)
    for some in passes(rows, MIXED, batch_tokens=1024, batch_rows=16):
        assert len(some) <= 16
        assert len(some) * MIXED[some].max() <= 1024


def test_workers_have_alike_much_to_do():
    step = plan_epoch(MIXED, batch_rows=64, seed=0, epoch=1)[0]
    work = [MIXED[share_of(step, MIXED, rank=rank, workers=2)].sum() for rank in (0, 1)]
    assert abs(work[0] - work[1]) < 0.05 * sum(work)
