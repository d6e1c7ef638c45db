"""What must stay together does, and what cannot is left out of the split that is judged less."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tamis.split.together import crossings, link, numbered, repeats_of_later


def test_groups_that_share_a_text_are_one_unit():
    units, crossing = link(np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 2, 3, 4]), limit=10)
    assert units.tolist() == [0, 0, 0, 0, 1, 1]
    assert crossing == 0


def test_a_text_that_is_everywhere_does_not_chain_all_groups():
    groups = np.repeat(np.arange(10), 3)
    clusters = np.arange(30)
    clusters[::3] = 0  # the licence at the head of each
    clusters[4] = clusters[1]  # and one text that two groups share
    units, crossing = link(groups, numbered(clusters), limit=12)
    assert crossing == 1
    assert len(np.unique(units)) == 9
    assert units[0] == units[3]


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 12)), min_size=1, max_size=60), st.integers(1, 70))
def test_units_hold_whole_groups_and_count_what_crosses(rows, limit):
    groups, clusters = numbered(np.array([row[0] for row in rows])), numbered(np.array([row[1] for row in rows]))
    units, crossing = link(groups, clusters, limit=limit)
    for group in np.unique(groups):
        assert len(np.unique(units[groups == group])) == 1
    torn = sum(len(np.unique(units[clusters == cluster])) > 1 for cluster in np.unique(clusters))
    assert torn <= crossing
    if limit >= len(rows):
        assert torn == crossing == 0
    biggest_group = np.bincount(groups).max()
    assert np.bincount(units).max() <= max(limit, biggest_group)


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 6)), min_size=1, max_size=40))
def test_of_a_text_in_two_splits_the_later_split_keeps_its_rows(rows):
    splits = np.array([row[0] for row in rows], dtype=np.int8)
    clusters = np.array([row[1] for row in rows])
    out = repeats_of_later(splits, clusters)
    left = np.where(out, -1, splits)
    for cluster in np.unique(clusters):
        before, after = set(splits[clusters == cluster]) - {-1}, set(left[clusters == cluster]) - {-1}
        assert after == ({max(before)} if before else set())
    assert not any(crossings(left, clusters).values())
    assert out.any() == any(crossings(splits, clusters).values())
