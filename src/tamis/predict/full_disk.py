"""A disk without room: what is said, and that what was done is kept."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from tamis.core import DataError


@contextmanager
def full_disk_told(target: object, *, kept: str) -> Iterator[None]:
    """Turn the errors of a full disk into a message; `kept` says where what was done lies."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise DataError(
                f"no room left on the disk for {target}; what was predicted so far is kept {kept}",
                hint="free some space and give the same command again: it goes on from there",
            ) from None
        raise
