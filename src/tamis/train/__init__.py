"""Train: how does a dataset become a bundle?

In goes a dataset with splits; out comes a `Run`: everything that made the model, by name and fingerprint, and its
bundle. The loop is a short function over explicit state; what happens around it (checkpoints, tracking, diagnosis)
listens.
"""

from tamis.train.config import TrainSettings

__all__ = ["TrainSettings"]
