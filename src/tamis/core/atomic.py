"""Writing so that a reader, and a power cut, sees the old file or the new one and never a half."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_MARK = ".writing-"  # a name that says who writes here: .writing-<process id>-<random>


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that becomes `path` when the block ends well, and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{_MARK}{os.getpid()}-", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o666 & ~_umask())  # mkstemp's 0600 is meant for secrets
        draft.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write `content` to `path` in one step.

    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> write_atomic(folder / "a.txt", "whole"); (folder / "a.txt").read_text()
    'whole'
    """
    with atomic_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def draft_folder(parent: Path) -> Iterator[Path]:
    """Yield an empty folder in `parent` to fill and then `publish`; what was not published is removed.

    A process killed inside the block leaves only a folder that `abandoned` finds.
    """
    parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{_MARK}{os.getpid()}-", dir=parent))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def publish(draft: Path, path: Path) -> None:
    """Give a draft folder its final name in one step; FileExistsError when another writer was first."""
    for file in draft.rglob("*"):
        if file.is_file():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
    draft.chmod(0o777 & ~_umask())
    if path.exists():
        raise FileExistsError(path)
    try:
        draft.rename(path)
    except OSError as error:  # a folder with files in it is never replaced
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise FileExistsError(path) from None
        raise
    _sync_folder(path.parent)


def abandoned(folder: Path) -> list[Path]:
    """Return what killed writers left in `folder`: drafts whose process is gone, which may be removed."""
    drafts = folder.glob(f"{_MARK}*") if folder.is_dir() else ()
    return [draft for draft in drafts if not _alive(int(draft.name.removeprefix(_MARK).split("-")[0]))]


def _alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
