"""Advice: what a profile shows that would make a training quicker or lighter, each with what to try."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from tamis.train.record import Run

if TYPE_CHECKING:
    from tamis.train.profile import Profile


class Advice(BaseModel):
    """What was seen, and what to try."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    seen: str
    try_: str


def advise(profile: Profile, run: Run) -> list[Advice]:
    """Return what would make the training quicker or lighter, the weightiest first."""
    looked = [(kind, look(profile, run), try_) for kind, look, try_ in _LOOKS]
    return [Advice(kind=kind, seen=seen, try_=try_) for kind, seen, try_ in looked if seen]


def _data(profile: Profile, run: Run) -> str:
    share = profile.shares.get("data", 0.0)
    return f"{share:.0%} of the time went into making batches" if share >= 0.15 else ""


def _optimizer(profile: Profile, run: Run) -> str:
    share = profile.shares.get("optimizer", 0.0)
    if share < 0.25 or run.settings["train"].get("freeze") == "all":
        return ""
    return f"{share:.0%} of the time went into the optimizer, which costs the same however many rows a step has"


def _outside(profile: Profile, run: Run) -> str:
    share = profile.shares["outside"]
    if not profile.steps or share < 0.4 or profile.seconds < 20:
        return ""
    return f"{share:.0%} of the time went into other things than steps: reading, tokenising, validating, writing"


def _idle(profile: Profile, run: Run) -> str:
    busy = profile.cores_busy.get("p50")
    if busy is None or profile.cores < 2 or profile.seconds < 10 or busy >= 0.6 * profile.cores:
        return ""
    told = f", and OMP_NUM_THREADS is {run.host['threads']}" if run.host.get("threads") else ""
    return f"half of the time no more than {busy:.1f} of {profile.cores} cores were busy{told}"


def _padding(profile: Profile, run: Run) -> str:
    share = profile.padding_share or 0.0
    return f"{share:.1%} of the tokens were padding" if share >= 0.05 else ""


def _precision(profile: Profile, run: Run) -> str:
    able = any("bf16" in feature.lower() for feature in run.host.get("processor", ()))
    if not able or run.settings["train"].get("precision") != "fp32" or not profile.steps:
        return ""
    return "this processor has instructions for bf16, and the run was asked for fp32"


def _memory(profile: Profile, run: Run) -> str:
    held, there = profile.memory_mb.get("p100", 0.0) * 1e6 / 2**30, run.host.get("memory_gib")
    return f"{held:.1f} of {there:.1f} GiB of memory were held" if there and held >= 0.8 * there else ""


def _cut(profile: Profile, run: Run) -> str:
    share = run.notes.get("cut_share") or 0.0
    if share < 0.1 or run.settings["train"].get("long_text") == "auto":
        return ""
    return f"{share:.0%} of the training texts are longer than what the model was shown"


_LOOKS: tuple[tuple[str, Callable[[Profile, Run], str], str], ...] = (
    ("data", _data, "put the workspace on a faster disk, or give steps more rows (train.batch_rows)"),
    (
        "optimizer",
        _optimizer,
        "give steps more rows (train.batch_rows=64), or freeze what hardly learns (train.freeze=embeddings)",
    ),
    (
        "outside",
        _outside,
        "validate on fewer rows, or save less often (train.checkpoint_minutes); tokens are kept for the next run",
    ),
    (
        "idle",
        _idle,
        "let torch use all cores (unset OMP_NUM_THREADS), or give steps more tokens (train.batch_tokens)",
    ),
    (
        "padding",
        _padding,
        "let a pass hold fewer tokens (train.batch_tokens=2048): batches then end where lengths change",
    ),
    ("precision", _precision, "train.precision=auto: several times as many tokens a second"),
    ("memory", _memory, "let a pass hold fewer tokens (train.batch_tokens=2048); a step then takes more passes"),
    (
        "cut",
        _cut,
        "train.long_text=auto tries other ways on validation: the end of the text too, or windows over all of it",
    ),
)
"""What is looked at: its kind, what says whether there is something to see, and what to try then."""
