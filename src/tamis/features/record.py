"""Record: a dataset version that says how its text is cleaned; the stored text stays as it came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tamis.core import UsageError, Workspace
from tamis.features.cleaning import Cleaner

if TYPE_CHECKING:
    from tamis.data import Dataset


def record_cleaning(workspace: Workspace, dataset: Dataset, cleaner: Cleaner) -> tuple[Dataset, bool]:
    """Return the version of a dataset that is cleaned by these steps, and whether it is new."""
    if dataset.manifest.task == "spans" and cleaner.spec:
        raise UsageError(
            f"the labels of {dataset.ref} are spans, which count the characters of the text as it is",
            hint="clean it before it is labelled, or record no steps: --steps none",
        )
    from tamis.data import derive  # a server cleans texts, too, and has no datasets

    return derive(workspace, dataset, None, operation=cleaning_in_words(cleaner), cleaning=cleaner.spec)


def cleaning_in_words(cleaner: Cleaner) -> str:
    """Return what the steps are called together, as a version's list of parents has it."""
    return f"clean: {', '.join(map(_name, cleaner.spec)) or 'nothing'}"


def _name(entry: Any) -> str:
    return entry if isinstance(entry, str) else str(next(iter(entry)))
