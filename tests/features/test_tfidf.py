"""Tfidf: the numbers of scikit-learn, terms that are let go in good order, and its bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.core import DataError, UsageError
from tamis.features import Tfidf, learn_tfidf, tfidf, words

TEXTS = [
    "Free money now, free FREE money!",
    "the meeting is at noon; don't be late",
    "l'answer, c'est l’answer — free noon",
    "",
    "   ",
    "Ünï códe: Straße ΣΊΣΥΦΟΣ हिन्दी 東京 東京 2024",
    "a",
    "money a money a money",
] * 3


def dense(rows):
    table = np.zeros((len(rows), rows.width))
    for row in range(len(rows)):
        inside = slice(rows.offsets[row], rows.offsets[row + 1])
        table[row, rows.columns[inside]] = rows.values[inside]
    return table


def sklearn_of(analyzer, **settings):
    from sklearn.feature_extraction.text import TfidfVectorizer

    if analyzer == "words":
        return TfidfVectorizer(tokenizer=words, token_pattern=None, **settings)
    return TfidfVectorizer(analyzer="char_wb", **settings)


@pytest.mark.parametrize("sublinear", [True, False])
@pytest.mark.parametrize("min_rows", [1, 3])
@pytest.mark.parametrize(
    ("analyzer", "ngrams"), [("words", (1, 1)), ("words", (1, 2)), ("words", (2, 2)), ("characters", (2, 5))]
)
@pytest.mark.parametrize("few", [64, 0], ids=["python", "polars"])
def test_the_numbers_are_scikit_learns(monkeypatch, analyzer, ngrams, min_rows, sublinear, few):
    monkeypatch.setattr(tfidf, "_FEW", few)  # a bound, not a behaviour: both ways must agree
    made = learn_tfidf(TEXTS, analyzer=analyzer, ngrams=ngrams, min_rows=min_rows, sublinear=sublinear)
    theirs = sklearn_of(analyzer, ngram_range=ngrams, min_df=min_rows, sublinear_tf=sublinear)
    expected = theirs.fit_transform(TEXTS).toarray()
    assert list(made.terms) == list(theirs.get_feature_names_out())
    np.testing.assert_allclose(dense(made.transform(TEXTS)), expected, atol=1e-6)
    unseen = ["noon money free unheard-of", "", "zzz"]
    np.testing.assert_allclose(dense(made.transform(unseen)), theirs.transform(unseen).toarray(), atol=1e-6)


def test_the_most_frequent_terms_are_kept():
    texts = ["a a a b b c", "a b d d d d d", "a"]
    made = learn_tfidf(texts, ngrams=(1, 1), max_terms=2)
    theirs = sklearn_of("words", max_features=2).fit(texts)
    assert list(made.terms) == list(theirs.get_feature_names_out()) == ["a", "d"]
    assert learn_tfidf(["x y z"], ngrams=(1, 1), max_terms=2).terms == ("x", "y")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet="ab cé東’'\n1", max_size=30), min_size=1, max_size=12))
def test_any_texts_give_what_scikit_learn_gives(texts):
    for analyzer, ngrams in (("words", (1, 2)), ("characters", (1, 3))):
        theirs = sklearn_of(analyzer, ngram_range=ngrams, sublinear_tf=True)
        try:
            expected = theirs.fit_transform(texts).toarray()
        except ValueError:
            with pytest.raises(DataError, match="no vocabulary"):
                learn_tfidf(texts, analyzer=analyzer, ngrams=ngrams)
            continue
        made = learn_tfidf(texts, analyzer=analyzer, ngrams=ngrams)
        np.testing.assert_allclose(dense(made.transform(texts)), expected, atol=1e-6)


@pytest.mark.parametrize("batch", [40, 1_000_000])
def test_batches_do_not_change_anything(monkeypatch, batch):
    expected = dense(learn_tfidf(TEXTS).transform(TEXTS))
    monkeypatch.setattr(tfidf, "_BATCH_CHARACTERS", batch)
    np.testing.assert_array_equal(dense(learn_tfidf(iter(TEXTS)).transform(TEXTS)), expected)


@pytest.mark.parametrize("analyzer", ["words", "characters"])
def test_rare_terms_are_let_go_when_there_are_too_many(monkeypatch, analyzer):
    """What is frequent is counted exactly; what stands once in a long stream costs no memory."""
    monkeypatch.setattr(tfidf, "_MOST_TERMS", 300)
    monkeypatch.setattr(tfidf, "_BATCH_CHARACTERS", 400)
    texts = [f"common words here rare{number}" for number in range(600)]
    made = learn_tfidf(texts, analyzer=analyzer, ngrams=(1, 2), min_rows=500)
    monkeypatch.undo()
    exact = learn_tfidf(texts, analyzer=analyzer, ngrams=(1, 2), min_rows=500)
    assert set(made.terms) >= {"common", "words", "common words"} if analyzer == "words" else " c" in made.terms
    kept = [exact.terms.index(term) for term in made.terms]
    assert made.terms == exact.terms
    np.testing.assert_allclose(made.idf, exact.idf[kept], atol=1e-3)


def test_rows_times_a_table_is_what_it_should_be():
    rows = learn_tfidf(TEXTS).transform(TEXTS)
    table = np.random.default_rng(0).normal(size=(rows.width, 3)).astype(np.float32)
    np.testing.assert_allclose(rows.times(table), dense(rows) @ table, atol=1e-5)
    assert (rows.times(table)[3] == 0).all()  # the empty text


def test_nothing_at_all_has_no_rows():
    rows = learn_tfidf(["a"]).transform([])
    assert len(rows) == 0
    assert rows.times(np.zeros((rows.width, 2), np.float32)).shape == (0, 2)


def test_an_unknown_text_has_an_empty_row():
    made = Tfidf(("noon",), np.ones(1, np.float32))
    assert made.transform(["never heard"]).offsets.tolist() == [0, 0]


@pytest.mark.parametrize("texts", [["", "  ", "!?"], []])
def test_texts_without_a_word_give_no_vocabulary(texts):
    with pytest.raises(DataError, match=f"no vocabulary: {len(texts)} texts without a word"):
        learn_tfidf(texts)


def test_too_high_a_bound_says_so():
    with pytest.raises(DataError, match="no term stands in 3 of 2 texts"):
        learn_tfidf(["a b", "a"], min_rows=3)


@pytest.mark.parametrize("ngrams", [(0, 1), (2, 1), (1, 3)])
def test_ngrams_that_cannot_be(ngrams):
    with pytest.raises(UsageError, match="n-grams of"):
        learn_tfidf(["a"], ngrams=ngrams)
