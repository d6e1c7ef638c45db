"""New data: the trigger that watches a folder or a bucket for complete new files."""

from __future__ import annotations

from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

from tamis.core import StoredFile, Workspace, plugins
from tamis.pipeline.triggers.look import Cursor, Look

_HALF = (".part", ".partial", ".tmp", ".crdownload", ".filepart")
_PATIENCE = 10
"""So many times the settling time complete files wait for others that still grow."""


def look_at_files(
    workspace: Workspace, at: str, cursor: Cursor, *, pattern: str, settle_seconds: float, now: datetime
) -> Look:
    """Tell whether complete files are there that were not there, or were others, when last looked at.

    A file is complete when it stayed as it is for `settle_seconds`; a run waits a while for those that still grow,
    for it may read them all. What is there at the first look is not new.
    """
    uri = at if urlsplit(at).scheme else str(workspace.root / at)
    there = {
        file.uri: f"{file.bytes}/{file.mark}" for file in plugins.store_of(uri).list(uri) if _counts(file, pattern)
    }
    if not cursor:
        return Look(cursor={"known": there, "growing": {}}, note=_known(len(there)))
    known = cursor["known"]
    growing: dict[str, list[str]] = {}
    for file, mark in there.items():
        if mark != known.get(file):
            before = cursor["growing"].get(file)
            since = datetime.fromisoformat(before[1]) if before and before[0] == mark else now
            growing[file] = [mark, min(since, now).isoformat()]
    waited = {file: now - datetime.fromisoformat(since) for file, (_, since) in growing.items()}
    settled = timedelta(seconds=settle_seconds)
    ready = sorted(file for file, so_long in waited.items() if so_long >= settled)
    patient = len(ready) < len(growing) and all(waited[file] < _PATIENCE * settled for file in ready)
    new = [] if patient else ready
    note = _known(len(known))
    return Look(
        cursor={"known": known, "growing": growing},
        note=f"{note}, {len(growing):,} new ones not complete yet" if growing else note,
        why=f"{len(new):,} new file{'s' * (len(new) > 1)}: {_named(new)}" if new else "",
        after={
            "known": {**known, **{file: growing[file][0] for file in new}},
            "growing": {file: seen for file, seen in growing.items() if file not in new},
        },
        files=tuple(new),
    )


def _known(count: int) -> str:
    return f"{count:,} known file{'s' * (count != 1)}"


def _counts(file: StoredFile, pattern: str) -> bool:
    name = _name(file.uri)
    return file.bytes > 0 and not name.startswith(".") and not name.endswith(_HALF) and fnmatchcase(name, pattern)


def _name(uri: str) -> str:
    return unquote(uri).rpartition("/")[2]


def _named(files: list[str]) -> str:
    return ", ".join(map(_name, files[:3])) + (f" and {len(files) - 3:,} more" if len(files) > 3 else "")
