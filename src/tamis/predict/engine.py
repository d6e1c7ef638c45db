"""Engine: what runs a model; and RawScores: what comes out before anything is decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
Floats32 = npt.NDArray[np.float32]


class Engine(Protocol):
    """Runs an encoder on a padded batch of token ids."""

    name: str
    precision: str
    batch_tokens: int
    """How many tokens it likes in one pass; more only adds padding and memory."""

    side_by_side: int
    """How many passes may run at the same time, each on one thread: quicker than one after the other on all threads."""

    def run(self, ids: Ids, mask: Ids, *, alone: bool = True) -> tuple[Floats32, Floats32 | None]:
        """Return the logits of each row, and its pooled embedding where the model file gives one.

        A pass that is not `alone` runs beside others and may come from any thread.
        """
        ...


@dataclass(frozen=True)
class RawScores:
    """A model's raw scores of some texts, one row each, in the order of the texts.

    A text without anything in it never reaches the model: its logits are 0.
    """

    logits: Floats32
    """texts x outputs."""
    pooled: Floats32 | None
    """texts x width: the text's embedding, where the engine gives one."""
    tokens: npt.NDArray[np.int32]
    """How many tokens (words, for a linear model) each text has."""
    cut: npt.NDArray[np.bool_]
    """Which texts were longer than what the model was shown."""
    empty: npt.NDArray[np.bool_]
    """Which texts have nothing in them after cleaning."""
    padding: int = 0
    """How many places the engine ran that hold no token."""

    def __len__(self) -> int:
        return len(self.logits)
