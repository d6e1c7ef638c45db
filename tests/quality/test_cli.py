"""`tamis data check` as people and machines see it."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def faulty(make_dataset, calm):
    return make_dataset(text=[*calm, calm[3], "salt &amp; pepper"], label=["spam", "ham"] * 10 + ["ham", "Spam"])


def test_errors_end_in_3_and_the_report_says_what_to_do(tamis, faulty):
    outcome = tamis("data", "check", "reviews")
    assert outcome.code == 3
    assert "did not pass: 1 error" in outcome.err
    assert "error   1 label is another one in other letters: 'Spam' (1) → 'spam'" in outcome.out
    assert "row 22" in outcome.out
    assert "fix: --apply labels" in outcome.out
    assert "tamis data check reviews --apply" in outcome.out


def test_what_fails_can_be_chosen(tamis, faulty):
    assert tamis("data", "check", "reviews", "--fail-on", "never").code == 0
    assert tamis("data", "check", "reviews", "--only", "html").code == 0
    assert tamis("data", "check", "reviews", "--only", "html", "--fail-on", "warning").code == 3
    assert tamis("data", "check", "reviews", "--only", "html", "quality.fail_on=warning").code == 3
    assert tamis("data", "check", "reviews", "--skip", "labels").code == 0
    wrong = tamis("data", "check", "reviews", "--fail-on", "errors")
    assert (wrong.code, "--fail-on is one of error, warning, never, not 'errors'" in wrong.err) == (2, True)


def test_json_holds_all_rows(tamis, faulty):
    report = json.loads(tamis("data", "check", "reviews", "--json").out)
    assert report["dataset"] == "reviews@1"
    kinds = {finding["kind"]: finding for finding in report["findings"]}
    assert kinds["duplicates.exact"]["rows"] == [21]
    assert kinds["duplicates.exact"]["ids"] == ["21"]
    assert kinds["html"]["fix"]["name"] == "html"


def test_the_rows_of_one_finding(tamis, faulty):
    assert tamis("data", "check", "reviews", "--rows", "html").out == "22\t22\n"
    told = tamis("data", "check", "reviews", "--rows", "leakage")
    assert told.code == 2
    assert "nothing named 'leakage' was found. Found: labels.spelling" in told.err


def test_the_page_is_not_overwritten_unasked(tamis, faulty, tmp_path):
    page = tmp_path / "report.html"
    assert tamis("data", "check", "reviews", "--html", page, "--fail-on", "never").code == 0
    assert "Check of reviews@1" in page.read_text(encoding="utf-8")
    again = tamis("data", "check", "reviews", "--html", page)
    assert (again.code, "--force" in again.err) == (2, True)
    assert tamis("data", "check", "reviews", "--html", page, "--force", "--fail-on", "never").code == 0


def test_apply_makes_a_version_and_accounts_for_it(tamis, faulty):
    outcome = tamis("data", "check", "reviews", "--apply")
    assert outcome.code == 0
    assert "reviews@2 made from reviews@1: 22 rows before, 21 now" in outcome.out
    assert "label 'Spam' is now 'spam'" in outcome.out
    assert tamis("data", "check", "reviews").code == 0
    assert "nothing to fix" in tamis("data", "check", "reviews", "--apply").out
    account = json.loads(tamis("data", "check", "reviews@1", "--apply", "html,labels", "duplicates", "--json").out)
    assert (account["dataset"], account["new"], account["rows_dropped"]) == ("reviews@2", False, 1)


def test_what_is_left_still_fails(tamis, faulty):
    outcome = tamis("data", "check", "reviews", "--apply", "html")
    assert outcome.code == 3
    assert "left: 1 error" in outcome.out


def test_fixes_without_apply_are_a_mistake(tamis, faulty):
    outcome = tamis("data", "check", "reviews", "html")
    assert (outcome.code, "add --apply" in outcome.err) == (2, True)
