"""Words, their counts and stop words."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.core import UsageError
from tamis.features import WORD_PATTERN, stop_words, word_counts, words


def test_words_of_many_scripts():
    assert words("Don't stop—l’été, 3 ×mp3 _x_!") == ["Don't", "stop", "l’été", "3", "mp3", "_x_"]
    assert words("हिन्दी में 我爱你 ok カナ") == ["हिन्दी", "में", "我", "爱", "你", "ok", "カ", "ナ"]
    assert words("'quoted' and''twice") == ["quoted", "and", "twice"]
    assert words("") == words("… !") == []


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=30), max_size=5))
def test_polars_sees_the_same_words(texts):
    column = pl.Series(texts, dtype=pl.String)
    assert column.str.extract_all(WORD_PATTERN).to_list() == [words(text) for text in texts]
    assert word_counts(texts).tolist() == [len(words(text)) for text in texts]


def test_counts_take_columns_of_any_kind():
    texts = ["one two", None, "", "three"]
    chunked = pa.chunked_array([texts[:1], texts[1:]], pa.large_string())
    for given_as in (texts, tuple(texts), pl.Series(texts), pa.array(texts), chunked):
        assert word_counts(given_as).tolist() == [2, 0, 0, 1]
    assert word_counts([]).tolist() == []
    assert word_counts(pa.nulls(2)).tolist() == [0, 0]


def test_stop_words_are_small_words_without_negations():
    english = stop_words()
    assert {"the", "you", "it's", "it’s", "will"} <= english
    assert not {"not", "no", "never", "don't", "don’t", "cannot", "good", "problem", "yous"} & english
    assert {"not", "don't", "never", "the"} <= stop_words("en", negations=True)
    assert "nicht" not in stop_words("de")
    assert "nicht" in stop_words("de", negations=True)
    assert all(stop_words(language) for language in ("cs", "fr", "ru", "vi", "ar", "nb"))
    with pytest.raises(UsageError, match=r"no stop words for the language 'english'.*Languages: ar"):
        stop_words("english")
