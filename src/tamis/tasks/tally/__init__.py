"""Tally: what a model got right, counted once, so that thousands of resamples and slices are scored in seconds.

A tally holds parts (counts, means, rankings, reliability), each in a file of its own; each turns weights of the rows
into numbers. Weights that are 1 score all rows, counts of a bootstrap draw score a resample, 0 and 1 score a slice.
"""

from tamis.tasks.tally.counts import Counts, Marks
from tamis.tasks.tally.kappa import Kappa
from tamis.tasks.tally.means import Means
from tamis.tasks.tally.of_classes import check_scores, needed, tally_classes
from tamis.tasks.tally.of_sets import tally_sets
from tamis.tasks.tally.of_spans import tally_spans
from tamis.tasks.tally.ranking import Ranking
from tamis.tasks.tally.reliability import Reliability, ReliabilityBin
from tamis.tasks.tally.tally import LOWER_IS_BETTER, Part, Scores, Tally

__all__ = [
    "LOWER_IS_BETTER",
    "Counts",
    "Kappa",
    "Marks",
    "Means",
    "Part",
    "Ranking",
    "Reliability",
    "ReliabilityBin",
    "Scores",
    "Tally",
    "check_scores",
    "needed",
    "tally_classes",
    "tally_sets",
    "tally_spans",
]
