"""Families: which kinds of model can be trained, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tamis.core import fingerprint, fingerprint_file
from tamis.models import find_backbone
from tamis.train.config import TrainSettings
from tamis.train.encoder import fit_encoder
from tamis.train.family import Fit
from tamis.train.linear import fit_linear
from tamis.train.precision import choose_arithmetic
from tamis.train.probe import fit_probe

_LINEAR_BYTES = 50_000_000


@dataclass(frozen=True, kw_only=True)
class Family:
    """One kind of model: how it is fitted, what is checked before, and how many bytes a run writes."""

    fit: Fit
    check: Callable[[TrainSettings], None] = lambda settings: None
    """Raises what is wrong with the settings before any work is done: no such backbone, no GPU."""
    starts_from: Callable[[TrainSettings], str] = lambda settings: ""
    """The fingerprint of the weights it starts from."""
    bytes_needed: Callable[[TrainSettings], int] = lambda settings: _LINEAR_BYTES
    shared: bool = False
    """Whether several processes, as torchrun starts them, train one model together."""


def _check_encoder(settings: TrainSettings) -> None:
    find_backbone(settings.backbone)
    choose_arithmetic(settings.device, settings.precision)


def _backbone(settings: TrainSettings) -> str:
    files = sorted(path for path in find_backbone(settings.backbone).iterdir() if path.is_file())
    return fingerprint([[path.name, fingerprint_file(path)] for path in files])


def _backbone_bytes(settings: TrainSettings) -> int:
    return sum(path.stat().st_size for path in find_backbone(settings.backbone).glob("*.safetensors"))


def _probe_bytes(settings: TrainSettings) -> int:
    """The bundle of each seed, and MLflow's copy of the best."""
    return _backbone_bytes(settings) * (settings.seeds + 1)


def _encoder_bytes(settings: TrainSettings) -> int:
    """The same, and checkpoints: the weights and two numbers of the optimizer for each, the next beside those kept."""
    return _probe_bytes(settings) + 3 * _backbone_bytes(settings) * (settings.keep_checkpoints + 1)


FAMILIES: Mapping[str, Family] = {
    "linear": Family(fit=fit_linear),
    "probe": Family(fit=fit_probe, check=_check_encoder, starts_from=_backbone, bytes_needed=_probe_bytes),
    "encoder": Family(
        fit=fit_encoder, check=_check_encoder, starts_from=_backbone, bytes_needed=_encoder_bytes, shared=True
    ),
}
