"""Target: what the folder or bucket of a batch holds: predictions, notes of what is done, at last the manifest.

predictions/*.parquet   one file a shard, each whole
manifest.json           when all are there
rejects.csv             the rows that could not be read, where there are some
_checkpoints/           until the manifest is there
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tamis.core import UsageError, abandoned
from tamis.core.plugins import store_of
from tamis.data import Reject
from tamis.predict.batch.shard import DoneShard, Key
from tamis.predict.rejects import write_rejects

MANIFEST, REJECTS = "manifest.json", "rejects.csv"
_PREDICTIONS, _CHECKPOINTS = "predictions", "_checkpoints"
_PLAN = f"{_CHECKPOINTS}/plan.json"


class Target:
    """A place for the predictions of one batch."""

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self._store = store_of(uri)

    def begin(self, plan: Mapping[str, Any], *, force: bool) -> dict[Key, DoneShard]:
        """Return the shards that an earlier run of the same plan left; `force` removes them.

        UsageError when the target holds the batch of another plan, or what is no batch at all.
        """
        self._clear_drafts()
        manifest = self._read(MANIFEST)
        before = manifest["plan"] if manifest else self._read(_PLAN)
        if before is None and any(self._store.list(self.uri)):
            raise UsageError(f"{self.uri} is not empty, and no batch was begun there", hint="name an empty folder")
        if before is not None and force:
            self._clear()
            before = manifest = None
        now = json.loads(json.dumps(plan))
        if before is None:
            self._write(_PLAN, _json(now))
            return {}
        if changed := [name for name in now if before.get(name) != now[name]]:
            told = "".join(
                f"\n  {name}: {json.dumps(before.get(name))} before, {json.dumps(now[name])} now" for name in changed
            )
            raise UsageError(
                f"{self.uri} holds a batch that was begun otherwise:{told}",
                hint="--force removes its predictions and starts anew; or name another folder with -o",
            )
        if manifest is not None:
            self._write(_PLAN, _json(now))
        return self._done(manifest)

    def keep(self, done: DoneShard, content: bytes) -> None:
        """Write the predictions of a shard, and then the note that they are there."""
        self._write(f"{_PREDICTIONS}/{done.name}", content)
        self._write(f"{_CHECKPOINTS}/{done.name}.json", _json(done.to_dict()))

    def finish(self, manifest: Mapping[str, Any], rejects: Iterable[Reject]) -> None:
        """Write what is said of the whole; the notes are no longer needed."""
        kept = list(rejects)
        if kept:
            with self._store.write(f"{self.uri}/{REJECTS}") as file:
                write_rejects(kept, file)
        else:
            self._store.delete(f"{self.uri}/{REJECTS}")
        self._write(MANIFEST, _json(manifest))
        self._remove(_CHECKPOINTS)

    def _done(self, manifest: Mapping[str, Any] | None) -> dict[Key, DoneShard]:
        told = [DoneShard.of(values) for values in (manifest["shards"] if manifest else ())]
        for note in self._store.list(f"{self.uri}/{_CHECKPOINTS}"):
            if note.uri.endswith(".parquet.json"):
                with self._store.read(note.uri) as file:
                    told.append(DoneShard.of(json.loads(file.read())))
        there = {each.uri.rpartition("/")[2]: each.bytes for each in self._store.list(f"{self.uri}/{_PREDICTIONS}")}
        return {each.key: each for each in told if there.get(each.name) == each.bytes}

    def _clear(self) -> None:
        for name in (MANIFEST, REJECTS):
            self._store.delete(f"{self.uri}/{name}")
        self._remove(_PREDICTIONS)
        self._remove(_CHECKPOINTS)

    def _remove(self, folder: str) -> None:
        for file in list(self._store.list(f"{self.uri}/{folder}")):
            self._store.delete(file.uri)

    def _clear_drafts(self) -> None:
        """Remove what killed writers left on this machine's disk; buckets never show a half file."""
        scheme, is_address, _ = self.uri.partition("://")
        if is_address and scheme.lower() != "file":
            return
        root = Path(unquote(urlsplit(self.uri).path) if is_address else self.uri)
        for folder in (root, root / _PREDICTIONS, root / _CHECKPOINTS):
            for draft in abandoned(folder):
                draft.unlink(missing_ok=True)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            with self._store.read(f"{self.uri}/{name}") as file:
                return dict(json.loads(file.read()))
        except FileNotFoundError:
            return None

    def _write(self, name: str, content: bytes) -> None:
        with self._store.write(f"{self.uri}/{name}") as file:
            file.write(content)


def sha256(content: bytes) -> str:
    """Return the hash by which everybody can check a file of predictions."""
    return hashlib.sha256(content).hexdigest()


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")
