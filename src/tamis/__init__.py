"""Tamis sorts text: from raw documents to a classifier one can trust in production, and round again.

The package is its own table of contents: each sub-package is a chapter, and a chapter imports only those above it
(ARCHITECTURE.md has the list). The nouns below are what most programs need; they are loaded on first use, so that
`import tamis` costs nothing.

>>> import tamis
>>> tamis.LabelSet(["ham", "spam"]).index("spam")
1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tamis.core import LabelSet, Prediction, TamisError, Workspace
    from tamis.data import Dataset, import_dataset, open_dataset
    from tamis.models import Bundle, find_bundle, open_bundle
    from tamis.predict import Classifier
    from tamis.train import Run, TextClassifier, TrainSettings, train_model

_HOME = {
    "LabelSet": "tamis.core",
    "Prediction": "tamis.core",
    "TamisError": "tamis.core",
    "Workspace": "tamis.core",
    "Dataset": "tamis.data",
    "import_dataset": "tamis.data",
    "open_dataset": "tamis.data",
    "Bundle": "tamis.models",
    "find_bundle": "tamis.models",
    "open_bundle": "tamis.models",
    "Classifier": "tamis.predict",
    "Run": "tamis.train",
    "TextClassifier": "tamis.train",
    "TrainSettings": "tamis.train",
    "train_model": "tamis.train",
}

__all__ = [
    "Bundle",
    "Classifier",
    "Dataset",
    "LabelSet",
    "Prediction",
    "Run",
    "TamisError",
    "TextClassifier",
    "TrainSettings",
    "Workspace",
    "__version__",
    "find_bundle",
    "import_dataset",
    "open_bundle",
    "open_dataset",
    "train_model",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'tamis' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOME[name]), name)
