"""Event JSON: an event as the logs keep it. Every event becomes one, for what cannot be kept would be lost."""

from __future__ import annotations

import json
from collections.abc import Mapping


def to_json(event: Mapping[str, object]) -> str:
    """Return an event as JSON; half of a surrogate pair, which is no text, becomes a question mark.

    >>> to_json({"text": "a\\ud800é"})
    '{"text":"a?é"}'
    """
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode("utf-8", "replace").decode()
