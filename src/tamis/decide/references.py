"""References: what is kept of training text, so that other text can be held against it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tamis.decide.unknown import Arrays, UnknownMethod, unit


def learn(way: UnknownMethod, pooled: npt.NDArray[np.float32] | None, bears: npt.NDArray[np.bool_]) -> Arrays:
    """Return what a way of telling unknown text keeps of embeddings and of which labels they bear.

    The spread is measured round the nearest mean of a label, as texts will be, and shrunk (Ledoit and Wolf) so that
    few rows in many dimensions do not make a direction look certain.
    """
    if way == "energy" or pooled is None:
        return {}
    if way == "neighbours":
        return {"references": unit(pooled)}
    from sklearn.covariance import ledoit_wolf

    rows = pooled.astype(np.float64)
    groups = [members for members in bears.T if members.any()] or [np.ones(len(rows), np.bool_)]
    means = np.stack([rows[members].mean(axis=0) for members in groups])
    nearest = ((means**2).sum(1) - 2 * rows @ means.T).argmin(axis=1)
    covariance, _ = ledoit_wolf(rows - means[nearest], assume_centered=True)
    values, vectors = np.linalg.eigh(covariance)
    whiten = vectors / np.sqrt(np.maximum(values, values.max() * 1e-6 + 1e-12))
    return {"whiten": whiten.astype(np.float32), "means": (means @ whiten).astype(np.float32)}
