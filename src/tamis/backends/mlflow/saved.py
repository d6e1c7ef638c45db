"""Saved: a bundle in the form of an MLflow model, for `mlflow.pyfunc.load_model`; nothing in it is pickled."""

from __future__ import annotations

from pathlib import Path

import mlflow

import tamis

BUNDLE = "bundle"


def save_model(bundle: Path, into: Path) -> None:
    """Write a bundle as an MLflow model into a folder that is not there yet."""
    mlflow.pyfunc.save_model(
        str(into),
        python_model=str(Path(__file__).with_name("model.py")),
        artifacts={BUNDLE: str(bundle)},
        pip_requirements=[f"tamis[train]=={tamis.__version__}"],
    )
