"""Condition: `evaluate.macro_f1 >= 0.8 and ${deploy}`, read by Python's parser; nothing but what stands here is run."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tamis.core import UsageError
from tamis.pipeline.references import Reference, reference

LookUp = Callable[[Reference], Any]
_Read = Callable[[LookUp], Any]

_MARK = re.compile(r"\$\{([^}]*)\}")
_STAND_IN = "reference_"
_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None}
_COMPARE: Mapping[type, Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
}
_FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {"min": min, "max": max, "len": len, "all": all, "any": any}
_HINT = (
    "a condition is made of `step.output` and `${parameter}`, numbers and 'words', == != < <= > >= in, and or not, "
    "and min max len all any of a list"
)


@dataclass(frozen=True)
class Condition:
    """What must hold for a step to run."""

    text: str
    references: tuple[Reference, ...]
    """What it refers to, in order."""
    _read: _Read

    def holds(self, look_up: LookUp) -> bool:
        """Tell whether it holds where references are worth what `look_up` says; UsageError where that makes no sense.

        >>> read_condition("evaluate.macro_f1 >= 0.8").holds(lambda reference: 0.9)
        True
        """
        try:
            return bool(self._read(look_up))
        except (TypeError, ValueError) as error:
            raise UsageError(f"the condition {self.text!r} makes no sense: {error}") from None


def read_condition(text: str) -> Condition:
    """Return the condition that a text says; UsageError where it cannot be read."""
    found: dict[str, Reference] = {}
    try:
        for mark in _MARK.finditer(text):
            found[f"{_STAND_IN}{mark.start()}"] = reference(mark[1])
        marked = _MARK.sub(lambda mark: f" {_STAND_IN}{mark.start()} ", text)
        reader = _Reader(found, {})
        read = reader.read(ast.parse(marked.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UsageError(f"the condition {text!r} cannot be read: {why}", hint=_HINT) from None
    return Condition(text, tuple(reader.seen), read)


@dataclass(frozen=True)
class _Reader:
    """Turns the parts of an expression into functions; ValueError for a part that no condition has."""

    marks: Mapping[str, Reference]
    seen: dict[Reference, None]

    def read(self, node: ast.expr) -> _Read:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None as value):
                if isinstance(value, str) and _STAND_IN in value:
                    raise ValueError("${…} stands without quotes")
                return lambda look_up: value
            case ast.Name(id=word) if word.lower() in _WORDS:
                return lambda look_up: _WORDS[word.lower()]
            case ast.Name() | ast.Attribute():
                return self._refer(self._dotted(node))
            case ast.BoolOp(op=op, values=values):
                parts = [self.read(each) for each in values]
                together = all if isinstance(op, ast.And) else any
                return lambda look_up: together(part(look_up) for part in parts)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                read = self.read(inner)
                return lambda look_up: not read(look_up)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                read = self.read(inner)
                return lambda look_up: -read(look_up)
            case ast.Compare(left=left, ops=ops, comparators=comparators) if all(type(op) in _COMPARE for op in ops):
                sides = [self.read(each) for each in (left, *comparators)]
                compare = [_COMPARE[type(op)] for op in ops]
                return lambda look_up: all(
                    op(one(look_up), other(look_up)) for op, one, other in zip(compare, sides, sides[1:], strict=False)
                )
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                parts = [self.read(each) for each in elements]
                return lambda look_up: [part(look_up) for part in parts]
            case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _FUNCTIONS:
                read, function = self.read(inner), _FUNCTIONS[name]
                return lambda look_up: function(read(look_up))
        raise ValueError(f"{ast.unparse(node)!r} is nothing that a condition may have")

    def _refer(self, words: tuple[str, ...]) -> _Read:
        reference = Reference(words)
        self.seen[reference] = None
        return lambda look_up: look_up(reference)

    def _dotted(self, node: ast.expr) -> tuple[str, ...]:
        match node:
            case ast.Name(id=word):
                return self.marks[word].words if word in self.marks else (word,)
            case ast.Attribute(value=inner, attr=word):
                return (*self._dotted(inner), word)
        raise ValueError(f"{ast.unparse(node)!r} is nothing that a condition may have")
