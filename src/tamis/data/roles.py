"""Roles: guesses from names and content which columns are text, label, id…, says why, and does what it is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import ROLES, Schema, UsageError, did_you_mean
from tamis.data.role_guesses import GUESSES, STAR_WORDS, TITLE_WORDS, Column

TASKS = ("single_label", "multi_label", "ordinal")


_SEPARATORS = ("|", ";", ",")


@dataclass(frozen=True, kw_only=True)
class RoleChoice:
    """The roles that the user names; the others are guessed."""

    text: tuple[str, ...] = ()
    template: str | None = None
    label: tuple[str, ...] = ()
    labels_delimiter: str | None = None
    one_hot: tuple[str, ...] = ()
    id: str | None = None
    group: str | None = None
    time: str | None = None
    split: str | None = None
    weight: str | None = None
    annotator: str | None = None
    task: str | None = None
    none: tuple[str, ...] = ()
    """Roles that nobody is to play."""


@dataclass(frozen=True, kw_only=True)
class RoleGuess:
    """Who plays a role, and why."""

    role: str
    columns: tuple[str, ...]
    reason: str


@dataclass
class Roles:
    """All roles, with the reasons and what the user may want to know besides."""

    schema: Schema
    task: str | None
    guesses: list[RoleGuess] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


def choose_roles(head: pa.Table, *, choice: RoleChoice | None = None, given: Schema | None = None) -> Roles:
    """Return the roles of a source's columns: as chosen, else as the format says (`given`), else by their looks."""
    choice = choice or RoleChoice()
    _check(choice, head.column_names)
    columns = {name: Column(name, head[name]) for name in head.column_names}
    told: dict[str, tuple[str, ...]] = _told(choice)
    roles = Roles(Schema(text=()), choice.task)
    free = {name: column for name, column in columns.items() if not any(name in names for names in told.values())}
    chosen: dict[str, tuple[str, ...]] = {}
    for role in ("text", "label", "id", "split", "annotator", "weight", "time", "group"):
        if role in choice.none:
            continue
        if role in told:
            names, reason = told[role], "as told"
        elif given is not None:
            listed = getattr(given, role)
            names = (listed,) if isinstance(listed, str) else tuple(listed or ())
            reason = "the format says so"
        else:
            names, reason = GUESSES[role](free)
        if not names:
            continue
        chosen[role] = names
        if role != "text" or len(names) == 1:
            for name in names:
                free.pop(name, None)
        roles.guesses.append(RoleGuess(role=role, columns=names, reason=reason))
    if "text" not in chosen:
        raise UsageError(
            f"no column looks like text. Columns: {', '.join(head.column_names)}",
            hint="name it: --text COLUMN, or in a pipeline pipeline.read.text=[COLUMN]",
        )
    form, delimiter, why = _label_form(choice, given, chosen.get("label", ()), columns)
    if why:
        roles.guesses = [
            RoleGuess(role="label", columns=guess.columns, reason=f"{guess.reason}; {why}")
            if guess.role == "label"
            else guess
            for guess in roles.guesses
        ]
    roles.schema = Schema(
        text=chosen["text"],
        template=choice.template or (given.template if given and "text" not in told else None),
        label=chosen.get("label", ()),
        label_form=form,
        delimiter=delimiter,
        **{role: names[0] for role, names in chosen.items() if role not in ("text", "label")},
    )
    _guess_task(roles, columns)
    _hint_at_flags(roles, columns)
    _hint_at_ids(roles, columns, choice)
    if given is None:
        _hint_at_titles(roles, free, choice)
    return roles


def _check(choice: RoleChoice, names: Sequence[str]) -> None:
    for role in choice.none:
        if role not in ROLES:
            raise UsageError(f"no role {role!r}. Roles: {', '.join(ROLES)}.{did_you_mean(role, ROLES)}")
    if "text" in choice.none:
        raise UsageError("a dataset of texts needs a text: --none text cannot be")
    if choice.task is not None and choice.task not in TASKS:
        raise UsageError(f"no task {choice.task!r}. Tasks: {', '.join(TASKS)}.{did_you_mean(choice.task, TASKS)}")
    for wanted in _named(choice):
        if wanted not in names:
            raise UsageError(
                f"no column {wanted!r} in the source. Columns: {', '.join(names)}.{did_you_mean(wanted, names)}"
            )
    if choice.label and choice.one_hot:
        raise UsageError("--label and --one-hot both say where the labels are; give one of them")
    if len(choice.label) > 1:
        raise UsageError(
            f"--label is one column, not {len(choice.label)}", hint="for columns of 0 and 1, use --one-hot a,b,c"
        )


def _named(choice: RoleChoice) -> Iterable[str]:
    yield from (*choice.text, *choice.label, *choice.one_hot, *template_columns(choice.template))
    for role in ("id", "group", "time", "split", "weight", "annotator"):
        if getattr(choice, role) is not None:
            yield getattr(choice, role)


def template_columns(template: str | None) -> tuple[str, ...]:
    """Return the columns that a template names.

    >>> template_columns("{title}. {body}")
    ('title', 'body')
    """
    return tuple(dict.fromkeys(re.findall(r"\{([^{}]+)\}", template or "")))


def _told(choice: RoleChoice) -> dict[str, tuple[str, ...]]:
    told: dict[str, tuple[str, ...]] = {}
    if choice.template is not None:
        told["text"] = template_columns(choice.template)
        if not told["text"]:
            raise UsageError(f"the template {choice.template!r} names no column; write it like '{{title}}. {{body}}'")
    elif choice.text:
        told["text"] = choice.text
    if choice.one_hot or choice.label:
        told["label"] = choice.one_hot or choice.label
    for role in ("id", "group", "time", "split", "weight", "annotator"):
        if getattr(choice, role) is not None:
            told[role] = (getattr(choice, role),)
    return told


def _label_form(
    choice: RoleChoice, given: Schema | None, label: tuple[str, ...], columns: Mapping[str, Column]
) -> tuple[str, str | None, str]:
    """What the label columns hold, the delimiter, and why."""
    if not label:
        if choice.labels_delimiter is not None:
            raise UsageError("--labels-delimiter without a label column", hint="name it with --label")
        return "value", None, ""
    if choice.one_hot:
        return "one_hot", None, "a label for each column that is 1"
    if given is not None and label == given.label:
        return given.label_form, choice.labels_delimiter or given.delimiter, ""
    column = columns[label[0]]
    if pa.types.is_list(column.values.type):
        spans = pa.types.is_struct(column.values.type.value_type)
        return ("spans" if spans else "list"), None, ""
    if choice.labels_delimiter is not None:
        return "delimited", choice.labels_delimiter, f"labels between {choice.labels_delimiter!r}"
    if (
        column.is_text
        and choice.task in (None, "multi_label")
        and column.words[-1:] in (["labels"], ["tags"], ["topics"])
    ):
        for separator in _SEPARATORS:
            share = pc.mean(pc.match_substring(column.present, separator).cast(pa.float64())).as_py() or 0
            if share > 0.2:
                return "delimited", separator, f"{share:.0%} of the values hold a {separator!r}: several labels"
    return "value", None, ""


def _guess_task(roles: Roles, columns: Mapping[str, Column]) -> None:
    if roles.task is not None or not roles.schema.label or roles.schema.label_form != "value":
        return
    column = columns[roles.schema.label[0]]
    if not set(column.words) & STAR_WORDS or not 3 <= column.distinct <= 11:
        return
    values = column.present
    if pa.types.is_floating(values.type) and pc.all(pc.equal(values, pc.round(values))).as_py():
        values = values.cast(pa.int64())
    if pa.types.is_integer(values.type) and pc.max(values).as_py() - pc.min(values).as_py() <= 10:
        roles.task = "ordinal"
        roles.hints.append("the labels are steps of a scale: task ordinal (--task single_label treats them as names)")


def _hint_at_ids(roles: Roles, columns: Mapping[str, Column], choice: RoleChoice) -> None:
    if roles.schema.id is not None or "id" in choice.none:
        return
    for name, column in columns.items():
        if column.words == ["id"] and not pa.types.is_nested(column.values.type):
            roles.hints.append(
                f"{name!r} does not name each row ({column.distinct} values in {len(column.values)} rows), so rows are "
                f"numbered; --id {name} takes it all the same and makes it unique"
            )


def _hint_at_flags(roles: Roles, columns: Mapping[str, Column]) -> None:
    label = roles.schema.label
    flags = [name for name, column in columns.items() if column.is_whole and _is_flag(column)]
    if roles.schema.label_form == "value" and len(flags) > 1 and (not label or label[0] in flags):
        roles.hints.append(f"several columns hold 0 and 1: --one-hot {','.join(flags)} makes each a label")


def _is_flag(column: Column) -> bool:
    return set(column.present.unique().to_pylist()) == {0, 1}


def _hint_at_titles(roles: Roles, free: Mapping[str, Column], choice: RoleChoice) -> None:
    if choice.text or choice.template:
        return
    titles = [name for name, column in free.items() if column.is_text and set(column.words) & TITLE_WORDS - {"name"}]
    text = roles.schema.text[0]
    if titles and titles[0] != text:
        roles.hints.append(f"a title stands apart: --template '{{{titles[-1]}}}. {{{text}}}' joins both")
