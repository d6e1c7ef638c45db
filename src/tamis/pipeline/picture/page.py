"""The page of a run: its picture, when each step ran, why, and what it made; one file that needs no network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import pairwise
from typing import Any

from tamis.core import CheckFailed, Page, UsageError, Workspace
from tamis.core.page import Raw, advice, badge, code, table, tiles
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.artefacts import artefacts_in
from tamis.pipeline.picture.nodes import WORDS, nodes_of
from tamis.pipeline.picture.svg import draw_svg
from tamis.pipeline.picture.words import said_seconds, said_value
from tamis.pipeline.reuse import read_outputs
from tamis.pipeline.state import Event, RunState, Status, StepState
from tamis.pipeline.store import RunStore

_KINDS: dict[Status, str] = {
    "finished": "good",
    "cached": "note",
    "running": "note",
    "failed": "bad",
    "cancelled": "warn",
    "interrupted": "warn",
}
_SHORT_SECONDS = 0.004
_TICKS = 5
_LONGEST, _LONGEST_WORDS = 80, 1000
_STYLE = """<style>
.spans { position:relative; font-size:13.5px; margin:14px 0 4px; }
.spans .row { display:grid; grid-template-columns:minmax(90px,26%) 1fr; gap:12px; align-items:center; padding:3px 0; }
.spans .row > span { overflow:hidden; text-overflow:ellipsis; white-space:nowrap; }
.spans .lane { position:relative; height:20px; background:var(--wash); border-radius:4px; }
.spans .lane i { position:absolute; top:3px; bottom:3px; min-width:3px; border-radius:3px; background:var(--good); }
.spans .lane i.failed { background:var(--bad); } .spans .lane i.running { background:var(--accent); opacity:.75; }
.spans .lane i.cancelled, .spans .lane i.interrupted { background:var(--warn); }
.spans .lane i.cached { background:var(--accent); } .spans .lane i.skipped { background:var(--soft); opacity:.6; }
.spans .lane small { position:absolute; top:1px; font-size:12px; color:var(--soft); white-space:nowrap; padding:0 6px;
  font-variant-numeric:tabular-nums; } .spans .lane small.in { color:var(--paper); }
.spans .axis { display:grid; grid-template-columns:minmax(90px,26%) 1fr; gap:12px; color:var(--soft); font-size:12px; }
.spans .axis div { display:flex; justify-content:space-between; font-variant-numeric:tabular-nums; }
.scroll svg.tg { display:block; margin:10px auto 4px; max-width:100%; height:auto; min-width:min(100%, 420px); }
.advice { white-space:pre-line; }
.badge { white-space:nowrap; } .outs { font-size:13px; overflow-wrap:anywhere; max-width:46ch; }
.outs b { font-weight:500; color:var(--soft); } .why { max-width:52ch; white-space:pre-line; }
</style>"""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of time in which a step was at work."""

    step: str
    begin: datetime
    end: datetime
    status: Status


def run_page(store: RunStore) -> Page:
    """Return the page of a run: `run_page(find_run(workspace, "run-3")).html()`."""
    state, events = store.state(), store.events()
    page = Page(
        f"{store.name}: {store.graph.name}",
        lead=" · ".join(filter(None, [WORDS[state.status], _when(state), store.record.command])),
    )
    page.section("How it went", _STYLE, tiles(_figures(state)), *_words(state))
    page.section(
        "Steps",
        f'<div class="scroll">{draw_svg(nodes_of(store.graph, state), title=f"the steps of {store.name}")}</div>',
        intro="Each step stands below those it uses. A filled sign ran, a ring with a tick was as before.",
    )
    found = spans(state, events)
    if found:
        page.section("Times", _bars(state, found), intro="When each step was at work, and for how long.")
    for name, verdicts in _gates(store.workspace, state):
        rows = [[badge("holds", "good") if each["holds"] else badge("does not hold", "bad"), each["condition"],
                 each.get("value"), each.get("bound"), each["says"]] for each in verdicts]  # fmt: skip
        page.section(f"What {name} asked", table(["", "condition", "value", "bound", "found"], rows))
    page.section(
        "Reasons and results",
        table(["step", "", "time", "why", "made"], [_row(step) for step in state.steps.values()]),
    )
    given = {**store.given, **dict(each.split("=", 1) for each in store.record.overrides)}
    if given:
        page.section("Given", table(["name", "value"], [[code(name), str(value)] for name, value in given.items()]))
    return page


def spans(state: RunState, events: Iterable[Event]) -> list[Span]:
    """Return when steps were at work, also in what was interrupted and gone on with later."""
    begun: dict[str, datetime] = {}
    found: list[Span] = []
    last: datetime | None = None

    def close(step: str, end: datetime, status: Status) -> None:
        found.append(Span(step=step, begin=begun.pop(step), end=end, status=status))

    for event in events:
        if not event.step and event.what == "started":  # what a kill cut short ended with the last that is known
            for step in list(begun):
                close(step, last or event.at, "interrupted")
        elif event.what == "started":
            begun[event.step] = event.at
        elif event.what in ("finished", "failed", "cancelled") and event.step in begun:
            close(event.step, event.at, event.what)
        last = event.at
    for step in list(begun):
        close(step, last or begun[step], state.steps[step].status if step in state.steps else "interrupted")
    return found


def _figures(state: RunState) -> Sequence[tuple[str, str]]:
    counts = {status: sum(step.status == status for step in state.steps.values()) for status in WORDS}
    shown = [(f"{count:,}", WORDS[status]) for status, count in counts.items() if count]
    return [(_took(state), "at work"), *shown]


def _took(state: RunState) -> str:
    return said_seconds(state.seconds) if state.started else "–"


def _when(state: RunState) -> str:
    return f"{state.started:%Y-%m-%d %H:%M} UTC" if state.started else ""


def _words(state: RunState) -> Iterable[str]:
    failed = [step for step in state.steps.values() if step.status == "failed"]
    for step in failed:
        yield advice(f"{step.name} failed: {step.why}", kind="warn")
    if state.why and not failed:
        yield advice(state.why, kind="warn" if state.can_be_resumed else "note")
    if state.can_be_resumed and state.exit_code not in (UsageError.exit_code, CheckFailed.exit_code):
        yield advice(f"tamis run resume {state.name} goes on: what is done stays done.")


def _bars(state: RunState, found: Sequence[Span]) -> str:
    """The stretches as bars below one another; long breaks between runs that were resumed are cut out."""
    place = _Axis(found).place
    whole = max(place(span.end) for span in found) or _SHORT_SECONDS
    rows = []
    for name in [name for name in state.steps if any(span.step == name for span in found)]:
        own = [span for span in found if span.step == name]
        bars = "".join(
            f'<i class="{span.status}" style="left:{place(span.begin) / whole * 100:.2f}%;'
            f'width:{(place(span.end) - place(span.begin)) / whole * 100:.2f}%" '
            f'title="{escape(name)}: {WORDS[span.status]} after {_length(span)}"></i>'
            for span in own
        )
        begin, end = place(own[0].begin) / whole * 100, place(own[-1].end) / whole * 100
        longest = max(own, key=lambda span: span.end - span.begin)
        if end <= 80:
            side = f'style="left:{end:.2f}%"'
        elif begin >= 20:
            side = f'style="right:{100 - begin:.2f}%"'
        else:  # there is room in the bar alone
            side = f'class="in" style="right:{100 - place(longest.end) / whole * 100:.2f}%"'
        total = said_seconds(sum((span.end - span.begin).total_seconds() for span in own))
        rows.append(
            f'<div class="row"><span title="{escape(name)}">{escape(name)}</span>'
            f'<div class="lane">{bars}<small {side}>{total}</small></div></div>'
        )
    ticks = "<span>0</span>" + "".join(
        f"<span>{said_seconds(whole * tick / (_TICKS - 1))}</span>" for tick in range(1, _TICKS)
    )
    return f'<div class="spans">{"".join(rows)}<div class="axis"><span></span><div>{ticks}</div></div></div>'


def _length(span: Span) -> str:
    return said_seconds((span.end - span.begin).total_seconds())


class _Axis:
    """Where a moment stands on an axis in seconds from which the time when nothing ran is taken out."""

    def __init__(self, found: Sequence[Span]) -> None:
        edges: list[list[datetime]] = []
        for span in sorted(found, key=lambda span: span.begin):
            if edges and span.begin <= edges[-1][1]:
                edges[-1][1] = max(edges[-1][1], span.end)
            else:
                edges.append([span.begin, span.end])
        self._zero = edges[0][0]
        breaks = [(last[1], first[0]) for last, first in pairwise(edges)]
        self._cut = [(end, begin) for end, begin in breaks if (begin - end).total_seconds() > 1]

    def place(self, at: datetime) -> float:
        gone = sum((begin - end).total_seconds() for end, begin in self._cut if begin <= at)
        return (at - self._zero).total_seconds() - gone


def _row(step: StepState) -> list[object]:
    kind = _KINDS.get(step.status)
    state = badge(WORDS[step.status], kind) if kind else WORDS[step.status]
    tries = f" in {step.attempts} tries" if step.attempts > 1 else ""
    time = f"{said_seconds(step.seconds)}{tries}".replace(" ", "\N{NO-BREAK SPACE}") if step.seconds else ""
    return [code(step.name), state, time, Raw(f'<div class="why">{escape(step.why.strip())}</div>'), _made(step)]


def _made(step: StepState) -> Raw:
    lines = []
    for name, value in read_outputs(step.outputs).items():
        if isinstance(value, Artefact):
            kind = f"{escape(value.kind)} " if value.kind != name else ""
            shown = f"{kind}<code>{escape(value.ref)}</code>"
        elif isinstance(value, Mapping | list):
            inside = list(artefacts_in({"": value}))
            shown = escape(said_value(", ".join(each.ref for each in inside) if inside else value, most=_LONGEST))
        else:
            shown = escape(said_value(value, most=_LONGEST_WORDS))
        lines.append(f"<div><b>{escape(name)}</b> {shown}</div>")
    return Raw(f'<div class="outs">{"".join(lines)}</div>')


def _gates(workspace: Workspace, state: RunState) -> Iterable[tuple[str, list[Any]]]:
    """The conditions that steps looked at, from the reports that they made."""
    for step in state.steps.values():
        for artefact in artefacts_in(read_outputs(step.outputs)):
            path = workspace.root / artefact.ref
            if artefact.kind != "file" or path.suffix != ".json" or not path.is_file():
                continue
            try:
                said = json.loads(path.read_bytes())
            except ValueError:  # somebody's own file, whatever it is called
                continue
            verdicts = said.get("conditions") if isinstance(said, dict) else None
            if isinstance(verdicts, list) and all(isinstance(each, dict) and "holds" in each for each in verdicts):
                yield step.name, verdicts
