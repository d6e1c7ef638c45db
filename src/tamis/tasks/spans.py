"""Spans: pieces of a text have labels, as in named entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from tamis.core import DataError, LabelSet, UsageError
from tamis.tasks.column import label_spans
from tamis.tasks.iob import Span, SpanProblem, from_iob, to_iob
from tamis.tasks.losses import cross_entropy
from tamis.tasks.multi_label import MultiLabel
from tamis.tasks.softmax import softmax
from tamis.tasks.tally import Tally, tally_spans
from tamis.tasks.task import MASKED, Codes, Floats, Offsets, Strata

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Spans:
    """Encodes spans of characters as one IOB2 tag a token; special tokens, padding and rows without label are `MASKED`.

    >>> task = Spans(LabelSet(["Drug"]))
    >>> tokens = [[(0, 0), (0, 7), (8, 12)]]
    >>> task.encode([[Span(0, 7, "Drug")]], offsets=tokens).tolist()
    [[-1, 1, 0]]
    >>> task.decode(np.array([[-1, 1, 0]]), offsets=tokens)
    [(Span(start=0, end=7, label='Drug'),)]
    """

    label_set: LabelSet
    name: ClassVar[str] = "spans"
    hierarchical: ClassVar[bool] = False
    problem_type: ClassVar[str] = "token_classification"
    exclusive: ClassVar[bool] = True
    main_metric: ClassVar[str] = "micro_f1"

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The tags in the order of their numbers: O, then B and I of each label."""
        return ("O", *(f"{place}-{label}" for label in self.label_set for place in "BI"))

    def encode(self, labels: Any, *, offsets: Sequence[Offsets] | None = None) -> Codes:
        """Return a number for each token of each row, padded to the longest row; the tokens' `offsets` are needed."""
        return self._tag(labels, offsets)[0]

    def problems(self, labels: Any, offsets: Sequence[Offsets]) -> list[SpanProblem]:
        """Return what `encode` cannot say with tags: overlaps, spans off the tokens' borders, spans without a token."""
        return self._tag(labels, offsets)[1]

    def decode(self, codes: npt.NDArray[Any], *, offsets: Sequence[Offsets] | None = None) -> list[Any]:
        """Return the spans of each row, None for a row in which every token is masked."""
        decoded: list[tuple[Span, ...] | None] = []
        for row, places in zip(codes.tolist(), _needed(offsets, len(codes)), strict=True):
            real = row[: len(places)]
            if all(code == MASKED for code in real):
                decoded.append(None)
                continue
            decoded.append(from_iob([self.outputs[code] if code != MASKED else "O" for code in real], places))
        return decoded

    def truth(self, labels: Any) -> list[list[Span] | None]:
        """Return the spans of each row."""
        return _rows(labels)

    def tally(self, truth: Sequence[Sequence[Span] | None], probabilities: Any = None, *, said: Any = None) -> Tally:
        """Return the tally of spans, which count as found when both ends and the label are exact."""
        if said is None:
            raise UsageError("spans are scored by what was said", hint="pass said=: what `decode` made of the tags")
        return tally_spans(self.label_set, truth, _rows(said))

    def strata(self, labels: Any) -> Strata:
        """Return which labels occur in each row."""
        import pyarrow as pa
        import pyarrow.compute as pc

        array = label_spans(labels)
        lengths = pc.fill_null(array.value_lengths(), 0)
        borders = np.concatenate([[0], np.cumsum(lengths, dtype=np.int32)])
        inside = pc.struct_field(array.flatten(), "label")
        kinds = pa.ListArray.from_arrays(pa.array(borders, pa.int32()), inside, mask=array.is_null())
        return MultiLabel(self.label_set).strata(kinds)

    def probabilities(self, logits: Floats) -> npt.NDArray[np.float64]:
        """Return the probability of each tag of each token."""
        return softmax(logits)

    def most_probable(self, probabilities: Floats) -> Codes:
        """Return the number of the most probable tag of each row's tokens; `decode` makes spans of them."""
        return np.asarray(probabilities.argmax(axis=-1))

    def choose(self, probabilities: Floats) -> list[Any]:
        """Return the most probable tags of each row's tokens."""
        return [[self.outputs[code] for code in row] for row in self.most_probable(probabilities).tolist()]

    def loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        *,
        weights: torch.Tensor | None,
        smoothing: float,
        focal: float,
    ) -> torch.Tensor:
        """Return the mean cross-entropy of each row's tokens."""
        tokens = cross_entropy(logits, targets, weights=weights, smoothing=smoothing, focal=focal)
        return tokens.sum(-1) / (targets != MASKED).sum(-1).clamp(min=1)

    def _tag(self, labels: Any, offsets: Sequence[Offsets] | None) -> tuple[Codes, list[SpanProblem]]:
        rows = _rows(labels)
        places = _needed(offsets, len(rows))
        numbers: Mapping[str, int] = {tag: number for number, tag in enumerate(self.outputs)}
        codes = np.full((len(rows), max(map(len, places), default=0)), MASKED, dtype=np.int64)
        problems: list[SpanProblem] = []
        for row, (spans, tokens) in enumerate(zip(rows, places, strict=True)):
            if spans is None:
                continue
            for span in spans:
                self.label_set.index(span.label)  # an unknown label is told with the nearest one
            tagging = to_iob(spans, tokens, row=row)
            problems += tagging.problems
            real = [MASKED if end <= start else 0 for start, end in tokens]
            tagged = (numbers[tag] for tag in tagging.tags)
            codes[row, : len(tokens)] = [mask or number for mask, number in zip(real, tagged, strict=True)]
        return codes, problems


def _needed(offsets: Sequence[Offsets] | None, rows: int) -> Sequence[Offsets]:
    if offsets is None:
        raise UsageError(
            "spans are encoded on tokens", hint="pass offsets=: for each row where its tokens start and end"
        )
    if len(offsets) != rows:
        raise UsageError(f"offsets for {len(offsets)} rows came with {rows} rows of spans")
    return offsets


def _rows(labels: Any) -> list[list[Span] | None]:
    values = labels.to_pylist() if hasattr(labels, "to_pylist") else list(labels)
    try:
        return [None if row is None else [_span(value) for value in row] for row in values]
    except (TypeError, KeyError, ValueError) as error:
        raise DataError(f"these labels are not a list of spans (start, end, label) a row: {error!r}") from None


def _span(value: Any) -> Span:
    return Span(value["start"], value["end"], value["label"]) if isinstance(value, Mapping) else Span(*value)
