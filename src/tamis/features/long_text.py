"""LongText: what a model reads of a text that has more tokens than it takes."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

Policy = Literal["head", "head_tail", "windows"]


class LongText(BaseModel):
    """The most tokens a model is shown at once, and what happens to the others.

    `head` keeps the beginning; `head_tail` the first quarter and the end; `windows` reads everything, in pieces that
    overlap by `overlap` tokens, and takes the mean of their scores.

    >>> LongText(max_tokens=6, policy="head_tail").cut(np.arange(10), special=(1, 1))
    [array([0, 1, 6, 7, 8, 9])]
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_tokens: int = Field(default=256, ge=4)
    policy: Policy = "head"
    overlap: int = Field(default=32, ge=0)

    def cut(self, ids: npt.NDArray[np.int32], *, special: tuple[int, int] = (1, 1)) -> list[npt.NDArray[np.int32]]:
        """Return the pieces of one text's tokens; `special` says how many at its start and end each piece repeats."""
        if len(ids) <= self.max_tokens:
            return [ids]
        first, last = special
        start, inner, end = ids[:first], ids[first : len(ids) - last], ids[len(ids) - last :]
        room = self.max_tokens - first - last
        if self.policy == "head":
            return [np.concatenate([start, inner[:room], end])]
        if self.policy == "head_tail":
            head = room // 4
            return [np.concatenate([start, inner[:head], inner[len(inner) - (room - head) :], end])]
        step = max(1, room - self.overlap)
        begins = [*range(0, len(inner) - room, step), len(inner) - room]
        return [np.concatenate([start, inner[begin : begin + room], end]) for begin in begins]
