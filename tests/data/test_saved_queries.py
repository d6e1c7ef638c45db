"""The review questions that come with Tamis, against numbers computed in another way."""

from __future__ import annotations

import datetime
import hashlib
import random
import re

import polars as pl
import pyarrow as pa
import pytest

from tamis.core import Schema, UsageError
from tamis.data import (
    DatasetWriter,
    bind_query,
    parse,
    query_datasets,
    save_query,
    saved_queries,
    saved_query,
    translate,
)

COLUMNS = [
    "marketplace",
    "customer_id",
    "review_id",
    "product_id",
    "product_parent",
    "product_title",
    "product_category",
    "star_rating",
    "helpful_votes",
    "total_votes",
    "vine",
    "verified_purchase",
    "review_headline",
    "review_body",
    "review_date",
]


@pytest.fixture(scope="module")
def reviews() -> pl.DataFrame:
    """120 made reviews in the 15-column layout; some fields are missing."""
    dice = random.Random(4)
    rows = []
    for number in range(120):
        helpful = dice.randrange(40)
        day = datetime.date(2012, 1, 1) + datetime.timedelta(days=dice.randrange(1200))
        words = [dice.choice(["good", "bad", "tune", "card"]) for _ in range(dice.randrange(0, 30))]
        rows.append(
            {
                "marketplace": dice.choice(["US", "UK"]),
                "customer_id": dice.choice(["c1", "c2", "c3", "c4", None]),
                "review_id": f"R{number:04}",
                "product_id": dice.choice(["p1", "p2", "p3"]),
                "product_parent": "1",
                "product_title": dice.choice(["One", "Two"]),
                "product_category": dice.choice(["Books", "Gift Card", "Music"]),
                "star_rating": str(dice.choice([1, 2, 3, 4, 5, 5, 5])),
                "helpful_votes": helpful,
                "total_votes": helpful + dice.randrange(5),
                "vine": "N",
                "verified_purchase": "Y",
                "review_headline": f"h{number}",
                "review_body": dice.choice([" ", "\n", "  "]).join(words),
                "review_date": None if number % 17 == 0 else day.isoformat(),
            }
        )
    return pl.DataFrame(rows)


def store(workspace, name, frame, *, roles=True):
    """Store reviews as an import would: the roles under their own names."""
    schema = Schema(text=("review_body",), label=("star_rating",), time="review_date", id="review_id")
    renamed = {source: role for role, source in schema.renamed.items()}
    table = frame.rename(renamed if roles else {"review_body": "text"}).to_arrow()
    plain = [pa.field(f.name, pa.string() if "string" in str(f.type) else f.type) for f in table.schema]
    given = schema if roles else Schema(text=("review_body",))
    with DatasetWriter(workspace, name, schema=given, source={"uri": "made", "kind": "test"}) as writer:
        writer.write(table.cast(pa.schema(plain)))
        return writer.commit()[0]


def ask(workspace, name, **values):
    return query_datasets(workspace, bind_query(saved_query(name), workspace, dataset="reviews", values=values))


@pytest.fixture
def stars(workspace, reviews):
    """The made reviews with numbers for stars, stored in the workspace."""
    store(workspace, "reviews", reviews)
    return reviews.with_columns(
        pl.col("star_rating").cast(pl.Int64),
        pl.col("review_date").str.to_date(),
        year=pl.col("review_date").str.head(4),
    )


def test_average_rating_by_category(workspace, stars):
    expected = stars.group_by("product_category").agg(pl.col("star_rating").mean(), pl.len())
    found = ask(workspace, "average_rating_by_category").to_pylist()
    assert {(r["product_category"], r["average_rating"], r["reviews"]) for r in found} == set(expected.iter_rows())
    assert [r["reviews"] for r in found] == sorted((r["reviews"] for r in found), reverse=True)


def test_first_review_by_category(workspace, stars):
    expected = {
        category: group.drop_nulls("review_date").sort("review_date", "review_id").row(0, named=True)
        for (category,), group in stars.group_by("product_category")
    }
    found = ask(workspace, "first_review_by_category").to_pylist()
    assert len(found) == 3
    for row in found:
        first = expected[row["product_category"]]
        assert (row["first_date"], row["review_id"]) == (first["review_date"], first["review_id"])


def test_ratings_by_category(workspace, stars):
    counts = {(c, s): n for c, s, n in stars.group_by("product_category", "star_rating").len().iter_rows()}
    totals = dict(stars.group_by("product_category").len().iter_rows())
    found = ask(workspace, "ratings_by_category").to_pylist()
    assert {(r["product_category"], r["star_rating"]): r["reviews"] for r in found} == counts
    for row in found:
        assert row["share"] == pytest.approx(row["reviews"] / totals[row["product_category"]])


def test_reviews_by_star(workspace, stars):
    expected = dict(stars.group_by("star_rating").len().iter_rows())
    found = ask(workspace, "reviews_by_star").to_pylist()
    assert {r["star_rating"]: r["reviews"] for r in found} == expected
    assert sum(r["share"] for r in found) == pytest.approx(1)


@pytest.mark.parametrize("by", [["year"], ["product_category", "year"]])
def test_average_rating_over_the_years(workspace, stars, by):
    name = "average_rating_by_year" if by == ["year"] else "average_rating_by_year_and_category"
    dated = stars.drop_nulls("review_date")
    expected = {tuple(map(str, key)): group for key, group in dated.group_by(by)}
    found = ask(workspace, name).to_pylist()
    assert len(found) == len(expected)
    for row in found:
        key = tuple(str(row["review_year" if column == "year" else column]) for column in by)
        assert row["average_rating"] == pytest.approx(expected[key]["star_rating"].mean())
        assert row["reviews"] == expected[key].height


def test_helpful_votes_by_star(workspace, stars):
    for row in ask(workspace, "helpful_votes_by_star").to_pylist():
        group = stars.filter(pl.col("star_rating") == row["star_rating"])
        assert row["helpful_votes"] == group["helpful_votes"].sum()
        assert row["helpful_votes_per_review"] == pytest.approx(group["helpful_votes"].mean())
        assert row["share_helpful"] == pytest.approx(group["helpful_votes"].sum() / group["total_votes"].sum())


def test_most_helpful_reviews(workspace, stars):
    expected = stars.with_columns(n=pl.col("review_body").str.len_chars()).sort(
        "helpful_votes", "n", "review_body", "review_id", descending=[True, True, False, False]
    )
    found = ask(workspace, "most_helpful_reviews", n=7).to_pylist()
    assert [row["review_id"] for row in found] == expected["review_id"].head(7).to_list()
    assert [row["characters"] for row in found] == expected["n"].head(7).to_list()


def test_positive_to_negative(workspace, stars):
    for row in ask(workspace, "positive_to_negative_by_category").to_pylist():
        rating = stars.filter(pl.col("product_category") == row["product_category"])["star_rating"]
        assert (row["positive"], row["negative"]) == ((rating >= 4).sum(), (rating <= 2).sum())
        assert row["positive_to_negative"] == pytest.approx((rating >= 4).sum() / (rating <= 2).sum())


def test_repeat_reviewers(workspace, stars):
    pairs = stars.drop_nulls("customer_id").group_by("customer_id", "product_id").len().filter(pl.col("len") > 1)
    found = ask(workspace, "repeat_reviewers").to_pylist()
    assert {(r["customer_id"], r["product_id"], r["reviews"]) for r in found} == set(pairs.iter_rows())


def test_word_counts(workspace, stars):
    words = sorted(len(body.split()) for body in stars["review_body"])
    found = ask(workspace, "word_counts").to_pylist()
    assert [row["decile"] for row in found] == list(range(1, 11))
    for place, row in enumerate(found):  # 120 reviews: 12 in each tenth
        tenth = words[12 * place : 12 * (place + 1)]
        assert (row["reviews"], row["fewest_words"], row["most_words"]) == (12, tenth[0], tenth[-1])
        assert row["average_words"] == pytest.approx(sum(tenth) / 12)


def test_the_sample_is_the_same_every_time(workspace, stars):
    expected = []
    for star in range(1, 6):
        rows = stars.filter(pl.col("star_rating") == star).select("review_id", "review_body").rows()
        keyed = sorted((hashlib.md5(f"7:{id_}:{body}".encode()).hexdigest(), id_) for id_, body in rows)
        expected += [id_ for _, id_ in keyed[:3]]
    found = ask(workspace, "stratified_sample", n=3, seed=7)
    assert found["review_id"].to_pylist() == expected
    assert found == ask(workspace, "stratified_sample", n=3, seed=7)
    assert found != ask(workspace, "stratified_sample", n=3, seed=8)


def test_stars_may_be_a_plain_column_of_text(workspace, reviews):
    store(workspace, "reviews", reviews.with_columns(id=pl.col("review_id")), roles=False)
    for name in saved_queries():
        assert ask(workspace, name).num_rows > 0, name


@pytest.mark.parametrize("dialect", ["presto", "athena", "spark"])
@pytest.mark.parametrize("name", saved_queries())
def test_every_question_can_be_asked_elsewhere(workspace, stars, name, dialect):
    sql = bind_query(saved_query(name), workspace, dataset="reviews")
    assert parse(translate(sql, write=dialect), read=dialect) is not None
    assert "$" not in sql.replace("'$'", "")


@pytest.mark.parametrize("name", saved_queries())
def test_every_question_says_what_it_answers(name):
    query = saved_query(name)
    assert query.about.endswith(("?", ".", ")"))
    assert set(query.needs) <= set(COLUMNS)
    used = set(re.findall(r"\$(\w+)", query.sql))
    assert {parameter.name for parameter in query.parameters} == used
    assert all(parameter.about for parameter in query.parameters)


def test_own_queries_lie_in_the_workspace(workspace, make_dataset, tamis):
    make_dataset("notes", text=["a", "b"], label=["x", "y"])
    outcome = tamis("data", "sql", "select label from notes order by label", "--save", "my-labels", "--about", "Which?")
    assert (workspace.root / "queries" / "my-labels.sql").read_text().startswith("-- Which?\nselect")
    assert outcome.code == 0
    assert "Which? (yours)" in tamis("data", "sql", "--list").out
    assert tamis("data", "sql", "--saved", "my-labels", "--csv", "-").out == '"label"\n"x"\n"y"\n'
    with pytest.raises(UsageError, match="there is a query"):
        save_query(workspace, "my-labels", "select 1")
    with pytest.raises(UsageError, match="cannot name a query"):
        save_query(workspace, "../x", "select 1")


def test_an_own_query_may_ask_any_dataset_with_parameters(workspace, make_dataset):
    make_dataset("notes", text=["a", "b", "c"])
    (workspace.root / "queries").mkdir()
    (workspace.root / "queries" / "first.sql").write_text(
        "-- The first rows.\n-- param n = 1: how many\n-- param start = a: from which text\n"
        "select text from dataset where text >= $start order by text limit $n\n"
    )
    query = saved_query("first", workspace)
    sql = bind_query(query, workspace, dataset="notes@1", values={"start": "b' or 'x", "n": 2})
    assert query_datasets(workspace, sql)["text"].to_pylist() == ["c"]  # a value is a value, whatever stands in it


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--saved", "reviews_by_str", "--on", "notes"], "Did you mean 'reviews_by_star'?"),
        (["--saved", "reviews_by_star"], "name one with --on NAME. Datasets: notes"),
        (["--saved", "reviews_by_star", "--on", "nots"], "Did you mean 'notes'?"),
        (["--saved", "reviews_by_star", "--on", "notes"], "needs a column 'star_rating', which notes@1 does not have"),
        (["--saved", "most_helpful_reviews", "--on", "notes", "--param", "m=1"], "has no parameter 'm'. It has: n"),
        (["--saved", "most_helpful_reviews", "--on", "notes", "--param", "n=x"], "n is a whole number, not 'x'"),
        (["--saved", "most_helpful_reviews", "--on", "notes", "--param", "n"], "--param reads name=value, not 'n'"),
        (["select 1", "--on", "notes"], "--on and --param belong to --saved NAME"),
        ([], "one question is needed"),
    ],
)
def test_wrong_use_is_told(make_dataset, tamis, words, message):
    make_dataset("notes", text=["a"])
    outcome = tamis("data", "sql", *words)
    assert outcome.code == 2
    assert message in outcome.err


def test_the_real_reviews(workspace, shared):
    path = shared("amazon-reviews/amazon_reviews_multi_category.tsv.gz")
    frame = pl.read_csv(path, separator="\t", quote_char=None, infer_schema=False).with_columns(
        pl.col("helpful_votes", "total_votes").cast(pl.Int64)
    )
    store(workspace, "reviews", frame)
    by_category = {
        row["product_category"]: row["reviews"] for row in ask(workspace, "average_rating_by_category").to_pylist()
    }
    assert by_category == {
        "Books": 2000,
        "DVD": 2000,
        "Electronics": 2000,
        "Kitchen & Housewares": 2000,
        "Musical Instruments": 10254,
        "Gift Card": 1452,
        "Mobile Electronics": 85,
    }
    stars = {row["star_rating"]: row["reviews"] for row in ask(workspace, "reviews_by_star").to_pylist()}
    assert stars == {1: 2702, 2: 1851, 3: 816, 4: 3297, 5: 11125}
    spread = {
        (r["product_category"], r["star_rating"]): r["reviews"]
        for r in ask(workspace, "ratings_by_category").to_pylist()
    }
    assert spread[("Musical Instruments", 4)] == 2083
    assert ("Books", 3) not in spread
    gift = next(
        r
        for r in ask(workspace, "positive_to_negative_by_category").to_pylist()
        if r["product_category"] == "Gift Card"
    )
    assert (gift["positive"], gift["negative"]) == (1351, 68)
    years = ask(workspace, "average_rating_by_year").to_pylist()
    assert sum(row["reviews"] for row in years) == 19790  # one review has no date
    assert ask(workspace, "stratified_sample", n=4).num_rows == 20
