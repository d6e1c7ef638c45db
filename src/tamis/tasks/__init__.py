"""Tasks: what is a label, how is it encoded, decided and scored?

A `Task` owns the label set and turns what a dataset's `label` column holds into numbers and back; in comes the name of
the task and the labels, out comes an object that every later chapter uses without asking which task it is.
"""

from tamis.tasks.choose import TASKS, task_for
from tamis.tasks.hierarchy import ancestors
from tamis.tasks.iob import Span, SpanProblem, Tagging, from_iob, to_iob
from tamis.tasks.multi_label import MultiLabel
from tamis.tasks.ordinal import Ordinal
from tamis.tasks.single_label import SingleLabel
from tamis.tasks.softmax import sigmoid, softmax
from tamis.tasks.spans import Spans
from tamis.tasks.tally import LOWER_IS_BETTER, Reliability, ReliabilityBin, Scores, Tally, check_scores
from tamis.tasks.task import MASKED, Codes, Floats, Offsets, Strata, Task

__all__ = [
    "LOWER_IS_BETTER",
    "MASKED",
    "TASKS",
    "Codes",
    "Floats",
    "MultiLabel",
    "Offsets",
    "Ordinal",
    "Reliability",
    "ReliabilityBin",
    "Scores",
    "SingleLabel",
    "Span",
    "SpanProblem",
    "Spans",
    "Strata",
    "Tagging",
    "Tally",
    "Task",
    "ancestors",
    "check_scores",
    "from_iob",
    "sigmoid",
    "softmax",
    "task_for",
    "to_iob",
]
