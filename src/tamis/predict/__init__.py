"""Predict: text in, `Prediction` out.

In goes a bundle; out comes a `Classifier` that cleans, tokenises, batches by length, runs the engine the bundle chose,
and decides. The same object stands behind Python, the command line and the server, and needs no torch where the bundle
has a torch-free engine.
"""

from tamis.predict.classifier import Classifier
from tamis.predict.config import PredictSettings
from tamis.predict.engine import Engine, RawScores
from tamis.predict.engines import ENGINES, load_engine

__all__ = ["ENGINES", "Classifier", "Engine", "PredictSettings", "RawScores", "load_engine"]
