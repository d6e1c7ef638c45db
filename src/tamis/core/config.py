"""Config: one `tamis.yaml`, validated by the settings that each chapter declares beside their consumer.

A chapter's settings are a frozen `Settings` class, registered under `tamis.settings` in pyproject.toml. A key that
nobody declared is an error that names its path, its line, its value and the nearest known key.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from tamis.core import plugins
from tamis.core.errors import TamisError, UsageError, did_you_mean

S = TypeVar("S", bound="Settings")
M = TypeVar("M", bound=BaseModel)
Path_ = tuple[str | int, ...]
_COMMAND_LINE = "the command line"


class _Yaml(yaml.SafeLoader):
    """YAML in which only true and false are truth values: a label may be called OFF, NO or Y."""


_Yaml.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?i:true|false)$"), list("tTfF"))


class Settings(BaseModel):
    """The base of every chapter's settings: frozen, and no key but the declared ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True)
class Config:
    """The resolved settings of every chapter.

    Only sections that say something are held: to load a chapter's settings is to load the chapter, and a server need
    not load the chapters that train.
    """

    said: Mapping[str, Settings]
    unread: Mapping[str, Any] = field(default_factory=dict)
    """Sections that are looked at when somebody asks for them."""
    where: Mapping[Path_, str] = field(default_factory=dict, compare=False)
    """Where each key stands."""

    def of(self, settings: type[S]) -> S:
        """Return a chapter's settings: `config.of(SplitSettings).seed`."""
        for section in self.said.values():
            if isinstance(section, settings):
                return section
        place = f"{settings.__module__}:{settings.__qualname__}"
        for name in self.unread:
            if plugins.found("settings")[name].value == place:
                section = self.section(name)
                assert isinstance(section, settings)
                return section
        return settings()

    def section(self, name: str) -> Settings:
        """Return the settings of a section by its name."""
        if name in self.unread:
            read = _validated(_model([name]), {name: self.unread[name]}, self.where)
            found: Settings = getattr(read, name)
            return found
        return self.said.get(name) or plugins.load("settings", name)()

    def to_dict(self) -> dict[str, Any]:
        """Return every key with its value, ready to be written as YAML or JSON."""
        return {name: self.section(name).model_dump(mode="json") for name in plugins.found("settings")}


def load_config(path: Path | None = None, *, overrides: Iterable[str] = (), lazy: bool = False) -> Config:
    """Return the settings in `path`, with overrides like `split.seed=7`; without a path, the defaults.

    `lazy` looks at a section only when it is asked for, and then tells what is wrong in it: so what must be quick need
    not load the chapters that it has nothing to do with. What the command line gives is looked at in any case.
    """
    values, where = _given(path, overrides)
    known = plugins.found("settings") if lazy else {}
    unread = {name: value for name, value in values.items() if name in known and where.get((name,)) != _COMMAND_LINE}
    now = {name: value for name, value in values.items() if name not in unread}
    whole = _validated(_model(now), now, where)
    return Config({name: getattr(whole, name) for name in plugins.found("settings") if name in now}, unread, where)


def load_settings(model: type[S], path: Path | None = None, *, overrides: Iterable[str] = ()) -> S:
    """Return the settings that a YAML file holds; a key that is unknown is told with its path, line and nearest."""
    values, where = _given(path, overrides)
    return _validated(model, values, where)


def load_placed(model: type[M], path: Path) -> tuple[M, Callable[[Path_], str]]:
    """Return what a YAML file holds, and a function that tells where a key stands: `pipeline.yaml, line 7`."""
    values, where = _given(path, ())
    return _validated(model, values, where), lambda key: _place(key, where, path.name)


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of `tamis.yaml`, for editors."""
    return _model(plugins.found("settings")).model_json_schema() | {"title": "tamis.yaml"}


def commented_defaults() -> str:
    """Return every key with its default and its meaning as YAML that is all comment, for a new `tamis.yaml`."""
    lines: list[str] = []
    for name, section in load_config().to_dict().items():
        lines += ["", f"# {name}:"]
        for key, declared in plugins.load("settings", name).model_fields.items():
            meaning = " ".join((declared.description or "").split())
            value = yaml.safe_dump({key: section[key]}, sort_keys=False)
            lines += [f"#   # {meaning}"] if meaning else []
            lines += [f"#   {line}" for line in value.splitlines()]
    return "\n".join(lines) + "\n"


def _model(names: Collection[str]) -> type[Settings]:
    """The model of `tamis.yaml`; only the named sections are loaded, of the others just the name is known."""
    fields: dict[str, Any] = {}
    for name in plugins.found("settings"):
        section = plugins.load("settings", name) if name in names else None
        fields[name] = (section, section()) if section else (Any, None)
    return create_model("TamisYaml", __base__=Settings, **fields)


def _given(path: Path | None, overrides: Iterable[str]) -> tuple[dict[str, Any], dict[Path_, str]]:
    """Return the values of a file and of the command line, and where each stands."""
    values, lines = _read(path) if path else ({}, {})
    where = {key: f"{path.name if path else 'config'}, line {line}" for key, line in lines.items()}
    for override in overrides:
        keys = _apply_override(values, override)
        where.update({keys[:depth]: _COMMAND_LINE for depth in range(1, len(keys) + 1)})
    return values, where


def _validated(model: type[M], values: dict[str, Any], where: Mapping[Path_, str]) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UsageError("\n".join(_explain(problem, model, where) for problem in error.errors())) from None


def _read(path: Path) -> tuple[dict[str, Any], dict[Path_, int]]:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
        values = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_Yaml)
    except yaml.YAMLError as error:
        raise UsageError(f"{path.name} is not YAML: {error}") from None
    except OSError as error:
        raise TamisError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path.name} is not UTF-8: {error.reason} at byte {error.start}") from None
    if values is None:
        return {}, {}
    if not isinstance(values, dict):
        raise UsageError(f"{path.name} must hold keys and values, not a {type(values).__name__}")
    lines = dict(_lines(root, (), path.name))
    return {key: value for key, value in values.items() if value is not None}, lines  # `split:` alone is a heading


def _lines(node: yaml.Node | None, path: Path_, file: str) -> Iterator[tuple[Path_, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                whole = ".".join(map(str, (*path, key.value)))
                raise UsageError(f"{file}, line {line}: {whole!r} stands here and in line {seen[key.value]}")
            seen[key.value] = line
            yield (*path, key.value), line
            yield from _lines(value, (*path, key.value), file)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*path, number), value.start_mark.line + 1
            yield from _lines(value, (*path, number), file)


def _apply_override(values: dict[str, Any], override: str) -> Path_:
    name, equals, text = override.partition("=")
    keys = tuple(name.split("."))
    if not equals or not all(keys):
        raise UsageError(f"an override reads section.key=value, not {override!r}")
    target = values
    for key in keys[:-1]:
        target = target.setdefault(key, {})
        if not isinstance(target, dict):
            raise UsageError(f"{override!r}: {key!r} is a value and has no keys of its own")
    try:
        target[keys[-1]] = yaml.load(text, Loader=_Yaml)
    except yaml.YAMLError:
        target[keys[-1]] = text
    return keys


def _explain(problem: Any, model: type[BaseModel], where: Mapping[Path_, str]) -> str:
    path: Path_ = tuple(problem["loc"])
    place = _place(path, where, "config")
    dotted = ".".join(map(str, path))
    if problem["type"] == "extra_forbidden":
        known = _known_keys(model, path[:-1])
        shown = ", ".join(known) or "none"
        near = did_you_mean(str(path[-1]), known)
        return f"{place}: unknown key {dotted!r} (value {problem['input']!r}). Known keys here: {shown}.{near}"
    return f"{place}: {dotted} = {problem['input']!r}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


def _place(path: Path_, where: Mapping[Path_, str], otherwise: str) -> str:
    """Where a key stands, or the nearest above it that stands anywhere."""
    return next((where[path[:depth]] for depth in range(len(path), 0, -1) if path[:depth] in where), otherwise)


def _known_keys(model: type[BaseModel], path: Path_) -> list[str]:
    named = False
    for key in path:
        if named:  # the name of one of several, `pipeline.triggers.nightly`
            named = False
            continue
        field = model.model_fields.get(str(key))
        inner = _settings_in(field.annotation) if field else None
        named = inner is not None and get_origin(field.annotation) is dict  # type: ignore[union-attr]
        if inner is None and not isinstance(key, int):
            return []
        model = inner or model
    return list(model.model_fields)


def _settings_in(annotation: Any) -> type[BaseModel] | None:
    """Return the settings class inside `Settings | None`, `list[Settings]` and the like."""
    if isinstance(annotation, type) and not get_origin(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    if get_origin(annotation) in (Union, types.UnionType, list, tuple, dict):
        return next(filter(None, map(_settings_in, get_args(annotation))), None)
    return None
