"""Label errors: which labels of a dataset are likely wrong?

In goes a dataset; out come its rows in doubt, the surest first, with the label that each should perhaps have. The
probabilities are out of sample: Tamis fits the models that judge, and none judges a row that it saw.
"""

from tamis.evaluate.label_errors.find import Judge, find_label_errors
from tamis.evaluate.label_errors.judge import trained_judge
from tamis.evaluate.label_errors.page import label_errors_page
from tamis.evaluate.label_errors.result import LabelErrors, SplitErrors, Suspect, label_in_words

__all__ = [
    "Judge",
    "LabelErrors",
    "SplitErrors",
    "Suspect",
    "find_label_errors",
    "label_errors_page",
    "label_in_words",
    "trained_judge",
]
