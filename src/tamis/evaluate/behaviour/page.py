"""The page of a behavioural suite: what held, how surely, and the texts that did not pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape

from tamis.core import Page, page
from tamis.core.charts import percent
from tamis.evaluate.behaviour.result import Failure, SuiteResult, TestResult
from tamis.evaluate.interval_bar import interval_bar

_INTRO = {
    "functionality": "Texts whose label nobody doubts. The model passes when it says that label.",
    "invariance": "Changes that should not matter. A text passes when the answer stays after each of them.",
    "direction": "Changes that should move a label's probability to one side. A text passes when each of them does.",
}


def suite_page(result: SuiteResult, *, shown: int = 8) -> Page:
    """Return the page of a suite, with the worst `shown` failures of each test."""
    held = len(result.tests) - len(result.failed)
    whole = Page(f"Behaviour of {result.model}", lead=f"{result.suite}: {held} of {len(result.tests)} tests hold")
    asked = sum(test.cases for test in result.tests)
    failed = sum(len(test.failures) for test in result.tests)
    whole.section(
        "At a glance",
        page.tiles(
            [
                (f"{held} of {len(result.tests)}", "tests hold"),
                (f"{asked:,}", "texts judged"),
                (f"{failed:,}", "did not pass"),
                (result.dataset or "–", "rows from"),
                (str(result.seed), "seed"),
            ]
        ),
        f'<div style="margin-top:16px">{_overview(result)}</div>',
        page.advice(
            "The dot is the share of texts that passed, the line its interval, the tick what the suite asks for. A "
            "line that reaches over the tick means that more texts could turn the verdict."
        ),
    )
    for kind, intro in _INTRO.items():
        tests = [test for test in result.tests if test.kind == kind]
        if tests:
            whole.section(kind.capitalize(), *(_block(test, shown) for test in tests), intro=intro)
    return whole


def _overview(result: SuiteResult) -> str:
    rows = []
    for test in result.tests:
        low, high = test.interval
        kind = "good" if test.holds else "bad"
        rows.append(
            (
                page.badge("holds" if test.holds else "fails", kind),
                page.Raw(f'<a href="#{_anchor(test)}">{escape(test.name)}</a>'),
                test.kind,
                test.cases,
                page.Raw(f"<b>{escape(percent(test.rate))}</b>"),
                interval_bar(test.rate, low, high, left=0, right=1, mark=test.at_least, kind=kind),
                f"{percent(low)} to {percent(high)}",
            )
        )
    return page.table(["", "test", "kind", "texts", "passed", "0 to 100 %", "interval"], rows)


def _block(test: TestResult, shown: int) -> str:
    low, high = test.interval
    badge = page.badge("holds" if test.holds else "fails", "good" if test.holds else "bad")
    skipped = f" {test.skipped:,} more texts had nothing to change." if test.skipped else ""
    parts = [
        f'<h3 id="{_anchor(test)}" style="margin-top:22px">{escape(test.name)} {badge}</h3>',
        f"<p>{test.passed:,} of {test.cases:,} texts pass: <b>{escape(percent(test.rate))}</b> "
        f"({escape(percent(low))} to {escape(percent(high))}); at least {escape(percent(test.at_least))} asked for."
        f"{skipped}</p>",
    ]
    if len(test.changes) > 1:
        rows = [(name, cases, percent(good / cases)) for name, (cases, good) in test.changes.items()]
        parts.append(page.table(["change", "texts changed", "passed"], rows))
    if test.failures:
        parts += [_failed(failure) for failure in _varied(test.failures, shown)]
        if len(test.failures) > shown:
            parts.append(f"<p>and {len(test.failures) - shown:,} more that did not pass</p>")
    return "\n".join(parts)


def _varied(failures: Sequence[Failure], shown: int) -> list[Failure]:
    """The worst failures, a few of each change instead of all of the one that fails most."""
    seen: Counter[str] = Counter()
    ranked = []
    for place, failure in enumerate(failures):
        ranked.append((seen[failure.change], place))
        seen[failure.change] += 1
    return [failures[place] for _, place in sorted(ranked)[:shown]]


def _failed(failure: Failure) -> str:
    change = f"{failure.change} · " if failure.change else ""
    who = f"{change}expected {failure.expected} · got {failure.got}"
    if failure.changed is None:
        return page.quote(failure.text, who=who)
    before, after = _marked(failure.text, failure.changed)
    return (
        f'<blockquote dir="auto"><span class="who">{escape(who)}</span>{before}'
        f'<span class="who" style="margin-top:4px">became</span>{after}</blockquote>'
    )


def _marked(before: str, after: str, *, most: int = 600) -> tuple[str, str]:
    """Both texts as HTML with what differs marked."""
    before, after = (text if len(text) <= most else text[:most] + " …" for text in (before, after))
    left, right = [], []
    for what, i, j, k, n in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        one, other = escape(before[i:j]), escape(after[k:n])
        left.append(one if what == "equal" or not one else _mark(one, "var(--bad)"))
        right.append(other if what == "equal" or not other else _mark(other, "var(--good)"))
    return "".join(left), "".join(right)


def _mark(words: str, colour: str) -> str:
    return f'<mark style="background:color-mix(in srgb, {colour} 25%, transparent)">{words}</mark>'


def _anchor(test: TestResult) -> str:
    return "t-" + escape("".join(c if c.isalnum() else "-" for c in test.name))
