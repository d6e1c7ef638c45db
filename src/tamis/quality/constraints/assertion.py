"""Assertion: what a metric must be: `>= 0.99`, `between 1 and 5`, `== 1452`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

Value = float | str

_COMPARED = re.compile(r"(>=|<=|==|!=|=|>|<)\s*([^\s<>=!].*)")
_BETWEEN = re.compile(r"between\s+(\S.*?)\s+and\s+(\S.*)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d[\d_,]*)?(\.\d+)?([eE][+-]?\d+)?(\s*%)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?")
_CLOSE = 1e-9  # two engines add the same numbers in another order


@dataclass(frozen=True)
class Assertion:
    """A comparison with one number or day, or with two.

    >>> Assertion.parse("between 1 and 5").holds(4.7)
    True
    >>> Assertion.parse(">= 99%").holds(0.98)
    False
    """

    sign: str
    low: Value
    high: Value | None = None

    @classmethod
    def parse(cls, text: str) -> Assertion:
        """Return the assertion that `text` says; ValueError when it says none."""
        text = text.strip()
        if found := _BETWEEN.fullmatch(text):
            low, high = _operand(found.group(1)), _operand(found.group(2))
            if isinstance(low, str) != isinstance(high, str):
                raise ValueError(f"{text!r} mixes a number and a day")
            if low > high:  # type: ignore[operator]
                raise ValueError(f"nothing is {text}: the smaller one comes first")
            return cls("between", low, high)
        if found := _COMPARED.fullmatch(text):
            return cls("==" if found.group(1) == "=" else found.group(1), _operand(found.group(2)))
        raise ValueError(f"{text!r} is no assertion; write one as in '>= 0.99', '== 1452' or 'between 1 and 5'")

    @property
    def about_days(self) -> bool:
        """True when days are compared, not numbers."""
        return isinstance(self.low, str)

    def holds(self, value: Value) -> bool:
        """Tell whether a value is as asserted."""
        if isinstance(value, str) or isinstance(self.low, str):
            return self._compare(_moment(str(value)), _moment(str(self.low)), _moment(str(self.high)))
        high = self.high if isinstance(self.high, float) else math.inf
        if math.isnan(value):
            return False
        return self._compare(value, self.low, high)

    def _compare(self, value: Value, low: Value, high: Value) -> bool:
        same = value == low if isinstance(value, str) else math.isclose(value, float(low), rel_tol=_CLOSE)
        below = value < low and not same  # type: ignore[operator]
        match self.sign:
            case "==":
                return same
            case "!=":
                return not same
            case ">=":
                return not below
            case "<":
                return below
            case ">":
                return not below and not same
            case "<=":
                return below or same
        at_top = value == high if isinstance(value, str) else math.isclose(value, float(high), rel_tol=_CLOSE)
        return not below and (at_top or value < high)  # type: ignore[operator]

    def __str__(self) -> str:
        if self.sign == "between":
            return f"between {shown(self.low)} and {shown(self.high)}"
        return f"{self.sign} {shown(self.low)}"


def shown(value: Value | None) -> str:
    """Return a value as people write it: `1452`, `0.9986`, `2015-08-31`."""
    if value is None:
        return "no value"
    if isinstance(value, str):
        return value
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.6g}"


def _operand(text: str) -> Value:
    text = text.strip().strip("'\"")
    if _DAY.fullmatch(text):
        return text
    if text and _NUMBER.fullmatch(text) and any(sign.isdigit() for sign in text):
        number = float(text.rstrip(" %").replace(",", "").replace("_", ""))
        return number / 100 if text.endswith("%") else number
    raise ValueError(f"{text!r} is neither a number nor a day (2015-08-31)")


def _moment(text: str) -> str:
    """Days and times in one form, so that they compare as text."""
    text = text.replace("T", " ")
    return text if " " in text else f"{text} 00:00:00"
