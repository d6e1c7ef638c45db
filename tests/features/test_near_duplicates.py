"""Near-duplicates: every pair that the definition names, and no other."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from tamis.core import UsageError
from tamis.features import exact_groups, find_near_duplicates, words
from tamis.features.similarity.buckets import Buckets


def jaccard(first: str, second: str) -> float:
    one, other = Counter(words(first.lower())), Counter(words(second.lower()))
    return (one & other).total() / max((one | other).total(), 1)


def by_definition(texts: list[str], threshold: float) -> set[tuple[int, int]]:
    """Each row with the same words as an earlier one with the first such; the similar pairs among those first ones."""
    bags = [tuple(sorted(words(text.lower()))) for text in texts]
    first: dict[tuple[str, ...], int] = {}
    pairs = {(first.setdefault(bag, row), row) for row, bag in enumerate(bags) if bag}
    alone = [row for row, bag in enumerate(bags) if bag and first[bag] == row]
    pairs |= {(a, b) for a in alone for b in alone if a < b and jaccard(texts[a], texts[b]) >= threshold - 1e-9}
    return {pair for pair in pairs if pair[0] != pair[1]}


def some_texts(seed: int, *, rows: int, longest: int, vocabulary: int) -> list[str]:
    """Random texts of which half are earlier ones with a few words changed, taken out or put in."""
    choose = random.Random(seed)
    known = [f"w{number}" for number in range(vocabulary)]
    texts: list[str] = []
    for _ in range(rows):
        text = choose.choices(known, k=choose.randint(1, longest))
        if texts and choose.random() < 0.5:
            text = choose.choice(texts).split()
            for _ in range(choose.randint(0, max(1, len(text) // 6))):
                place = choose.randrange(len(text) + 1)
                text[place : place + choose.randint(0, 1)] = choose.choices(known, k=choose.randint(0, 1))
        texts.append(" ".join(text[:longest]))
    return texts


@pytest.mark.parametrize("threshold", [0.55, 0.7, 0.8, 0.95, 1.0])
@pytest.mark.parametrize(("longest", "vocabulary"), [(3, 4), (6, 8), (9, 30), (16, 12), (45, 60), (96, 400)])
def test_pairs_are_those_of_the_definition(longest, vocabulary, threshold):
    texts = some_texts(longest, rows=90, longest=longest, vocabulary=vocabulary)
    found = find_near_duplicates(texts, threshold=threshold)
    assert set(map(tuple, found.pairs.tolist())) == by_definition(texts, threshold)
    assert found.similarity.tolist() == pytest.approx([jaccard(texts[a], texts[b]) for a, b in found.pairs])
    assert found.left_out == 0


def test_the_shape_of_the_answer():
    texts = ["the cat sat on the mat", "hello", "The cat sat on the old mat!", None, "THE CAT, sat on: the mat"]
    found = find_near_duplicates(texts)
    assert found.pairs.tolist() == [[0, 2], [0, 4]]
    assert (found.pairs.dtype, found.similarity.dtype, found.groups.dtype) == (np.int64, np.float32, np.int64)
    assert found.similarity.tolist() == pytest.approx([6 / 7, 1])
    assert found.groups.tolist() == [0, 1, 0, 3, 0]
    assert found.group_sizes().tolist() == [3, 1, 3, 1, 3]


def test_repeated_words_count_and_order_does_not():
    assert find_near_duplicates(["ha ha ha", "ha"]).pairs.tolist() == []
    assert find_near_duplicates(["one two three", "three one two"]).similarity.tolist() == [1]


def test_empty_texts_are_nobodys_duplicate_and_signs_are_their_copies():
    texts = ["", "", None, None, "  ", "!!!", "!!!", "\U0001f44d", "\U0001f44d ", "?"]
    found = find_near_duplicates(texts)
    assert found.pairs.tolist() == [[5, 6], [7, 8]]
    assert found.groups.tolist() == [0, 1, 2, 3, 4, 5, 5, 7, 7, 9]
    for nothing in ([], [None], pa.chunked_array([], pa.string())):
        assert find_near_duplicates(nothing).pairs.shape == (0, 2)


def test_columns_of_any_kind_and_batches_give_the_same():
    texts = some_texts(1, rows=300, longest=20, vocabulary=30)
    as_list = find_near_duplicates(texts)
    chunks = pa.chunked_array([texts[:7], texts[7:7], texts[7:]], pa.large_string())
    for given_as in (chunks, pl.Series(texts), pa.array(texts)):
        assert find_near_duplicates(given_as).pairs.tolist() == as_list.pairs.tolist()


def test_many_equal_rows_are_not_squared():
    found = find_near_duplicates(["the same words again"] * 5000 + ["something else entirely here"])
    assert found.pairs.tolist() == [[0, row] for row in range(1, 5000)]
    assert found.group_sizes().tolist() == [5000] * 5000 + [1]


def test_a_crowd_of_near_copies_is_one_group_without_its_square():
    rows = 3000
    texts = [
        f"Dear customer {row}, your order {row + rows} was shipped and will be with you soon" for row in range(rows)
    ]
    found = find_near_duplicates(texts)
    assert found.groups.tolist() == [0] * rows
    assert len(found.pairs) < 200 * rows
    assert found.left_out == 0
    checked = found.pairs[:: len(found.pairs) // 50]
    assert all(jaccard(texts[a], texts[b]) >= 0.7 for a, b in checked)


def test_a_crowd_of_strangers_is_no_group():
    texts = [f"your code is {row}" for row in range(3000)]
    found = find_near_duplicates(texts)
    assert (len(found.pairs), found.left_out) == (0, 0)


def test_what_is_left_out_is_counted():
    """With hardly any effort allowed, strangers that share a key are compared with their neighbours only."""
    sizes = np.full(100, 8)
    strangers = Buckets(sizes, 0.7, lambda a, b: a < 0, comparisons_at_least=300, comparisons_a_key=0)
    keyed = strangers.packed(np.full(100, 1 << 63, dtype=np.uint64), np.arange(100))
    pairs = {pair for first, second in strangers.pairs(keyed.copy()) for pair in zip(first, second, strict=True)}
    assert len(pairs) + strangers.left_out == 100 * 99 // 2
    assert 200 < len(pairs) <= 300
    assert all(0 < b - a <= 4 for a, b in pairs)
    enough = Buckets(sizes, 0.7, lambda a, b: a < 0)
    pairs = {pair for first, second in enough.pairs(keyed) for pair in zip(first, second, strict=True)}
    assert (len(pairs), enough.left_out) == (100 * 99 // 2, 0)


def test_long_texts_too():
    choose = random.Random(3)
    known = [f"w{number}" for number in range(3000)]
    texts = [" ".join(choose.choices(known, k=choose.randint(90, 400))) for _ in range(300)]
    planted = []
    for row in range(100):
        text = texts[row].split()
        for place in choose.sample(range(len(text)), len(text) // 10):
            text[place] = choose.choice(known)
        planted.append((row, len(texts)))
        texts.append(" ".join(text))
    found = find_near_duplicates(texts)
    assert set(map(tuple, found.pairs.tolist())) == set(planted)
    assert found.similarity.min() > 0.8


def test_planted_pairs_that_share_nine_words_in_ten_are_found():
    choose = random.Random(4)
    known = [f"w{number}" for number in range(2000)]
    weights = [1 / (number + 3) for number in range(2000)]
    texts = [" ".join(choose.choices(known, weights, k=choose.randint(20, 60))) for _ in range(1000)]
    for row in range(200):
        text = texts[row].split()
        for place in choose.sample(range(len(text)), round(len(text) / 10)):
            text[place] = choose.choices(known, weights)[0]
        texts.append(" ".join(text))
    found = set(map(tuple, find_near_duplicates(texts).pairs.tolist()))
    assert found >= {(row, 1000 + row) for row in range(200)}


def test_a_threshold_that_means_nothing_is_told():
    for threshold in (0.5, 0, 1.1):
        with pytest.raises(UsageError, match="must be above 0.5 and at most 1"):
            find_near_duplicates(["a"], threshold=threshold)


def test_exact_groups_fold_case_and_white_space_only():
    texts = ["Free money", "free  MONEY\n", "free, money", "", "", None, "ÉTÉ", "été"]
    assert exact_groups(texts).tolist() == [0, 0, 2, 3, 4, 5, 6, 6]
    assert exact_groups(pl.Series(texts)).tolist() == exact_groups(texts).tolist()
    assert exact_groups([]).tolist() == []


def test_real_reviews(shared):
    import gzip
    import json

    with gzip.open(shared("amazon-reviews/All_Beauty_5.json.gz"), "rt") as lines:
        texts = [json.loads(line).get("reviewText") for line in lines]
    groups = exact_groups(texts)
    repeats = len(texts) - len(np.unique(groups))
    assert len(texts) == 5269
    assert 3800 < repeats < 4000
    found = find_near_duplicates(texts)
    assert (found.group_sizes() > 1).sum() >= (np.bincount(groups, minlength=len(groups))[groups] > 1).sum()
