"""JUnit XML: the results of a suite as build servers read them."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

from tamis.evaluate.behaviour.result import Failure, SuiteResult, TestResult

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(result: SuiteResult, *, failures: int = 20) -> str:
    """Return the XML of a suite; each test is a test case, with the worst failures in its message."""
    suite = Xml.Element(
        "testsuite",
        name=_plain(result.suite),
        tests=str(len(result.tests)),
        failures=str(len(result.failed)),
        errors="0",
        skipped="0",
        time=f"{result.seconds:.3f}",
    )
    properties = Xml.SubElement(suite, "properties")
    for name, value in (("model", result.model), ("dataset", result.dataset or ""), ("seed", str(result.seed))):
        Xml.SubElement(properties, "property", name=name, value=_plain(value))
    for test in result.tests:
        # a build server wants a time for each case; the texts were asked all at once
        case = Xml.SubElement(
            suite, "testcase", classname=_plain(f"{result.suite}.{test.kind}"), name=_plain(test.name), time="0"
        )
        if not test.holds:
            Xml.SubElement(case, "failure", message=_plain(_summary(test)), type="behaviour").text = _plain(
                "\n".join(map(_line, test.failures[:failures]))
            )
        Xml.SubElement(case, "system-out").text = _plain(_summary(test))
    whole = Xml.Element("testsuites")
    whole.append(suite)
    Xml.indent(whole)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(whole, encoding="unicode") + "\n"


def _summary(test: TestResult) -> str:
    low, high = test.interval
    return (
        f"{test.passed} of {test.cases} passed: {test.rate:.1%} ({low:.1%} to {high:.1%}), "
        f"at least {test.at_least:.1%} asked for"
    )


def _line(failure: Failure) -> str:
    changed = "" if failure.changed is None else f" → [{failure.change}] {failure.changed!r}"
    return f"{failure.text!r}{changed}: expected {failure.expected}, got {failure.got}"


def _plain(text: str) -> str:
    """The text without what XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
