"""Features: how does text become what a model or a comparison can use?

In go texts; out come cleaned texts (a `Cleaner` is a declared list of steps, saved with the data), their words and
tokens, which texts are the same or nearly so, and where personal data stands in one.
"""

from tamis.features.batching import cheapest_batches, length_batches
from tamis.features.cleaning import DEFAULT_CLEANING, STEPS, Cleaner, Step
from tamis.features.config import FeatureSettings
from tamis.features.long_text import LongText
from tamis.features.personal import (
    PERSONAL_LOOKS,
    PERSONAL_NAMES,
    PersonalSort,
    masked,
    personal_data,
    without_personal_data,
)
from tamis.features.record import cleaning_in_words, record_cleaning
from tamis.features.similarity import Duplicates, exact_groups, find_near_duplicates
from tamis.features.stop_words import stop_words
from tamis.features.tfidf import SparseRows, Tfidf, learn_tfidf
from tamis.features.token_rows import TokenRows, tokenize
from tamis.features.tokens import Tokenizer, count_tokens, load_tokenizer
from tamis.features.words import WORD_PATTERN, word_counts, words

__all__ = [
    "DEFAULT_CLEANING",
    "PERSONAL_LOOKS",
    "PERSONAL_NAMES",
    "STEPS",
    "WORD_PATTERN",
    "Cleaner",
    "Duplicates",
    "FeatureSettings",
    "LongText",
    "PersonalSort",
    "SparseRows",
    "Step",
    "Tfidf",
    "TokenRows",
    "Tokenizer",
    "cheapest_batches",
    "cleaning_in_words",
    "count_tokens",
    "exact_groups",
    "find_near_duplicates",
    "learn_tfidf",
    "length_batches",
    "load_tokenizer",
    "masked",
    "personal_data",
    "record_cleaning",
    "stop_words",
    "tokenize",
    "without_personal_data",
    "word_counts",
    "words",
]
