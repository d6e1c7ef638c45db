"""Batch: every row of many files once, the same bytes whoever predicts them and whatever interrupts."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.core import DataError, UsageError, plugins
from tamis.predict import BatchJob, Classifier, plan_batch, run_batch


@pytest.fixture
def bundle(make_linear):
    return make_linear()


@pytest.fixture
def folder(tmp_path, random_texts):
    """Three CSV files with ids of their own, one with rows that cannot be read."""
    path = tmp_path / "in"
    path.mkdir()
    for name, rows in (("a", 70), ("b", 25), ("c", 3)):
        write_reviews(path / f"{name}.csv", random_texts(rows, seed=rows), prefix=name)
    with (path / "c.csv").open("a") as file:
        file.write("c3,good,2,too many\nc4,bad,1\n")
    return path


def write_reviews(path: Path, texts: list[str], *, prefix: str = "r") -> Path:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "text", "stars"])
        rows.writerows([f"{prefix}{number}", text, number % 5] for number, text in enumerate(texts))
    return path


def run(bundle, source, target, *, workers=1, executor="local", force=False, **options):
    job = BatchJob(source=str(source), target=str(target), bundle=bundle.path, **{"shard_rows": 30, **options})
    return run_batch(job, plugins.load("executor", executor)(workers=workers), force=force)


def contents(target: Path) -> dict[str, bytes]:
    return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}


def manifest_of(target: Path) -> dict:
    return json.loads((target / "manifest.json").read_bytes())


def rows_of(target: Path) -> list[dict]:
    shards = manifest_of(target)["shards"]
    return [row for shard in shards for row in pq.read_table(target / "predictions" / shard["name"]).to_pylist()]


def texts_of(folder: Path) -> dict[str, str]:
    """The texts by id, in the order of the files."""
    found = {}
    for path in sorted(folder.iterdir()):
        with path.open() as file:
            found |= {row["id"]: row["text"] for row in csv.DictReader(file) if None not in row}
    return found


def test_the_predictions_are_those_of_the_classifier(bundle, folder, tmp_path):
    texts = texts_of(folder)
    expected = Classifier.open(bundle).predict(list(texts.values()), list(texts))
    result = run(bundle, folder, tmp_path / "out")
    assert rows_of(tmp_path / "out") == [each.to_dict() for each in expected]
    assert (result.files, result.shards, result.rows, result.rejected, result.resumed_shards) == (3, 5, 99, 1, 0)
    assert result.reasons == {reason: [each.reason for each in expected].count(reason) for reason in result.reasons}


def test_two_processes_write_the_same_bytes_as_one(bundle, folder, tmp_path):
    run(bundle, folder, tmp_path / "one")
    run(bundle, folder, tmp_path / "two", workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.slow
def test_ray_writes_the_same_bytes(make_bundle, bundle, folder, ray_cluster, tmp_path):
    for name, each, engine in (("words", bundle, None), ("encoder", make_bundle(), "onnxruntime")):
        chosen = {} if engine is None else {"engine": engine}
        for executor in ("local", "ray"):
            run(each, folder, tmp_path / name / executor, executor=executor, workers=2, **chosen)
        assert contents(tmp_path / name / "ray") == contents(tmp_path / name / "local")


def test_an_encoder_says_the_same_in_any_shard(make_bundle, folder, tmp_path):
    bundle, texts = make_bundle(), texts_of(folder)
    expected = Classifier.open(bundle, engine="onnxruntime").predict(list(texts.values()), list(texts))
    for rows in (7, 1000):
        run(bundle, folder, tmp_path / str(rows), shard_rows=rows, engine="onnxruntime")
        assert rows_of(tmp_path / str(rows)) == [each.to_dict() for each in expected]


def test_several_labels_scores_and_kept_columns(make_linear, folder, tmp_path):
    bundle = make_linear(task="multi_label")
    run(bundle, folder, tmp_path / "out", scores=True, keep=("stars", "text"))
    texts = texts_of(folder)
    expected = Classifier.open(bundle).predict(list(texts.values()), list(texts))
    rows = rows_of(tmp_path / "out")
    assert [row["text"] or "" for row in rows] == list(texts.values())
    assert [row["labels"] for row in rows] == [None if each.label is None else list(each.label) for each in expected]
    assert [row["score_odd"] for row in rows] == [each.scores["odd"] for each in expected]


def test_the_manifest_tells_all(bundle, folder, tmp_path):
    result = run(bundle, folder, tmp_path / "out")
    told = manifest_of(tmp_path / "out")
    assert (told["rows"], told["rejected"], told["reasons"]) == (99, 1, dict(result.reasons))
    assert told["plan"]["model"]["name"] == bundle.name
    assert [(file["rows"], file["rejected"], file["shards"]) for file in told["files"]] == [
        (70, 0, 3),
        (25, 0, 1),
        (4, 1, 1),
    ]
    assert [file["bytes"] for file in told["files"]] == [path.stat().st_size for path in sorted(folder.iterdir())]
    assert [(Path(shard["uri"]).name, shard["first_row"], shard["rows"]) for shard in told["shards"]] == [
        ("a.csv", 1, 30),
        ("a.csv", 31, 30),
        ("a.csv", 61, 10),
        ("b.csv", 1, 25),
        ("c.csv", 1, 4),
    ]
    for shard in told["shards"]:
        content = (tmp_path / "out" / "predictions" / shard["name"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (shard["bytes"], shard["sha256"])
        assert sum(shard["reasons"].values()) == shard["rows"]
    with (tmp_path / "out" / "rejects.csv").open() as file:
        assert [(Path(row["source"]).name, row["row"]) for row in csv.DictReader(file)] == [("c.csv", "4")]
    assert not list((tmp_path / "out" / "_checkpoints").glob("*"))


def stop_after(shards: int):
    """An executor that is interrupted after so many shards."""

    class Stopping:
        def map_batches(self, fn, batches):
            for number, batch in enumerate(batches):
                if number == shards:
                    raise KeyboardInterrupt
                yield fn(batch)

    return Stopping()


def interrupted(bundle, source, target, *, after: int, **options) -> None:
    job = BatchJob(source=str(source), target=str(target), bundle=bundle.path, **{"shard_rows": 30, **options})
    with pytest.raises(KeyboardInterrupt):
        run_batch(job, stop_after(after))
    assert not (target / "manifest.json").exists()


def test_it_goes_on_with_what_is_missing(bundle, folder, tmp_path):
    run(bundle, folder, tmp_path / "whole")
    target = tmp_path / "out"
    interrupted(bundle, folder, target, after=2)
    written = {path.name: path.stat().st_mtime_ns for path in (target / "predictions").iterdir()}
    assert len(written) == 2
    next(iter((target / "predictions").iterdir())).unlink()
    result = run(bundle, folder, target)
    assert (result.resumed_shards, result.shards) == (1, 5)
    assert contents(target) == contents(tmp_path / "whole")
    again = run(bundle, folder, target)
    assert (again.resumed_shards, again.rows) == (5, result.rows)
    assert contents(target) == contents(tmp_path / "whole")


def test_files_that_come_later_are_added(bundle, folder, tmp_path):
    whole, target = tmp_path / "whole", tmp_path / "out"
    run(bundle, folder, whole)
    shutil.move(folder / "b.csv", tmp_path / "b.csv")
    assert run(bundle, folder, target).files == 2
    shutil.move(tmp_path / "b.csv", folder / "b.csv")
    assert run(bundle, folder, target).resumed_shards == 4
    assert contents(target) == contents(whole)


def test_a_changed_source_is_told_and_starts_anew_only_by_force(bundle, folder, tmp_path):
    target, first = tmp_path / "out", folder / "a.csv"
    interrupted(bundle, folder, target, after=2)
    before = contents(target)
    content = first.read_bytes()
    first.write_bytes(content.replace(b",0\r", b",00\r", 1))
    with pytest.raises(DataError, match=r"a\.csv changed after it was predicted: [\d,]+ bytes then.*\n.*--force"):
        run(bundle, folder, target)
    first.write_bytes(content.replace(b"a40,", b"x40,"))  # as long as before
    with pytest.raises(DataError, match=r"a\.csv changed after its rows from 31 on were predicted"):
        run(bundle, folder, target)
    first.rename(tmp_path / "a.csv")
    with pytest.raises(DataError, match=r"a\.csv was predicted, and is no longer in the source"):
        run(bundle, folder, target)
    shutil.move(tmp_path / "a.csv", first)
    assert {name: before[name] for name in before} == {name: contents(target)[name] for name in before}
    result = run(bundle, folder, target, force=True)
    assert result.resumed_shards == 0
    assert rows_of(target)[40]["id"] == "x40"


def test_another_model_or_setting_is_told_and_starts_anew_only_by_force(bundle, make_linear, folder, tmp_path):
    target, other = tmp_path / "out", make_linear(name="other@1")
    interrupted(bundle, folder, target, after=2)
    with pytest.raises(UsageError, match=r"begun otherwise:\n  model: .*tiny-linear-1.*other@1"):
        run(other, folder, target)
    with pytest.raises(UsageError, match=r"\n  shard_rows: 30 before, 31 now\n.*--force"):
        run(bundle, folder, target, shard_rows=31)
    run(bundle, folder, target)
    with pytest.raises(UsageError, match=r"\n  keep: \[\] before, \[\"stars\"\] now"):
        run(bundle, folder, target, keep=("stars",))
    run(other, folder, target, force=True, shard_rows=50)
    assert {row["model"] for row in rows_of(target)} == {"other@1"}
    assert len(list((target / "predictions").iterdir())) == 4, "those of the other model are gone"


def test_a_folder_of_others_is_left_alone(bundle, folder, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="is not empty, and no batch was begun there"):
        run(bundle, folder, tmp_path / "mine", force=True)
    assert contents(tmp_path / "mine") == {"thesis.txt": b"years of work"}


def test_a_target_in_the_source_is_refused(bundle, folder):
    with pytest.raises(UsageError, match="lies in .*: the predictions would be read as texts"):
        run(bundle, folder, folder / "deep" / "out")
    with pytest.raises(UsageError, match="lies in s3://bucket/in/"):
        run(bundle, "s3://bucket/in/", "s3://bucket/in/out")


def test_a_file_that_cannot_be_read_does_not_keep_the_others_from_it(bundle, folder, tmp_path):
    target, damaged = tmp_path / "out", folder / "b.csv"
    text = damaged.read_text()
    damaged.write_text("")
    with pytest.raises(DataError, match=r"1 of 3 files cannot be read\n  .*b\.csv: .*\n.*the others are predicted"):
        run(bundle, folder, target)
    assert not (target / "manifest.json").exists()
    damaged.write_text(text)
    result = run(bundle, folder, target)
    assert (result.resumed_shards, result.shards) == (4, 5)
    (folder / "d.csv").write_text("id,words\n1,good\n")
    with pytest.raises(DataError, match=r"d\.csv: .*text.*Columns: id, words"):
        run(bundle, folder, target)


def test_wrong_words_are_told_before_anything_is_written(bundle, folder, tmp_path):
    with pytest.raises(UsageError, match="no column 'star' to keep. Columns: id, text, stars. Did you mean 'stars'"):
        run(bundle, folder, tmp_path / "out", keep=("star",))
    with pytest.raises(UsageError, match="no column 'txt'"):
        run(bundle, folder, tmp_path / "out", text=("txt",))
    with pytest.raises(UsageError, match="no store named 'gs'. Installed: file, s3"):
        run(bundle, folder, "gs://bucket/out")
    with pytest.raises(UsageError, match="at least one row, not 0"):
        run(bundle, folder, tmp_path / "out", shard_rows=0)
    assert not (tmp_path / "out").exists()


def test_the_plan_counts_and_writes_nothing(bundle, folder, tmp_path):
    job = BatchJob(source=str(folder), target=str(tmp_path / "out"), bundle=bundle.path, shard_rows=30)
    assert [(Path(file.uri).name, file.rows, file.rejected, file.shards) for file in plan_batch(job)] == [
        ("a.csv", 70, 0, 3),
        ("b.csv", 25, 0, 1),
        ("c.csv", 4, 1, 1),
    ]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "csv.gz"])
def test_rows_of_any_kind_of_file(bundle, random_texts, tmp_path, kind):
    texts = random_texts(50)
    table = pa.table({"id": [str(number) for number in range(50)], "text": texts})
    source = tmp_path / f"in.{kind}"
    if kind == "parquet":
        pq.write_table(table, source, row_group_size=7)
    elif kind == "jsonl":
        source.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    else:
        import gzip

        write_reviews(tmp_path / "in.csv", texts, prefix="")
        source.write_bytes(gzip.compress((tmp_path / "in.csv").read_bytes()))
    run(bundle, source, tmp_path / "out", shard_rows=20)
    expected = Classifier.open(bundle).predict(texts, [str(number) for number in range(50)])
    assert rows_of(tmp_path / "out") == [each.to_dict() for each in expected]


def test_odd_names_and_empty_files(bundle, tmp_path):
    for number, name in enumerate(("x/a b.csv", "y/a b.csv", "ü#?%41.csv")):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(f"id,text\n{number},good\n")
    run(bundle, tmp_path / "in", (tmp_path / "ö ut").as_uri())
    run(bundle, tmp_path / "in", (tmp_path / "ö ut").as_uri())
    assert [row["id"] for row in rows_of(tmp_path / "ö ut")] == ["0", "1", "2"]
    nothing = tmp_path / "nothing.parquet"
    pq.write_table(pa.table({"id": pa.array([], pa.string()), "text": pa.array([], pa.string())}), nothing)
    assert run(bundle, nothing, tmp_path / "none").rows == 0
    assert manifest_of(tmp_path / "none")["shards"] == []


def test_from_bucket_to_bucket(bundle, folder, s3_bucket, tmp_path):
    store = plugins.load("store", "s3")()
    for path in folder.iterdir():
        with store.write(f"{s3_bucket}/in/{path.name}") as file:
            file.write(path.read_bytes())
    job = {"source": f"{s3_bucket}/in/", "target": f"{s3_bucket}/out/", "bundle": bundle.path, "shard_rows": 30}
    with pytest.raises(KeyboardInterrupt):
        run_batch(BatchJob(**job), stop_after(2))
    local = plugins.load("executor", "local")(workers=1)
    assert run_batch(BatchJob(**job), local).resumed_shards == 2
    for stored in store.list(f"{s3_bucket}/out"):
        path = tmp_path / "copy" / stored.uri.removeprefix(f"{s3_bucket}/out/")
        path.parent.mkdir(parents=True, exist_ok=True)
        with store.read(stored.uri) as file:
            path.write_bytes(file.read())
    run(bundle, folder, tmp_path / "local")
    assert rows_of(tmp_path / "copy") == rows_of(tmp_path / "local")
    assert run_batch(BatchJob(**job), local).resumed_shards == 5


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_kills_at_any_moment_lose_and_repeat_nothing(bundle, random_texts, workspace, tmp_path, workers):
    source, whole, target = tmp_path / "in", tmp_path / "whole", tmp_path / "out"
    source.mkdir()
    for name in "abc":
        write_reviews(source / f"{name}.csv", random_texts(4_000, seed=ord(name), most=20), prefix=name)
    command = [sys.executable, "-m", "tamis", "-w", str(workspace.root), "batch", str(source), "-m", str(bundle.path)]
    command += ["--workers", str(workers), "--shard-rows", "500", "-o"]
    start = time.monotonic()
    subprocess.run([*command, str(whole)], check=True, capture_output=True)
    seconds = time.monotonic() - start
    dice, kills = random.Random(workers), 0
    while kills < 4 and not (target / "manifest.json").exists():
        process = subprocess.Popen([*command, str(target)], stdout=subprocess.DEVNULL)
        try:
            process.wait(dice.uniform(0.3, 0.9) * seconds)
        except subprocess.TimeoutExpired:
            kills += 1
            process.send_signal(signal.SIGKILL)
            process.wait()
        else:
            assert process.returncode == 0
    if not (target / "manifest.json").exists():
        subprocess.run([*command, str(target)], check=True, capture_output=True)
    assert kills
    assert contents(target) == contents(whole)
    texts = texts_of(source)
    expected = Classifier.open(bundle).predict(list(texts.values()), list(texts))
    assert rows_of(target) == [each.to_dict() for each in expected]
