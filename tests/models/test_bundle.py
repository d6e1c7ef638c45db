"""Bundles: sealed, verified, packed as one file; and every way a strange file could do harm is refused."""

from __future__ import annotations

import json
import shutil
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamis.core import DataError, LabelSet, Schema, UsageError
from tamis.models import (
    BundleManifest,
    EngineChoice,
    Lineage,
    TaskSpec,
    add_to_bundle,
    fit_linear,
    model_card,
    open_bundle,
    pack_bundle,
    seal_bundle,
    write_card,
)
from tamis.tasks import task_for


def manifest_of(**changes):
    task = task_for("single_label", LabelSet(["bad", "good"]))
    lineage = Lineage(
        run="tiny-linear-1",
        fingerprint="abcd",
        dataset="tiny@1",
        dataset_fingerprint="ef",
        tamis="0.1.0",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        settings={"seed": 0, "rate": 1e-4},
    )
    said = {
        "name": "tiny-linear-1.abcd",
        "family": "linear",
        "task": TaskSpec.of(task),
        "schema_": Schema(text=("text",)),
        "cleaning": ("whitespace",),
        "engine": EngineChoice(name="linear", file="model.safetensors"),
        "lineage": lineage,
        "notes": {"validation": {"accuracy": 0.123456789, "loss": 1 / 3}, "rows": 20},
    }
    return BundleManifest(**{**said, **changes})


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The folder of a sealed linear model, which no test changes."""
    folder = tmp_path_factory.mktemp("sound") / "bundle"
    task = task_for("single_label", LabelSet(["bad", "good"]))
    targets = np.array([0, 1] * 6)
    fit_linear(["awful film", "lovely film"] * 6, targets, task)[0].save(folder)
    seal_bundle(folder, manifest_of())
    return folder


@pytest.fixture
def folder(sound, tmp_path):
    return Path(shutil.copytree(sound, tmp_path / "bundle"))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A user's cache of this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "tamis" / "bundles"


@pytest.fixture(scope="module")
def packed(sound, tmp_path_factory):
    return pack_bundle(open_bundle(sound), tmp_path_factory.mktemp("packed") / "tiny.tamis")


def rewrite(folder, change):
    said = json.loads((folder / "tamis.json").read_text())
    said.pop("seal")
    change(said)
    (folder / "tamis.json").write_text(json.dumps(said))


# ---------------------------------------------------------------- folders


def test_a_sealed_bundle_opens_with_what_was_said(folder):
    bundle = open_bundle(folder)
    assert bundle.manifest.notes == manifest_of().notes
    assert set(bundle.manifest.files) == {"linear.json", "model.safetensors"}
    assert (bundle.name, bundle.task.outputs) == ("tiny-linear-1.abcd", ("bad", "good"))
    assert seal_bundle(folder, bundle.manifest).manifest == bundle.manifest  # as often as one likes


def test_a_card_may_be_written_and_edited_after_the_seal(folder):
    bundle = open_bundle(folder)
    write_card(folder, bundle.manifest)
    (folder / ".DS_Store").write_text("x")
    with (folder / "README.md").open("a") as file:
        file.write("My own words.\n")
    assert open_bundle(folder).manifest == bundle.manifest


@pytest.mark.parametrize("name", ["model.safetensors", "linear.json"])
def test_a_file_that_changed_or_went_is_told(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} of the bundle .* is not the file that was sealed"):
        open_bundle(folder)
    (folder / name).unlink()
    with pytest.raises(DataError, match=f"{name} of the bundle .* is not the file that was sealed"):
        open_bundle(folder)


@pytest.mark.parametrize("name", ["model.onnx", "special_tokens_map.json", "sub/notes.txt"])
def test_a_file_that_was_not_sealed_is_refused(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("{}")
    with pytest.raises(DataError, match=f"holds files that were not sealed: {name}"):
        open_bundle(folder)


@pytest.mark.parametrize("name", ["setup.py", "model.pkl", "pytorch_model.bin", "sub/lib.SO"])
def test_what_runs_is_never_sealed(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("")
    with pytest.raises(DataError, match="names a file that runs or may run when it is loaded"):
        seal_bundle(folder, manifest_of())


def test_a_kill_between_the_two_steps_of_adding_a_file_is_mended(folder):
    bundle = add_to_bundle(open_bundle(folder), "evaluation.json", "{}")
    newer = add_to_bundle(bundle, "evaluation.json", '{"newer": 1}')
    (folder / "evaluation.json").rename(folder / ".evaluation.json.waiting")  # killed before the last step
    (folder / "evaluation.json").write_text("{}")
    assert open_bundle(folder).manifest == newer.manifest
    assert (folder / "evaluation.json").read_text() == '{"newer": 1}'
    (folder / ".evaluation.json.waiting").write_text("forged")
    assert open_bundle(folder).manifest == newer.manifest
    assert (folder / "evaluation.json").read_text() == '{"newer": 1}'


def test_a_manifest_that_was_edited_is_told(folder):
    path = folder / "tamis.json"
    path.write_text(path.read_text().replace('"bad"', '"baD"'))
    with pytest.raises(DataError, match="does not say any more what was sealed"):
        open_bundle(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda said: said.update(format=2), "has format 2; this Tamis reads format 1"),
        (lambda said: said.pop("format"), "has format None"),
        (lambda said: said.update(more=1), "is damaged: more: Extra inputs"),
        (lambda said: said["task"].pop("labels"), r"is damaged: task\.labels: Field required"),
        (lambda said: said["files"].update({"../../secret": "0"}), "may lie outside of the bundle: '../../secret'"),
        (lambda said: said["files"].update({"/etc/passwd": "0"}), "may lie outside"),
        (lambda said: said["files"].update({"C:\\x": "0"}), "may lie outside"),
        (lambda said: said["files"].update({"a\nb": "0"}), "may lie outside"),
        (lambda said: said["files"].update({"LINEAR.json": "0"}), "one file on some systems"),
        (lambda said: said["files"].update({"x.pickle": "0"}), "runs or may run"),
        (lambda said: said["files"].update({f"f{number}": "0" for number in range(1100)}), "more than 1000 files"),
        (lambda said: said["engine"].update(file="../model.onnx"), r"may lie outside of the bundle: '\.\./model"),
    ],
)
def test_a_manifest_that_says_what_none_may_say(folder, change, message):
    rewrite(folder, change)
    with pytest.raises(DataError, match=message):
        open_bundle(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format":1}'])
def test_a_manifest_that_is_none(folder, content):
    (folder / "tamis.json").write_bytes(content)
    with pytest.raises(DataError, match=r"tamis\.json is damaged"):
        open_bundle(folder)


def test_a_huge_manifest_is_not_read(folder, monkeypatch):
    from tamis.models import sealed

    monkeypatch.setattr(sealed, "MOST_MANIFEST_BYTES", 100)
    with pytest.raises(DataError, match="a manifest has 100 at most"):
        open_bundle(folder)


def test_what_is_no_bundle_says_so(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(DataError, match=r"no tamis\.json in .*: this is no bundle"):
            open_bundle(path)


# ---------------------------------------------------------------- one file


def test_one_file_holds_the_same_bundle(sound, packed, cache, tmp_path):
    bundle = open_bundle(sound)
    opened = open_bundle(packed)
    assert opened.manifest == bundle.manifest
    assert opened.path.parent == cache
    for name in bundle.manifest.files:
        assert (opened.path / name).read_bytes() == (sound / name).read_bytes()
    assert open_bundle(packed).path == opened.path
    assert [path.name for path in cache.iterdir()] == [opened.path.name]
    again = pack_bundle(opened, tmp_path / "again.tamis")
    assert again.read_bytes() == packed.read_bytes()
    entries = zipfile.ZipFile(packed).infolist()
    assert entries[0].filename == "tamis.json"
    kinds = {entry.filename: entry.compress_type for entry in entries}
    assert kinds["model.safetensors"] == zipfile.ZIP_STORED
    assert kinds["linear.json"] == zipfile.ZIP_DEFLATED


def test_the_card_goes_with_it(folder, tmp_path):
    bundle = open_bundle(folder)
    write_card(folder, bundle.manifest)
    opened = open_bundle(pack_bundle(bundle, tmp_path / "carded.tamis"))
    assert (opened.path / "README.md").read_text() == model_card(bundle.manifest)


def test_a_cached_folder_that_was_meddled_with_is_made_anew(packed):
    folder = open_bundle(packed).path
    (folder / "linear.json").write_text("{}")
    (folder / "evil.py").write_text("")
    assert open_bundle(packed).path == folder
    assert sorted(path.name for path in folder.iterdir()) == ["linear.json", "model.safetensors", "tamis.json"]


def test_without_a_cache_to_write_to_it_opens_all_the_same(packed, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert open_bundle(packed).name == "tiny-linear-1.abcd"


def test_another_suffix_is_refused(sound, tmp_path):
    with pytest.raises(UsageError, match=r"is named ….tamis, not 'x\.zip'"):
        pack_bundle(open_bundle(sound), tmp_path / "x.zip")


def forge(packed, path, *, drop=(), add=(), double=(), change=None):
    """Write a zip with the files of a sound one, and what an attacker would add."""
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            if entry.filename in drop:
                continue
            content = source.read(entry)
            target.writestr(entry, change(entry.filename, content) if change else content)
        for entry, content in add:
            target.writestr(entry, content)
        for name in double:
            with pytest.warns(UserWarning, match="Duplicate name"):
                target.writestr(name, b"x")
    return path


def link(name, mode):
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, mode << 16
    return entry


@pytest.mark.parametrize(
    ("forged", "message"),
    [
        ({"add": [("../outside.txt", b"x")]}, r"may lie outside of the bundle: '\.\./outside\.txt'"),
        ({"add": [("/tmp/outside.txt", b"x")]}, "may lie outside"),
        ({"add": [("a/../../outside.txt", b"x")]}, "may lie outside"),
        ({"add": [("..\\outside.txt", b"x")]}, "may lie outside"),
        ({"add": [("c:outside.txt", b"x")]}, "may lie outside"),
        ({"add": [("evil.py", b"x")]}, "runs or may run when it is loaded: 'evil.py'"),
        ({"add": [("data.pkl", b"x")]}, "runs or may run"),
        ({"add": [("notes.txt", b"x")]}, "does not hold exactly the files that were sealed: notes.txt"),
        ({"add": [("MODEL.safetensors", b"x")]}, "one file on some systems"),
        ({"add": [(link("way", stat.S_IFLNK | 0o777), b"/etc/passwd")]}, "'way', which is no plain file"),
        ({"add": [(link("pipe", stat.S_IFIFO | 0o666), b"")]}, "'pipe', which is no plain file"),
        ({"add": [("sub/", b"")]}, "may lie outside|no plain file"),
        ({"double": ["linear.json"]}, "holds 'linear.json' more than once"),
        ({"drop": ["linear.json"]}, "does not hold exactly the files that were sealed: linear.json"),
        ({"drop": ["tamis.json"]}, r"no tamis\.json in .*: this is no bundle"),
        ({"change": lambda name, content: b"{}" if name == "linear.json" else content}, "is not the file that was"),
        ({"change": lambda name, content: b"{}" if name == "tamis.json" else content}, "has format None"),
        ({"change": lambda name, content: b"{" if name == "tamis.json" else content}, "is no JSON"),
        ({"add": [(f"f{number}", b"") for number in range(1100)]}, "holds 1,103 files; a bundle has 1000"),
    ],
)
def test_a_forged_archive_is_refused_and_writes_nothing(packed, tmp_path, cache, forged, message):
    path = forge(packed, tmp_path / "forged.tamis", **forged)
    with pytest.raises(DataError, match=message):
        open_bundle(path)
    outside = {file for file in tmp_path.rglob("*") if file.is_file()} - {path}
    assert {file for file in outside if cache not in file.parents} == set()
    if "is not the file that was" not in message:
        assert outside == set()
    assert not Path("/tmp/outside.txt").exists()


def test_a_zip_bomb_is_refused_before_anything_is_written(packed, tmp_path, cache):
    path = forge(packed, tmp_path / "bomb.tamis")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(40_000_000))
    with pytest.raises(DataError, match="a zip bomb, not a bundle"):
        open_bundle(path)
    assert not list(cache.rglob("zeros"))


def test_a_file_that_is_larger_than_it_says_is_refused(packed, tmp_path):
    """The size in both directories is set to 10; what is stored is all there."""
    content = bytearray(packed.read_bytes())
    with zipfile.ZipFile(packed) as archive:
        entry = archive.getinfo("linear.json")
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        name_at = {b"PK\x03\x04": 30, b"PK\x01\x02": 46}[signature]
        at = content.find(signature)
        while at >= 0:
            if content[at + name_at : at + name_at + 11] == b"linear.json":
                content[at + place : at + place + 4] = (10).to_bytes(4, "little")
            at = content.find(signature, at + 4)
    assert entry.file_size > 10
    (tmp_path / "liar.tamis").write_bytes(content)
    with pytest.raises(DataError, match="is no sound bundle"):
        open_bundle(tmp_path / "liar.tamis")


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x03\x04", b"not a zip at all", bytes(1000), b"PK\x05\x06" + bytes(18)]
)
def test_what_is_no_zip(tmp_path, content):
    (tmp_path / "odd.tamis").write_bytes(content)
    with pytest.raises(DataError, match=r"is no sound bundle|no tamis\.json"):
        open_bundle(tmp_path / "odd.tamis")


def test_an_encrypted_or_oddly_compressed_archive_is_refused(packed, tmp_path):
    for place, value, message in ((8, 1, "is encrypted"), (10, 99, "is no sound bundle")):
        content = bytearray(packed.read_bytes())
        at = content.find(b"PK\x01\x02")
        while at >= 0:
            content[at + place] = value
            at = content.find(b"PK\x01\x02", at + 4)
        (tmp_path / "odd.tamis").write_bytes(content)
        with pytest.raises(DataError, match=message):
            open_bundle(tmp_path / "odd.tamis")


def state_of(root, *, without):
    return {
        (str(path.relative_to(root)), path.lstat().st_size)
        for path in root.rglob("*")
        if without not in path.parents and path != without
    }


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_gives_the_same_bundle_or_a_clear_refusal(packed, tmp_path, cache, data):
    """Flips, cuts and copies anywhere: never another exception, never a file outside of the cache."""
    original = packed.read_bytes()
    content = bytearray(original)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(
            st.one_of(st.integers(0, len(content) - 1), st.integers(max(0, len(content) - 400), len(content) - 1))
        )
        what = data.draw(st.sampled_from(["flip", "set", "cut", "drop", "copy"]))
        if what == "flip":
            content[place] ^= 1 << data.draw(st.integers(0, 7))
        elif what == "set":
            content[place : place + 2] = data.draw(st.binary(min_size=2, max_size=2))
        elif what == "cut":
            del content[place + 1 :]
        elif what == "drop":
            del content[place : place + data.draw(st.integers(1, 40))]
        else:
            content[place:place] = content[max(0, place - 60) : place]
        if not content:
            break
    expected = open_bundle(packed).manifest
    path = tmp_path / "fuzzed.tamis"
    path.write_bytes(content)
    before = state_of(tmp_path, without=cache)
    try:
        opened = open_bundle(path)
    except DataError:
        pass
    else:
        assert opened.manifest == expected
    assert state_of(tmp_path, without=cache) == before
    assert not list(cache.glob(".writing-*"))
    assert not [file for file in cache.rglob("*") if file.is_symlink()]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_to_a_manifest_is_told_or_harmless(sound, tmp_path, data):
    content = bytearray((sound / "tamis.json").read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255))
    folder = tmp_path / "fuzzed"
    if not folder.exists():
        shutil.copytree(sound, folder)
    (folder / "tamis.json").write_bytes(content)
    try:
        opened = open_bundle(folder)
    except DataError:
        return
    assert opened.manifest == open_bundle(sound).manifest


# ---------------------------------------------------------------- the card


def test_the_card_tells_what_the_manifest_says():
    card = model_card(manifest_of(notes={"validation": {"f1": 0.91234567}, "rows": 20, "seen": True}))
    for part in (
        "# tiny-linear-1.abcd",
        "A linear model of terms (tf-idf)",
        "- Labels (2): `bad`, `good`",
        "- Data: `tiny@1` (fingerprint `ef`)",
        "| validation.f1 | 0.9123 |",
        "| rows | 20 |",
        "| rate | 0.0001 |",
        "tamis.Classifier.open(",
    ):
        assert part in card
    assert "pipeline(" not in card
    encoder = model_card(manifest_of(family="encoder", task=TaskSpec(name="multi_label", labels=("a",), parents={})))
    assert "parity.json" not in encoder
    exported = model_card(manifest_of(family="encoder", files={"parity.json": "0" * 64}))
    assert "the numbers below are of the weights as trained, and `parity.json` says" in exported
    assert 'pipeline("text-classification", "THIS_FOLDER")("some text", truncation=True, top_k=None)' in encoder


def test_a_card_cannot_be_made_to_say_more():
    spec = TaskSpec(name="single_label", labels=("<script>", "a`b", "x\n# Approved"))
    card = model_card(manifest_of(task=spec, notes={"x|y": "<b>[l](u)"}, name="n\n# Approved"))
    assert "\n# Approved" not in card
    assert "<b>" not in card
    assert "`a'b`" in card
    assert "| x&#124;y | &lt;b>&#91;l&#93;(u) |" in card
