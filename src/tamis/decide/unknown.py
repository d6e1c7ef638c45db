"""Unknown: tells text that is like nothing the model was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from tamis.core import DataError, write_atomic
from tamis.tasks import Floats, Task

FILE = "unknown.safetensors"
UnknownMethod = Literal["energy", "mahalanobis", "neighbours"]
Arrays = Mapping[str, npt.NDArray[np.float32]]
ARRAYS: Mapping[UnknownMethod, set[str]] = {
    "energy": set(),
    "mahalanobis": {"whiten", "means"},
    "neighbours": {"references"},
}
_ROWS = 4096  # compared with all references at a time


class Unknown(BaseModel):
    """How strange a text is, and above which strangeness the model does not know it.

    `energy` needs the logits alone; the others compare the text's embedding with those of training text, which lie in
    a file of their own beside the JSON.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    method: UnknownMethod
    threshold: float
    neighbours: int = 10
    """How many of the nearest training texts are asked."""
    arrays: SkipValidation[Any] = Field(default_factory=dict, exclude=True, repr=False)

    def __eq__(self, other: object) -> bool:
        """Return whether two say the same in JSON; the embeddings are a file with a hash of its own."""
        return isinstance(other, Unknown) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        return hash((self.method, self.threshold))

    def strangeness(self, task: Task, logits: Floats, pooled: Floats | None) -> npt.NDArray[np.float64]:
        """Return how strange each text is; only the order and the threshold mean anything."""
        if self.method == "energy":
            return energy(logits, exclusive=task.exclusive)
        if pooled is None:
            raise DataError(
                f"this model tells unknown text by its embedding ({self.method}), and the engine gives none",
                hint="use an engine that does, or train with decide.unknown=energy",
            )
        if not self.arrays:
            raise DataError(f"the embeddings of {FILE} are not loaded", hint="call decider.load(folder) first")
        if self.method == "mahalanobis":
            return mahalanobis(pooled, self.arrays)
        return neighbour_distance(pooled, self.arrays, self.neighbours)

    def save(self, folder: Path) -> None:
        """Write the embeddings, if the method has any, beside the JSON."""
        from safetensors.numpy import save

        if self.arrays:
            write_atomic(folder / FILE, save({name: np.ascontiguousarray(it) for name, it in self.arrays.items()}))

    def load(self, folder: Path) -> Unknown:
        """Return the same with its embeddings from `folder`."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        if self.method == "energy":
            return self
        try:
            arrays = load((folder / FILE).read_bytes())
        except FileNotFoundError:
            raise DataError(f"no {FILE} in {folder}: the model cannot tell unknown text without it") from None
        except SafetensorError as error:
            raise DataError(f"{folder / FILE} is damaged: {error}") from None
        if set(arrays) != ARRAYS[self.method]:
            raise DataError(f"{folder / FILE} holds {sorted(arrays)}, not {sorted(ARRAYS[self.method])}")
        return self.model_copy(update={"arrays": arrays})


def energy(logits: Floats, *, exclusive: bool) -> npt.NDArray[np.float64]:
    """Return how little all outputs together are switched on."""
    scores = logits.astype(np.float64)
    if not exclusive:
        return np.asarray(-np.logaddexp(0, scores).sum(axis=1))
    top = scores.max(axis=1)
    return np.asarray(-(top + np.log(np.exp(scores - top[:, None]).sum(axis=1))))


def mahalanobis(pooled: Floats, arrays: Arrays) -> npt.NDArray[np.float64]:
    """Return the squared distance to the nearest mean, in units of the spread of training text."""
    white = pooled.astype(np.float32) @ arrays["whiten"]
    means = arrays["means"]
    squares = (white**2).sum(1)[:, None] - 2 * white @ means.T + (means**2).sum(1)
    return np.asarray(squares.min(axis=1), np.float64)


def neighbour_distance(pooled: Floats, arrays: Arrays, neighbours: int) -> npt.NDArray[np.float64]:
    """Return the mean cosine distance to the nearest training texts."""
    references = arrays["references"]
    nearest = min(neighbours, len(references))
    distances = np.empty(len(pooled))
    for start in range(0, len(pooled), _ROWS):
        alike = unit(pooled[start : start + _ROWS]) @ references.T
        distances[start : start + _ROWS] = 1 - np.partition(alike, -nearest, axis=1)[:, -nearest:].mean(axis=1)
    return distances


def unit(rows: Floats) -> npt.NDArray[np.float32]:
    """Return rows of length 1."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)
