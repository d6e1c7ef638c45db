"""Words: how long things took and what steps made, as people say it."""

from __future__ import annotations

import json
from typing import Any


def said_seconds(seconds: float) -> str:
    """Return a time in few signs.

    >>> [said_seconds(each) for each in (0.0004, 0.25, 7.31, 74, 3725, 200000)]
    ['0 ms', '250 ms', '7.3 s', '1 min 14 s', '1 h 02 min', '2 d 7 h']
    """
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def said_value(value: Any, *, most: int = 100) -> str:
    """Return what a step made in one line: JSON with numbers of four digits, cut where it is long.

    >>> said_value({"macro_f1": 0.8332806, "rows": 90})
    '{"macro_f1": 0.8333, "rows": 90}'
    >>> said_value([1, 2, 3], most=5)
    '[1, …'
    """
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict | list):
        rounded = json.loads(json.dumps(value), parse_float=lambda digits: float(f"{float(digits):.4g}"))
        value = json.dumps(rounded, ensure_ascii=False)
    text = " ".join(str(value).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
