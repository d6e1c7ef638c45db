"""Compare: is one model better than another, and where?

In go two models' answers to the same rows; out come differences with intervals, tests of chance, and the rows that
changed.
"""

from tamis.evaluate.compare.align import align
from tamis.evaluate.compare.bundles import compare_bundles
from tamis.evaluate.compare.chance import holm, swap_test
from tamis.evaluate.compare.compare import compare_models, label_text
from tamis.evaluate.compare.mcnemar import McNemar
from tamis.evaluate.compare.page import comparison_page
from tamis.evaluate.compare.result import Changed, Comparison, Difference, PartDifference, in_words, p_in_words

__all__ = [
    "Changed",
    "Comparison",
    "Difference",
    "McNemar",
    "PartDifference",
    "align",
    "compare_bundles",
    "compare_models",
    "comparison_page",
    "holm",
    "in_words",
    "label_text",
    "p_in_words",
    "swap_test",
]
