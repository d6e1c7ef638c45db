"""Sample: fewer rows in every split, for a quick try on a part of the data."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tamis.split.draw import Draws


def leave_out(
    splits: npt.NDArray[np.int8], draws: Draws, *, rows: int, among: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return which rows to take out of their splits so that `rows` stay, each split with the share that it had.

    Only rows `among` can be taken out. The more rows are asked for, the more stay: none comes and goes.

    >>> out = leave_out(np.array([0, 0, 0, 0, 3, 3, -1]), np.arange(7), rows=3, among=np.ones(7, dtype=bool))
    >>> out.tolist()
    [False, False, True, True, False, True, False]
    """
    drawn = among & (splits >= 0)
    share = min(1.0, rows / max(1, int(drawn.sum())))
    out = np.zeros(len(splits), dtype=np.bool_)
    for split in np.unique(splits[drawn]):
        members = np.flatnonzero(drawn & (splits == split))
        kept = max(1, round(len(members) * share))
        out[members[np.argsort(draws[members], kind="stable")[kept:]]] = True
    return out
