"""FormTrial: all forms of one bundle answer the same rows and are timed; what came of it, and which form won."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec

from tamis.core import CheckFailed, Progress, Workspace
from tamis.core.doctor import processor_features
from tamis.decide import Decider
from tamis.evaluate import LabelledRows, ScoredRows, scored
from tamis.export.choose import choose_form, quickness
from tamis.export.config import ExportSettings
from tamis.export.form import FORMS, YARDSTICK, Form, absent
from tamis.export.likeness import compare_form, judge
from tamis.export.parity import ACCEPTED, FormParity, Parity
from tamis.export.refit import refit_decider
from tamis.export.rows import calibration_rows
from tamis.export.speed import Speed, time_forms
from tamis.models import Bundle
from tamis.predict import Classifier, PredictSettings, RawScores, cores, load_engine

_PACKAGES = ("torch", "transformers", "onnx", "onnxruntime", "openvino")


@dataclass(frozen=True)
class MeasuredForm:
    """A form that ran, or what kept it from it."""

    form: Form
    absent: str = ""
    rows: ScoredRows | None = None
    decider: Decider | None = None
    speed: Speed | None = None
    size: int | None = None


@dataclass(frozen=True)
class FormTrial:
    """What forms of one bundle are put through; its folder holds the files of them all."""

    workspace: Workspace
    bundle: Bundle
    rows: LabelledRows
    settings: ExportSettings
    progress: Progress

    def measured(self, forms: list[Form]) -> list[MeasuredForm]:
        """Return each form with its answers and its speed; the yardstick among them."""
        found = {form.name: MeasuredForm(form, absent=absent(form)) for form in forms}
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
                found[form.name] = MeasuredForm(form, rows=answers, decider=decider, size=form.size(self.bundle.path))
                advance(len(self.rows.ids))
        speeds = time_forms(
            classifiers,
            self.rows.texts,
            seconds=self.settings.seconds,
            seed=self.settings.seed,
            progress=self.progress,
        )
        return [replace(each, speed=speeds.get(name)) for name, each in found.items()]

    def parity(self, measured: list[MeasuredForm]) -> tuple[MeasuredForm, Parity]:
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

    def _told(self, measured: MeasuredForm, yardstick: ScoredRows) -> FormParity:
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

    def _notes(self, measured: list[MeasuredForm], chosen: Form, speeds: dict[str, Speed]) -> list[str]:
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
            said.append(f"{quickest} is quicker than {chosen.name}, but not by enough: the plainer one is taken")
        return said
