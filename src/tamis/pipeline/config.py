"""Settings of the pipeline, the section `pipeline` of `tamis.yaml`: what the standard graph is made of."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tamis.core import Settings
from tamis.pipeline.triggers.config import TriggerSettings

Family = Literal["linear", "probe", "encoder"]


class ReadSettings(Settings):
    """How the source is read, as `tamis data import` is told it; what is not said is found out."""

    kind: str | None = None
    text: tuple[str, ...] = ()
    template: str | None = None
    label: str | None = None
    labels_delimiter: str | None = None
    one_hot: tuple[str, ...] = ()
    id: str | None = None
    group: str | None = None
    time: str | None = None
    split: str | None = None
    weight: str | None = None
    annotator: str | None = None
    none: tuple[str, ...] = ()
    """Roles that no column plays."""
    task: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quoting: Literal["auto", "minimal", "none"] = "auto"
    header: bool | None = None
    null_values: tuple[str, ...] = ()
    records: str | None = None
    label_prefix: str = "__label__"
    query: str | None = None
    table: str | None = None
    subset: str | None = None
    hub_split: str | None = None
    ocr: bool = False
    ocr_language: str = "eng"
    per: Literal["document", "page"] = "document"
    max_rejects: str | float | None = None


class ShareSettings(Settings):
    """How rows are shared out, as `tamis data split` is told it; shares and seed are those of the section `split`."""

    by: Literal["label", "group", "time", "keep"] = "label"
    """keep leaves the splits that the dataset came with."""
    column: str | None = None
    from_column: str | None = None
    names: dict[str, str] = Field(default_factory=dict)
    """What values of `from_column` mean: `{fold 3: test}`."""
    hold_out: str | None = None
    """A file or dataset whose rows become the test split."""
    near_duplicates: bool = True
    rows: int | None = Field(default=None, ge=2)
    """Share out only so many rows, for a quick try."""
    balance: Literal["down", "over"] | None = None


class GateSettings(Settings):
    """What must hold before a model may be approved; what is left at null is not asked for."""

    minimum: dict[str, float] = Field(default_factory=dict)
    """Measure to bound, `{macro_f1: 0.7}`: the lower end of its interval must reach it; of errors and losses the upper
    end must not pass it."""
    baseline: bool = False
    """Whether the model must be surely better than the baseline beside it, by the measure it was chosen by."""
    champion: Literal["not-worse", "better"] | None = "not-worse"
    """What it must be against the model that the alias names, by a paired test on the same rows."""
    slices: dict[str, float] = Field(default_factory=dict)
    """Floor of the main measure for each slice that is big enough: by `length`, a column's name, `label` (the F1 of
    each label), or a condition as in `loved: stars > 3`. The lower end of the interval must reach it."""
    ece: float | None = Field(default=None, gt=0, le=1)
    """The calibration error may be at most this, at the upper end of its interval."""
    parity: bool = True
    """Whether the exported form must have been shown to be the same model."""
    suite: str | None = None
    """A file of behavioural tests."""
    pass_rate: float = Field(default=1.0, ge=0, le=1)
    """The share of these tests that must hold."""
    data: Literal["error", "warning"] | None = "error"
    """The data check may find nothing of this weight, nor may a declared constraint fail."""


class PipelineSettings(Settings):
    """What `tamis run` does in this workspace."""

    source: str = ""
    """What to import: a file, an address, `demo:docstrings`, or `dataset:NAME` for one that is imported already. A path
    begins at the workspace's folder."""
    dataset: str = ""
    """What the dataset is called; empty is `docs`."""
    read: ReadSettings = ReadSettings()
    """How the source is read, and which columns play which role."""
    fixes: tuple[str, ...] = ()
    """The fixes of the data check that are made at once; `all` makes all that are offered."""
    split: ShareSettings = ShareSettings()
    """How rows are shared out among train, validation and test."""
    families: tuple[Family, ...] = Field(default=("linear", "encoder"), min_length=1)
    """The kinds of model that are trained; validation says which is the best."""
    seeds: tuple[int, ...] = ()
    """One model of each family for each; empty is `train.seed` alone."""
    export: Literal["onnx", "none"] = "onnx"
    """Whether the best model gets the quickest form that is shown to be the same; a linear one has it already."""
    quick_export: bool = False
    """Compare the forms on fewer rows and time them for some seconds only."""
    pictures: bool = True
    """Whether the evaluation's figures are drawn as PNG files too."""
    gates: GateSettings = GateSettings()
    """What must hold before a model may be approved."""
    approve: Literal["manual", "automatic"] = "manual"
    """manual waits for `tamis models approve`; automatic approves what passes the gate."""
    model: str = ""
    """The model's name in the registry; empty is the dataset's name."""
    alias: str = "champion"
    """The alias that an approved model gets."""
    deploy: bool = True
    """Whether an approved model gets the alias at once: servers that follow it, and `registry.hosts`, then serve it."""
    parallel_steps: int = Field(default=2, ge=1)
    """How many steps may run at once."""
    triggers: dict[str, TriggerSettings] = Field(default={})
    """What starts a run by itself, by name; `tamis run on-triggers` watches."""
