"""Evaluate: how good is the model really?

In go a bundle and labelled rows; out come scores with intervals, the linear baseline beside them, slices, likely label
errors, behavioural tests, and the comparison of two models, as JSON and as one page.
"""

from tamis.evaluate.behaviour import (
    PERTURBATIONS,
    Suite,
    SuiteResult,
    junit_xml,
    read_suite,
    run_suite,
    starter_suite,
    suite_page,
)
from tamis.evaluate.compare import (
    Comparison,
    Difference,
    compare_bundles,
    compare_models,
    comparison_page,
    p_in_words,
)
from tamis.evaluate.config import EvaluateSettings
from tamis.evaluate.intervals import Bootstrap, Interval, difference, measure
from tamis.evaluate.label_errors import (
    LabelErrors,
    Suspect,
    find_label_errors,
    label_errors_page,
    label_in_words,
    trained_judge,
)
from tamis.evaluate.labelled import LabelledRows, read_labelled
from tamis.evaluate.names import MEASURES
from tamis.evaluate.names import number as measure_text
from tamis.evaluate.names import span as measure_span
from tamis.evaluate.names import title as measure_title
from tamis.evaluate.page import evaluation_page
from tamis.evaluate.report import Evaluation, Score
from tamis.evaluate.rows import ScoredRows, of_answers, score_rows, scored
from tamis.evaluate.run import assemble, evaluate_model
from tamis.evaluate.slices import by_column, by_conditions, by_length
from tamis.evaluate.write import (
    Written,
    check_folder,
    evaluation_folder,
    is_run,
    keep_in_bundle,
    write_evaluation,
)

__all__ = [
    "MEASURES",
    "PERTURBATIONS",
    "Bootstrap",
    "Comparison",
    "Difference",
    "EvaluateSettings",
    "Evaluation",
    "Interval",
    "LabelErrors",
    "LabelledRows",
    "Score",
    "ScoredRows",
    "Suite",
    "SuiteResult",
    "Suspect",
    "Written",
    "assemble",
    "by_column",
    "by_conditions",
    "by_length",
    "check_folder",
    "compare_bundles",
    "compare_models",
    "comparison_page",
    "difference",
    "evaluate_model",
    "evaluation_folder",
    "evaluation_page",
    "find_label_errors",
    "is_run",
    "junit_xml",
    "keep_in_bundle",
    "label_errors_page",
    "label_in_words",
    "measure",
    "measure_span",
    "measure_text",
    "measure_title",
    "of_answers",
    "p_in_words",
    "read_labelled",
    "read_suite",
    "run_suite",
    "score_rows",
    "scored",
    "starter_suite",
    "suite_page",
    "trained_judge",
    "write_evaluation",
]
