"""Declared constraints: read with good messages, verified, remembered, suggested."""

from __future__ import annotations

import json

import polars as pl
import pytest
import yaml

from tamis.core import UsageError, Workspace
from tamis.quality import (
    Anomaly,
    Constraint,
    MetricHistory,
    constraints_of,
    suggest_constraints,
    suggestions_yaml,
    verification_tables,
    verify_constraints,
    write_tables,
)
from tamis.quality.constraints.anomaly import judge_change


@pytest.fixture
def notes(make_dataset):
    return make_dataset(
        "notes",
        text=[f"note {n}" for n in range(40)],
        label=["1", "2", "3", "4"] * 10,
        city=["Bern", "Graz", None, "Köln"] * 10,
        votes=list(range(40)),
    )


def declare(workspace: Workspace, text: str, file: str = "constraints.yaml") -> Workspace:
    (workspace.root / file).write_text(text)
    return Workspace(workspace.root)


def test_constraints_stand_in_tamis_yaml_and_in_their_own_file(workspace, notes):
    declare(workspace, "quality:\n  constraints:\n    - {metric: size, expect: '== 40'}\n", "tamis.yaml")
    fresh = declare(workspace, "constraints:\n  - {metric: size, dataset: other}\n  - {metric: size, dataset: 'no*'}\n")
    assert [constraint.title for constraint in constraints_of(fresh, "notes")] == ["size == 40", "size"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{metric: completness, column: city}", "constraints.0.metric"),
        ("{metric: completeness, colum: city}", "Did you mean 'column'?"),
        ("{metric: completeness}", "completeness needs column"),
        ("{metric: size, expect: around 5}", "'around 5' is no assertion"),
        ("{metric: size, column: city}", "size takes no column"),
        ("{metric: mean, column: votes, pattern: x}", "mean takes no pattern; it takes: column"),
        ("{metric: uniqueness}", "uniqueness needs one of: column, columns"),
        ("{metric: correlation, columns: [votes]}", "correlation is of two columns"),
        ("{metric: quantile, column: votes, quantile: 2}", "less than or equal to 1"),
        ("{metric: size, severity: fatal}", "'error' or 'warning'"),
        ("{metric: size, anomaly: {versions: 3}}", "an anomaly needs one of"),
        ("{metric: mean, column: votes, expect: '> 2020-01-01'}", "only min and max are compared with a day"),
        ("{metric: data_type, column: city, type: int}", "constraints.0.type"),
    ],
)
def test_a_mistake_in_a_constraint_is_told_with_line_and_path(workspace, notes, tamis, entry, message):
    declare(workspace, f"constraints:\n  - {entry}\n")
    outcome = tamis("data", "verify", "notes")
    assert outcome.code == 2
    assert message in outcome.err
    assert "constraints.yaml, line 2" in outcome.err


def test_what_holds_and_what_does_not(workspace, notes):
    results = verify_constraints(
        workspace,
        notes,
        constraints=[
            Constraint(metric="size", expect="== 40"),
            Constraint(metric="completeness", column="city", severity="warning"),
            Constraint(metric="containment", column="city", values=("Bern", "Graz")),
            Constraint(metric="compliance", predicate="votes >= 0", name="no negative votes"),
            Constraint(metric="mean", column="votes", expect="> 100"),
            Constraint(metric="mean", column="nowhere", expect="> 0"),
            Constraint(metric="max", column="votes"),
        ],
    )
    found = {one.constraint: one for one in results.results}
    assert [one.status for one in results.results] == ["success", "failure", "failure", "success", "failure", "failure"]
    assert found["completeness(city) == 1"].message == "0.75 (30 of 40) is not == 1"
    assert found["completeness(city) == 1"].examples == ("3", "7", "11", "15", "19")
    assert found["containment(city, {Bern, Graz}) == 1"].examples == ("4", "8", "12", "16", "20")
    assert found["mean(votes) > 100"].message == "19.5 is not > 100"
    assert "no column 'nowhere'" in found["mean(nowhere) > 0"].message
    assert {one.constraint for one in results.warned} == {"completeness(city) == 1"}
    assert len(results.failed) == 3
    assert "max(votes)" in {one.name for one in results.measured}


def test_a_failed_constraint_ends_with_three(workspace, notes, tamis):
    declare(workspace, "constraints:\n  - {metric: completeness, column: city, severity: warning}\n")
    outcome = tamis("data", "verify", "notes")
    assert outcome.code == 0
    assert "0 of 1 hold, 0 failed, 1 with a warning" in outcome.out
    declare(workspace, "constraints:\n  - {metric: completeness, column: city}\n")
    outcome = tamis("data", "verify", "notes", "--json")
    assert outcome.code == 3
    assert json.loads(outcome.out)["constraints"][0]["message"] == "0.75 (30 of 40) is not == 1"
    assert "1 constraint does not hold of notes@1" in outcome.err


def test_every_import_is_verified(workspace, tamis, tmp_path):
    declare(workspace, "constraints:\n  - {metric: min_length, column: text, expect: '>= 3', dataset: 'n*'}\n")
    source = tmp_path / "notes.csv"
    source.write_text("text,label\nlong enough,a\nno,b\n")
    outcome = tamis("data", "import", source, "--name", "notes")
    assert outcome.code == 3
    assert "min_length(text) >= 3: 2 is not >= 3" in outcome.err
    assert "notes@1 is kept" in outcome.err
    assert tamis("data", "import", source, "--name", "notes", "--json").code == 3
    assert tamis("data", "import", source, "--name", "other").code == 0


def test_without_constraints_verify_says_how_to_begin(notes, tamis):
    outcome = tamis("data", "verify", "notes")
    assert outcome.code == 2
    assert "--suggest > constraints.yaml" in outcome.err


def test_suggestions_hold_of_their_own_data(workspace, notes, tamis):
    written = tamis("data", "verify", "notes", "--suggest").out
    declare(workspace, written)
    outcome = tamis("data", "verify", "notes")
    assert outcome.code == 0
    assert "0 failed, 0 with a warning" in outcome.out
    listed = yaml.safe_load(written)["constraints"]
    assert all(entry["reason"] for entry in listed)
    found = {(entry["metric"], entry.get("column")): entry for entry in listed}
    assert found[("size", None)]["expect"] == "between 20 and 80"
    assert found[("uniqueness", "id")]["expect"] == "== 1"
    assert found[("completeness", "city")]["expect"] == ">= 0.61"
    assert found[("containment", "city")]["values"] == ["Bern", "Graz", "Köln"]
    assert found[("min", "votes")]["expect"] == ">= 0"
    assert found[("containment", "label")]["values"] == ["1", "2", "3", "4"]
    assert found[("min_length", "text")]["expect"] == ">= 1"
    assert found[("data_type", "id")]["type"] == "integer"


@pytest.mark.parametrize("values", [[None] * 30, [""] * 30, ["x"] * 30, [float(n) / 3 for n in range(30)], [True] * 30])
def test_suggestions_hold_of_odd_columns(workspace, make_dataset, values):
    dataset = make_dataset("odd", text=["a"] * 30, odd=values)
    suggestions = suggest_constraints(workspace, dataset)
    constraints = [one.constraint for one in suggestions]
    assert not verify_constraints(workspace, dataset, constraints=constraints).failed
    assert yaml.safe_load(suggestions_yaml(suggestions, dataset=dataset.ref))["constraints"]


def test_four_tables_as_tsv_and_parquet(workspace, notes, tmp_path):
    constraints = [Constraint(metric="size", expect="== 40"), Constraint(metric="mean", column="city", expect="> 1")]
    verification = verify_constraints(workspace, notes, constraints=constraints)
    tables = verification_tables(verification, suggest_constraints(workspace, notes))
    write_tables(tables, tmp_path)
    assert {path.name for path in tmp_path.glob("*.tsv")} == {
        "metrics.tsv",
        "constraint_results.tsv",
        "success_metrics.tsv",
        "suggestions.tsv",
    }
    for name in tables:
        assert pl.read_csv(tmp_path / f"{name}.tsv", separator="\t").height == tables[name].num_rows
        assert pl.read_parquet(tmp_path / f"{name}.parquet").columns == tables[name].column_names
    results = pl.read_parquet(tmp_path / "constraint_results.parquet")
    assert results["status"].to_list() == ["success", "failure"]
    assert results["message"][0] == "40"
    assert pl.read_parquet(tmp_path / "metrics.parquet")["problem"][1] == "30 of 30 values are not numbers"
    assert pl.read_parquet(tmp_path / "success_metrics.parquet").to_dicts() == [
        {"entity": "dataset", "instance": "*", "name": "size", "value": "40"}
    ]


def test_out_writes_them_from_the_command_line(workspace, notes, tamis, tmp_path):
    declare(workspace, "constraints:\n  - {metric: size, expect: '== 41'}\n")
    outcome = tamis("data", "verify", "notes", "--out", tmp_path / "out")
    assert outcome.code == 3
    assert len(list((tmp_path / "out").iterdir())) == 9


def test_metrics_are_kept_over_versions_and_only_added(workspace, make_dataset):
    constraints = [Constraint(metric="size", anomaly=Anomaly(relative_change=0.5, z_score=2, absolute_change=3))]
    statuses = []
    for rows in (10, 11, 12, 13, 30):
        dataset = make_dataset("notes", text=[str(row) for row in range(rows)], label=[str(rows)] * rows)
        results = verify_constraints(workspace, dataset, constraints=constraints).results
        statuses.append([one.status for one in results])
    unknown = "not enough history"
    assert statuses == [
        [unknown, unknown, unknown],
        ["success", "success", unknown],
        ["success", "success", unknown],
        ["success", "success", "success"],
        ["failure", "failure", "failure"],
    ]
    history = MetricHistory.of(workspace, "notes")
    assert len(list(history.folder.iterdir())) == 5
    assert history.before(5) == {"size": [10.0, 11.0, 12.0, 13.0]}
    verify_constraints(workspace, dataset, constraints=constraints)  # the same again adds nothing
    verify_constraints(
        workspace, dataset, constraints=[Constraint(metric="distinct_count", column="text")], remember=False
    )
    assert len(list(history.folder.iterdir())) == 5


@pytest.mark.parametrize(
    ("value", "before", "anomaly", "status", "message"),
    [
        (110, [100], {"relative_change": 0.1}, "success", "a relative change of 0.1"),
        (111, [100], {"relative_change": 0.1}, "failure", "111, before it 100: a relative change of 0.11"),
        (1, [0], {"relative_change": 0.1}, "failure", "from nothing"),
        (0, [0], {"relative_change": 0.1}, "success", "a relative change of 0"),
        (5, [1, 7], {"absolute_change": 2}, "success", "a change of 2"),
        (5, [7, 1], {"absolute_change": 2}, "failure", "a change of 4"),
        (5, [5, 5, 5], {"z_score": 3}, "success", "always 5 before"),
        (5.1, [5, 5, 5], {"z_score": 3}, "failure", "always 5 before"),
        (9, [1, 2, 3], {"z_score": 3}, "failure", "9 against 2 ± 1: z = +7.00"),
        (9, [1, 2], {"z_score": 3}, "not enough history", "2 earlier versions are measured, 3 are needed"),
        (3, [900, 900, 1, 2, 3], {"z_score": 3, "versions": 3}, "success", "z = +1.00"),
    ],
)
def test_changes_are_judged(value, before, anomaly, status, message):
    (verdict,) = judge_change(value, before, Anomaly(**anomaly))
    assert verdict.status == status
    assert message in verdict.message


def test_a_missing_file_of_constraints_is_told(workspace, notes):
    with pytest.raises(UsageError, match="no such file"):
        constraints_of(workspace, "notes", file=workspace.root / "none.yaml")


REVIEWS = [
    Constraint(metric="size"),
    Constraint(metric="completeness", column="review_id"),
    Constraint(metric="distinctness", column="review_id"),
    Constraint(metric="mean", column="star_rating"),
    Constraint(metric="compliance", predicate="star_rating >= 4", expect=">= 0"),
    Constraint(metric="correlation", columns=("total_votes", "star_rating")),
    Constraint(metric="correlation", columns=("total_votes", "helpful_votes")),
    Constraint(metric="min", column="star_rating", expect=">= 1"),
    Constraint(metric="max", column="star_rating", expect="<= 5"),
    Constraint(metric="containment", column="marketplace", values=("US", "UK", "DE", "JP", "FR")),
]


@pytest.mark.parametrize(
    ("name", "size", "ids"),
    [
        ("amazon_reviews_us_Gift_Card_v1_00.tsv", 1452, 1452),
        ("amazon_reviews_multi_category.tsv.gz", 19791, 1537),
    ],
)
def test_the_real_reviews(workspace, shared, tamis, name, size, ids):
    path = shared(f"amazon-reviews/{name}")
    assert tamis("data", "import", path, "--name", "reviews").code == 0
    from tamis.data import open_dataset

    verification = verify_constraints(workspace, open_dataset(workspace, "reviews"), constraints=REVIEWS)
    found = {one.name: one.value for one in verification.measured}
    frame = pl.read_csv(path, separator="\t", quote_char=None, infer_schema_length=None).drop_nulls("star_rating")
    votes = frame.drop_nulls("total_votes")
    assert found["size"] == frame.height == size
    assert found["completeness(review_id)"] == frame["review_id"].count() / size
    assert found["distinctness(review_id)"] == frame["review_id"].drop_nulls().n_unique() / ids
    assert found["mean(star_rating)"] == pytest.approx(frame["star_rating"].mean(), rel=1e-12)
    assert found["compliance(star_rating >= 4)"] == (frame["star_rating"] >= 4).mean()
    for other in ("star_rating", "helpful_votes"):
        expected = votes.select(pl.corr("total_votes", other)).item()
        assert found[f"correlation(total_votes, {other})"] == pytest.approx(expected, rel=1e-9)
    assert (found["min(star_rating)"], found["max(star_rating)"]) == (1, 5)
    assert found["containment(marketplace, {US, UK, DE, JP, FR})"] == 1
    assert not verification.failed or [one.metric for one in verification.failed] == ["completeness(review_id)"]
