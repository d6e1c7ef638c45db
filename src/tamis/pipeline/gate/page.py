"""The gate as one page: every condition with its value, its bound and the reason."""

from __future__ import annotations

from collections.abc import Sequence

from tamis.core import Page, page
from tamis.pipeline.gate.verdict import Verdict


def gate_page(model: str, verdicts: Sequence[Verdict]) -> Page:
    """Return the page; conditions that do not hold stand first."""
    failed = [each for each in verdicts if not each.holds]
    passed = f"{len(verdicts) - len(failed)} of {len(verdicts)} conditions hold"
    whole = Page(f"The gate of {model}", lead=passed)
    told = f"{model} may be approved: {passed}." if not failed else f"{model} may not be approved: {passed}."
    rows = [
        ("holds" if each.holds else "FAILS", each.condition, _number(each.value), _number(each.bound), each.says)
        for each in sorted(verdicts, key=lambda each: each.holds)
    ]
    whole.section(
        "Conditions",
        page.advice(told, kind="warn" if failed else "good"),
        page.table(["", "condition", "value", "bound", "why"], rows),
        intro="Bounds are held against the end of an interval that says the least for the model.",
    )
    return whole


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
