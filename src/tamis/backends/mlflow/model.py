"""A bundle as an MLflow model: MLflow keeps this file beside the bundle and runs it, and nothing is pickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class _Answers:
    """What answers. It is a class of its own, for MLflow would have a model's own `predict` take one type of input."""

    def load_context(self, context: Any) -> None:
        """Open the bundle that MLflow kept."""
        from tamis.predict import Classifier

        self.classifier = Classifier.open(Path(context.artifacts["bundle"]))

    # without type hints, which MLflow would take for a promise about the input
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """Return a table with a row for each text; the texts are a list, or the column `text` (else the first)."""
        import pandas as pd  # type: ignore[import-untyped]

        if isinstance(model_input, pd.DataFrame):
            model_input = model_input["text" if "text" in model_input else model_input.columns[0]]
        predictions = self.classifier.predict([None if pd.isna(text) else str(text) for text in model_input])
        return pd.DataFrame([prediction.to_dict() for prediction in predictions])


class TamisModel(_Answers, PythonModel):
    """Answers with the predictions that every other surface of Tamis gives."""


set_model(TamisModel())
