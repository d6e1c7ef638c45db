"""Rewriting: runs a Python function over those texts of a batch that a quick pattern picks."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl


def rewriting(mend: Callable[[str], str], *, where: pl.Expr) -> Callable[[pl.Series], pl.Series]:
    """Return a function from texts to texts: `mend` is applied where the expression over `text` holds."""

    def rewrite(texts: pl.Series) -> pl.Series:
        texts = texts.alias("text")
        picked = texts.to_frame().select(where.fill_null(False)).to_series().arg_true()
        if picked.is_empty():
            return texts
        mended = pl.Series([mend(text) for text in texts.gather(picked).to_list()], dtype=pl.String)
        return texts.clone().scatter(picked, mended)

    return rewrite
