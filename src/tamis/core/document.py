"""Document: one row of a dataset, with the columns every dataset has under the same names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# The roles a column may play; in a stored dataset they are also the columns' names.
ROLES = ("id", "text", "label", "group", "time", "split", "weight", "annotator")


@dataclass(frozen=True, kw_only=True)
class Document:
    """One text and what is known of it.

    `label` is a name (single label, ordinal), a tuple of names (multi-label) or None (not labelled).

    >>> Document(id="7", text="free money", label="spam").label
    'spam'
    """

    id: str
    text: str
    label: str | tuple[str, ...] | None = None
    group: str | None = None
    time: str | None = None
    split: str | None = None
    weight: float | None = None
    annotator: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
