"""Quality: is the data sound?

In goes a dataset version; out comes a `Report` of findings, each with its rows, a line that says why it matters, and
often a fix that `apply_fixes` makes as a new version. One file holds one check; `table.py` lists them all; packages
add their own under the entry point `tamis.check`.
"""

from tamis.quality.apply import Applied, apply_fixes
from tamis.quality.check import Check
from tamis.quality.config import QualitySettings, Severity
from tamis.quality.constraints.assertion import Assertion
from tamis.quality.constraints.constraint import Anomaly, Constraint
from tamis.quality.constraints.history import MetricHistory
from tamis.quality.constraints.kinds import KINDS
from tamis.quality.constraints.measure import Measured, measure
from tamis.quality.constraints.suggest import Suggestion, suggest_constraints, suggestions_yaml
from tamis.quality.constraints.suite import CONSTRAINTS_FILE, constraints_of, read_constraints
from tamis.quality.constraints.tables import verification_tables, write_tables
from tamis.quality.constraints.verify import ConstraintResult, Verification, verify_constraints
from tamis.quality.context import CheckContext
from tamis.quality.doctor import check_dataset
from tamis.quality.finding import Finding, Fix, as_rows, counted, percent
from tamis.quality.language import languages_of
from tamis.quality.page import report_page
from tamis.quality.report import Report
from tamis.quality.table import all_checks

__all__ = [
    "CONSTRAINTS_FILE",
    "KINDS",
    "Anomaly",
    "Applied",
    "Assertion",
    "Check",
    "CheckContext",
    "Constraint",
    "ConstraintResult",
    "Finding",
    "Fix",
    "Measured",
    "MetricHistory",
    "QualitySettings",
    "Report",
    "Severity",
    "Suggestion",
    "Verification",
    "all_checks",
    "apply_fixes",
    "as_rows",
    "check_dataset",
    "constraints_of",
    "counted",
    "languages_of",
    "measure",
    "percent",
    "read_constraints",
    "report_page",
    "suggest_constraints",
    "suggestions_yaml",
    "verification_tables",
    "verify_constraints",
    "write_tables",
]
