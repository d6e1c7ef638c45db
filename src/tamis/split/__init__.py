"""Split: which rows teach, which rows choose, and which rows judge?

In goes a dataset, out comes a new version of it with a `split` column: train, validation, test, and calibration where
asked for; a row that belongs to none has an empty one. Splits are stratified, by group, by time, from a column or with
a given hold-out, and near-duplicates never sit on both sides.
"""

from tamis.split.config import SplitSettings
from tamis.split.counts import NO_SPLIT
from tamis.split.hold_out import open_hold_out
from tamis.split.names import SPLITS, check_fractions, parse_fractions, parse_names, split_name
from tamis.split.options import SplitOptions
from tamis.split.result import SplitResult
from tamis.split.run import split_dataset

__all__ = [
    "NO_SPLIT",
    "SPLITS",
    "SplitOptions",
    "SplitResult",
    "SplitSettings",
    "check_fractions",
    "open_hold_out",
    "parse_fractions",
    "parse_names",
    "split_dataset",
    "split_name",
]
