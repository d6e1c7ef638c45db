"""Rejects: the rows that could not be read, as a CSV file beside the predictions."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import BinaryIO

from tamis.data import Reject


def write_rejects(rejects: Iterable[Reject], file: BinaryIO) -> None:
    """Write where each row stands, why it could not be read, and what is in it."""
    text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
    rows = csv.writer(text)
    rows.writerow(["source", "row", "reason", "content"])
    rows.writerows((reject.source, reject.row, reject.reason, reject.content) for reject in rejects)
    text.flush()
    text.detach()
