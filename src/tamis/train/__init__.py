"""Train: how does a dataset become a bundle?

In goes a dataset with splits; out comes a `Run`: everything that made the model, by name and fingerprint, and its
bundle. The loop is a short function over explicit state; what happens around it (checkpoints, tracking, diagnosis)
listens.
"""

from tamis.train.baseline import linear_baseline
from tamis.train.compare import best_of_runs, best_run, compare_runs
from tamis.train.config import TrainSettings
from tamis.train.estimator import TextClassifier
from tamis.train.events import EpochDone, Event, Listener, Noted, StepDone, StopTraining
from tamis.train.journal import read_metrics
from tamis.train.recalibrate import recalibrate
from tamis.train.record import Run, find_run, list_runs
from tamis.train.rows import TrainingRows
from tamis.train.run import train_model

__all__ = [
    "EpochDone",
    "Event",
    "Listener",
    "Noted",
    "Run",
    "StepDone",
    "StopTraining",
    "TextClassifier",
    "TrainSettings",
    "TrainingRows",
    "best_of_runs",
    "best_run",
    "compare_runs",
    "find_run",
    "linear_baseline",
    "list_runs",
    "read_metrics",
    "recalibrate",
    "train_model",
]
