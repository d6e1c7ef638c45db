"""The card of a version says what is known, in Markdown that renders and with front matter that the hub reads."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from markdown_it import MarkdownIt

from tamis.core import Schema, Workspace
from tamis.core.markdown import code, plain, table
from tamis.data import DatasetWriter
from tamis.evaluate import EvaluateSettings, evaluate_model, keep_in_bundle, read_labelled
from tamis.models import open_bundle
from tamis.predict import Classifier
from tamis.registry import bundle_of, keep_card, open_registry, register_run
from tamis.registry.card import gather_facts
from tamis.registry.card.energy import energy_for, energy_of
from tamis.registry.card.front_matter import front_matter
from tamis.train import TrainSettings, train_model

OPINIONS = {
    "good": "a warm and tender film that everybody in the whole family would love to see",
    "bad": "a slow and loud film that nobody should ever have to sit through again",
    "odd": "some strange minutes of moving pictures without any story or people in them",
}


def rows() -> dict[str, list[Any]]:
    labels = ["good"] * 210 + ["bad"] * 190 + ["odd"] * 20
    parts = ["train"] * 2 + ["validation"] * 4 + ["test"]
    splits = [parts[row % len(parts)] for row in range(len(labels))]
    texts = [f"{OPINIONS[label]}, said number {row}" for row, label in enumerate(labels)]
    labels[4], labels[11], labels[150], labels[5] = "bad", "bad", "good", "bad"
    return {"text": texts, "label": labels, "split": splits}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with `tone@1`, approved and the champion, and `tone@2`, which was not evaluated."""
    root = tmp_path_factory.mktemp("card")
    (root / "tamis.yaml").write_text("train: {trackers: []}\ndecide: {goal: precision, precision: 0.8}\n")
    workspace = Workspace(root)
    table = pa.table({"id": [str(row) for row in range(420)], **rows()})
    schema = Schema(text=("text",), label=("label",), id="id", split="split")
    with DatasetWriter(workspace, "films", schema=schema, source={"uri": "films.csv", "kind": "csv"}) as writer:
        writer.write(table)
        dataset = writer.commit()[0]
    for number in (1, 2):
        settings = TrainSettings(family="linear", trackers=(), seed=number)
        run = train_model(workspace, dataset, settings, name=f"films-{number}")
        if number == 1:
            labelled = read_labelled(workspace, run.bundle)
            settings_ = EvaluateSettings(resamples=100, baseline=False)
            found = evaluate_model(workspace, Classifier.open(run.bundle), labelled, settings=settings_)
            keep_in_bundle(found, run.bundle)
        gate = {
            "passed": number == 1,
            "conditions": [{"condition": "macro_f1 >= 0.5", "holds": True, "says": "0.9 | x"}],
        }
        register_run(workspace, run.name, model="tone", gate=gate, reason=f"the run {number}", who="anna")
    registry = open_registry(workspace, who="berta")
    registry.approve("tone@1", reason="as good as the people who did it by hand <b>")
    registry.promote("tone@1", reason="let it serve")
    return workspace


@pytest.fixture(scope="module")
def card(place: Workspace) -> str:
    return keep_card(place, "tone@1")


def section(card: str, title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", card, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title}"
    return found[1]


def test_the_numbers_are_those_of_the_evaluation(place, card):
    said = json.loads((place.runs / "films-1" / "bundle" / "evaluation.json").read_bytes())
    shown = section(card, "How good it is")
    main = said["scores"]["macro_f1"]["model"]
    assert f"| **Macro-F1** | {main['value']:.3f} | {main['low']:.3f} to {main['high']:.3f} |" in shown
    for each in said["by_label"]:
        assert f"| `{each['label']}` |" in shown
    odd = next(line for line in shown.splitlines() if line.startswith("| `odd`"))
    assert [cell.strip() for cell in odd.split("|")][2:4] == ["5", str(said["by_label"][2]["rows"])]
    for sentence in said["essence"]:
        assert plain(sentence, most_characters=1000) in card


def test_the_front_matter_is_what_the_hub_reads(card):
    hub = pytest.importorskip("huggingface_hub")
    data = hub.ModelCard(card).data
    assert data.language == ["en"]
    assert (data.library_name, data.pipeline_tag, data.model_name) == ("tamis", "text-classification", "tone@1")
    results = {each.metric_name: each for each in data.eval_results}
    assert results["Macro-F1"].metric_type == "f1"
    assert results["Macro-F1"].metric_args["average"] == "macro"
    assert results["Macro-F1"].metric_args["low"] <= results["Macro-F1"].metric_value
    assert results["Accuracy"].dataset_split == "test"
    assert yaml.safe_load(card.split("---")[1])["model-index"][0]["results"][0]["dataset"]["revision"]


def test_the_revision_is_told_of_the_dataset_that_it_learned_from_only(place):
    facts = gather_facts(place, bundle_of(place, open_registry(place).state().version("tone@1")))
    assert facts.evaluation["source"] == "films@1:test"
    assert "revision" in front_matter(facts)
    assert "revision" not in front_matter(replace(facts, evaluation={**facts.evaluation, "source": "films@10:test"}))


def test_what_it_decides_by_is_told_with_what_it_keeps(card):
    shown = section(card, "How it decides")
    assert "At least 80 % of what it says of each label is right" in shown
    assert re.search(r"\| Measured on `films@1:test` \| \d+ \|", shown)
    assert "| `good` | 0." in shown
    assert "no guard against unknown text" in shown
    assert "| 10.0 % |" in shown


def test_limits_are_facts(card):
    shown = section(card, "Limits")
    assert "Learned from fewer than 50 rows: `odd` (5)." in shown
    assert "It knows 3 labels and nothing else" in shown
    assert "in the language `en`" in shown
    assert "'odd'. Their scores are guesses" in shown


def test_data_lineage_time_and_decisions_are_told(place, card):
    assert "420 rows, all of them labelled, from `films.csv`" in section(card, "Data")
    assert "| train | learned from |" in section(card, "Data")
    manifest = bundle_of(place, open_registry(place).state().version("tone@1")).manifest
    origin = section(card, "Where it comes from")
    for known in (manifest.seal[:16], manifest.lineage.fingerprint, manifest.lineage.dataset_fingerprint):
        assert known in origin
    assert re.search(r"\*\*about [\d.]+ m?Wh \([\d.]+ to [\d.]+ m?Wh\)\*\*", section(card, "Time and energy"))
    assert "an estimate, not a measurement" in section(card, "Time and energy")
    decided = section(card, "Who decided what")
    assert [line.split(" | ")[1:3] for line in decided.splitlines()[3:6]] == [
        ["anna", "registered"],
        ["berta", "approved"],
        ["berta", "promoted to `champion`"],
    ]
    assert "| `macro_f1 >= 0.5` | yes | 0.9 &#124; x |" in section(card, "Its gate")
    assert card.splitlines()[card.splitlines().index("# tone@1") + 2].startswith("> **Approved** by berta")


def test_every_table_has_as_many_cells_in_each_line_and_nothing_is_html(card):
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(card.split("---\n", 2)[2])
    assert "<b>" not in page
    for shown in re.findall(r"<table>.*?</table>", page, re.DOTALL):
        counts = {len(re.findall(r"<t[hd]", line)) for line in re.findall(r"<tr>.*?</tr>", shown, re.DOTALL)}
        assert len(counts) == 1
    assert "| ---" not in page
    assert ":---" not in page


def test_it_lies_in_the_bundle_which_stays_sealed(place, card):
    version = open_registry(place).state().version("tone@1")
    bundle = bundle_of(place, version)
    assert (bundle.path / "README.md").read_text() == card
    assert open_bundle(bundle.path).manifest.seal == version.facts["seal"]


def test_what_is_not_known_is_said(place):
    unmeasured = keep_card(place, "tone@2")
    assert "not evaluated** on rows that nothing was chosen by" in section(unmeasured, "How good it is")
    assert "how good it is on new texts is not known" in section(unmeasured, "Limits")
    assert "did **not** pass its gate" in section(unmeasured, "Its gate")
    assert "model-index" not in unmeasured
    assert unmeasured.splitlines()[unmeasured.splitlines().index("# tone@2") + 2].startswith(
        "> **Pending**: registered"
    )


def test_a_card_can_be_written_when_run_and_dataset_are_gone(place, tmp_path):
    place.runs.rename(tmp_path / "runs")
    place.datasets.rename(tmp_path / "datasets")
    try:
        later = keep_card(place, "tone@1")
    finally:
        (tmp_path / "runs").rename(place.runs)
        (tmp_path / "datasets").rename(place.datasets)
    assert "It is not in this workspace any more" in section(later, "Data")
    assert "Macro-F1" in section(later, "How good it is")
    assert "## Time and energy" not in later


def test_energy_is_one_digit_and_a_range_and_silent_where_it_cannot_be_told(place):
    assert str(energy_for(seconds=36, cores=1)) == "about 0.04 Wh (0.02 to 0.2 Wh)"
    assert str(energy_for(seconds=86_400 * 30, cores=64)) == "about 200 kWh (90 to 700 kWh)"
    from tamis.train import find_run

    run = find_run(place, "films-1")
    assert energy_of(run) is not None
    on_gpu = run.model_copy(update={"family": "encoder", "notes": {"device": "cuda"}})
    assert energy_of(on_gpu) is None
    assert energy_of(run.model_copy(update={"host": {}})) is None


def test_words_of_others_are_only_words():
    assert (
        plain("**bold** <script> [a](b) | `x`\n# no") == "\\*\\*bold\\*\\* &lt;script> &#91;a&#93;(b) &#124; 'x' # no"
    )
    assert plain("snake_case stays") == "snake_case stays"
    assert code("a`b") == "`a'b`"
    assert list(table(["a", "b"], [(code("x|y"), "1")])) == ["| a | b |", "| :--- | ---: |", "| `x\\|y` | 1 |", ""]
    assert list(table(["a"], [])) == []


def test_the_command_writes_it_where_it_is_told(place, tmp_path, capsys):
    from tamis.cli.main import main

    file = tmp_path / "card.md"
    with pytest.raises(SystemExit) as stop:
        main(["--workspace", str(place.root), "models", "card", "tone", "-o", str(file)])
    assert stop.value.code == 0
    assert Path(file).read_text().startswith("---\nlanguage:")
