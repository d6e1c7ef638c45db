"""TextClassifier: training and predicting as a scikit-learn estimator, from texts that are in memory."""

from __future__ import annotations

import inspect
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

import tamis
from tamis.core import Schema, UsageError, did_you_mean
from tamis.decide import DecideSettings
from tamis.features import Cleaner
from tamis.models import Bundle, BundleManifest, EngineChoice, Lineage, TaskSpec, open_bundle, pack_bundle
from tamis.predict import Classifier
from tamis.tasks import Task, task_for
from tamis.train.assemble import finish_bundle
from tamis.train.config import TrainSettings
from tamis.train.families import FAMILIES
from tamis.train.family import Assignment
from tamis.train.given import GivenLabels, given_texts
from tamis.train.hold_back import hold_back
from tamis.train.material import Material, check_material
from tamis.train.origin import run_fingerprint
from tamis.train.rows import TrainingRows
from tamis.train.seeds import fit_best

_NAME = "text-classifier"


class _Home:
    """A folder that lives as long as the model whose bundle is in it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="tamis-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class TextClassifier:
    """A text classifier with scikit-learn's methods, for pipelines, grid searches and cross-validation.

    `fit` takes texts and labels: one label a text, or several (a list of labels each, or a table of 0 and 1).

    >>> model = TextClassifier(family="linear").fit(["good film", "fine film", "bad film", "poor film"], [1, 1, 0, 0])
    >>> model.predict(["a good one"]).tolist()
    [1]
    """

    def __init__(
        self,
        *,
        family: str = "encoder",
        backbone: str = "minilm",
        task: str = "auto",
        parents: Mapping[str, str] | None = None,
        epochs: int = 10,
        learning_rate: float = 1e-4,
        batch_rows: int = 32,
        max_tokens: int = 256,
        freeze: str | int = "none",
        class_weights: str | Mapping[str, float] = "none",
        cleaning: Sequence[Any] = (),
        validation: float = 0.1,
        seed: int = 0,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """`validation` is the share of the rows held back to stop, choose and calibrate on; `settings` are further ones
        of the `train` section; `task` auto is single_label or multi_label, by the look of the labels.
        """
        self.family = family
        self.backbone = backbone
        self.task = task
        self.parents = parents
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_rows = batch_rows
        self.max_tokens = max_tokens
        self.freeze = freeze
        self.class_weights = class_weights
        self.cleaning = cleaning
        self.validation = validation
        self.seed = seed
        self.settings = settings

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803 - scikit-learn's names
        """Train on texts `X` and labels `y`, and return itself. Rows without label or text are left out."""
        texts, labels = given_texts(X), GivenLabels.of(y, self.task)
        if len(texts) != len(labels.column):
            raise UsageError(f"{len(texts)} texts came with {len(labels.column)} labels")
        settings = self._train_settings()
        task = task_for(labels.task, labels.label_set, parents=dict(self.parents or {}) or None)
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float32)
        material = self._material(texts, labels.column, task, weights)
        FAMILIES[settings.family].check(settings)
        home = _Home()
        manifest = self._manifest(material, settings)
        best, _ = fit_best(
            settings,
            lambda seed, draft: Assignment(
                task=task,
                train=material.train,
                validation=material.validation,
                settings=settings,
                seed=seed,
                draft=draft,
                checkpoints=home.path / "checkpoints" / str(seed),
                cache=home.path / "cache",
            ),
            home.path / "seeds",
            manifest,
        )
        notes = {"classes": labels.classes, "indicator": labels.indicator}
        bundle, _ = finish_bundle(best, material, DecideSettings(), into=home.path / "bundle", notes=notes)
        for leftover in ("seeds", "checkpoints", "cache"):
            shutil.rmtree(home.path / leftover, ignore_errors=True)
        self.warnings_ = material.warnings
        self._take(bundle, home)
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """Return the most probable label of each text, as `y` had them; it never keeps silent (`predictions` may)."""
        probabilities = self.predict_proba(X)
        codes: npt.NDArray[Any] = self.bundle_.task.truth(self.bundle_.task.choose(probabilities))
        if codes.ndim == 1:
            return np.asarray(self.classes_[codes])
        if self._indicator:
            return (codes > 0.5).astype(np.int64)
        answers = np.empty(len(codes), dtype=object)
        answers[:] = [tuple(self.classes_[row > 0.5].tolist()) for row in codes]
        return answers

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:  # noqa: N803
        """Return the calibrated probability of each of `classes_`, a row for each text."""
        return self._classifier().probabilities(given_texts(X))

    def predictions(self, X: Any) -> list[tamis.Prediction]:  # noqa: N803
        """Return what every other surface of Tamis says: `Prediction` objects, which may keep silent with a reason."""
        return self._classifier().predict(given_texts(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:  # noqa: N803
        """Return the share of texts whose labels are exactly `y`."""
        said, told = self.predict(X), y
        if said.ndim == 2:
            right = (said == np.asarray(told)).all(axis=1)
        elif said.dtype == object and isinstance(said[0] if len(said) else None, tuple):
            right = np.array([set(one) == set(other) for one, other in zip(said, told, strict=True)])
        else:
            right = said == np.asarray(told)
        return float(np.average(right, weights=sample_weight))

    def save(self, path: Path | str) -> Path:
        """Write the bundle and return its path: one file if it ends in `.tamis`, else a folder.

        Every part of Tamis opens it, and `transformers` opens the folder.
        """
        target = Path(path)
        if target.exists():
            raise UsageError(f"{target} is there already; nothing was written")
        if target.suffix == ".tamis":
            return pack_bundle(self._fitted(), target)
        shutil.copytree(self._fitted().path, target)
        return target

    @classmethod
    def load(cls, path: Path | str) -> TextClassifier:
        """Return a fitted classifier from any bundle."""
        bundle = open_bundle(Path(path))
        settings = bundle.manifest.lineage.settings.get("train", {})
        known = {name: settings[name] for name in cls._names() if name in settings}
        model = cls(**{**known, "family": bundle.manifest.family, "task": bundle.task.name})
        model._take(bundle, None)
        return model

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **parameters: Any) -> Self:
        """Change parameters, and return itself."""
        for name, value in parameters.items():
            if name not in self._names():
                known = ", ".join(self._names())
                raise ValueError(f"no parameter {name!r}. Parameters: {known}.{did_you_mean(name, self._names())}")
            setattr(self, name, value)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "bundle_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True, multi_output=True),
            transformer_tags=None,
            classifier_tags=ClassifierTags(multi_label=True),
            regressor_tags=None,
            input_tags=InputTags(one_d_array=True, two_d_array=False, string=True),
        )

    def __repr__(self) -> str:
        usual = {name: p.default for name, p in inspect.signature(type(self)).parameters.items()}
        told = {name: value for name, value in self.get_params().items() if value != usual[name]}
        return f"TextClassifier({', '.join(f'{name}={value!r}' for name, value in told.items())})"

    def __getstate__(self) -> dict[str, Any]:
        """A fitted model travels with the files of its bundle, as when scikit-learn sends it to another process."""
        state = {name: value for name, value in vars(self).items() if name in (*self._names(), "warnings_")}
        if hasattr(self, "bundle_"):
            root = self.bundle_.path
            files = [file for file in sorted(root.rglob("*")) if file.is_file()]
            state["_files"] = {str(file.relative_to(root)): file.read_bytes() for file in files}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        files = state.pop("_files", None)
        vars(self).update(state)
        if files is not None:
            home = _Home()
            for name, content in files.items():
                place = home.path / "bundle" / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            self._take(open_bundle(home.path / "bundle"), home)

    @classmethod
    def _names(cls) -> list[str]:
        return list(inspect.signature(cls).parameters)

    def _train_settings(self) -> TrainSettings:
        given = {
            "family": self.family,
            "backbone": self.backbone,
            "parents": dict(self.parents or {}),
            "epochs": self.epochs,
            "learning_rate": self.learning_rate,
            "batch_rows": self.batch_rows,
            "long_text": {"max_tokens": self.max_tokens},
            "freeze": self.freeze,
            "class_weights": self.class_weights,
            "seed": self.seed,
            "trackers": (),
        }
        return TrainSettings.model_validate(given | dict(self.settings or {}))

    def _material(
        self, texts: list[str | None], labels: pa.Array, task: Task, weights: npt.NDArray[np.float32] | None
    ) -> Material:
        if not 0 <= self.validation < 1:
            raise UsageError(f"validation={self.validation:g}: the share of rows held back is from 0 to less than 1")
        cleaner = Cleaner.from_spec(list(self.cleaning))
        held = hold_back(task.strata(labels), share=self.validation, seed=self.seed)
        train, validation = (
            TrainingRows.of(
                [texts[row] or "" for row in rows.tolist()],
                labels.take(pa.array(rows)),
                task,
                cleaner=cleaner,
                weights=None if weights is None else weights[rows],
            )
            for rows in (np.flatnonzero(~held), np.flatnonzero(held))
        )
        return check_material(task, train, validation, source="the texts given to fit")

    def _manifest(self, material: Material, settings: TrainSettings) -> BundleManifest:
        told = {"train": settings.model_dump(mode="json"), "decide": DecideSettings().model_dump(mode="json")}
        rows = material.train.fingerprint
        print_ = run_fingerprint(
            dataset=rows, settings=told, starts_from=FAMILIES[settings.family].starts_from(settings)
        )
        return BundleManifest(
            name=f"{_NAME}.{print_[:4]}",
            family=settings.family,
            task=TaskSpec.of(material.task),
            schema_=Schema(text=("text",), label=("label",)),
            cleaning=tuple(material.train.cleaner.spec),
            engine=EngineChoice(name="none", file=""),
            lineage=Lineage(
                run=_NAME,
                fingerprint=print_,
                dataset="memory",
                dataset_fingerprint=rows,
                tamis=tamis.__version__,
                created=datetime.now(UTC),
                settings=told,
            ),
        )

    def _take(self, bundle: Bundle, home: _Home | None) -> None:
        self._home = home
        self.bundle_ = bundle
        self._opened: Classifier | None = None
        notes = bundle.manifest.notes
        self.classes_ = np.array(notes.get("classes", bundle.task.outputs))
        self._indicator = bool(notes.get("indicator", False))

    def _fitted(self) -> Bundle:
        if not hasattr(self, "bundle_"):
            raise UsageError("this TextClassifier is not fitted yet", hint="call fit(texts, labels) first")
        return self.bundle_

    def _classifier(self) -> Classifier:
        bundle = self._fitted()
        if self._opened is None:
            self._opened = Classifier.open(bundle)
        return self._opened
