"""fit_encoder: a pre-trained transformer learns a task, from rows to the files of a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tamis.features import Tokenizer, TokenRows, load_tokenizer
from tamis.models import EngineChoice, build_encoder, find_backbone, freeze, save_encoder
from tamis.train.average import Average
from tamis.train.class_weights import label_weights
from tamis.train.diagnosis import Diagnosis
from tamis.train.family import Assignment, Fitted
from tamis.train.long_choice import choose_long_text, tell_cut
from tamis.train.optimizer import make_optimizer, named_parts
from tamis.train.pace import Pace
from tamis.train.precision import Arithmetic, choose_arithmetic
from tamis.train.token_cache import cached_tokens, cut_share
from tamis.train.workers import Workers, join_workers

if TYPE_CHECKING:
    from tamis.train.course import Course
    from tamis.train.state import TrainState

WEIGHTS = "model.safetensors"
_BETAS = (0.9, 0.999)


def fit_encoder(given: Assignment) -> Fitted:
    """Fine-tune a backbone on the rows; the draft then holds its weights, `config.json` and tokenizer."""
    import torch

    from tamis.train.checkpoint import Checkpoints
    from tamis.train.judge import judge_by
    from tamis.train.loop import train
    from tamis.train.used_rows import restore_embeddings, train_used_rows

    settings = given.settings
    arithmetic = choose_arithmetic(settings.device, settings.precision)
    workers = join_workers(arithmetic.device)
    pace = Pace(Diagnosis(given.emit, stop_on=settings.stop_on) if workers.first else lambda event: None)
    folder = find_backbone(settings.backbone)
    tokenizer = load_tokenizer(folder)
    model: Any = build_encoder(folder, given.task, seed=given.seed)
    freeze(model, settings.freeze)
    _set_dropout(model, settings.dropout)
    with workers.first_alone():
        long_text = choose_long_text(given, model, tokenizer, arithmetic, emit=pace)
        tokens = cached_tokens(given.train, tokenizer, long_text, cache=given.cache, progress=given.progress)
        validation = cached_tokens(given.validation, tokenizer, long_text, cache=given.cache, progress=given.progress)
    cut = cut_share(tokens, long_text)
    tell_cut(cut, long_text, emit=pace)
    train_used_rows(model, tokens, pad=tokenizer.pad)
    model.to(arithmetic.device)
    course = _course(given, model, tokens, tokenizer, arithmetic, workers)
    state = _state(model, course)
    checkpoints = Checkpoints(given.checkpoints, settings.checkpoint_minutes, settings.keep_checkpoints, pace)
    if given.resume:
        checkpoints.resume(state)
    judge = judge_by(given.validation, validation, model, course)
    with torch.random.fork_rng(devices=[]):
        train(state, course, judge=judge, save=checkpoints if workers.first else _nowhere, emit=pace)
    restore_embeddings(model)
    if workers.first:
        save_encoder(model.cpu(), settings.backbone, given.draft, max_tokens=long_text.max_tokens)
    workers.wait()
    notes = {"best_epoch": state.best_epoch, "steps": state.step, "device": arithmetic.device}
    notes |= {"precision": arithmetic.precision, "workers": workers.count}
    notes |= {"cut_share": round(cut, 6), **pace.notes()}
    return Fitted(
        engine=EngineChoice(name="torch", file=WEIGHTS),
        long_text=long_text,
        notes=notes,
    )


def _course(
    given: Assignment, model: Any, tokens: TokenRows, tokenizer: Tokenizer, arithmetic: Arithmetic, workers: Workers
) -> Course:
    import torch

    from tamis.train.course import Course
    from tamis.train.packed import packed_forward

    packed = packed_forward(model)
    weights = label_weights(given.task, given.train, given.settings.class_weights)
    return Course(
        task=given.task,
        tokens=tokens,
        targets=given.train.targets,
        weights=given.train.weights,
        class_weights=None if weights is None else torch.from_numpy(weights).to(arithmetic.device),
        settings=given.settings,
        seed=given.seed,
        arithmetic=arithmetic,
        workers=workers,
        forward=packed or (lambda ids, mask: model(input_ids=ids, attention_mask=mask).logits),
        packed=packed is not None,
        pad=tokenizer.pad,
    )


def _state(model: Any, course: Course) -> TrainState:
    from tamis.train.state import TrainState

    settings = course.settings
    parts = named_parts(model)
    optimizer = make_optimizer(
        model, parts, layer_decay=settings.layer_decay, weight_decay=settings.weight_decay, betas=_BETAS
    )
    return TrainState(
        model=model,
        optimizer=optimizer,
        average=Average(settings.average, [weight for weight in model.parameters() if weight.requires_grad]),
        scaler=course.arithmetic.scaler(),
        parts=parts,
    )


def _set_dropout(model: Any, share: float) -> None:
    """Set every dropout of a model; some are modules, others numbers that a layer or the settings hold."""
    for part in model.modules():
        if type(part).__name__.endswith("Dropout") and hasattr(part, "p"):
            part.p = share
        for name in [name for name, value in vars(part).items() if "dropout" in name and isinstance(value, float)]:
            setattr(part, name, share)
    for name, value in vars(model.config).items():
        if "dropout" in name and isinstance(value, float):
            setattr(model.config, name, share)


def _nowhere(state: TrainState, epoch_ended: bool) -> None:
    """The other workers write no checkpoints."""
