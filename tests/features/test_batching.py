"""Batching: every piece goes once, within the budget, and where a batch ends costs the least there is."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tamis.features import cheapest_batches, length_batches

sizes_of_texts = st.lists(st.integers(1, 60), max_size=9).map(lambda sizes: np.array(sizes, np.int64))


def cost(sizes, batches, pass_tokens):
    return sum(len(batch) * sizes[batch].max() + pass_tokens for batch in batches)


@given(sizes_of_texts, st.integers(1, 200), st.integers(0, 50))
def test_each_piece_is_in_one_batch_within_the_budget(sizes, budget, pass_tokens):
    for batches in (
        length_batches(sizes, batch_tokens=budget),
        cheapest_batches(sizes, batch_tokens=budget, pass_tokens=pass_tokens),
    ):
        assert sorted(np.concatenate([*batches, np.zeros(0, np.int64)]).tolist()) == list(range(len(sizes)))
        assert all(len(batch) == 1 or len(batch) * sizes[batch].max() <= budget for batch in batches)


@given(sizes_of_texts, st.integers(60, 400), st.integers(0, 50))
def test_no_other_way_to_cut_the_sorted_pieces_costs_less(sizes, budget, pass_tokens):
    order = np.argsort(-sizes)
    ways = (
        [order[start:stop] for start, stop in zip((0, *cuts), (*cuts, len(order)), strict=True)]
        for number in range(len(order))
        for cuts in combinations(range(1, len(order)), number)
    )
    allowed = [
        way for way in ways if all(len(batch) == 1 or len(batch) * sizes[batch].max() <= budget for batch in way)
    ]
    found = cost(sizes, cheapest_batches(sizes, batch_tokens=budget, pass_tokens=pass_tokens), pass_tokens)
    assert found == min((cost(sizes, way, pass_tokens) for way in allowed), default=0)
