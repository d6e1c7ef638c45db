"""Import: any table of text becomes a version, with nothing lost in silence and nothing half-done."""

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
from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet as pq
import pytest

from tamis.core import CheckFailed, DataError, UsageError
from tamis.data import RoleChoice, SourceOptions, dataset_versions, import_dataset, open_dataset
from tamis.data.importing import reject_limit
from tamis.data.sources import delimited


@pytest.fixture
def reviews(tmp_path):
    path = tmp_path / "reviews.csv"
    lines = [f"r{n},user{n % 7},Title {n},a text of some words {n},{n % 5 + 1}.0,{n}" for n in range(1, 101)]
    path.write_text("id,user,title,body,stars,votes\n" + "\n".join(lines) + "\n")
    return path


def _write(path, text):
    path.write_text(text)
    return path


def test_an_import_is_a_version_with_canonical_columns(workspace, reviews):
    result = import_dataset(workspace, str(reviews), name="reviews")
    dataset = result.dataset
    assert (dataset.ref, result.new, dataset.rows) == ("reviews@1", True, 100)
    assert list(dataset.columns) == ["id", "text", "label", "group", "title", "stars", "votes"]
    first = dataset.table().to_pylist()[0]
    assert first == {
        "id": "r1",
        "text": "a text of some words 1",
        "label": "2.0",  # as it was written
        "group": "user1",
        "title": "Title 1",
        "stars": 2.0,  # and as a number, for SQL
        "votes": 1,
    }
    assert dataset.manifest.task == "ordinal"
    assert dataset.label_set.names == ("1.0", "2.0", "3.0", "4.0", "5.0")
    assert dataset.manifest.source["uri"] == str(reviews)
    assert dataset.manifest.source["options"]["delimiter"] == ","


def test_the_same_rows_again_are_no_new_version(workspace, reviews, tamis):
    assert tamis("data", "import", reviews, "--name", "reviews").code == 0
    again = tamis("data", "import", reviews, "--name", "reviews")
    assert "Nothing new: reviews@1 holds these very rows already." in again.out
    assert dataset_versions(workspace, "reviews") == [1]
    with reviews.open("a") as file:
        file.write("r101,user1,t,one more,3.0,9\n")
    assert "Imported reviews@2: 101 rows" in tamis("data", "import", reviews, "--name", "reviews").out


def test_the_summary_tells_roles_and_reasons(tamis, reviews):
    out = tamis("data", "import", reviews, "--name", "reviews", "--dry-run").out
    assert "csv, delimiter ,, quoting minimal, header yes, encoding utf-8" in out
    for role, column, why in (
        ("text", "body", "by name and length"),
        ("label", "stars", "5 distinct values"),
        ("id", "id", "every value is another"),
        ("group", "user", "7 values in 100 rows"),
    ):
        assert any(role in line and column in line and why in line for line in out.splitlines()), role
    assert "--template '{title}. {body}' joins both" in out
    assert "Dry run: nothing was written." in out


def test_a_dry_run_writes_nothing(workspace, reviews):
    result = import_dataset(workspace, str(reviews), name="reviews", dry_run=True)
    assert result.dataset is None
    assert result.head.to_pylist()[0]["text"] == "a text of some words 1"
    assert dataset_versions(workspace, "reviews") == []


def test_as_json(tamis, reviews):
    told = json.loads(tamis("data", "import", reviews, "--name", "reviews", "--json").out)
    assert (told["dataset"], told["new"], told["manifest"]["rows"]) == ("reviews@1", True, 100)
    assert told["roles"]["label"]["columns"] == ["stars"]


def test_texts_are_joined_by_a_template_or_a_blank_line(workspace, tmp_path):
    path = _write(tmp_path / "a.csv", "title,body\nOne,first text\n,second text\nThree,\n,\n")
    told = RoleChoice(template="{title}: {body}!")
    joined = import_dataset(workspace, str(path), name="a", roles=told).dataset
    assert joined.table(["text"])["text"].to_pylist() == ["One: first text!", ": second text!", "Three: !", None]
    assert joined.manifest.textless == 1
    plain = import_dataset(workspace, str(path), name="b", roles=RoleChoice(text=("title", "body"))).dataset
    assert plain.table(["text"])["text"].to_pylist() == ["One\n\nfirst text", "second text", "Three", None]
    assert list(plain.columns) == ["id", "text", "title", "body"]


def test_several_labels_in_one_field(workspace, tmp_path):
    path = _write(tmp_path / "a.csv", 'text,kinds\none text,"a, b"\ntwo texts,\nthree texts,"b,"\nfour texts," "\n')
    told = RoleChoice(label=("kinds",), labels_delimiter=",")
    dataset = import_dataset(workspace, str(path), name="a", roles=told).dataset
    assert dataset.table()["label"].to_pylist() == [["a", "b"], None, ["b"], []]
    assert dataset.table()["kinds"].to_pylist() == ["a, b", None, "b,", " "]
    assert (dataset.manifest.task, dataset.manifest.labelled) == ("multi_label", 3)
    assert dataset.manifest.label_counts == {"a": 1, "b": 2}


def test_a_column_of_several_labels_is_noticed(workspace, tmp_path):
    path = _write(tmp_path / "a.csv", "text,tags\none text,a|b\ntwo texts,b\nthree texts,b|c\n")
    dataset = import_dataset(workspace, str(path), name="a").dataset
    assert dataset.table()["label"].to_pylist() == [["a", "b"], ["b"], ["b", "c"]]


def test_a_label_for_each_column_of_flags(workspace, tmp_path):
    path = _write(tmp_path / "a.csv", "text,rude,spam\none text,1,0\ntwo texts,1,1\nthree texts,0,0\nfour texts,,\n")
    dataset = import_dataset(workspace, str(path), name="a", roles=RoleChoice(one_hot=("rude", "spam"))).dataset
    assert dataset.table()["label"].to_pylist() == [["rude"], ["rude", "spam"], [], None]
    assert dataset.manifest.task == "multi_label"
    assert dataset.table()["rude"].to_pylist() == [1, 1, 0, None]
    hint = import_dataset(workspace, str(path), name="b").roles.hints
    assert any("--one-hot rude,spam" in each for each in hint)


def test_a_missing_label_or_text_loses_no_row(workspace, tmp_path):
    path = _write(tmp_path / "a.csv", "id,text,label,unused\n1,some words,x,\n2,more words,,\n3,,y,\n")
    dataset = import_dataset(workspace, str(path), name="a").dataset
    assert dataset.rows == 3
    assert (dataset.manifest.labelled, dataset.manifest.textless, dataset.manifest.rejected) == (2, 1, 0)


def test_names_of_roles_that_play_another_part_are_kept_apart(workspace, tmp_path):
    path = _write(
        tmp_path / "a.csv", "id,text,label,body,tag\n1,short,l1,a long natural text,x\n2,words,l2,and one more,y\n"
    )
    told = RoleChoice(text=("body",), label=("tag",), none=("id",))
    dataset = import_dataset(workspace, str(path), name="a", roles=told).dataset
    assert list(dataset.columns) == ["id", "text", "label", "source_id", "source_text", "source_label"]
    assert dataset.table(["id"])["id"].to_pylist() == ["1", "2"]


def test_rows_without_an_id_are_named_by_their_number(workspace, tmp_path):
    path = _write(tmp_path / "a.csv", "text,n\nfirst words,1\nbad\nthird words,3\n")
    dataset = import_dataset(workspace, str(path), name="a", max_rejects="1").dataset
    assert dataset.table()["id"].to_pylist() == ["1", "3"]  # row 2 was rejected
    path = _write(tmp_path / "b.csv", "key,text\nk1,first words\n,second words\n")
    dataset = import_dataset(workspace, str(path), name="b", roles=RoleChoice(id="key")).dataset
    assert dataset.table()["id"].to_pylist() == ["k1", "row2"]


def test_ids_that_repeat_are_made_unique_and_told(workspace, tmp_path, tamis):
    lines = "".join(f"{n if n != 1500 else 7},text number {n}\n" for n in range(1, 1601))
    path = _write(tmp_path / "a.csv", f"id,text\n{lines}")
    out = tamis("data", "import", path, "--name", "a").out
    assert "1 rows have the id of an earlier row ('7'…): theirs is now id#row." in out
    ids = open_dataset(workspace, "a").table(["id"])["id"].to_pylist()
    assert (len(set(ids)), ids[6], ids[1499]) == (1600, "7", "7#1500")


def test_an_id_column_that_repeats_early_is_not_taken_and_told(workspace, tmp_path):
    path = _write(tmp_path / "a.csv", "id,text\n1,first words\n1,second words\n2,third words\n")
    result = import_dataset(workspace, str(path), name="a")
    assert result.dataset.table(["id"])["id"].to_pylist() == ["1", "2", "3"]
    assert result.dataset.table()["source_id"].to_pylist() == [1, 1, 2]
    assert any("'id' does not name each row (2 values in 3 rows)" in hint for hint in result.roles.hints)
    result = import_dataset(workspace, str(path), name="a", roles=RoleChoice(id="id"))
    assert result.dataset.table(["id"])["id"].to_pylist() == ["1", "1#2", "2"]
    assert result.repeated_ids == 1


def test_ids_stay_as_written(workspace, tmp_path):
    path = _write(tmp_path / "a.csv", "id,text\n1.0,first words\n2.50,second words\n")
    dataset = import_dataset(workspace, str(path), name="a", roles=RoleChoice(id="id")).dataset
    assert dataset.table(["id"])["id"].to_pylist() == ["1.0", "2.50"]


def test_a_late_value_starts_over_once_and_keeps_all(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "_SAMPLE_BYTES", 2000)
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", 1000)
    lines = "".join(f"{n},{n},text number {n}\n" for n in range(500))
    path = _write(tmp_path / "a.csv", f"id,votes,text\n{lines}500,many,late text\n")
    dataset = import_dataset(workspace, str(path), name="a").dataset
    assert dataset.rows == 501
    assert dataset.table()["votes"].to_pylist()[-2:] == ["499", "many"]
    assert dataset_versions(workspace, "a") == [1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--label", "star"], "no column 'star' in the source. Columns: id, user, title, body, stars, votes. Did you"),
        (["--template", "{titel}"], "no column 'titel' in the source."),
        (["--template", "no column"], "names no column; write it like '{title}. {body}'"),
        (["--none", "lable"], "annotator. Did you mean 'label'?"),
        (["--none", "text"], "a dataset of texts needs a text"),
        (["--task", "multilabel"], "no task 'multilabel'. Tasks: single_label, multi_label, ordinal."),
        (["--label", "stars", "--one-hot", "votes"], "--label and --one-hot both say where the labels are"),
        (["--labels-delimiter", ",", "--none", "label"], "--labels-delimiter without a label column"),
        (["--kind", "cvs"], "no kind 'cvs'"),
        (["--max-rejects", "few"], "--max-rejects is a share (0.01 or 1%) or a number of rows (10), not 'few'"),
        (["--quoting", "all"], "--quoting is auto, minimal or none, not 'all'"),
    ],
)
def test_wrong_use_is_told_with_exit_2(tamis, workspace, reviews, words, message):
    outcome = tamis("data", "import", reviews, "--name", "reviews", *words)
    assert outcome.code == 2
    assert message in outcome.err
    assert dataset_versions(workspace, "reviews") == []


def test_no_text_anywhere(workspace, tmp_path):
    path = _write(tmp_path / "a.csv", "id,label\n15923,OFF\n27014,NOT\n60133,OFF\n")
    with pytest.raises(UsageError, match=r"no column looks like text. Columns: id, label\n  name it: --text COLUMN"):
        import_dataset(workspace, str(path), name="a")


def test_an_empty_or_missing_file(tamis, tmp_path):
    outcome = tamis("data", "import", _write(tmp_path / "a.csv", ""), "--name", "a")
    assert (outcome.code, "a.csv is empty" in outcome.err) == (1, True)
    outcome = tamis("data", "import", _write(tmp_path / "b.csv", "id,text\n"), "--name", "a")
    assert (outcome.code, "b.csv has a header and no rows: id, text" in outcome.err) == (1, True)
    outcome = tamis("data", "import", tmp_path / "c.csv", "--name", "a")
    assert outcome.code == 2
    assert "c.csv" in outcome.err


def test_rejects_are_kept_with_row_and_reason(workspace, tmp_path, tamis):
    lines = [f"{n},words and words {n}" for n in range(1, 301)]
    lines[41] = "42,too,many"
    path = _write(tmp_path / "a.csv", "id,text\n" + "\n".join(lines) + "\n\n\n")
    out = tamis("data", "import", path, "--name", "a").out
    assert "3 rows rejected" in out
    assert f"{path}, row 42: expected 2 fields, got 3: '42,too,many'" in out
    dataset = open_dataset(workspace, "a")
    assert (dataset.rows, dataset.manifest.rejected) == (299, 3)
    assert [(row["row"], row["reason"], row["content"]) for row in dataset.rejects().to_pylist()] == [
        (42, "expected 2 fields, got 3", "42,too,many"),
        (301, "empty line", ""),
        (302, "empty line", ""),
    ]


def test_too_many_rejects_fail_and_are_written_where_one_can_read_them(workspace, tmp_path, tamis):
    lines = [f"{n},words and words {n}" for n in range(1, 101)]
    for place in (10, 20, 30):
        lines[place] = f"{place + 1},too,many"
    path = _write(tmp_path / "a.csv", "id,text\n" + "\n".join(lines) + "\n")
    outcome = tamis("data", "import", path, "--name", "a")
    assert outcome.code == 3
    assert "3 of 100 rows of" in outcome.err
    assert "cannot be read (3.00%; 1.00% are allowed); nothing was imported" in outcome.err
    assert "row 11: expected 2 fields, got 3: '11,too,many'" in outcome.err
    assert "--max-rejects 3%" in outcome.err
    kept = workspace.state / "rejects" / "a.csv"
    assert str(kept) in outcome.err
    with kept.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["content"]) for row in rows] == [
        ("11", "11,too,many"),
        ("21", "21,too,many"),
        ("31", "31,too,many"),
    ]
    assert dataset_versions(workspace, "a") == []
    assert tamis("data", "import", path, "--name", "a", "--max-rejects", "3%").code == 0
    assert tamis("data", "import", path, "--name", "b", "--max-rejects", "2").code == 3
    assert tamis("data", "import", path, "--name", "b", "--max-rejects", "3").code == 0
    assert tamis("data", "import", path, "--name", "c", "data.max_rejects=0.5").code == 0


def test_empty_lines_never_make_an_import_fail(workspace, tmp_path):
    path = _write(tmp_path / "a.csv", "id,text\n1,some words\n\n\n\n")
    assert import_dataset(workspace, str(path), name="a", max_rejects="0").dataset.manifest.rejected == 3


def test_a_file_with_no_readable_row(workspace, tmp_path):
    path = _write(tmp_path / "a.csv", "id,text\n1,a,b\n")
    with pytest.raises((CheckFailed, DataError)):
        import_dataset(workspace, str(path), name="a")


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ("2%", (0.02, None)),
        ("10", (None, 10)),
        (0.01, (0.01, None)),
        (0.0, (0.0, None)),
        ("1.0", (1.0, None)),
        (1e-05, (1e-05, None)),
    ],
)
def test_reject_limits(given, limit):
    assert reject_limit(given) == limit


@pytest.mark.parametrize("given", ["200%", "-1", "1.5", "x", ""])
def test_reject_limits_that_mean_nothing(given):
    with pytest.raises(UsageError, match="--max-rejects is a share"):
        reject_limit(given)


def test_two_imports_of_one_name_at_once_both_land(workspace, tmp_path):
    paths = [_write(tmp_path / f"{n}.csv", f"id,text\n1,some words {n}\n") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda path: import_dataset(workspace, str(path), name="a"), paths))
    assert sorted(result.dataset.version for result in results) == [1, 2, 3, 4]
    texts = {open_dataset(workspace, f"a@{n}").table(["text"])["text"][0].as_py() for n in (1, 2, 3, 4)}
    assert texts == {f"some words {n}" for n in range(4)}


def _big(path, rows=60_000):
    words = "many words that fill a line of some length " * 3
    with path.open("w") as file:
        file.write("id,text,label\n")
        file.writelines(f'{n},"{n} {words}, {random.random()}",{"ab"[n % 2]}\n' for n in range(rows))
    return path


@pytest.mark.slow
def test_sigkill_leaves_no_half_version(workspace, tmp_path):
    path = _big(tmp_path / "big.csv", 200_000)
    command = [sys.executable, "-m", "tamis", "-w", str(workspace.root), "data", "import", str(path), "--name", "big"]
    home = workspace.datasets / "big"
    seen_drafts = 0
    for delay in (0.0, 0.1, 0.3, 0.6, 1.0):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not (home.is_dir() and any(home.iterdir())) and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        seen_drafts += any(each.name.startswith(".writing-") for each in home.iterdir())
        for version in dataset_versions(workspace, "big"):  # it may have been done already; then it is whole
            assert open_dataset(workspace, f"big@{version}").table(["id"]).num_rows == 200_000
    assert seen_drafts
    result = import_dataset(workspace, str(path), name="big")
    assert result.dataset.rows == 200_000
    assert sorted(each.name for each in home.iterdir()) == ["v1"]  # what the killed ones left is gone


@pytest.mark.slow
def test_a_full_disk_is_told_and_leaves_nothing(workspace, tmp_path):
    path = _big(tmp_path / "big.csv")

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    outcome = subprocess.run(
        [sys.executable, "-m", "tamis", "-w", str(workspace.root), "data", "import", str(path), "--name", "big"],
        preexec_fn=little_room,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert outcome.returncode == 1
    assert "tamis: no room left on the disk for the dataset; nothing was kept" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert not list((workspace.datasets / "big").iterdir())


@pytest.mark.slow
def test_memory_stays_flat(workspace, tmp_path):
    peaks = []
    for rows in (50_000, 400_000):
        path = _big(tmp_path / f"{rows}.csv", rows)
        program = (
            "import sys; from pathlib import Path\n"
            "from tamis.core import Workspace\nfrom tamis.data import import_dataset\n"
            "import_dataset(Workspace(Path(sys.argv[1])), sys.argv[2], name='big')\n"
            # not ru_maxrss, which begins with what this very process holds
            "print(int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) // 1024)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(workspace.root), str(path)], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout))
    assert peaks[1] < 1024
    assert peaks[1] < peaks[0] + 400


def test_list_and_show(tamis, reviews, workspace):
    assert "No datasets yet" in tamis("data", "list").out
    tamis("data", "import", reviews, "--name", "reviews")
    with reviews.open("a") as file:
        file.write("r101,user1,t,one more,3.0,9\n")
    tamis("data", "import", reviews, "--name", "reviews")
    assert [row["version"] for row in json.loads(tamis("data", "list", "--json").out)] == [2]
    assert [row["version"] for row in json.loads(tamis("data", "list", "--all", "--json").out)] == [1, 2]
    shown = tamis("data", "show", "reviews@1").out
    for part in (
        "reviews@1: 100 rows",
        "task         ordinal",
        "delimiter ,",
        "body",
        "stars",
        "double",
        "First rows",
        "20.0%",
    ):
        assert part in shown
    assert json.loads(tamis("data", "show", "reviews", "--json").out)["rows"] == 101
    assert tamis("data", "show", "review").code == 2


def test_row_groups_are_not_of_the_size_of_blocks(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", 2000)
    path = _big(tmp_path / "a.csv", 1000)
    dataset = import_dataset(workspace, str(path), name="a").dataset
    assert [pq.ParquetFile(part).num_row_groups for part in dataset.parts] == [1]


def test_real_files(workspace, shared):
    def take(file, **roles):
        result = import_dataset(workspace, str(shared(file)), name="real", roles=RoleChoice(**roles))
        return result.dataset.manifest

    gift = take("amazon-reviews/amazon_reviews_us_Gift_Card_v1_00.tsv")
    assert (gift.rows, gift.rejected, gift.schema_.text, gift.schema_.label) == (
        1452,
        2,
        ("review_body",),
        ("star_rating",),
    )
    assert gift.columns["star_rating"] == "int64"
    assert gift.label_counts == {"1": 54, "2": 14, "3": 33, "4": 85, "5": 1266}
    clothing = take("womens-clothing/Womens Clothing E-Commerce Reviews.csv.gz")
    assert (clothing.rows, clothing.textless, clothing.rejected) == (23_486, 845, 0)
    assert (clothing.schema_.text, clothing.schema_.label) == (("Review Text",), ("Rating",))
    olid = take("olid/olid-training-v1.0.tsv", label=("subtask_b",))
    assert (olid.rows, olid.schema_.text, olid.schema_.id) == (13_240, ("tweet",), "id")
    assert olid.label_counts == {"NULL": 8840, "TIN": 3876, "UNT": 524}
    projects = take("madewithml/dataset.csv")
    assert (projects.rows, projects.schema_.text, projects.schema_.label) == (764, ("description",), ("tag",))


def test_null_can_be_told_to_mean_missing(workspace, shared):
    path = str(shared("olid/olid-training-v1.0.tsv"))
    options = SourceOptions(null_values=("NULL",))
    manifest = import_dataset(
        workspace, path, name="olid", options=options, roles=RoleChoice(label=("subtask_b",))
    ).dataset.manifest
    assert (manifest.rows, manifest.labelled) == (13_240, 4400)


@pytest.mark.parametrize(("values", "odd"), [("OFF,NOT", "'OFF'"), ("1,2", "2")])
def test_a_one_hot_column_that_holds_no_flags_is_told(tmp_path, tamis, values, odd):
    first, second = values.split(",")
    (tmp_path / "a.csv").write_text(f"text,a\none word,{first}\ntwo words,{second}\n")
    outcome = tamis("data", "import", tmp_path / "a.csv", "--name", "a", "--one-hot", "a")
    assert outcome.code == 1
    assert f"--one-hot column 'a' holds {odd}, which is no flag" in outcome.err
