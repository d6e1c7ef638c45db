"""TrainSettings: the `train` section of tamis.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from tamis.core import Settings, UsageError
from tamis.features import LongText
from tamis.train.diagnosis import check_stop_on


class TrainSettings(Settings):
    """The `train` section of tamis.yaml."""

    family: Literal["linear", "probe", "encoder"] = "encoder"
    """linear: TF-IDF, seconds; probe: a frozen encoder with a trained head, a minute; encoder: fine-tuning.
    linear heeds parents, seeds, class_weights and trackers; probe backbone, smoothing, focal, precision, device and
    long_text as well; encoder all."""
    backbone: str = "minilm"
    """What a probe or an encoder starts from: `minilm` (packaged), a model folder, or a hub id."""
    parents: dict[str, str] = Field(default_factory=dict)
    """Of several labels a text: which label implies which, as in {UNT: OFF}."""
    seed: int = Field(default=0, ge=0)
    """Another seed, another model; the same seed, data and settings, the same model. linear is the same for all."""
    seeds: int = Field(default=1, ge=1)
    """How many models to train, from `seed` on: scores become a mean and a spread, and the best is kept."""
    average_seeds: bool = False
    """Keep the average of the seeds' weights instead of the best seed, if validation says that it is better."""
    epochs: int = Field(default=4, ge=1)
    """The most often each row is read; training stops earlier when validation gets no better."""
    patience: int = Field(default=3, ge=0)
    """How many epochs without a better validation score end the training; 0 never does."""
    learning_rate: float = Field(default=1e-4, gt=0)
    """The highest step size, of the last layer and the head."""
    layer_decay: float = Field(default=0.9, gt=0, le=1)
    """Each layer further down learns at so many times the rate of the one above it."""
    warm_up: float = Field(default=0.1, ge=0, lt=1)
    """The share of all steps in which the rate rises from nothing; afterwards it falls to nothing."""
    weight_decay: float = Field(default=0.01, ge=0)
    """How much of a weight is taken off at each step, per unit of the rate."""
    batch_rows: int = Field(default=16, ge=1)
    """The most rows of one batch, which is a step unless `accumulate` makes it several."""
    batch_tokens: int = Field(default=4096, ge=16)
    """The most tokens of one pass through the model, padding included; a step is as many passes as its rows need."""
    accumulate: int = Field(default=1, ge=1)
    """How many batches make one step."""
    clip: float = Field(default=1.0, ge=0)
    """The largest norm of a step's gradient; 0 does not limit it."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """The share of numbers blotted out in the model at each step; with none, a step on a processor is much quicker."""
    smoothing: float = Field(default=0.0, ge=0, lt=1)
    """How much of each target goes to the other labels."""
    class_weights: Literal["none", "balanced"] | dict[str, float] = "none"
    """How much the rows of each label count: all alike (none), each label alike (balanced), or a number for each."""
    focal: float = Field(default=0.0, ge=0)
    """The exponent that makes rows count less the surer the model is of them; 0: all alike."""
    average: Literal["none", "ema", "checkpoints"] = "none"
    """ema keeps a running mean of the weights over the steps; checkpoints their mean over the later half of the
    epochs."""
    keep: Literal["latest", "highest"] = "latest"
    """Which epoch's weights are kept: the highest score, or the latest that is within a standard error of it.

    The rate falls to nothing, so later epochs are steadier than a score on few rows can tell."""
    freeze: Literal["none", "embeddings", "all"] | int = "none"
    """What of the encoder does not learn: its word embeddings (embeddings), the lowest N layers with all embeddings,
    or everything but the head (all)."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """auto is bf16 where there are instructions for it, else fp16 on an NVIDIA GPU and fp32 on all else."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """auto is the GPU where there is one."""
    long_text: LongText | Literal["auto"] = LongText()
    """What is read of long texts; auto tries the ways on validation and keeps the best."""
    checkpoint_minutes: float = Field(default=5.0, gt=0)
    """How many minutes pass between two saves of the training's state, besides those at the end of every epoch."""
    keep_checkpoints: int = Field(default=2, ge=1)
    """How many of the newest checkpoints stay on disk."""
    stop_on: tuple[str, ...] = ("nan",)
    """The diagnoses that end a run at once; the others only speak. There are nan, not_learning, overfitting, exploding,
    vanishing, dead_units, collapse and starving."""
    trackers: tuple[str, ...] = ("mlflow", "tensorboard")
    """Who else hears of a run, besides its own folder; those that are not installed are left out."""

    @field_validator("stop_on")
    @classmethod
    def _known_diagnoses(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return check_stop_on(names)
        except UsageError as error:
            raise ValueError(error.message) from None
