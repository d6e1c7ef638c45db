"""export_onnx: a bundle with ONNX files, what each form of it is worth here, and the engine that won."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from tamis.core import CheckFailed, Progress, Silent, UsageError, Workspace, draft_folder, write_atomic
from tamis.core.doctor import processor_features
from tamis.decide import Decider
from tamis.evaluate import LabelledRows, ScoredRows, scored
from tamis.export.choose import choose_form, quickness
from tamis.export.config import ExportSettings
from tamis.export.form import FORMS, INT8, ONNX, YARDSTICK, Form, absent, has_bf16
from tamis.export.likeness import compare_form, judge
from tamis.export.onnx_file import write_onnx
from tamis.export.pack import CARD, SUFFIX, check_free, copy_bundle
from tamis.export.parity import ACCEPTED, PARITY, FormParity, Parity
from tamis.export.quantise import write_int8
from tamis.export.refit import refit_decider
from tamis.export.replace import replace_folder
from tamis.export.rows import calibration_rows, judged_rows
from tamis.export.speed import Speed, time_forms
from tamis.models import Bundle, EngineChoice, model_card, open_bundle, pack_bundle, seal_bundle, write_card
from tamis.predict import Classifier, PredictSettings, RawScores, cores, load_engine

QUANTISE = ("int8", "bf16")
_QUICK_ROWS, _QUICK_SECONDS = 400, 4.0
_PACKAGES = ("torch", "transformers", "onnx", "onnxruntime", "openvino")


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
    with ExitStack() as stack:
        draft = stack.enter_context(draft_folder(target.parent))
        with progress.track("writing ONNX", total=1 + ("int8" in quantise), unit="files") as advance:
            copy_bundle(bundle, draft, but=frozenset({ONNX, INT8, PARITY}), link=out is None)
            write_onnx(draft, draft / ONNX)
            advance(1)
            if "int8" in quantise:
                write_int8(draft / ONNX, draft / INT8)
                advance(1)
        job = _Job(workspace, replace(bundle, path=draft), rows, settings, progress)
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


@dataclass(frozen=True)
class _Measured:
    """A form that ran, or what kept it from it."""

    form: Form
    absent: str = ""
    rows: ScoredRows | None = None
    decider: Decider | None = None
    speed: Speed | None = None
    size: int | None = None


@dataclass(frozen=True)
class _Job:
    """The forms of one bundle in a draft folder."""

    workspace: Workspace
    bundle: Bundle
    rows: LabelledRows
    settings: ExportSettings
    progress: Progress

    def measured(self, forms: list[Form]) -> list[_Measured]:
        """Return each form with its answers and its speed; the yardstick among them."""
        found = {form.name: _Measured(form, absent=absent(form)) for form in forms}
        here = [form for form in forms if not found[form.name].absent]
        calibration = None
        if any(form.precision != "fp32" for form in here):
            calibration = calibration_rows(self.workspace, self.bundle)
        plain: RawScores | None = None
        classifiers: dict[str, Classifier] = {}
        with self.progress.track("comparing", total=len(here) * len(self.rows.ids), unit="rows") as advance:
            for form in sorted(here, key=lambda each: each != YARDSTICK):
                classifier = self._open(form)
                decider = None
                if calibration is not None and form.precision != "fp32":
                    plain = plain or classifiers[YARDSTICK.name].raw(calibration.texts)
                    truth = self.bundle.task.truth(calibration.labels)
                    decider = refit_decider(self.bundle, truth, plain, classifier.raw(calibration.texts))
                    classifier.decider = decider
                classifiers[form.name] = classifier
                answers = scored(
                    self.rows,
                    self.bundle.task,
                    classifier.raw(self.rows.texts),
                    decider=classifier.decider,
                    model=form.name,
                )
                found[form.name] = _Measured(form, rows=answers, decider=decider, size=form.size(self.bundle.path))
                advance(len(self.rows.ids))
        speeds = time_forms(
            classifiers,
            self.rows.texts,
            seconds=self.settings.seconds,
            seed=self.settings.seed,
            progress=self.progress,
        )
        return [replace(each, speed=speeds.get(name)) for name, each in found.items()]

    def parity(self, measured: list[_Measured]) -> tuple[_Measured, Parity]:
        """Return the form that won, and what is to be said of all."""
        yardstick = next(each.rows for each in measured if each.form == YARDSTICK)
        assert yardstick is not None
        told = {each.form.name: self._told(each, yardstick) for each in measured}
        first = told[FORMS[0].name]
        if first.verdict not in ACCEPTED:
            raise CheckFailed(
                f"the ONNX file does not say what the model says: {first.says}",
                hint="nothing was changed; the model runs with torch as before",
            )
        there = [each for each in measured if told[each.form.name].verdict in ACCEPTED]
        speeds = {each.form.name: each.speed for each in there if each.speed is not None}
        chosen = choose_form([each.form for each in there], speeds)
        told[chosen.name] = told[chosen.name].model_copy(update={"chosen": True})
        parity = Parity(
            model=self.bundle.name,
            rows=len(self.rows.ids),
            data=self.rows.name,
            main_metric=self.bundle.task.main_metric,
            tolerance=self.settings.tolerance,
            confidence=self.settings.confidence,
            processor=tuple(processor_features()),
            threads=self.workspace.config.of(PredictSettings).threads or cores(),
            versions={name: version(name) for name in _PACKAGES if find_spec(name) is not None},
            forms=tuple(told.values()),
            notes=(*self.rows.warnings, *self._notes(measured, chosen, speeds)),
        )
        return next(each for each in measured if each.form == chosen), parity

    def _open(self, form: Form) -> Classifier:
        bundle = form.of(self.bundle)
        threads = self.workspace.config.of(PredictSettings).threads
        return Classifier.of_engine(bundle, load_engine(bundle, form.engine, threads=threads, device="cpu"))

    def _told(self, measured: _Measured, yardstick: ScoredRows) -> FormParity:
        form = measured.form
        bare = FormParity(engine=form.engine, precision=form.precision, file=form.file, verdict="absent", says="")
        if measured.rows is None:
            return bare.model_copy(update={"says": measured.absent})
        likeness = compare_form(yardstick, measured.rows, self.settings)
        verdict, says = judge(likeness, self.bundle.task.main_metric, len(self.rows.ids), self.settings)
        if form == YARDSTICK:
            verdict, says = "yardstick", "the weights as they were trained"
        return bare.model_copy(
            update={
                "bytes": measured.size,
                "verdict": verdict,
                "says": says,
                "calibration": "as trained" if measured.decider is None else "refitted",
                "likeness": likeness,
                "speed": measured.speed,
            }
        )

    def _notes(self, measured: list[_Measured], chosen: Form, speeds: dict[str, Speed]) -> list[str]:
        said = []
        kept = [each for each in measured if each.rows is not None and each.form.precision != "fp32"]
        if kept and all(each.decider is None for each in kept):
            said.append(
                f"the rows that {self.bundle.name} was calibrated on are not here: quantised forms keep its calibration"
            )
        alone = min(speeds, key=lambda name: speeds[name].p50_ms)
        together = max(speeds, key=lambda name: speeds[name].texts_per_second)
        if alone != together:
            said.append(f"single texts are quickest with {alone}, many at once with {together}")
        quickest = max(speeds, key=lambda name: quickness(speeds[name]))
        if quickest != chosen.name:
            said.append(f"{quickest} is quicker than {chosen.name}, but not by a tenth: the plainer one is taken")
        return said


def _check(bundle: Bundle, quantise: Collection[str]) -> None:
    """Refuse what cannot come to anything, before any work."""
    if bundle.manifest.family == "linear":
        raise UsageError(
            f"{bundle.name} is a linear model: it runs with numpy alone, and there is nothing to make quicker",
            hint="`tamis export MODEL --to tamis` packs it into one file",
        )
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
