"""Cells: a number with its interval, and a name, as a table of a page shows them on screens of any width."""

from __future__ import annotations

from html import escape

from tamis.core import page
from tamis.evaluate.intervals import Interval
from tamis.evaluate.names import number, span


def with_span(interval: Interval, *, name: str = "", bold: bool = False) -> page.Raw:
    """Return a number with its interval below it."""
    value = escape(number(interval.value, name=name))
    above = f'<b style="font-variant-numeric:tabular-nums">{value}</b>' if bold else value
    below = f'<span class="soft">{escape(span(interval, name=name))}</span>'
    return page.Raw(f'<span style="white-space:nowrap">{above}<br>{below}</span>')


def named(text: str) -> page.Raw:
    """Return a name that keeps room for itself."""
    return page.Raw(f'<div dir="auto" style="min-width:84px">{escape(text)}</div>')
