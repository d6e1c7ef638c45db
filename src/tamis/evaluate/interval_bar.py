"""An interval drawn in a table's cell: a line from low to high, a dot at the value, and a tick where it is judged."""

from __future__ import annotations

from tamis.core import page

_COLOUR = {"good": "var(--good)", "bad": "var(--bad)", "warn": "var(--warn)", "note": "var(--accent)"}


def interval_bar(
    value: float, low: float, high: float, *, left: float, right: float, mark: float | None = None, kind: str = "note"
) -> page.Raw:
    """Return the drawing on an axis from `left` to `right`; `mark` is what the interval is held against.

    >>> 'left:50.0%' in interval_bar(0.5, 0.25, 1, left=0, right=1)
    True
    """
    width = (right - left) or 1.0

    def place(number: float) -> float:
        return min(max((number - left) / width, 0.0), 1.0) * 100

    colour = _COLOUR[kind]
    tick = (
        f'<i style="position:absolute;left:{place(mark):.1f}%;top:0;bottom:0;border-left:1.5px solid var(--soft)"></i>'
        if mark is not None
        else ""
    )
    start, end = place(low), place(high)
    return page.Raw(
        '<div style="position:relative;height:18px;min-width:150px;margin:1px 6px">'
        '<i style="position:absolute;left:0;right:0;top:8.5px;border-top:1px solid var(--line)"></i>'
        f"{tick}"
        f'<i style="position:absolute;left:{start:.1f}%;width:{max(end - start, 0.5):.1f}%;top:6px;height:6px;'
        f'border-radius:3px;background:{colour};opacity:.35"></i>'
        f'<i style="position:absolute;left:{place(value):.1f}%;top:4px;width:10px;height:10px;margin-left:-5px;'
        f'border-radius:50%;background:{colour}"></i></div>'
    )
