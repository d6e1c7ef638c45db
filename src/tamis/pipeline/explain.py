"""Explain: what is other than when a step ran last, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tamis.pipeline.keys import Parts

_MOST = 3
_LONGEST = 60


def changes(before: Parts, now: Parts) -> str:
    """Return what changed between two keys of a step: `train.epochs was 3 and is 2`; parts of both are compared."""
    told: list[str] = []
    for part, tell in _TELL.items():
        if part in before and part in now:
            told += tell(before[part], now[part])
    more = f"; and {len(told) - _MOST} more" if len(told) > _MOST else ""
    return "; ".join(told[:_MOST]) + more


def ago(seconds: float) -> str:
    """Return a time in the largest unit that fits: `2 h`, `3 days`."""
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _values(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *now]):
        if name not in now:
            yield f"{name} was {_shown(before[name])} and is there no more"
        elif name not in before:
            yield f"{name} is {_shown(now[name])} and was not there"
        elif before[name] != now[name] and _is_fingerprint(before[name]) and _is_fingerprint(now[name]):
            yield f"{name} changed"
        elif before[name] != now[name]:
            yield f"{name} was {_shown(before[name])} and is {_shown(now[name])}"


def _inputs(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *now]):
        old, new = _listed(before.get(name)), _listed(now.get(name))
        if not all(map(_is_artefact, [*old, *new])):
            yield from _values({name: before.get(name)}, {name: now.get(name)})
            continue
        if len(old) != len(new):
            yield f"{name} were {len(old)} and are {len(new)}" if old else f"{name} was not there"
        for one, other in zip(old, new, strict=False):
            if (one["kind"], one["fingerprint"]) != (other["kind"], other["fingerprint"]):
                yield _other(one, other)


def _other(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if old["ref"] == new["ref"]:
        return f"the {new['kind']} {new['ref']} is not what it was"
    if old["kind"] == new["kind"] == "dataset":
        return f"{new['ref']} has other rows than {old['ref']}"
    return f"the {new['kind']} {new['ref']} is another than {old['ref']}"


def _code(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    if before["step"] != now["step"]:
        yield f"it used {before['step']} and uses {now['step']}"
        return
    changed = [name for name in dict.fromkeys([*before, *now]) if before.get(name) != now.get(name)]
    if changed:
        listed = changed[0] if len(changed) == 1 else f"{', '.join(changed[:-1])} and {changed[-1]}"
        yield f"the code of {listed} changed"


def _flat(values: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            flat.update(_flat(value, f"{path}{name}."))
        else:
            flat[path + name] = value
    return flat


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _is_artefact(value: Any) -> bool:
    return isinstance(value, Mapping) and {"kind", "ref", "fingerprint"} == set(value)


def _is_fingerprint(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{32,}", value) is not None


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) and value.strip() else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


_TELL: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[str]]] = {
    "parameters": lambda before, now: _values(_flat(before), _flat(now)),
    "settings": lambda before, now: _values(_flat(before), _flat(now)),
    "inputs": _inputs,
    "reads": _values,
    "code": _code,
    "environment": _values,
}
