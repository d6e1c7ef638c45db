"""Room: what is said when the disk is full."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from tamis.core import DataError

_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


@contextmanager
def full_disk_told(target: object) -> Iterator[None]:
    """Turn the errors of a full disk into a message that says how to go on."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise no_room(target) from None
        raise


def no_room(target: object) -> DataError:
    """Return the error of a disk on which there is no room for `target`."""
    return DataError(
        f"no room left on the disk for {target}; the steps that are finished are kept",
        hint="free some space, then `tamis run resume`: it goes on from there",
    )
