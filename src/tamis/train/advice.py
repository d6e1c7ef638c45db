"""Advice: what a profile shows that would make a training quicker or lighter, each with what to try."""

from __future__ import annotations

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
    found = [rule(profile, run) for rule in _RULES]
    return [advice for advice in found if advice is not None]


def _data(profile: Profile, run: Run) -> Advice | None:
    share = profile.shares.get("data", 0.0)
    if share < 0.15:
        return None
    return Advice(
        kind="data",
        seen=f"{share:.0%} of the time went into making batches",
        try_="put the workspace on a faster disk, or give steps more rows (train.batch_rows)",
    )


def _optimizer(profile: Profile, run: Run) -> Advice | None:
    share = profile.shares.get("optimizer", 0.0)
    if share < 0.25 or run.settings["train"].get("freeze") == "all":
        return None
    return Advice(
        kind="optimizer",
        seen=f"{share:.0%} of the time went into the optimizer, which costs the same however many rows a step has",
        try_="give steps more rows (train.batch_rows=64), or freeze what hardly learns (train.freeze=embeddings)",
    )


def _padding(profile: Profile, run: Run) -> Advice | None:
    if profile.padding_share is None or profile.padding_share < 0.05:
        return None
    return Advice(
        kind="padding",
        seen=f"{profile.padding_share:.1%} of the tokens were padding",
        try_="let a pass hold fewer tokens (train.batch_tokens=2048): batches then end where lengths change",
    )


def _outside(profile: Profile, run: Run) -> Advice | None:
    share = profile.shares["outside"]
    if not profile.steps or share < 0.4 or profile.seconds < 20:
        return None
    return Advice(
        kind="outside",
        seen=f"{share:.0%} of the time went into other things than steps: reading, tokenising, validating, writing",
        try_="validate on fewer rows, or save less often (train.checkpoint_minutes); tokens are kept for the next run",
    )


def _idle(profile: Profile, run: Run) -> Advice | None:
    busy = profile.cores_busy.get("p50")
    if busy is None or profile.cores < 2 or profile.seconds < 10 or busy >= 0.6 * profile.cores:
        return None
    told = f", and OMP_NUM_THREADS is {run.host['threads']}" if run.host.get("threads") else ""
    return Advice(
        kind="idle",
        seen=f"half of the time no more than {busy:.1f} of {profile.cores} cores were busy{told}",
        try_="let torch use all cores (unset OMP_NUM_THREADS), or give steps more tokens (train.batch_tokens)",
    )


def _memory(profile: Profile, run: Run) -> Advice | None:
    held, there = profile.memory_mb.get("p100"), run.host.get("memory_gib")
    if held is None or not there or held < 0.8 * there * 1024:
        return None
    return Advice(
        kind="memory",
        seen=f"{held / 1024:.1f} of {there:.1f} GiB of memory were held",
        try_="let a pass hold fewer tokens (train.batch_tokens=2048); a step then takes more passes",
    )


def _precision(profile: Profile, run: Run) -> Advice | None:
    able = any("bf16" in feature.lower() for feature in run.host.get("processor", ()))
    if not able or run.settings["train"].get("precision") != "fp32" or not profile.steps:
        return None
    return Advice(
        kind="precision",
        seen="this processor has instructions for bf16, and the run was asked for fp32",
        try_="train.precision=auto: several times as many tokens a second",
    )


def _cut(profile: Profile, run: Run) -> Advice | None:
    share = run.notes.get("cut_share") or 0.0
    if share < 0.1:
        return None
    return Advice(
        kind="cut",
        seen=f"{share:.0%} of the training texts are longer than what the model was shown",
        try_="train.long_text=auto tries other ways on validation: the end of the text too, or windows over all of it",
    )


_RULES = (_data, _optimizer, _outside, _idle, _padding, _precision, _memory, _cut)
