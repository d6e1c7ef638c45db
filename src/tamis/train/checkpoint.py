"""Checkpoints: a training written down, so that it can go on after a kill as if nothing had been."""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamis.core import abandoned, draft_folder, publish
from tamis.train.events import Listener, Noted
from tamis.train.state import TrainState

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

_STATE = "state.json"


@dataclass
class Checkpoints:
    """The folder of a training's checkpoints, of which the newest few stay.

    Each is a folder that appears in one rename: safetensors for what is tensors, `state.json` for the rest, with a
    checksum of every file. One that cannot be written, or read, costs a message and no more.
    """

    folder: Path
    minutes: float
    keep: int
    emit: Listener
    clock: Callable[[], float] = time.monotonic
    _last: float = field(init=False)
    _best: tuple[int, Path] | None = None
    """The epoch of the best weights that were written last, and their file."""

    def __post_init__(self) -> None:
        self._last = self.clock()

    def __call__(self, state: TrainState, epoch_ended: bool) -> None:
        """Write the state down if an epoch has ended or it is time."""
        if epoch_ended or self.clock() - self._last >= 60 * self.minutes:
            self.write(state)
            self._last = self.clock()

    def write(self, state: TrainState) -> None:
        """Write the state down, and remove what is older than the newest few."""
        from safetensors import SafetensorError

        path = self._path(state)
        if path.exists():
            return
        try:
            for leftover in abandoned(self.folder):
                shutil.rmtree(leftover, ignore_errors=True)
            with draft_folder(self.folder) as draft:
                self._fill(draft, state)
                publish(draft, path)
        except (OSError, SafetensorError) as error:
            self.emit(
                Noted(
                    kind="checkpoint",
                    message=f"no checkpoint could be written at step {state.step} ({error}); "
                    "training goes on, and a kill would lose what came after the last one",
                    step=state.step,
                )
            )
            return
        for old in self._found()[self.keep :]:
            shutil.rmtree(old, ignore_errors=True)

    def resume(self, state: TrainState) -> bool:
        """Load the newest sound checkpoint into a state; False when there is none."""
        from safetensors import SafetensorError

        for path in self._found():
            try:
                numbers, tensors = _read(path)
                state.load(numbers, tensors)
            except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
                self.emit(
                    Noted(
                        kind="checkpoint",
                        message=f"the checkpoint {path.name} cannot be used ({error}); the one before it is tried",
                    )
                )
                continue
            message = f"going on at epoch {state.epoch}, after step {state.step}"
            self.emit(Noted(kind="resume", message=message, step=state.step))
            return True
        return False

    def _path(self, state: TrainState) -> Path:
        return self.folder / f"step-{state.step:08d}-epoch-{state.epoch:04d}"

    def _found(self) -> list[Path]:
        """The checkpoints, newest first."""
        return sorted(self.folder.glob("step-*"), reverse=True) if self.folder.is_dir() else []

    def _fill(self, draft: Path, state: TrainState) -> None:
        from safetensors.torch import save_file

        for name, tensors in state.tensors().items():
            file = draft / f"{name}.safetensors"
            if name != "best" or not self._linked(state.best_epoch, file):
                save_file({key: tensor.detach().contiguous().cpu() for key, tensor in tensors.items()}, file)
        self._best = (state.best_epoch, self._path(state) / "best.safetensors")
        sums = {file.name: _checksum(file) for file in sorted(draft.iterdir())}
        content = {"format": 1, "numbers": state.numbers(), "files": sums}
        (draft / _STATE).write_text(json.dumps(content, indent=2) + "\n")

    def _linked(self, epoch: int, file: Path) -> bool:
        """Share the file of the checkpoint before when the best weights are still those."""
        if self._best is None or self._best[0] != epoch:
            return False
        try:
            os.link(self._best[1], file)
        except OSError:  # a file system without links
            return False
        return True


def _read(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]]:
    from safetensors.torch import load_file

    content = json.loads((path / _STATE).read_bytes())
    for name, expected in content["files"].items():
        if _checksum(path / name) != expected:
            raise ValueError(f"{name} is damaged")
    return content["numbers"], {Path(name).stem: load_file(path / name) for name in content["files"]}


def _checksum(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value
