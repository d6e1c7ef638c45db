"""The checks on real data: what is known of it is found, and nothing is made up."""

from __future__ import annotations

import gzip

import polars as pl
import pytest

from tamis.quality import check_dataset

pytestmark = pytest.mark.slow


def _columns(frame: pl.DataFrame) -> dict[str, object]:
    return {column.name: column.to_list() for column in frame}


def test_olid_repeats_and_leaks(make_dataset, shared):
    train = pl.read_csv(shared("olid/olid-training-v1.0.tsv"), separator="\t", quote_char=None)
    test = pl.read_csv(shared("olid/testset-levela.tsv"), separator="\t", quote_char=None)
    labels = pl.read_csv(shared("olid/labels-levela.csv"), has_header=False, new_columns=["id", "label"])
    frame = pl.concat([
        train.select("id", text="tweet", label="subtask_a", split=pl.lit("train"), subtask_b="subtask_b"),
        test.join(labels, on="id").select("id", text="tweet", label="label", split=pl.lit("test"),
                                          subtask_b=pl.lit(None, dtype=pl.String)),
    ]).with_columns(pl.col("id").cast(pl.String))  # fmt: skip
    report = check_dataset(make_dataset(**_columns(frame)))
    found = {finding.kind: finding for finding in report.findings}
    # 33 training tweets repeat another's text; 4 test tweets occur in training too, one of them twice
    repeats = frame.filter(split="train")["text"]
    assert len(repeats) - repeats.n_unique() == 33
    short = int(found["duplicates.exact"].explanation.partition("(")[2].partition(" more")[0])
    in_test = 860 - frame.filter(split="test")["text"].n_unique()
    assert found["duplicates.exact"].count + short == 33 + in_test
    assert found["leakage.exact"].details["rows_tested_on"] == 4
    assert found["leakage.exact"].count == 5
    assert "subtask_b" in found["columns"].title
    assert not {"language.other", "encoding.double", "labels.spelling", "ids.label", "imbalance"} & set(found)


def test_clothing_has_rows_without_review(make_dataset, shared):
    path = shared("womens-clothing/Womens Clothing E-Commerce Reviews.csv.gz")
    frame = pl.read_csv(gzip.decompress(path.read_bytes())).select(
        text="Review Text", label=pl.col("Recommended IND").cast(pl.String), rating="Rating", age="Age"
    )
    found = {
        finding.kind: finding for finding in check_dataset(make_dataset(**_columns(frame)), skip=["tokens"]).findings
    }
    assert found["lengths.empty"].count == 845
    assert "'rating'" in found["columns"].title
    assert not {"language.other", "encoding.double", "pii", "ids.label"} & set(found)


def test_amazon_has_lost_letters_and_markup(make_dataset, shared):
    path = shared("amazon-reviews/amazon_reviews_multi_category.tsv.gz")
    frame = pl.read_csv(gzip.decompress(path.read_bytes()), separator="\t", quote_char=None, infer_schema_length=20_000)
    only = ["labels", "encoding", "html", "language", "ids"]
    frame = frame.select(text="review_body", label=pl.col("star_rating").cast(pl.String), category="product_category")
    found = {finding.kind: finding for finding in check_dataset(make_dataset(**_columns(frame)), only=only).findings}
    assert found["encoding.lost"].count == 28
    assert found["html"].count > 600
    assert found["language.other"].details["languages"] == {"es": 6}
    assert "labels.spelling" not in found


def test_project_tags_are_sound_but_for_parts_of_a_series(make_dataset, shared):
    parts = [("dataset.csv", "train"), ("holdout.csv", "test")]
    frame = pl.concat([
        pl.read_csv(shared(f"madewithml/{file}")).select(
            pl.col("id").cast(pl.String), text=pl.col("title") + "\n" + pl.col("description"), label="tag",
            split=pl.lit(split))
        for file, split in parts
    ])  # fmt: skip
    report = check_dataset(make_dataset(**_columns(frame)))
    kinds = {finding.kind: finding.count for finding in report.findings}
    assert kinds == {"leakage.near": 1, "duplicates.near": 4}
