"""The workspace's MLflow database: made by MLflow once for this user, and copied into every further workspace."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import mlflow

log = logging.getLogger(__name__)


def database(state: Path) -> str:
    """Return the address of a workspace's database, which is there afterwards.

    MLflow runs some sixty migrations to make a new one, which takes 5 to 25 seconds; a copy takes none.
    """
    path = state / "mlflow.db"
    address = f"sqlite:///{path.resolve()}"
    if not path.exists():
        state.mkdir(parents=True, exist_ok=True)
        empty = _cached()
        if empty.exists():
            _put(empty, path)
        else:
            mlflow.MlflowClient(tracking_uri=address).search_experiments(max_results=1)
            _remember(path, empty)
    with sqlite3.connect(path) as there:  # MLflow would try for minutes to open what is no database
        there.execute("select count(*) from sqlite_master")
    return address


def _cached() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "tamis" / f"mlflow-{mlflow.__version__}.db"


def _remember(path: Path, empty: Path) -> None:
    try:
        with sqlite3.connect(path) as made:
            made.execute("pragma wal_checkpoint(truncate)")
        empty.parent.mkdir(parents=True, exist_ok=True)
        _put(path, empty)
    except (OSError, sqlite3.Error) as error:  # a home that cannot be written to costs time, not the run
        log.info("the empty MLflow database is not kept for the next workspace: %s", error)


def _put(source: Path, target: Path) -> None:
    """Copy in one step; who comes second leaves the first one's file alone."""
    handle, draft = tempfile.mkstemp(dir=target.parent)
    os.close(handle)
    try:
        shutil.copyfile(source, draft)
        os.link(draft, target)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()
