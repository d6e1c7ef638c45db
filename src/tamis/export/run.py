"""export_onnx: a bundle with ONNX files, what each form of it is worth here, and the engine that won."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from tamis.core import (
    MissingExtra,
    Progress,
    Silent,
    UsageError,
    Workspace,
    abandoned,
    draft_folder,
    write_atomic,
)
from tamis.core.doctor import processor_features
from tamis.export.config import ExportSettings
from tamis.export.form import FORMS, INT8, ONNX, YARDSTICK, absent, has_bf16
from tamis.export.onnx_file import write_onnx
from tamis.export.pack import check_free, copy_bundle
from tamis.export.parity import PARITY, Parity
from tamis.export.quantise import write_int8
from tamis.export.replace import replace_folder
from tamis.export.rows import judged_rows
from tamis.export.trial import FormTrial
from tamis.models import (
    CARD,
    SUFFIX,
    Bundle,
    EngineChoice,
    model_card,
    open_bundle,
    pack_bundle,
    seal_bundle,
    write_card,
)

QUANTISE = ("int8", "bf16")
_QUICK_ROWS, _QUICK_SECONDS = 400, 4.0


@dataclass(frozen=True)
class Exported:
    """What came of an export."""

    path: Path
    """The bundle: the run's own, or what was asked for."""
    parity: Parity


def export_onnx(
    workspace: Workspace,
    bundle: Bundle,
    *,
    quantise: Collection[str] = (),
    data: str | None = None,
    out: Path | None = None,
    settings: ExportSettings | None = None,
    quick: bool = False,
    force: bool = False,
    progress: Progress = Silent(),
) -> Exported:
    """Return the bundle with an ONNX file, `parity.json`, and the quickest engine that is shown to be the same model.

    It takes the old bundle's place in one step; with `out` it is written there, a folder or a `.tamis` file. Forms
    that lose too much, or may, are in the parity but not in the bundle.
    """
    settings = settings or workspace.config.of(ExportSettings)
    if quick:
        changes = {"rows": min(settings.rows, _QUICK_ROWS), "seconds": min(settings.seconds, _QUICK_SECONDS)}
        settings = settings.model_copy(update=changes)
    _check(bundle, quantise)
    target = bundle.path if out is None else out.absolute()
    if out is not None:
        check_free(out, force=force)
    rows = judged_rows(workspace, bundle, data, most=settings.rows, seed=settings.seed)
    for leftover in abandoned(target.parent):  # of an export that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    with draft_folder(target.parent) as draft:
        with progress.track("writing ONNX", total=1 + ("int8" in quantise), unit="files") as advance:
            copy_bundle(bundle, draft, but=frozenset({ONNX, INT8, PARITY}), link=out is None)
            write_onnx(draft, draft / ONNX, embeddings=bundle.manifest.decider.unknown is not None)
            advance(1)
            if "int8" in quantise:
                write_int8(draft / ONNX, draft / INT8)
                advance(1)
        job = FormTrial(workspace, replace(bundle, path=draft), rows, settings, progress)
        measured = job.measured([form for form in FORMS if form.precision == "fp32" or form.precision in quantise])
        chosen, parity = job.parity(measured)
        if chosen.form.file != INT8:
            (draft / INT8).unlink(missing_ok=True)  # nobody would read it
        write_atomic(draft / PARITY, parity.model_dump_json(indent=1, exclude_none=True) + "\n")
        engine = EngineChoice(
            name=chosen.form.engine, precision=chosen.form.precision, file=chosen.form.file, decider=chosen.decider
        )
        sealed = seal_bundle(draft, bundle.manifest.model_copy(update={"engine": engine}))
        card = draft / CARD
        if card.is_file() and card.read_text("utf-8") == model_card(bundle.manifest):  # nobody wrote in it
            write_card(draft, sealed.manifest)
        if target.suffix == SUFFIX:
            pack_bundle(sealed, target)
        else:
            replace_folder(draft, target)
    return Exported(open_bundle(target).path if out is None else out, parity)


def _check(bundle: Bundle, quantise: Collection[str]) -> None:
    """Refuse what cannot come to anything, before any work."""
    if bundle.manifest.family == "linear":
        raise UsageError(
            f"{bundle.name} is a linear model: it runs with numpy alone, and there is nothing to make quicker",
            hint="`tamis export MODEL --to tamis` packs it into one file",
        )
    if absent(FORMS[0]) or absent(YARDSTICK):
        raise MissingExtra("comparing ONNX files with the weights as trained", extra="export")
    wrong = [each for each in quantise if each not in QUANTISE]
    if wrong:
        raise UsageError(
            f"no precision {wrong[0]!r} to quantise to. Known: {', '.join(QUANTISE)}.",
            hint="fp16 needs a GPU; on processors it is computed in fp32, and no quicker",
        )
    if "bf16" in quantise and not has_bf16():
        found = ", ".join(processor_features()) or "none that is known"
        raise UsageError(
            f"bf16 needs a processor that computes in it, and this one does not (it has: {found})",
            hint="int8 is what makes this processor quick: --quantise int8",
        )
