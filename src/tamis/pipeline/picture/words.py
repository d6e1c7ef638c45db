"""Words: how long things took and how they ended, as people say it."""

from __future__ import annotations


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
