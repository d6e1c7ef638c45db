"""Training: Tamis beside the Hugging Face Trainer at its best, on the same backbone, rows, epochs, batch and machine.

The Trainer groups by length, has the fused optimizer, and bf16 where the processor has instructions for it. It runs
with the backbone's own dropout, as it does when nobody thinks of it, and without any, as Tamis does by default; and for
a few steps with every text padded to 512. What that costs depends on how short the texts are: here they have 4 to 200
words, most of them some 20. What is counted is the time of the steps; each run is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import Measured, alternate, finish, median_ratio, median_seconds, print_table

TARGETS = {"speed_against_trainer": ">= 1.5", "speed_against_padding_to_512": ">= 20", "f1_below_trainer": "<= 0.01"}
TAMIS, TRAINER, NO_DROPOUT, PADDED = "tamis", "Trainer", "Trainer without dropout", "Trainer padding to 512"
BATCH, MOST_TOKENS, RATE, WARM_UP = 16, 256, 1e-4, 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rows, one epoch, one seed: only to see that it runs")
    parser.add_argument("--seeds", type=int, default=3, help="rounds, each with a seed of its own")
    parser.add_argument("--rows", type=int, default=1600, help="training rows")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--run", nargs=4, metavar=("WHO", "FILE", "SEED", "EPOCHS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        who, file, seed, epochs = options.run
        print(json.dumps(run(who, json.loads(Path(file).read_text()), seed=int(seed), epochs=int(epochs))))
        return
    rows, epochs, seeds = (64, 1, 1) if options.quick else (options.rows, options.epochs, options.seeds)
    with tempfile.TemporaryDirectory() as folder:
        file = docstrings(Path(folder), train=rows, test=50 if options.quick else 600)
        counters = dict.fromkeys((TAMIS, TRAINER, NO_DROPOUT, PADDED), -1)

        def go(who: str) -> Measured:
            counters[who] += 1
            done = subprocess.run(
                [sys.executable, __file__, "--run", who, str(file), str(counters[who]), str(epochs)],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                check=True,
                env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
            )
            told = json.loads(done.stdout.splitlines()[-1])
            return Measured(told["seconds"] / told["samples"], output=json.dumps(told))

        runs = alternate({who: partial(go, who) for who in counters}, rounds=seeds)
    report(runs)


def report(runs: dict[str, list[Measured]]) -> None:
    """Print the table and the floor, and judge."""
    told = {who: [json.loads(one.output) for one in measured] for who, measured in runs.items()}
    f1 = {who: statistics.fmean(one["f1"] for one in ones) for who, ones in told.items() if "f1" in ones[0]}
    print_table(
        ["who", "samples a second", "tokens a second", "times the Trainer", "CPU ms a sample", "macro F1", "padding"],
        [
            (
                who,
                1 / median_seconds(measured),
                statistics.median(one["tokens"] / one["seconds"] for one in told[who]),
                median_ratio(runs[TRAINER], measured),
                1000 * statistics.median(one["cpu_seconds"] / one["samples"] for one in told[who]),
                f"{f1[who]:.4f}" if who in f1 else "",
                f"{told[who][0]['padding']:.1%}",
            )
            for who, measured in runs.items()
        ],
    )
    ours = told[TAMIS]
    rates = [one["gigaflop"] / one["seconds"] for one in ours]
    peaks = [one["matmul_gigaflops"] for one in ours]
    share = statistics.median(rate / peak for rate, peak in zip(rates, peaks, strict=True))
    print(
        f"tamis's steps do {statistics.median(rates):.0f} GFLOP/s of matrix products; bare ones of these shapes reach"
    )
    print(f"{statistics.median(peaks):.0f} on this machine: {share:.0%} of the floor that the arithmetic sets")
    finish(
        "train",
        ratios={
            "speed_against_trainer": median_ratio(runs[TRAINER], runs[TAMIS]),
            "speed_against_trainer_without_dropout": median_ratio(runs[NO_DROPOUT], runs[TAMIS]),
            "speed_against_padding_to_512": median_ratio(runs[PADDED], runs[TAMIS]),
            "f1_below_trainer": max(f1[TRAINER], f1[NO_DROPOUT]) - f1[TAMIS],
            "share_of_matmul_rate": share,
        },
        targets=TARGETS,
    )


def docstrings(folder: Path, *, train: int, test: int) -> Path:
    """Write the first words of installed packages' docstrings, of mixed lengths, with their topics."""
    tamis = [sys.executable, "-m", "tamis"]
    quiet: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
    subprocess.run([*tamis, "init", "."], **quiet)
    subprocess.run([*tamis, "data", "import", "demo:docstrings", "--name", "docs"], **quiet)
    from tamis.core import Workspace
    from tamis.data import open_dataset

    texts, labels = [], []
    for batch in open_dataset(Workspace(folder), "docs").batches(["text", "label"]):
        texts += batch["text"].to_pylist()
        labels += batch["label"].to_pylist()
    known = [place for place, label in enumerate(labels) if label]
    order = np.random.default_rng(0).permutation(known)[: train + test].tolist()
    names = sorted({labels[place] for place in order[:train]})
    order = [place for place in order if labels[place] in names]
    random = np.random.default_rng(1)  # from a few words to a page, as messages and reviews have them
    for place in order:
        words = int(np.clip(random.lognormal(3.0, 0.7), 4, 200))
        texts[place] = " ".join(texts[place].split()[:words])
    path = folder / "rows.json"
    content = {"texts": [texts[p] for p in order], "labels": [labels[p] for p in order], "train": train, "names": names}
    path.write_text(json.dumps(content))
    return path


def run(who: str, data: dict[str, Any], *, seed: int, epochs: int) -> dict[str, Any]:
    """Train, and return the seconds of the steps, the samples, and the macro F1 on the test rows."""
    with tempfile.TemporaryDirectory() as folder:
        if who == TAMIS:
            return run_tamis(data, Path(folder), seed=seed, epochs=epochs)
        dropout = None if who == TRAINER else 0.0
        return run_trainer(data, Path(folder), seed=seed, epochs=epochs, dropout=dropout, padded=who == PADDED)


def run_tamis(data: dict[str, Any], folder: Path, *, seed: int, epochs: int) -> dict[str, Any]:
    from tamis.core import LabelSet
    from tamis.tasks import SingleLabel
    from tamis.train import TrainSettings
    from tamis.train.encoder import fit_encoder
    from tamis.train.events import Event, StepDone
    from tamis.train.family import Assignment
    from tamis.train.rows import TrainingRows

    task = SingleLabel(LabelSet(data["names"]))
    count = data["train"]
    steps: list[tuple[float, float, StepDone]] = []

    def hear(event: Event) -> None:
        if isinstance(event, StepDone):
            steps.append((time.perf_counter(), time.process_time(), event))

    (folder / "model").mkdir()
    fit_encoder(
        Assignment(
            task=task,
            train=TrainingRows.of(data["texts"][:count], data["labels"][:count], task),
            validation=TrainingRows.of([], [], task),
            settings=TrainSettings(
                epochs=epochs,
                batch_rows=BATCH,
                learning_rate=RATE,
                layer_decay=1.0,
                warm_up=WARM_UP,
                long_text={"max_tokens": MOST_TOKENS},
            ),
            seed=seed,
            draft=folder / "model",
            checkpoints=folder / "checkpoints",
            cache=folder / "cache",
            emit=hear,
        )
    )
    first = steps[0][0] - sum(steps[0][2].seconds.values())
    later = (steps[-1][1] - steps[0][1]) / (len(steps) - 1)  # processor time of a step
    tokens = sum(step.tokens for _, _, step in steps)
    rows = sum(step.rows for _, _, step in steps)
    return {
        "seconds": steps[-1][0] - first,
        "cpu_seconds": later * len(steps),
        "samples": rows,
        "tokens": tokens,
        "padding": 1 - tokens / sum(step.padded_tokens for _, _, step in steps),
        "f1": macro_f1(folder / "model", data),
        "gigaflop": gigaflop(tokens, rows),
        "matmul_gigaflops": matmul_gigaflops(round(tokens / len(steps))),
    }


def run_trainer(
    data: dict[str, Any], folder: Path, *, seed: int, epochs: int, dropout: float | None, padded: bool
) -> dict[str, Any]:
    import torch
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    from tamis.models import find_backbone

    set_seed(seed)
    backbone, count = find_backbone("minilm"), data["train"]
    tokenizer = AutoTokenizer.from_pretrained(backbone)
    changes = {} if dropout is None else {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    names = data["names"]
    model = AutoModelForSequenceClassification.from_pretrained(
        backbone, num_labels=len(names), id2label=dict(enumerate(names)), **changes
    )
    long = {"padding": "max_length", "max_length": 512} if padded else {"max_length": MOST_TOKENS}
    tokens = tokenizer(data["texts"][:count], truncation=True, **long)["input_ids"]
    masks = [[int(token != tokenizer.pad_token_id) for token in row] for row in tokens]
    rows = [
        {"input_ids": ids, "attention_mask": mask, "labels": names.index(label)}
        for ids, mask, label in zip(tokens, masks, data["labels"], strict=False)
    ]
    shown, padded_steps = {"real": 0, "all": 0}, epochs + 1
    collate = DataCollatorWithPadding(tokenizer)

    def counted(some: list[dict[str, Any]]) -> Any:
        batch = collate(some)
        shown["real"] += int(batch["attention_mask"].sum())
        shown["all"] += batch["attention_mask"].numel()
        return batch

    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(folder / "out"),
            per_device_train_batch_size=BATCH,
            num_train_epochs=epochs,
            max_steps=padded_steps if padded else -1,
            learning_rate=RATE,
            warmup_steps=WARM_UP,
            weight_decay=0.01,
            optim="adamw_torch_fused",
            train_sampling_strategy="random" if padded else "group_by_length",
            bf16=torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported(),
            use_cpu=True,
            dataloader_pin_memory=False,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=seed,
        ),
        train_dataset=rows,
        data_collator=counted,
    )
    before = time.process_time()
    seconds = trainer.train().metrics["train_runtime"]
    told = {
        "seconds": seconds,
        "cpu_seconds": time.process_time() - before,
        "samples": BATCH * padded_steps if padded else count * epochs,
        "tokens": shown["real"],
        "padding": 1 - shown["real"] / shown["all"],
    }
    if not padded:
        trainer.save_model(str(folder / "model"))
        tokenizer.save_pretrained(folder / "model")
        told["f1"] = macro_f1(folder / "model", data)
    return told


def macro_f1(folder: Path, data: dict[str, Any]) -> float:
    """Return the macro F1 of a model folder on the test rows, the same way for all."""
    import torch
    from sklearn.metrics import f1_score
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    said = []
    for start in range(data["train"], len(data["texts"]), 32):
        batch = tokenizer(
            data["texts"][start : start + 32],
            truncation=True,
            max_length=MOST_TOKENS,
            padding=True,
            return_tensors="pt",
            return_token_type_ids=False,
        )
        with torch.inference_mode():
            said += model(**batch).logits.argmax(1).tolist()
    truth = [data["names"].index(label) for label in data["labels"][data["train"] :]]
    return float(f1_score(truth, said, average="macro"))


def gigaflop(tokens: int, rows: int, *, layers: int = 6, width: int = 384) -> float:
    """Return the work of the weight matrices in training: of the last layer all tokens need keys and values only."""
    full, keys, rest = 12 * width**2, 2 * width**2, 10 * width**2
    return 6 * (tokens * ((layers - 1) * full + keys) + rows * rest) / 1e9  # forward 2 and backward 4 a weight


def matmul_gigaflops(tokens: int, *, width: int = 384) -> float:
    """Return the best rate of bare products of these shapes, forward and backward."""
    import torch

    some, wide = torch.randn(tokens, width), torch.randn(4 * width, width)
    given = torch.randn(tokens, 4 * width)
    work, best = 3 * 2 * tokens * width * 4 * width / 1e9, float("inf")
    for _ in range(15):
        start = time.perf_counter()
        for _ in range(4):
            some @ wide.t()
            given @ wide
            given.t() @ some
        best = min(best, (time.perf_counter() - start) / 4)
    return work / best


if __name__ == "__main__":
    main()
