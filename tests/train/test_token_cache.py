"""The token cache: what tokenising gives, from the disk, in flat memory."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tamis.features import LongText, load_tokenizer, tokenize
from tamis.train.token_cache import cached_tokens, cut_share


@pytest.fixture
def tokenizer(tiny, tmp_path):
    return load_tokenizer(tiny.write_backbone(tmp_path / "backbone"))


@pytest.mark.parametrize("policy", ["head", "windows"])
def test_it_holds_what_tokenising_gives(tiny, tmp_path, tokenizer, policy):
    rows, long_text = tiny.make_rows(1500, longest=40), LongText(max_tokens=16, policy=policy, overlap=4)
    plain = tokenize(rows.texts, tokenizer, long_text)
    for _ in range(2):
        cached = cached_tokens(rows, tokenizer, long_text, cache=tmp_path)
        for part in ("ids", "offsets", "texts", "lengths"):
            np.testing.assert_array_equal(getattr(cached, part), getattr(plain, part))
        assert isinstance(cached.ids, np.memmap)
        assert cached.ids.dtype == np.uint16
        for one, other in zip(cached.padded([3, 70, 1], pad=0), plain.padded([3, 70, 1], pad=0), strict=True):
            np.testing.assert_array_equal(one, other)
    assert cut_share(plain, long_text) == (0 if policy == "windows" else float((plain.lengths > 16).mean()))


def test_what_makes_other_tokens_has_another_place(tiny, tmp_path, tokenizer):
    def places():
        return set((tmp_path / "tokens").iterdir())

    rows = tiny.make_rows(5)
    cached_tokens(rows, tokenizer, LongText(), cache=tmp_path)
    assert len(places()) == 1
    cached_tokens(rows, tokenizer, LongText(max_tokens=8), cache=tmp_path)
    cached_tokens(tiny.make_rows(5, seed=1), tokenizer, LongText(), cache=tmp_path)
    cached_tokens(rows, load_tokenizer(tiny.write_backbone(tmp_path / "r", "roberta")), LongText(), cache=tmp_path)
    assert len(places()) == 4
    cached_tokens(rows, tokenizer, LongText(), cache=tmp_path)
    assert len(places()) == 4


def test_what_a_killed_process_left_is_removed(tiny, tmp_path, tokenizer):
    (tmp_path / "tokens" / ".writing-999999999-x").mkdir(parents=True)
    cached_tokens(tiny.make_rows(5), tokenizer, LongText(), cache=tmp_path)
    assert [path.name for path in (tmp_path / "tokens").iterdir() if path.name.startswith(".")] == []


def test_no_rows_have_no_tokens(tiny, tmp_path, tokenizer):
    for _ in range(2):
        assert len(cached_tokens(tiny.make_rows(0), tokenizer, LongText(), cache=tmp_path)) == 0


_MEASURE = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("tiny", sys.argv[1])
tiny = importlib.util.module_from_spec(spec); sys.modules["tiny"] = tiny; spec.loader.exec_module(tiny)
import numpy as np, pyarrow as pa
from tamis.features import LongText, load_tokenizer
from tamis.train.batches import plan_epoch
from tamis.train.rows import TrainingRows
from tamis.train.token_cache import cached_tokens
count = int(sys.argv[3])
def read():
    for start in range(0, count, 4096):
        rows = min(4096, count - start)
        random = np.random.default_rng(start)
        words = random.integers(0, 100, (rows, 30))
        yield [" ".join(f"w{word}" for word in row) for row in words.tolist()]
rows = TrainingRows(labels=pa.nulls(0), targets=np.zeros(count, np.int64), fingerprint=str(count), read=read)
tokenizer = load_tokenizer(Path(sys.argv[2]) / "backbone")
tokens = cached_tokens(rows, tokenizer, LongText(), cache=Path(sys.argv[2]) / "cache")
for step in plan_epoch(tokens.sizes, batch_rows=32, seed=0, epoch=1):
    tokens.padded(step, pad=0)
print(len(tokens), int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024)
"""


@pytest.mark.slow
def test_ten_times_the_rows_take_hardly_more_memory(tiny, tmp_path, tokenizer):
    def peak(count):
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE, str(tiny.__file__), str(tmp_path), str(count)],
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        rows, mib = done.stdout.split()
        assert int(rows) == count
        return float(mib)

    small, large = peak(20_000), peak(200_000)
    texts = 180_000 * 130 / 2**20  # MiB of the texts that came to it
    tokens = 180_000 * 32 * 2 / 2**20  # and of their tokens, which the system may keep mapped
    assert large - small < tokens + 25 < texts + 25
