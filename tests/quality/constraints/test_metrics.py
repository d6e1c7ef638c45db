"""Metrics of constraints, against plain polars, cuallee where it is installed, and numbers worked out by hand."""

from __future__ import annotations

import datetime
import math
import random

import polars as pl
import pyarrow as pa
import pytest

from tamis.core import plugins
from tamis.data import catalog_table, parse
from tamis.quality import Constraint, measure
from tamis.quality.constraints.measure import statements
from tamis.quality.constraints.plan import plan_metric


@pytest.fixture(params=sorted(plugins.found("sql")))
def engine(request):
    return plugins.load("sql", request.param)()


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """400 rows with missing values in every column but `id` and `text`."""
    dice = random.Random(9)

    def some(value):
        return None if dice.random() < 0.1 else value

    return pl.DataFrame(
        {
            "id": [str(row) for row in range(400)],
            "text": [dice.choice(["gut", "schön", "", "猫"]) * dice.randrange(1, 5) for _ in range(400)],
            "stars": [some(dice.randrange(1, 6)) for _ in range(400)],
            "votes": [some(dice.gauss(10, 4)) for _ in range(400)],
            "city": [some(dice.choice(["Bern", "Köln", "Graz", "o'hare"])) for _ in range(400)],
            "code": [some(str(dice.randrange(300))) for _ in range(400)],
            "day": [some(datetime.date(2020, 1, 1) + datetime.timedelta(days=dice.randrange(99))) for _ in range(400)],
            "ok": [some(dice.random() < 0.5) for _ in range(400)],
        }
    )


@pytest.fixture
def table(make_dataset, frame):
    columns = {name: frame[name].to_arrow() for name in frame.columns}
    plain = {n: c.cast(pa.string()) if "string" in str(c.type) else c for n, c in columns.items()}
    return catalog_table(make_dataset("rows", **plain), "rows")


def value_of(table, engine, **constraint):
    (found,) = measure([Constraint(**constraint)], table, engine=engine).values()
    assert found.problem is None, found.problem
    return found.value


def entropy(*counts: int) -> float:
    return -sum(c / sum(counts) * math.log(c / sum(counts)) for c in counts)


STARS, VOTES, CITY, CODE = pl.col("stars"), pl.col("votes"), pl.col("city"), pl.col("code")

CASES = [
    ({"metric": "size"}, pl.len()),
    ({"metric": "size", "where": "stars >= 4"}, (STARS >= 4).sum()),
    ({"metric": "completeness", "column": "city"}, CITY.is_not_null().mean()),
    (
        {"metric": "completeness", "column": "city", "where": "stars = 5"},
        CITY.filter(STARS == 5).is_not_null().mean(),
    ),
    ({"metric": "uniqueness", "column": "code"}, CODE.drop_nulls().is_unique().mean()),
    ({"metric": "distinctness", "column": "code"}, CODE.drop_nulls().n_unique() / CODE.count()),
    ({"metric": "distinct_count", "column": "code"}, CODE.drop_nulls().n_unique()),
    ({"metric": "min", "column": "votes"}, VOTES.min()),
    ({"metric": "max", "column": "votes"}, VOTES.max()),
    ({"metric": "mean", "column": "votes"}, VOTES.mean()),
    ({"metric": "mean", "column": "votes", "where": "city = 'o''hare'"}, VOTES.filter(CITY == "o'hare").mean()),
    ({"metric": "mean", "column": "ok"}, pl.col("ok").mean()),
    ({"metric": "std", "column": "votes"}, VOTES.std()),
    ({"metric": "sum", "column": "votes"}, VOTES.sum()),
    ({"metric": "sum", "column": "code"}, CODE.cast(pl.Int64).sum()),
    ({"metric": "quantile", "column": "votes", "quantile": 0.9}, VOTES.quantile(0.9, "linear")),
    ({"metric": "quantile", "column": "stars", "quantile": 0.37}, STARS.quantile(0.37, "linear")),
    (
        {"metric": "correlation", "columns": ["votes", "stars"]},
        pl.corr(VOTES.filter(STARS.is_not_null()), STARS.filter(STARS.is_not_null())),
    ),
    ({"metric": "compliance", "predicate": "stars >= 4"}, (STARS >= 4).fill_null(False).mean()),
    ({"metric": "compliance", "predicate": "votes > stars or city is null"}, None),
    ({"metric": "containment", "column": "city", "values": ["Bern", "o'hare"]}, CITY.is_in(["Bern", "o'hare"]).mean()),
    ({"metric": "containment", "column": "stars", "values": [1, 2]}, STARS.is_in([1, 2]).mean()),
    ({"metric": "pattern", "column": "city", "pattern": "^[BK]"}, CITY.str.contains("^[BK]").mean()),
    ({"metric": "min_length", "column": "text"}, pl.col("text").str.len_chars().min()),
    ({"metric": "max_length", "column": "text"}, pl.col("text").str.len_chars().max()),
    ({"metric": "mean_length", "column": "text"}, pl.col("text").str.len_chars().mean()),
]


@pytest.mark.parametrize(("constraint", "expected"), CASES, ids=lambda case: str(case)[:60])
def test_a_metric_is_what_polars_says(table, engine, frame, constraint, expected):
    if expected is None:
        either = ((VOTES > STARS).fill_null(False) | CITY.is_null()).mean()
        expected = either
    if constraint["metric"] == "correlation":
        both = frame.drop_nulls(["votes", "stars"])
        wanted = both.select(pl.corr("votes", "stars")).item()
    else:
        wanted = frame.select(expected).item()
    assert value_of(table, engine, **constraint) == pytest.approx(float(wanted), rel=1e-9)


def test_several_columns_together(table, engine, frame):
    pairs = frame.drop_nulls(["city", "stars"]).group_by("city", "stars").len()["len"].to_list()
    both = sum(pairs)
    assert value_of(table, engine, metric="distinct_count", columns=["city", "stars"]) == len(pairs)
    once = value_of(table, engine, metric="uniqueness", columns=["city", "code"])
    codes = frame.drop_nulls(["city", "code"]).group_by("city", "code").len()["len"]
    assert once == pytest.approx((codes == 1).sum() / codes.sum())
    given = frame.drop_nulls(["city", "stars"])
    cities = given.group_by("city").len()["len"].to_list()
    stars = given.group_by("stars").len()["len"].to_list()
    information = value_of(table, engine, metric="mutual_information", columns=["city", "stars"])
    assert information == pytest.approx(entropy(*cities) + entropy(*stars) - entropy(*pairs), abs=1e-9)
    assert value_of(table, engine, metric="entropy", columns=["city", "stars"]) == pytest.approx(entropy(*pairs))
    assert both == given.height


def test_approximate_metrics_are_near(table, engine, frame):
    count = value_of(table, engine, metric="approx_distinct_count", column="code")
    assert count == pytest.approx(frame["code"].drop_nulls().n_unique(), rel=0.15)
    median = value_of(table, engine, metric="approx_quantile", column="votes", quantile=0.5)
    assert median == pytest.approx(frame["votes"].median(), rel=0.1)


def test_days_are_compared_as_days(table, engine, frame):
    assert value_of(table, engine, metric="max", column="day", expect=">= 2020-01-01") == str(frame["day"].max())


@pytest.mark.parametrize(
    ("values", "kind", "share"),
    [
        (["1", "-2", "+3", "4.0", "x", None], "integer", 3 / 5),
        (["1", "2.5", ".5", "1e3", "1,5", ""], "number", 4 / 6),
        (["true", "False", "yes", "0", "2"], "boolean", 4 / 5),
        (["2020-02-29", "2021-02-29", "2020-13-01", "20200101"], "date", 1 / 4),
        (["2020-02-29 12:00", "2020-02-29T12:00:01.5", "2020-02-29", "2020-02-29 25:00"], "timestamp", 2 / 4),
    ],
)
def test_data_types(make_dataset, engine, values, kind, share):
    table = catalog_table(make_dataset("typed", text=["a"] * len(values), column=values), "typed")
    assert value_of(table, engine, metric="data_type", column="column", type=kind) == pytest.approx(share)


@pytest.mark.parametrize(
    ("constraint", "problem"),
    [
        ({"metric": "mean", "column": "city"}, "values are not numbers"),
        ({"metric": "mean", "column": "day"}, "holds date32[day], and mean is about numbers"),
        ({"metric": "completeness", "column": "ctiy"}, "Did you mean 'city'?"),
        ({"metric": "compliance", "predicate": "star > 1"}, "Did you mean 'stars'?"),
        ({"metric": "compliance", "predicate": "1 = 1) or (select true"}, "SQL"),
        ({"metric": "compliance", "predicate": "stars > (select 1)"}, "more than a predicate over one row"),
        ({"metric": "compliance", "predicate": "true group by stars"}, "more than a predicate over one row"),
        ({"metric": "compliance", "predicate": "city > 3"}, "cast"),
        ({"metric": "mean", "column": "votes", "where": "stars > 9"}, "no row with a value"),
        ({"metric": "completeness", "column": "votes", "where": "stars > 9"}, "no row to look at"),
        ({"metric": "std", "column": "votes", "where": "id = '1'"}, "std needs more values than"),
        ({"metric": "correlation", "columns": ["votes", "stars"], "where": "stars = 1"}, "never varies"),
    ],
)
def test_what_has_no_value_says_why_and_spoils_no_other(table, engine, constraint, problem):
    bad, size = Constraint(**constraint), Constraint(metric="size")
    found = measure([bad, size], table, engine=engine)
    assert found[bad.measured].value is None
    assert problem in found[bad.measured].problem
    assert found["size"].value == 400


def test_a_whole_suite_is_two_statements_in_any_dialect(table):
    plans = [plan_metric(Constraint(**constraint), table.columns) for constraint, _ in CASES]
    for dialect in ("duckdb", "spark", "presto"):
        made = statements(plans, dialect)
        assert len(made) == 2
        assert all(parse(sql, read=dialect) for sql in made)
        assert made[0].lower().count(" from ") == 1  # every aggregate comes from one scan
    assert len(statements(plans[:1], "duckdb")) == 1
    assert "PERCENTILE(" in statements(plans, "spark")[0]


def test_the_same_question_is_asked_once(table):
    asked = [Constraint(metric="completeness", column="city"), Constraint(metric="pattern", column="city", pattern="a")]
    plans = [plan_metric(one, table.columns) for one in asked * 3]
    assert statements(plans, "duckdb")[0].count(" AS m") == 3  # rows, given ones, matching ones


def test_cuallee_agrees(make_dataset, engine, frame):
    """On rows without NULL: cuallee counts a NULL as a violation, here it is left to completeness."""
    cuallee = pytest.importorskip("cuallee", reason="the extra 'bench' is not installed")
    full = frame.drop_nulls().with_columns(CITY.cast(pl.String))
    columns = {name: full[name].to_arrow() for name in full.columns}
    plain = {n: c.cast(pa.string()) if "string" in str(c.type) else c for n, c in columns.items()}
    table = catalog_table(make_dataset("full", **plain), "full")

    def ours(**constraint):
        return value_of(table, engine, **constraint)

    check = (
        cuallee.Check(cuallee.CheckLevel.WARNING, "peer")
        .is_complete("city")
        .is_unique("id")
        .is_contained_in("city", ("Bern", "Köln"), pct=0.01)
        .has_pattern("city", "^[BK]", pct=0.01)
        .is_greater_or_equal_than("stars", 4, pct=0.01)
        .has_min("stars", ours(metric="min", column="stars"))
        .has_max("stars", ours(metric="max", column="stars"))
        .has_mean("stars", ours(metric="mean", column="stars"))
        .has_sum("stars", ours(metric="sum", column="stars"))
        .has_percentile("votes", ours(metric="quantile", column="votes", quantile=0.5), 0.5)
        .has_cardinality("code", int(ours(metric="distinct_count", column="code")))
    )
    theirs = {row["rule"]: row for row in check.validate(full).to_dicts()}
    assert {rule for rule, row in theirs.items() if row["status"] != "PASS"} == set()
    shares = {
        "is_complete": ours(metric="completeness", column="city"),
        "is_unique": ours(metric="uniqueness", column="id"),
        "is_contained_in": ours(metric="containment", column="city", values=["Bern", "Köln"]),
        "has_pattern": ours(metric="pattern", column="city", pattern="^[BK]"),
        "is_greater_or_equal_than": ours(metric="compliance", predicate="stars >= 4"),
    }
    assert {rule: theirs[rule]["pass_rate"] for rule in shares} == pytest.approx(shares)
