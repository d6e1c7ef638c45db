"""Quality: is the data sound?

In goes a dataset version; out comes a `Report` of findings, each with its rows, a line that says why it matters, and
often a fix that `apply_fixes` makes as a new version. One file holds one check; `table.py` lists them all; packages
add their own under the entry point `tamis.check`.
"""

from tamis.quality.apply import Applied, apply_fixes
from tamis.quality.check import Check
from tamis.quality.config import QualitySettings, Severity
from tamis.quality.context import CheckContext
from tamis.quality.doctor import check_dataset
from tamis.quality.finding import Finding, Fix, as_rows, counted, percent
from tamis.quality.page import report_page
from tamis.quality.report import Report
from tamis.quality.table import all_checks

__all__ = [
    "Applied",
    "Check",
    "CheckContext",
    "Finding",
    "Fix",
    "QualitySettings",
    "Report",
    "Severity",
    "all_checks",
    "apply_fixes",
    "as_rows",
    "check_dataset",
    "counted",
    "percent",
    "report_page",
]
