"""The doctor as a whole: settings, plug-ins, every kind of dataset, the report and its page."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint

import pytest

from tamis.core import UsageError, plugins
from tamis.features import FeatureSettings
from tamis.quality import Check, CheckContext, Finding, QualitySettings, all_checks, check_dataset, report_page
from tamis.quality.finding import as_rows


def test_a_sound_dataset_is_called_so(make_dataset, calm):
    report = check_dataset(make_dataset(text=calm, label=list("abbabaabbaababbabaab")))
    assert report.findings == ()
    assert not report.fails("warning")
    assert len(report.quiet_checks) == len(report.checks) == len(all_checks())
    assert "Nothing was found" in report_page(report).html()


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"label": [None] * 20},
        {"label": [["x", "y"], ["x"], [], None] * 5},
        {"label": [[{"start": 0, "end": 3, "label": "x"}], []] * 10},
        {"label": ["1", "5", "3", "4"] * 5, "task": "ordinal"},
        {"split": [None] * 20},
        {"split": ["train", None] * 10, "label": ["a", "b"] * 10, "group": [None] * 20},
    ],
)
def test_every_kind_of_dataset_can_be_checked(make_dataset, calm, columns):
    report = check_dataset(make_dataset(text=calm, **columns))
    assert {finding.severity for finding in report.findings} <= {"note", "warning", "error"}
    assert report_page(report).html()


def test_one_row_can_be_checked(make_dataset):
    assert check_dataset(make_dataset(text=["only one here, and it is short"])).rows == 1


def test_settings_change_weights_and_leave_out(make_dataset, calm):
    dataset = make_dataset(text=[*calm, calm[0], "", "ok"])
    settings = QualitySettings(
        severity={"duplicates": "error", "lengths.empty": "note"}, ignore=("lengths.tiny", "html"), fail_on="warning"
    )
    report = check_dataset(dataset, settings=settings)
    assert {finding.kind: finding.severity for finding in report.findings} == {
        "duplicates.exact": "error",
        "lengths.empty": "note",
    }
    assert "html" not in report.checks
    assert report.findings[0].severity == "error"


def test_an_unknown_check_is_told(make_dataset, calm):
    with pytest.raises(UsageError, match="no check 'dupes'") as told:
        check_dataset(make_dataset(text=calm), only=["dupes"])
    assert "duplicates" in str(told.value)


def test_a_package_can_bring_a_check(make_dataset, calm, monkeypatch):
    entry = EntryPoint(name="shouting", value=f"{__name__}:shouting", group="tamis.check")
    monkeypatch.setattr(plugins, "found", lambda kind: {"shouting": entry} if kind == "check" else {})
    monkeypatch.setattr(EntryPoint, "load", lambda self: shouting)
    dataset = make_dataset(text=[*calm, "WHO TURNED OFF THE LIGHT"])
    report = check_dataset(dataset, only=["shouting"])
    assert report.checks == {"shouting": "Does anybody shout?"}
    assert report.findings[0].ids == ("21",)


def shouting(context: CheckContext) -> list[Finding]:
    """Does anybody shout?"""
    rows = as_rows([row for row, text in enumerate(context.texts, 1) if text.isupper()])
    return [Finding(kind="shouting", severity="note", title="shouting", explanation="Calm down.", rows=rows)]


def test_a_checks_name_is_unique():
    names = [check.name for check in all_checks()]
    assert len(names) == len(set(names))
    assert all(isinstance(check, Check) and check.question.endswith("?") for check in all_checks())


def test_the_table_names_every_fix(make_dataset, calm):
    text = [
        *calm,
        *(f"{text}, they said" for text in calm),
        calm[0],
        "",
        "a cafÃ©",
        "a &amp; b",
        "jane@example.com",
        "a\x00 b",
    ]
    text += ["I don?t know", calm[7], calm[3], "thank you", "thank you", calm[5] + " today"]
    label = ["negative", "positive"] * 20 + ["Negative"] + ["negatve"] + ["negative"] * 10
    split = ["train"] * 47 + ["test", "train", "train", "test", "test"]
    strict = FeatureSettings(near_duplicate_threshold=0.9)
    report = check_dataset(make_dataset(text=text, label=label, split=split), features=strict)
    named = {check.name: check.fixes for check in all_checks()}
    for finding in report.findings:
        assert finding.fix is None or finding.fix.name in named[finding.check]
    assert len(report.fixes) >= 10


def test_the_page_is_whole_and_needs_no_network(make_dataset, calm):
    text = [*calm, calm[0], "<b>bold</b> & <script>alert(1)</script>", "jane@example.com wrote", "ok"]
    page = report_page(
        check_dataset(make_dataset(text=text, label=["a", "A"] * 12, split=["train"] * 20 + ["test"] * 4))
    )
    html = page.html()
    assert "<script>alert" not in html
    assert not re.search(r"""(src|href)=["']https?:""", html)
    for word in ("Errors", "Warnings", "Notes", "In order", "--apply html", "j…@e…com"):
        assert word in html
