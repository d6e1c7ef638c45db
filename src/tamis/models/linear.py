"""LinearModel: TF-IDF and one weight for each term and label; learns in seconds, predicts with numpy alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tamis.core import DataError, write_atomic
from tamis.features import SparseRows, Tfidf

VOCABULARY = "linear.json"
WEIGHTS = "model.safetensors"
FORMAT = 1

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LinearModel:
    """A linear model of terms."""

    labels: tuple[str, ...]
    """The names of the outputs, in their order."""
    parts: tuple[Tfidf, ...]
    """What the texts are turned into: words, and pieces of words if there is a second part."""
    weights: Floats32
    """Terms of all parts, one after the other, x outputs."""
    bias: Floats32

    def logits(self, texts: Sequence[str]) -> Floats32:
        """Return a row of logits for each cleaned text."""
        return self.scores([part.transform(texts) for part in self.parts])

    def scores(self, tables: Sequence[SparseRows]) -> Floats32:
        """Return the logits of texts that were turned into terms already."""
        total = np.tile(self.bias, (len(tables[0]), 1))
        start = 0
        for table in tables:
            total += table.times(self.weights[start : start + table.width])
            start += table.width
        return total

    def top_words(self, label: str, *, count: int = 20) -> list[tuple[str, float]]:
        """Return the words that speak most for a label against the mean of all labels, the strongest first."""
        found: list[tuple[str, float]] = []
        start = 0
        column = self.labels.index(label)
        for part in self.parts:
            if part.analyzer == "words" or len(self.parts) == 1:
                weights = self.weights[start : start + len(part)]
                found += zip(part.terms, (weights[:, column] - weights.mean(axis=1)).tolist(), strict=True)
            start += len(part)
        return [term for term in sorted(found, key=lambda term: -term[1])[:count] if term[1] > 0]

    def save(self, folder: Path) -> None:
        """Write the vocabulary as JSON and the numbers as safetensors."""
        from safetensors.numpy import save

        folder.mkdir(parents=True, exist_ok=True)
        said = {
            "format": FORMAT,
            "labels": self.labels,
            "parts": [
                {
                    "analyzer": part.analyzer,
                    "ngrams": part.ngrams,
                    "sublinear": part.sublinear,
                    "terms": part.terms,
                }
                for part in self.parts
            ],
        }
        numbers = {"weights": self.weights, "bias": self.bias}
        numbers |= {f"idf.{place}": part.idf for place, part in enumerate(self.parts)}
        write_atomic(folder / VOCABULARY, json.dumps(said, ensure_ascii=False, indent=0) + "\n")
        write_atomic(folder / WEIGHTS, save({name: np.ascontiguousarray(each) for name, each in numbers.items()}))


def load_linear(folder: Path) -> LinearModel:
    """Return the linear model that `save` wrote into a folder."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        said = json.loads((folder / VOCABULARY).read_bytes())
        numbers = load((folder / WEIGHTS).read_bytes())
        if said["format"] != FORMAT:
            raise DataError(f"{folder / VOCABULARY} has format {said['format']}; this Tamis reads {FORMAT}")
        parts = tuple(
            Tfidf(
                terms=tuple(part["terms"]),
                idf=_numbers(numbers, f"idf.{place}", (len(part["terms"]),)),
                analyzer=_one_of(part["analyzer"], "words", "characters"),
                ngrams=(int(part["ngrams"][0]), int(part["ngrams"][1])),
                sublinear=bool(part["sublinear"]),
            )
            for place, part in enumerate(said["parts"])
        )
        labels = tuple(map(str, said["labels"]))
        weights = _numbers(numbers, "weights", (sum(map(len, parts)), len(labels)))
        return LinearModel(labels, parts, weights, _numbers(numbers, "bias", (len(labels),)))
    except FileNotFoundError as error:
        raise DataError(f"no {Path(str(error.filename)).name} in {folder}: this is no linear model") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, SafetensorError) as error:
        raise DataError(f"the linear model in {folder} is damaged: {error}") from None


def as_scipy(tables: Iterable[SparseRows]) -> Any:
    """Return tables side by side as scikit-learn takes them."""
    from scipy.sparse import csr_matrix, hstack

    parts = [
        csr_matrix((table.values, table.columns, table.offsets.astype(np.int32)), shape=(len(table), table.width))
        for table in tables
    ]
    return parts[0] if len(parts) == 1 else hstack(parts, format="csr")


def _numbers(found: dict[str, Any], name: str, shape: tuple[int, ...]) -> Floats32:
    array = np.asarray(found[name])
    if array.shape != shape or array.dtype != np.float32:
        raise ValueError(f"{name} is {array.dtype} of {array.shape}, not float32 of {shape}")
    return array


def _one_of(said: Any, *known: Any) -> Any:
    if said not in known:
        raise ValueError(f"{said!r} is none of {', '.join(known)}")
    return said
