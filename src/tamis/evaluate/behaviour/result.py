"""SuiteResult: which behavioural tests a model passed, how often, and where it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tamis.evaluate.behaviour.wilson import wilson


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One text that did not pass."""

    text: str
    """As the test gave it."""
    changed: str | None = None
    """After the change that made it fail."""
    change: str = ""
    """Which change that was."""
    expected: str
    got: str
    weight: float = 0.0
    """How far off it was, for the order: the worst stand first."""


@dataclass(frozen=True, kw_only=True)
class TestResult:
    """What came of one test. A text passes when all of its changes do."""

    __test__ = False  # no test of pytest's

    name: str
    kind: str
    """functionality, invariance or direction."""
    cases: int
    failures: tuple[Failure, ...]
    """One for each text that failed, the worst first."""
    at_least: float
    skipped: int = 0
    """Texts in which no change found anything to change."""
    changes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """For each change: how many texts it changed, and how many of those passed."""
    confidence: float = 0.95

    @property
    def passed(self) -> int:
        """How many texts passed."""
        return self.cases - len(self.failures)

    @property
    def rate(self) -> float:
        """The share of the texts that passed."""
        return self.passed / self.cases

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of the rate, as if the texts were drawn one by one."""
        return wilson(self.passed, self.cases, confidence=self.confidence)

    @property
    def holds(self) -> bool:
        """True when as many passed as the suite asks for."""
        return self.rate >= self.at_least - 1e-12

    def to_dict(self, *, failures: int = 20) -> dict[str, Any]:
        """Return the result as JSON-ready values, with the worst `failures`."""
        low, high = self.interval
        return {
            "name": self.name,
            "kind": self.kind,
            "holds": self.holds,
            "rate": self.rate,
            "low": low,
            "high": high,
            "at_least": self.at_least,
            "cases": self.cases,
            "passed": self.passed,
            "skipped": self.skipped,
            "changes": {name: {"cases": cases, "passed": good} for name, (cases, good) in self.changes.items()},
            "failures": [vars(failure) for failure in self.failures[:failures]],
        }


@dataclass(frozen=True, kw_only=True)
class SuiteResult:
    """What came of a whole suite."""

    suite: str
    model: str
    dataset: str | None
    """Where the rows came from, if a test asked for any."""
    seed: int
    seconds: float
    tests: tuple[TestResult, ...]

    @property
    def failed(self) -> tuple[TestResult, ...]:
        """The tests that did not hold."""
        return tuple(test for test in self.tests if not test.holds)

    def to_dict(self, *, failures: int = 20) -> dict[str, Any]:
        """Return the result as JSON-ready values."""
        return {
            "suite": self.suite,
            "model": self.model,
            "dataset": self.dataset,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "holds": not self.failed,
            "tests": [test.to_dict(failures=failures) for test in self.tests],
        }
