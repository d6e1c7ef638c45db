"""Predict a file: every row once, in order, whatever interrupts it."""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.core import DataError, UsageError
from tamis.predict import Classifier, open_rows, predict_file


@pytest.fixture
def classifier(make_bundle):
    return Classifier.open(make_bundle(), engine="onnxruntime")


class Quick:
    """An engine whose scores are the lengths of the texts; stops the run after so many rows."""

    name = precision = "quick"
    batch_tokens = 4096
    side_by_side = 1

    def __init__(self, rows: int = sys.maxsize) -> None:
        self.rows = rows

    def run(self, ids, mask, *, alone=True):
        if self.rows < 0:
            raise KeyboardInterrupt
        self.rows -= len(ids)
        return mask.sum(1, keepdims=True).astype(np.float32) * np.array([[0.1, 0.2, 0.3]], np.float32), None


def write_reviews(path: Path, texts: list[str]) -> Path:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "text", "stars"])
        rows.writerows([f"r{number}", text, number % 5] for number, text in enumerate(texts))
    return path


def predict(classifier, source, target, **options):
    return predict_file(classifier, open_rows(classifier, str(source)), target, **options)


def test_the_three_formats_hold_the_same_rows(classifier, random_texts, tmp_path):
    texts = random_texts(50)
    source = write_reviews(tmp_path / "reviews.csv", texts)
    expected = classifier.predict(texts, [f"r{number}" for number in range(50)])
    result = predict(classifier, source, tmp_path / "out.parquet", keep=["stars"])
    assert (result.rows, result.rejected, result.resumed) == (50, 0, 0)
    assert result.reasons["empty"] == texts.count("")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row.pop("stars") for row in rows] == [number % 5 for number in range(50)]
    assert rows == [each.to_dict() for each in expected]

    predict(classifier, source, tmp_path / "out.jsonl", keep=["id", "text"])
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line.pop("source_id") for line in lines] == [each.id for each in expected]
    assert [line.pop("text") or "" for line in lines] == texts
    assert [list(line.items()) for line in lines] == [list(each.to_dict().items()) for each in expected]

    predict(classifier, source, tmp_path / "out.csv", scores=True)
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "label", "score", "reason", "model", "score_bad", "score_good", "score_odd"]
    assert [(row["id"], row["label"] or None, float(row["score_good"])) for row in rows] == [
        (each.id, each.label, each.scores["good"]) for each in expected
    ]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "out.csv",
        "out.jsonl",
        "out.parquet",
        "reviews.csv",
    ]
    assert not list(tmp_path.glob(".*"))


def test_several_labels_stand_in_a_list(make_bundle, tmp_path):
    classifier = Classifier.open(make_bundle(task="multi_label"), engine="onnxruntime")
    texts = ["good film", "bad", "", "a slow story"]
    source = write_reviews(tmp_path / "reviews.csv", texts)
    predict(classifier, source, tmp_path / "out.parquet")
    predict(classifier, source, tmp_path / "out.jsonl")
    expected = classifier.predict(texts, ["r0", "r1", "r2", "r3"])
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["labels"].to_pylist() == [None if each.label is None else list(each.label) for each in expected]
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert lines == [each.to_dict() for each in expected]
    assert [line["labels"] is None for line in lines] == [False, False, True, False], "the empty text is silent"


def test_rows_that_cannot_be_read_are_kept_aside(classifier, tmp_path):
    source = tmp_path / "reviews.csv"
    source.write_bytes(b"id,text\n1,good\n2,too,many\n3\n4,bad\n")
    result = predict(classifier, source, tmp_path / "out.jsonl")
    assert (result.rows, result.rejected) == (2, 2)
    assert [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()] == ["1", "4"]
    with result.rejects.open() as file:
        rejects = list(csv.DictReader(file))
    assert [reject["row"] for reject in rejects] == ["2", "3"]
    assert all(reject["reason"] for reject in rejects)
    source.write_text("id,text\n1,good\n")
    assert predict(classifier, source, tmp_path / "out.jsonl").rejects is None
    assert not (tmp_path / "out.rejects.csv").exists()  # those of an earlier input would mislead


def test_text_and_id_are_those_the_model_was_trained_on(make_bundle, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("id,comment,text\n7,good film,0\n8,bad,1\n")
    classifier = Classifier.open(make_bundle(), engine="onnxruntime")
    assert open_rows(classifier, str(source)).roles.schema.text == ("text",)
    reader = open_rows(classifier, str(source), text=("comment",), id_column="text")
    predict_file(classifier, reader, tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["id"].to_pylist() == ["0", "1"]
    assert table["label"].to_pylist() == [each.label for each in classifier.predict(["good film", "bad"])]


def test_a_kept_column_that_grows_a_type_is_kept(classifier, tmp_path):
    rows = "".join(f"{number},a good film of very many minutes,{number}\n" for number in range(60_000))
    source = tmp_path / "in.csv"
    source.write_text(f"id,text,extra\n{rows}60000,bad,none of them\n")
    few = tmp_path / "few.csv"
    few.write_text("id,text,extra\n1,good,1\n")
    reader = open_rows(classifier, str(source))
    assert pa.types.is_integer(reader.empty["extra"].type)

    quick = Classifier.of_engine(classifier.bundle, Quick())
    predict_file(quick, reader, tmp_path / "out.parquet", keep=["extra"])
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["extra"].to_pylist() == [*map(str, range(60_000)), "none of them"]
    assert table["id"].to_pylist() == [str(number) for number in range(60_001)]


@pytest.mark.slow
def test_what_changed_is_predicted_again(classifier, make_bundle, tmp_path):
    texts = ["good", "bad", "a slow film"] * 24_000
    source, target = write_reviews(tmp_path / "in.csv", texts), tmp_path / "out.parquet"

    def interrupt() -> None:
        stopping = Classifier.of_engine(classifier.bundle, Quick(rows=68_000))
        with pytest.raises(KeyboardInterrupt):
            predict(stopping, source, target)
        assert not target.exists()
        assert list((tmp_path / ".out.parquet.parts").glob("part-*"))

    quick = Classifier.of_engine(classifier.bundle, Quick())
    interrupt()
    result = predict(quick, source, target)
    assert 0 < result.resumed < result.rows == 72_000
    table = pq.read_table(target)
    assert table["id"].to_pylist() == [f"r{number}" for number in range(72_000)]
    assert table["score"].to_pylist() == [each.score for each in quick.predict(texts)]
    target.unlink()
    interrupt()
    texts[1] = "never"
    write_reviews(source, texts)
    assert predict(quick, source, target).resumed == 0
    target.unlink()
    interrupt()
    other = Classifier.of_engine(make_bundle(name="other@1"), Quick())
    assert predict(other, source, target).resumed == 0
    assert set(pq.read_table(target)["model"].to_pylist()) == {"other@1"}


def test_two_writers_of_one_file_do_not_mix(classifier, tmp_path):
    from tamis.predict.parts import Parts

    source = write_reviews(tmp_path / "in.csv", ["good"])
    with (
        Parts(tmp_path / "out.csv").held(),
        pytest.raises(UsageError, match=r"another tamis predict is writing out\.csv"),
    ):
        predict(classifier, source, tmp_path / "out.csv")


def test_bad_targets_and_columns_are_told(classifier, tmp_path):
    source = write_reviews(tmp_path / "in.csv", ["good"])
    with pytest.raises(UsageError, match=r"out\.parqet is to be. Endings: \.parquet.*Did you mean '\.parquet'"):
        predict(classifier, source, tmp_path / "out.parqet")
    with pytest.raises(UsageError, match="is a folder"):
        (tmp_path / "made.csv").mkdir()
        predict(classifier, source, tmp_path / "made.csv")
    with pytest.raises(UsageError, match="no column 'star' to keep. Columns: id, text, stars. Did you mean 'stars'"):
        predict(classifier, source, tmp_path / "out.csv", keep=["star"])
    numbers = tmp_path / "numbers.csv"
    numbers.write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(UsageError, match=r"no column looks like text. Columns: a, b\n.*--text-column COLUMN"):
        predict(classifier, numbers, tmp_path / "out.csv")


def test_empty_and_odd_inputs(classifier, tmp_path):
    heading = tmp_path / "heading.csv"
    heading.write_text("id,text\n")
    with pytest.raises(DataError, match="has a header and no rows: id, text"):
        predict(classifier, heading, tmp_path / "out.csv")
    nothing = tmp_path / "nothing.parquet"
    pq.write_table(pa.table({"id": pa.array([], pa.string()), "text": pa.array([], pa.string())}), nothing)
    assert predict(classifier, nothing, tmp_path / "out.parquet").rows == 0
    assert pq.read_table(tmp_path / "out.parquet").column_names[:2] == ["id", "label"]
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    with pytest.raises(DataError, match=r"empty\.csv"):
        predict(classifier, empty, tmp_path / "out.csv")
    garbage = tmp_path / "garbage.csv"
    garbage.write_bytes(random.Random(0).randbytes(5000))
    with pytest.raises((DataError, UsageError)):
        predict(classifier, garbage, tmp_path / "out.csv")
    textless = write_reviews(tmp_path / "textless.csv", ["", " ", ""])
    assert predict(classifier, textless, tmp_path / "out.csv").reasons == {"empty": 3}
    huge = write_reviews(tmp_path / "huge.csv", ["good " * 200_000, "bad"])
    assert predict(classifier, huge, tmp_path / "out.csv").rows == 2


PROGRAM = """
import sys
from pathlib import Path
from tamis.predict import Classifier, open_rows, predict_file
import tamis.predict.file as file
file.PART_SECONDS = 0.05  # a part for each window or two, so that a kill meets every moment
bundle, source, target = sys.argv[1:]
classifier = Classifier.open(bundle, engine="onnxruntime", threads=1)
result = predict_file(classifier, open_rows(classifier, source), Path(target))
print(result.rows, result.resumed, int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.slow
def test_kills_at_any_moment_lose_and_repeat_nothing(classifier, random_texts, tmp_path):
    source = write_reviews(tmp_path / "in.csv", random_texts(20_000, most=8))
    whole, target = tmp_path / "whole.parquet", tmp_path / "out.parquet"
    command = [sys.executable, "-c", PROGRAM, str(classifier.bundle.path), str(source)]
    start = time.monotonic()
    subprocess.run([*command, str(whole)], check=True, capture_output=True)
    seconds = time.monotonic() - start
    dice, kills = random.Random(1), 0
    while kills < 25 and not target.exists():
        process = subprocess.Popen([*command, str(target)], stdout=subprocess.DEVNULL)
        try:
            process.wait(dice.uniform(0.4, 1.0) * seconds)
        except subprocess.TimeoutExpired:
            kills += 1
            process.send_signal(signal.SIGKILL)
            process.wait()
        else:
            assert process.returncode == 0
    if not target.exists():
        subprocess.run([*command, str(target)], check=True)
    assert kills
    assert pq.read_table(target).equals(pq.read_table(whole))
    assert not (tmp_path / ".out.parquet.parts").exists()


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_same_command_goes_on(make_bundle, random_texts, workspace, tmp_path):
    bundle = make_bundle()
    source = write_reviews(tmp_path / "in.csv", random_texts(6_000, most=8))
    command = [sys.executable, "-m", "tamis", "-w", str(workspace.root), "predict", str(source), "--engine"]
    command += ["onnxruntime", "-m", str(bundle.path), "-o", str(tmp_path / "out.jsonl")]

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))  # for the parts, and not for the whole
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, preexec_fn=little_room, capture_output=True, text=True, env=environment)
    assert done.returncode == 1, done.stderr
    assert "no room left on the disk for" in done.stderr
    assert "goes on from there" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "6,000 rows predicted by tiny-encoder-1.abcd (onnxruntime), 6,000 of them by an earlier run" in done.stdout
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 6_000


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(make_bundle, tmp_path):
    bundle = make_bundle()
    peaks = []
    for rows in (20_000, 120_000):
        source = write_reviews(tmp_path / f"{rows}.csv", ["good film"] * rows)
        command = [sys.executable, "-c", PROGRAM, str(bundle.path), str(source), str(tmp_path / f"{rows}.parquet")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        predicted, resumed, peak = map(int, done.stdout.split())
        assert (predicted, resumed) == (rows, 0)
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 100
