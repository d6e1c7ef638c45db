"""Schema: which columns of a source play which role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

BETWEEN_TEXTS = "\n\n"
"""What stands between several text columns where no template says."""

LabelForm = Literal["value", "list", "delimited", "one_hot", "spans"]


class Schema(BaseModel):
    """The source's column names by role. Roles that are empty are played by nobody.

    In a stored dataset the role columns have canonical names (`id text label group time split weight annotator`).
    A role that is one column taken as it is gets stored once, and SQL knows it by both names.

    >>> Schema(text=("title", "body"), template="{title}. {body}", label=("tag",)).renamed
    {'label': 'tag'}
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: tuple[str, ...]
    template: str | None = None
    """How several text columns become one: `{title}. {body}`; None joins them with a blank line."""
    label: tuple[str, ...] = ()
    label_form: LabelForm = "value"
    """What the label columns hold: one value, a list, a delimited string, one-hot flags, or spans."""
    delimiter: str | None = None
    """What separates the labels of a delimited string."""
    id: str | None = None
    group: str | None = None
    time: str | None = None
    split: str | None = None
    weight: str | None = None
    annotator: str | None = None

    @property
    def renamed(self) -> dict[str, str]:
        """The source's name of each canonical column that holds a source column's values."""
        single = {role: getattr(self, role) for role in ("id", "group", "time", "split", "weight", "annotator")}
        if len(self.text) == 1 and self.template is None:
            single["text"] = self.text[0]
        if len(self.label) == 1 and self.label_form in ("value", "list"):
            single["label"] = self.label[0]
        return {role: name for role, name in single.items() if name is not None}

    def text_of(self, row: Mapping[str, str | None]) -> str | None:
        """Return the text of one row of the source, as a dataset would hold it; None where no text column has any.

        >>> Schema(text=("title", "body")).text_of({"title": "A day", "body": None})
        'A day'
        """
        texts = [text for text in map(row.get, self.text) if text is not None]
        if not texts:
            return None
        if self.template is None:
            return BETWEEN_TEXTS.join(texts)
        return re.sub(r"\{([^{}]+)\}", lambda found: row.get(found[1]) or "", self.template)
