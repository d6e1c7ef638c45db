"""Wilson's interval: what a pass rate of few cases says of the true one."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def wilson(passed: float, cases: float, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share.

    >>> low, high = wilson(10, 10)
    >>> round(low, 3), high
    (0.722, 1.0)
    """
    if not cases:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = passed / cases
    centre = share + z * z / (2 * cases)
    spread = z * sqrt(share * (1 - share) / cases + z * z / (4 * cases * cases))
    whole = 1 + z * z / cases
    low, high = (centre - spread) / whole, (centre + spread) / whole
    return (0.0 if passed == 0 else low), (1.0 if passed == cases else high)
