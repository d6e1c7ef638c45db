"""Check: one question that the doctor asks of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from tamis.quality.config import QualitySettings
from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding

Traits = Callable[[QualitySettings], Mapping[str, pl.Expr]]


def _no_traits(settings: QualitySettings) -> Mapping[str, pl.Expr]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Check:
    """A name, a question in plain words, and the function that answers it.

    An outside package adds its own under the entry point `tamis.check`; a bare function will do, its docstring's
    first line is the question.
    """

    name: str
    question: str
    run: Callable[[CheckContext], Iterable[Finding]]
    fixes: tuple[str, ...] = ()
    """The names of the fixes that it may offer. Once texts are mended, checks with wanted fixes look again."""
    traits: Traits = _no_traits
    """What it needs to know of every text, as polars expressions over `text`: all checks' are found in one pass."""
